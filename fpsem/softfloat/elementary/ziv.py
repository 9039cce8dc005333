"""Correctly rounded elementary functions by Ziv's loop over Arb: slow, readable, the judge of faster code.

Each function is enclosed in a ball at growing precision until both ends of the ball round to the same answer. That
answer is then the correctly rounded one, for rounding is monotone and the ball contains the value.

Why the loop ends: it would not if the value were itself a boundary of the rounding, that is a number of the format or
halfway between two. Those are rational, and at a rational argument these functions take a rational value nowhere but
at ``exp 0``, ``expm1 0``, ``log 1``, ``log1p 0``, ``sin 0``, ``cos 0``, ``tanh 0`` and ``erf 0``, which are answered
outright. For all but erf that is the theorem of Hermite and Lindemann (Lindemann-Weierstrass in its general form); for
erf it is the theorem of Siegel and Shidlovskii on the values of E-functions.

Where the value lies so close to a limit (0, 1 or -1) that no format in use can tell how close, a stand-in between the
two is rounded in its place; ``round_function`` states what this asks of the rounding.

What this module does not do: raise exception flags, or run fast (tens of microseconds for each argument).

Source: Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", 1991; Johansson,
"Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", 2017; IEEE 754-2019 clauses 9.2 and 9.2.1 for
the special values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from operator import methodcaller
from typing import Any, TypeVar

import flint
import numpy as np
import numpy.typing as npt

from fpsem.core.errors import UnableError, UndefinedError, UnknownNameError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import Format
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.rounding import Rounding

T = TypeVar("T")

_FIRST_PRECISION = 96
_LAST_PRECISION = 1 << 22
_LARGEST_EXPONENT = 1 << 20

_TINY = Fraction(1, 1 << _LARGEST_EXPONENT)
"""Stands in for every smaller positive number."""

_NEARLY_ONE = 1 - Fraction(1, 1 << 1024)
"""Stands in for every number between it and 1."""

RATIONAL_AT: Mapping[str, tuple[int, int]] = {
    name: {"exp": (0, 1), "cos": (0, 1), "log": (1, 0)}.get(name, (0, 0)) for name in ELEMENTARY
}
"""The only rational argument with a rational value, and that value."""

_POLE: Mapping[str, int] = {"log": 0, "log1p": -1}
"""These functions exist only to the right of this number, and tend to -infinity there."""

_AT_INFINITY: Mapping[str, tuple[float, float]] = {
    "exp": (0.0, math.inf),
    "expm1": (-1.0, math.inf),
    "log": (math.nan, math.inf),
    "log1p": (math.nan, math.inf),
    "sin": (math.nan, math.nan),
    "cos": (math.nan, math.nan),
    "tanh": (-1.0, 1.0),
    "erf": (-1.0, 1.0),
}
"""The IEEE results at -infinity and +infinity."""


def round_function(name: str, x: Fraction, rounded: Callable[[Fraction], T]) -> T:
    """The value of the named function at x, correctly rounded.

    Args:
        name: one of ``protocol.ELEMENTARY``.
        x: the argument, exact.
        rounded: the rounding. It must be monotone with rational boundaries, and constant where the stand-ins are used:
            on ``(0, 2**-2**20]``, on ``[1 - 2**-1024, 1)`` and on the negatives of numbers of the latter. Rounding to
            any format with precision below 1000 and smallest exponent above ``-2**19``, in any direction, is of this
            kind.

    Raises:
        UndefinedError: for log at x <= 0 and log1p at x <= -1.
        UnableError: for exp and expm1 at x > 2**20, where the value has more than a million digits; and when 2**22 bits
            of working precision do not decide (an argument with hundreds of thousands of digits).
        UnknownNameError: for another name.
    """
    if name not in RATIONAL_AT:
        raise UnknownNameError("elementary function", name, ELEMENTARY)
    if x <= _POLE.get(name, x - 1):
        raise UndefinedError(f"{name} is undefined here: it needs an argument above {_POLE[name]}")
    argument, value = RATIONAL_AT[name]
    if x == argument:
        return rounded(Fraction(value))
    stand_in = _stand_in(name, x)
    return rounded(stand_in) if stand_in is not None else _ziv(name, x, rounded)


def elementary_bits(
    name: str, codes: npt.NDArray[Any], fmt: Format, direction: Rounding = Rounding.NEAREST_EVEN
) -> npt.NDArray[Any]:
    """The IEEE result of the named function on codes of a format: correctly rounded, special values included.

    Zeros keep their sign where the function is odd there (expm1, log1p, sin, tanh, erf); log and log1p have -infinity
    at their pole and NaN to the left of it; every NaN result is ``fmt.nan``. A format without infinities gives NaN in
    their place.

    Args:
        name: one of ``protocol.ELEMENTARY``.
        codes: an array of unsigned integers of any shape; equal codes are computed once.
        fmt: a format of at most 32 bits.
        direction: the rounding direction.

    Returns:
        Codes in the format's dtype, in the shape of ``codes``.
    """
    if name not in RATIONAL_AT:
        raise UnknownNameError("elementary function", name, ELEMENTARY)
    distinct, where = np.unique(codes, return_inverse=True)
    results = np.array([_result(name, int(code), fmt, direction) for code in distinct], dtype=fmt.dtype)
    return results[where].reshape(np.shape(codes))


# -- on numbers ------------------------------------------------------------------------------------------------------


def _stand_in(name: str, x: Fraction) -> Fraction | None:
    """A number that rounds as the value does, where the value is too close to a limit to be told from it.

    The distances: exp(-2**20) < 2**-2**20; for expm1, exp(-2**10) < 2**-1024; 1 - tanh(2**9) < 2 exp(-2**10); and
    1 - erf(2**5) < exp(-2**10).
    """
    match name:
        case "exp" if x <= -_LARGEST_EXPONENT:
            return _TINY
        case "expm1" if x <= -(1 << 10):
            return -_NEARLY_ONE
        case "tanh" if abs(x) >= 1 << 9:
            return _NEARLY_ONE if x > 0 else -_NEARLY_ONE
        case "erf" if abs(x) >= 1 << 5:
            return _NEARLY_ONE if x > 0 else -_NEARLY_ONE
        case "exp" | "expm1" if x > _LARGEST_EXPONENT:
            raise UnableError(f"{name} of a number above 2**20: the value has more than 2**20 binary digits")
        case _:
            return None


def _ziv(name: str, x: Fraction, rounded: Callable[[Fraction], T]) -> T:
    """Raise the precision until the two ends agree. x is none of the exact cases."""
    precision = _FIRST_PRECISION
    while precision <= _LAST_PRECISION:
        ends = _ends(name, x, precision)
        if ends is not None:
            answer = rounded(ends[0])
            if answer == rounded(ends[1]):
                return answer
        precision *= 2
    raise UnableError(f"{name}: {_LAST_PRECISION} bits of working precision do not decide the rounding")


def _ends(name: str, x: Fraction, precision: int) -> tuple[Fraction, Fraction] | None:
    """Rationals on both sides of the value, or None where the precision is too low to give any."""
    with flint.ctx.workprec(precision):
        argument = flint.arb(flint.fmpq(x.numerator, x.denominator))
        ball = methodcaller(name)(argument)  # the protocol's names are Arb's
        return (_fraction(ball.lower()), _fraction(ball.upper())) if ball.is_finite() else None


def _fraction(point: Any) -> Fraction:
    exact = point.fmpq()
    return Fraction(int(exact.p), int(exact.q))


# -- on codes --------------------------------------------------------------------------------------------------------


def _result(name: str, code: int, fmt: Format, direction: Rounding) -> int:
    special = _special(name, code, fmt)
    if special is not None:
        return special
    x = _within_range(name, fmt.decode(code), fmt)
    return round_function(name, x, lambda value: round_to_bits(value, fmt, direction))


def _within_range(name: str, x: Fraction, fmt: Format) -> Fraction:
    """An argument with the same result, where the value is beyond the largest number of the format or below a quarter
    of the smallest: e > 2, so that exp is above ``2**x`` for x > 0 and below it for x < 0."""
    if name in ("exp", "expm1"):
        x = min(x, Fraction(fmt.emax + 2))
    return max(x, Fraction(fmt.emin - fmt.precision - 2)) if name == "exp" else x


def _special(name: str, code: int, fmt: Format) -> int | None:
    """The result where it is not a rounded real number, or is a zero with a sign of its own."""
    negative = bool(code & fmt.sign_mask)
    if fmt.is_nan(code):
        return fmt.nan
    if not fmt.is_finite(code):
        return _encode(_AT_INFINITY[name][0 if negative else 1], fmt)
    x = fmt.decode(code)
    if name in _POLE and x <= _POLE[name]:
        return _encode(-math.inf if x == _POLE[name] else math.nan, fmt)
    return code if x == 0 and RATIONAL_AT[name] == (0, 0) else None


def _encode(value: float, fmt: Format) -> int:
    """The code of a small integer, an infinity or NaN."""
    if math.isfinite(value):
        return round_to_bits(Fraction(value), fmt)
    if math.isnan(value) or not fmt.has_infinity:
        return fmt.nan
    return fmt.overflow_code | (fmt.sign_mask if value < 0 else 0)
