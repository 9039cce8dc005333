"""Addition and subtraction.

The significands get three more bits below (guard, round and sticky are enough: when the exponents differ by two or more
at most one leading bit cancels, and otherwise nothing is lost). The operand of lesser magnitude is shifted right with a
sticky bit, added or subtracted, the sum normalised and rounded. A sum that would be subnormal is exact, so it is only
ever shifted left.

Source: IEEE 754-2019 clauses 5.4.1 and 6.3 (the sign of an exact zero sum).
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, is_infinite, shift_right_jam, unpack
from fpsem.softfloat.words.word import Word, count_leading_zeros, lesser, select, signed_less

_EXTRA = 3


def width(f: Format) -> int:
    """The least word that holds every step: the significand, three bits below, a carry, and the code."""
    return max(f.precision + _EXTRA + 3, f.width + 3)


def add(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """a + b, rounded once. Infinities of opposite signs are invalid."""
    return _add(f, mode, *operands(f, mode, a, b), a, b)


def sub(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """a - b, rounded once: a + (-b), but for the NaN of b, which keeps its sign."""
    x, y = operands(f, mode, a, b)
    return _add(f, mode, x, y ^ f.sign_mask, a, b)


def _add(f: Format, mode: Attributes, a: Word, b: Word, *given: Word) -> Result:
    """a + b; NaNs are those of the operands that were given."""
    x, y = (Unpacked(u.sign, u.exponent, u.significand << _EXTRA) for u in (unpack(f, a), unpack(f, b)))
    top = f.fraction_bits + _EXTRA
    total = sum_of_magnitudes(x, y, top)
    result = round_and_pack(f, mode, _normalise_sum(total, top), _EXTRA + 1)
    result = result.where(total.significand == 0, zero_sum_sign(mode.rounding, x.sign, y.sign))
    result = result.where(is_infinite(f, a), a).where(is_infinite(f, b), b)
    invalid = is_infinite(f, a) & is_infinite(f, b) & (a != b)
    return with_nans(f, mode, given, result, invalid)


def sum_of_magnitudes(x: Unpacked, y: Unpacked, top: int) -> Unpacked:
    """x + y below ``2**(top + 2)``, its lowest bit sticky; the significands have their leading bit at ``top`` at most.

    The sign of a zero sum is left to ``zero_sum_sign``.
    """
    swap = signed_less(x.exponent, y.exponent) | ((x.exponent == y.exponent) & (x.significand < y.significand))
    sign, exponent, big = (select(swap, v, u) for u, v in zip(x, y))
    small = select(swap, x.significand, y.significand)
    distance = select(swap, y.exponent - x.exponent, x.exponent - y.exponent)
    aligned = shift_right_jam(small, lesser(distance, top + 2))
    return Unpacked(sign, exponent, select(x.sign == y.sign, big + aligned, big - aligned))


def _normalise_sum(x: Unpacked, top: int) -> Unpacked:
    """Leading bit to ``top + 1``, the place of a carry; a subnormal sum stops at exponent 1."""
    zeros = count_leading_zeros(x.significand) - (x.significand.machine.width - 2 - top)
    shift = lesser(zeros, x.exponent)
    return Unpacked(x.sign, x.exponent + 1 - shift, x.significand << shift)


def zero_sum_sign(direction: Rounding, x: Word, y: Word) -> Word:
    """The zero that an exact zero sum is: of the operands' sign when they agree, else +0, or -0 when rounding downward."""
    return x | y if direction is Rounding.DOWNWARD else x & y
