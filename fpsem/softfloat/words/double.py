"""Binary64 numbers beside words: what the elementary functions are written over.

A Double is a binary64 number of a machine of 64-bit words. ``+ - * /`` and ``square_root`` are IEEE 754's, rounded to nearest
even one by one and never contracted, so every machine gives the same bits. As with words there is no branch: a comparison gives
a Truth, and ``choose`` chooses. A Double's bits are a Word and back: signs, exponents and powers of two are made there.

Source: IEEE 754-2019 clauses 5.4.1 and 10.4.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn

import numpy as np

from fpsem.core.formats import format_named
from fpsem.softfloat.words.word import Machine, Truth, Word

BINARY64 = format_named("binary64")

_ROUNDER = 1.5 * 2.0**52
"""Added to a number below 2**51 in magnitude it leaves the nearest integer in the last bits of the sum."""


class Double:
    """A binary64 number. Python floats and integers join in as constants."""

    __slots__ = ("machine", "term")

    def __init__(self, machine: Machine, term: Any) -> None:
        self.machine, self.term = machine, term

    def _lift(self, other: Double | float) -> Any:
        return other.term if isinstance(other, Double) else constant(self.machine, other).term

    def _double(self, name: str, *terms: Any) -> Double:
        return Double(self.machine, self.machine.operate(name, *terms))

    def __add__(self, other: Double | float) -> Double:
        return self._double("double_add", self.term, self._lift(other))

    __radd__ = __add__

    def __sub__(self, other: Double | float) -> Double:
        return self._double("double_sub", self.term, self._lift(other))

    def __rsub__(self, other: float) -> Double:
        return self._double("double_sub", self._lift(other), self.term)

    def __mul__(self, other: Double | float) -> Double:
        return self._double("double_mul", self.term, self._lift(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Double | float) -> Double:
        return self._double("double_div", self.term, self._lift(other))

    def __rtruediv__(self, other: float) -> Double:
        return self._double("double_div", self._lift(other), self.term)

    def __neg__(self) -> Double:
        return from_bits(bits(self) ^ BINARY64.sign_mask)

    def __abs__(self) -> Double:
        return from_bits(bits(self) & BINARY64.magnitude_mask)

    def __lt__(self, other: Double | float) -> Truth:
        return Truth(self.machine, self.machine.operate("double_less", self.term, self._lift(other)))

    def __gt__(self, other: Double | float) -> Truth:
        return Truth(self.machine, self.machine.operate("double_less", self._lift(other), self.term))

    def __eq__(self, other: Double | float) -> Truth:  # type: ignore[override]
        return Truth(self.machine, self.machine.operate("double_equal", self.term, self._lift(other)))

    def __ne__(self, other: Double | float) -> Truth:  # type: ignore[override]
        return ~(self == other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("a Double has no bool: the algorithms are branch-free, use choose")


@cache
def code_of(value: float) -> int:
    """The binary64 code of a number."""
    return int(np.float64(value).view(np.uint64))


def constant(machine: Machine, value: float) -> Double:
    """A number on a machine."""
    return from_bits(Word(machine, machine.constant(code_of(value))))


def bits(x: Double) -> Word:
    """The code."""
    return Word(x.machine, x.machine.operate("bits", x.term))


def from_bits(code: Word) -> Double:
    """The number of a code."""
    return Double(code.machine, code.machine.operate("double", code.term))


def widened(code: Word) -> Double:
    """The number of a binary32 code, exactly."""
    return Double(code.machine, code.machine.operate("widen", code.term))


def narrowed(x: Double) -> Word:
    """The binary32 code, rounded to nearest even; of a NaN, the code of some NaN."""
    return Word(x.machine, x.machine.operate("narrow", x.term))


def square_root(x: Double) -> Double:
    """The square root."""
    return Double(x.machine, x.machine.operate("double_sqrt", x.term))


def choose(truth: Truth, x: Double | float, y: Double | float) -> Double:
    """x where the truth holds, else y."""
    terms = [v.term if isinstance(v, Double) else constant(truth.machine, v).term for v in (x, y)]
    return Double(truth.machine, truth.machine.operate("double_select", truth.term, *terms))


def clamp(x: Double, low: float, high: float) -> Double:
    """x, or the nearer end of an interval; a NaN stays."""
    return choose(x < low, low, choose(x > high, high, x))


def signed_as(magnitude: Double, x: Double) -> Double:
    """A number that is not negative, with the sign of x."""
    return from_bits(bits(magnitude) | (bits(x) & BINARY64.sign_mask))


def is_nan(x: Double) -> Truth:
    """Whether x is a NaN."""
    return x != x


def nearest_integer(x: Double) -> tuple[Double, Word]:
    """The integer nearest to a number below 2**31 in magnitude, and in two's complement in the last 32 bits of a word."""
    moved = x + _ROUNDER
    return moved - _ROUNDER, bits(moved)


def power_of_two(k: Word) -> Double:
    """2**k, k in two's complement in the last 11 bits at least, -1022 <= k <= 1023."""
    return from_bits((k + BINARY64.bias) << BINARY64.fraction_bits)


def from_integer(k: Word) -> Double:
    """An integer that is not negative and below 2**52."""
    two_52 = 2.0**52
    return from_bits(k | code_of(two_52)) - two_52

