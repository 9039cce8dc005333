"""What an elementary function gives before it is rounded: a binary64 number and how far off it may be; and how these are shaped.

Where a function is so close to a number of the format, or to a midpoint, that binary64 could not tell on which side it is,
another number on the same side stands in for it: with u = 2**-25, no number of binary32 and no midpoint lies strictly between
n and n (1 + u), nor between n and n (1 - u), for any number n of binary32. Formats that binary32 contains have fewer of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fpsem.softfloat.words.double import Double, bits, choose, signed_as
from fpsem.softfloat.words.word import Truth, Word

NUDGE = 2.0**-40
"""How far a stand-in is from its number, relatively."""

BOUND = 2.0**-48
"""An error that most functions here keep below."""

INFINITY = float("inf")


class Approximation(NamedTuple):
    """A number near the function's value.

    Args:
        value: the number; NaN where the function has no value.
        bound: of ``|value - function| / |value|``; 0 where the value is exact, infinities and zeros included.
    """

    value: Double
    bound: Double | float = BOUND

    def where(self, truth: Truth, exact: Double | float) -> Approximation:
        """An exact value instead, where the truth holds."""
        return Approximation(choose(truth, exact, self.value), choose(truth, 0.0, self.bound))

    def stands_in(self, truth: Truth, value: Double | float) -> Approximation:
        """A stand-in instead, where the truth holds; what it stands for is on its side of every boundary."""
        return Approximation(choose(truth, value, self.value), choose(truth, BOUND, self.bound))

    def undefined(self, truth: Truth) -> Approximation:
        """No value where the truth holds."""
        return self.where(truth, float("nan"))

    def odd(self, x: Double) -> Approximation:
        """The value of an odd function at x, of its value at abs(x)."""
        return Approximation(signed_as(self.value, x), self.bound)


def horner(coefficients: Sequence[float], x: Double) -> Double:
    """The polynomial with these coefficients, from the constant on, in Horner's scheme."""
    total: Double | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    assert isinstance(total, Double), "of degree 1 at least"
    return total


def at_least(x: Double, least: float) -> Double:
    """x, or the number of its sign and that magnitude where x is smaller; zeros too."""
    return choose(abs(x) < least, signed_as(abs(x) * 0 + least, x), x)


def negative(x: Double) -> Word:
    """Whether the sign of x is set, as a word: 1 or 0."""
    return bits(x) >> 63
