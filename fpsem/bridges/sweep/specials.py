"""Special arguments of the functions of one argument: NaN, infinities, zeros, poles, and what is outside of the domain.

Source: IEEE 754-2019 clauses 6.2, 7.2, 7.3 and 9.2.1; C23 F.10 for erf, erfc, cbrt; the limits for logistic and softplus.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nan

import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.brackets import SPECIAL, Codes, States
from fpsem.core.formats import BINARY32
from fpsem.softfloat.attributes import Flag

_LARGEST = float(np.uint32(BINARY32.max_finite).view(np.float32))
_NAN = np.uint32(BINARY32.nan).view(np.float32)

DOMAIN: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("log", "log2", "log10", "rsqrt"), (0.0, inf)),
    "log1p": (-1.0, inf),
    **dict.fromkeys(("asin", "acos", "atanh"), (-1.0, 1.0)),
    "acosh": (1.0, inf),
    **dict.fromkeys(("sin", "cos", "tan"), (-_LARGEST, _LARGEST)),
}
"""The interval on which a function is defined, ends included; all numbers and infinities where none is told."""

_POLES: Mapping[str, Mapping[float, float]] = {
    **{name: {0.0: -inf} for name in ("log", "log2", "log10")},
    "log1p": {-1.0: -inf},
    "atanh": {-1.0: -inf, 1.0: inf},
}
"""Where a function is infinite at a number; rsqrt is so at both zeros, with their signs."""

_AT_INFINITY: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("exp", "exp2", "exp10", "softplus"), (0.0, inf)),
    "expm1": (-1.0, inf),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "acosh"), (nan, inf)),
    **dict.fromkeys(("sinh", "asinh", "cbrt"), (-inf, inf)),
    "cosh": (inf, inf),
    **dict.fromkeys(("tanh", "erf"), (-1.0, 1.0)),
    "erfc": (2.0, 0.0),
    "rsqrt": (nan, 0.0),
    "logistic": (0.0, 1.0),
}
"""At -infinity and infinity, where that is exact; the arctangent's is not, and is the judge's."""

_ODD = ("expm1", "log1p", "sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh", "erf", "cbrt")
"""These give a zero as it is."""

_ONE_AT_ZERO = ("exp", "exp2", "exp10", "cos", "cosh", "erfc")
_ZERO_AT_ONE = ("log", "log2", "log10", "acos", "acosh")


def set_specials(name: str, codes: Codes, code: Codes, state: States) -> None:
    """Overwrite the brackets of special arguments.

    Args:
        name: one of ``names.UNARY``.
        codes: the arguments.
        code, state: their brackets.
    """
    x = codes.view(np.float32)
    low, high = DOMAIN.get(name, (-inf, inf))

    def put(where: npt.NDArray[np.bool_], value: object, flags: int = 0) -> None:
        if where.any():
            given = np.broadcast_to(np.asarray(value, np.float32).view(np.uint32), codes.shape)[where]
            code[where], state[where] = given, SPECIAL | flags

    with np.errstate(invalid="ignore"):
        outside, zero = (x < low) | (x > high), x == 0
    if name in _AT_INFINITY:
        for end, value in zip((-inf, inf), _AT_INFINITY[name]):
            put(x == end, value)
    put(outside, _NAN, Flag.INVALID)
    for pole, value in _POLES.get(name, {}).items():
        put(x == pole, value, Flag.DIVIDE_BY_ZERO)
    if name == "rsqrt":
        put(zero, np.copysign(np.float32(inf), x), Flag.DIVIDE_BY_ZERO)
    if name in _ODD:
        put(zero, x)
    if name in _ONE_AT_ZERO:
        put(zero, 1.0)
    if name == "logistic":
        put(zero, 0.5)
    if name in _ZERO_AT_ONE:
        put(x == 1, 0.0)
    is_nan = np.isnan(x)
    quiet = (codes & np.uint32(BINARY32.implicit_bit >> 1)) != 0
    put(is_nan & quiet, _NAN)
    put(is_nan & ~quiet, _NAN, Flag.INVALID)
