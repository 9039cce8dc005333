"""Conversion to and from integers of 32 and 64 bits, rounded once.

To an integer: the significand is shifted to the place of the units, and what is cut off is rounded. A number whose rounded
value the integers do not hold raises invalid and nothing else; what it becomes is ``Attributes.integers``. Inexact is raised
where the integer is not x; an operation that should not raise it drops the flag (``Operation.exact``).

From an integer: the leading bit is moved to the top of the word and the lower bits are jammed into a sticky one.

Source: IEEE 754-2019 clauses 5.4.1 (convertFromInt, convertToInteger) and 5.8; 7.2 (invalid).
"""

from __future__ import annotations

from collections.abc import Callable

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag, Integers
from fpsem.softfloat.rounder import round_and_pack, round_off
from fpsem.softfloat.special import Result, flag, never, operands
from fpsem.softfloat.unpacked import Unpacked, is_infinite, is_nan, shift_right_jam, unpack
from fpsem.softfloat.words.word import Truth, Word, count_leading_zeros, lesser, select, signed_less

_EXTRA = 3

Algorithm = Callable[[Format, Attributes, Word], Result]


def width(bits: int) -> Callable[[Format], int]:
    """The least word that holds every step, given the format: the integer, the code, the significand and the bits below."""
    return lambda f: max(bits, f.width, f.precision + _EXTRA + 2)


def to_integer(bits: int, signed: bool) -> Algorithm:
    """The conversion to integers of that many bits; negative results are two's complement."""
    most = (1 << (bits - signed)) - 1

    def convert(f: Format, mode: Attributes, given: Word) -> Result:
        (a,) = operands(f, mode, given)
        x = unpack(f, a)
        negative, units = x.sign != 0, f.bias + f.fraction_bits  # the exponent at which the last place is 1
        right = select(x.exponent < units, lesser(units - x.exponent, f.precision + 1), 0) + 1
        doubled = x.significand << 1  # so that at least one bit is cut
        cut = round_off(mode.rounding, x.sign, doubled, right)
        room = max(bits - f.precision, 0)
        left = select(x.exponent > units, lesser(x.exponent - units, room), 0)
        magnitude = cut << left
        largest = select(negative, most + 1 if signed else 0, most)
        outside = (x.exponent >= f.bias + bits) | (magnitude > largest) | is_infinite(f, a)
        inexact = ((doubled >> right) << right) != doubled
        result = Result(select(negative, 0 - magnitude, magnitude), flag(inexact, Flag.INEXACT))
        nan = is_nan(f, given)
        return result.where(outside | nan, _none(mode.integers, most, signed, negative, nan), Flag.INVALID)

    return convert


def _none(rule: Integers, most: int, signed: bool, negative: Truth, nan: Truth) -> Word | int:
    """What a number outside the integers becomes."""
    least = -most - 1 if signed else 0
    if rule is Integers.X86:
        return least if signed else most
    nearest = select(negative, least, most)
    return select(nan, most if rule is Integers.RISCV else 0, nearest)


def from_integer(signed: bool) -> Algorithm:
    """The conversion from integers; signed ones are two's complement of the word's width."""

    def convert(f: Format, mode: Attributes, n: Word) -> Result:
        negative = signed_less(n, n & 0) if signed else never(n)
        return rounded_integer(f, mode, select(negative, f.sign_mask, 0), select(negative, 0 - n, n))

    return convert


def rounded_integer(f: Format, mode: Attributes, sign: Word, magnitude: Word) -> Result:
    """An integer as a code; 0 is +0."""
    top, last = f.fraction_bits + _EXTRA, magnitude.machine.width - 1
    zeros = lesser(count_leading_zeros(magnitude), last)
    significand = shift_right_jam(magnitude << zeros, (magnitude & 0) + (last - top))
    exact = Unpacked(sign, f.bias + last - zeros, significand)
    return round_and_pack(f, mode, exact, _EXTRA).where(magnitude == 0, 0)
