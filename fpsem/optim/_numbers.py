"""Numbers that a step is given: worked out exactly or to 200 bits and rounded once, so that they are the same everywhere.

No library function whose last bits differ between machines is asked.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache, lru_cache

import numpy as np

from fpsem.core.codes import encode_array
from fpsem.core.errors import TrainingError
from fpsem.core.exact import exponent_of, pi_bracket, round_significand
from fpsem.core.protocol import exact_array
from fpsem.core.rounding import Rounding

_BITS = 200
_LEAST = Fraction(1, 1 << 400)


@lru_cache(maxsize=1024)
def binary32(value: Fraction | float) -> np.float32:
    """The nearest binary32 number, ties to even."""
    return np.float32(encode_array(exact_array(Fraction(value))).view(np.float32))


def checked(what: str, value: float, low: float = 0, below: float = math.inf, above_low: bool = False) -> float:
    """A hyper-parameter, rounded to binary32.

    Args:
        what: what to call it.
        value: the number.
        low: the least that it may be, as given and as rounded.
        below: what it must stay below, as given and as rounded.
        above_low: whether it must be more than ``low``.

    Raises:
        TrainingError: it is not a number, or out of these bounds.
    """
    allowed = f"{'above' if above_low else 'at least'} {low:g}" + (f" and below {below:g}" if below < math.inf else "")
    rounded = _rounded(value)
    if not math.isfinite(rounded):
        raise TrainingError(f"{what} must be a finite number {allowed}, also in binary32, not {value!r}")
    for number, told in ((value, f"{value!r}"), (rounded, f"{value!r}, which is {rounded!r} in binary32")):
        if number < low or (above_low and number == low) or number >= below:
            raise TrainingError(f"{what} must be {allowed}, not {told}")
    return rounded


def _rounded(value: object) -> float:
    """A number in binary32, infinite where it is too large; NaN for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
        return math.nan
    value = value if isinstance(value, int) else float(value)
    return float(binary32(value)) if isinstance(value, int) or math.isfinite(value) else float(value)


def power(base: float, exponent: int) -> Fraction:
    """base ** exponent for a base of 0 to 1 and a whole exponent of at least 0; 0 where it is far below all of binary32."""
    result, square = Fraction(1), Fraction(base)
    while exponent:
        if exponent & 1:
            result = _cut(result * square)
        square = _cut(square * square)
        exponent >>= 1
        if exponent and square < _LEAST:
            return Fraction(0)
    return result


@cache
def _pi() -> Fraction:
    return pi_bracket(_BITS)[0]


def half_cosine(part: Fraction) -> Fraction:
    """(1 + cos(pi part)) / 2 for a part of 0 to 1, by the Taylor series at 0."""
    angle = _cut(_pi() * part)
    square, term, total, k = angle * angle, Fraction(1), Fraction(1), 0
    while abs(term) > Fraction(1, 1 << _BITS):
        k += 2
        term = _cut(-term * square / (k * (k - 1)))
        total += term
    return (1 + total) / 2


def _cut(x: Fraction) -> Fraction:
    """x rounded to 200 significant bits."""
    if x == 0:
        return x
    unit = exponent_of(x) - _BITS + 1
    magnitude = round_significand(x, unit, x < 0, Rounding.NEAREST_EVEN) * Fraction(2) ** unit
    return -magnitude if x < 0 else magnitude
