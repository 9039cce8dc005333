"""Correctly rounded exp and log of binary32 arrays, nearest even: binary64 with a proved bound, a rounding test, then Ziv's loop.

A value y is computed in binary64 by + - * / alone, which are the same everywhere, with a relative error below E = 2^-47. If
y (1 - 2E) and y (1 + 2E) round to the same binary32 number, then, rounding being monotone, that is the correctly rounded one.
Where they do not, and for special arguments, ``ziv`` decides: of all arguments with a finite nonzero result, 186 of exp and
690 of log.

With u = 2^-53, Horner's scheme of degree n has an error of at most gamma_2n sum |a_k x^k|, and one u more for coefficients
that are rounded (Higham, section 5.1).

* exp. x is cut to [-110, 90], outside of which results are 0 and infinity anyway. k = rint(x / ln 2), |k| <= 159.
  ln 2 = H + L, H a multiple of 2^-42: k H is exact, and so is x - k H, a multiple of 2^-42 below 0.36 (or x itself, k = 0).
  r = (x - k H) - k L has an error below 0.37 u. The Taylor polynomial of degree 13: 27 u 1.434 from Horner, 0.1 u from what
  is cut off; divided by exp(r) >= 0.697, with r's error, below 57 u < 2^-47. Scaling by 2^k is exact: no result is subnormal
  in binary64.
* log. x = m 2^e, m in [1/sqrt 2, sqrt 2): f = m - 1 and 2 + f are exact, s = f / (2 + f) has one rounding, and
  log m = 2 s (1 + s^2/3 + s^4/5 + ...), 12 terms, of which the sum, between 1 and 1.011, has an error below 24 u: with two
  roundings more, 26.2 u relative. e H is exact, and e H + (log m + e L) adds two roundings; as |e ln 2 + log m| is at least
  0.999 |log m| where e is not 0, below 29 u < 2^-48.

What this module does not do: other functions, formats and directions, which go to ``ziv`` whole.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.; Muller, "Elementary Functions", 3rd ed., chapters
11 and 12; Ziv, 1991.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary.ziv import elementary_bits

Doubles = npt.NDArray[np.float64]

_TWICE_E = 2.0**-46

_LN_2 = Fraction(0xB17217F7D1CF79ABC9E3B39803F2F6AF, 1 << 128)
"""ln 2 to 128 bits."""

_HIGH = math.floor(_LN_2 * 2**42) / 2**42
"""H: its first 42 bits."""

_LOW = float(_LN_2 - Fraction(_HIGH))
"""L: the rest."""

_EXP = [1 / math.factorial(k) for k in range(14)]
_LOG = [1 / (2 * k + 1) for k in range(12)]


def correctly_rounded(
    name: str, codes: npt.NDArray[np.uint32], direction: Rounding = Rounding.NEAREST_EVEN
) -> npt.NDArray[np.uint32]:
    """The IEEE result of an elementary function on codes of binary32: that of ``ziv.elementary_bits``, faster for some.

    Args:
        name: one of ``protocol.ELEMENTARY``.
        codes: of any shape.
        direction: the rounding direction.
    """
    if name not in _QUICK or direction is not Rounding.NEAREST_EVEN:
        return elementary_bits(name, codes, BINARY32, direction)
    with np.errstate(all="ignore"):
        near = _QUICK[name](np.asarray(codes).view(np.float32).astype(np.float64))
        low, high = ((near * factor).astype(np.float32) for factor in (1 - _TWICE_E, 1 + _TWICE_E))
    result = low.view(np.uint32)
    open_ = low != high  # NaN, which stands for special arguments, is unequal to itself
    if open_.any():
        result = np.array(result)
        result[open_] = elementary_bits(name, np.asarray(codes)[open_], BINARY32)
    return result


def _exp(x: Doubles) -> Doubles:
    x = np.clip(x, -110.0, 90.0)
    k = np.rint(x * float(1 / _LN_2))
    return np.asarray(np.ldexp(_horner(_EXP, (x - k * _HIGH) - k * _LOW), k.astype(np.int32)))


def _log(x: Doubles) -> Doubles:
    """NaN where x is no positive finite number, and at 1, whose logarithm is exact."""
    m, e = np.frexp(np.where((x > 0) & (x < np.inf) & (x != 1), x, np.nan))
    small = m < math.sqrt(0.5)
    f, e = np.where(small, 2 * m, m) - 1, (e - small).astype(np.float64)
    s = f / (2 + f)
    log_m = 2 * s * _horner(_LOG, s * s)
    return np.asarray(np.where(e == 0, log_m, e * _HIGH + (log_m + e * _LOW)))


def _horner(coefficients: list[float], x: Any) -> Any:
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


_QUICK: Mapping[str, Callable[[Doubles], Doubles]] = {"exp": _exp, "log": _log}
