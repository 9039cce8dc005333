"""Codes taken apart: sign, exponent and significand as words, and the questions one asks of a code.

A significand word m with its leading bit at position ``top`` and the biased exponent e stands for
``m * 2**(e - bias - top)``. Subnormals have e = 1 and no leading bit, unless they are normalised, which makes e < 1
(two's complement).
"""

from __future__ import annotations

from typing import NamedTuple

from fpsem.core.formats import Format
from fpsem.softfloat.words.word import Truth, Word, count_leading_zeros, indicator, select, signed_less


class Unpacked(NamedTuple):
    """A finite number: its sign bit in place, its biased exponent, its significand."""

    sign: Word
    exponent: Word
    significand: Word


def unpack(f: Format, code: Word) -> Unpacked:
    """The parts of a finite code, the significand's leading bit at ``fraction_bits`` for normal numbers."""
    field = (code & f.magnitude_mask) >> f.fraction_bits
    subnormal = field == 0
    significand = (code & f.fraction_mask) | select(subnormal, 0, f.implicit_bit)
    return Unpacked(code & f.sign_mask, field + indicator(subnormal), significand)


def normalise(x: Unpacked, top: int) -> Unpacked:
    """The same nonzero number with its leading bit moved up to ``top``, its exponent that of bit ``top`` before."""
    shift = count_leading_zeros(x.significand) - (x.significand.machine.width - 1 - top)
    return Unpacked(x.sign, x.exponent - shift, x.significand << shift)


def unpack_normal(f: Format, code: Word) -> Unpacked:
    """The parts of a finite nonzero code, the leading bit always at ``fraction_bits``. Of a zero: a zero significand."""
    return normalise(unpack(f, code), f.fraction_bits)


def shift_right_jam(m: Word, amount: Word) -> Word:
    """m shifted right; when bits that are lost were not all zero, the lowest bit of the result is set ("sticky")."""
    shifted = m >> amount
    return shifted | indicator((shifted << amount) != m)


def denormalise(x: Unpacked, top: int) -> Unpacked:
    """Bring an exponent below 1 up to 1, shifting the significand (leading bit at ``top``) right with a sticky bit."""
    one = x.exponent - x.exponent + 1
    low = signed_less(x.exponent, one)
    amount = select(low, 1 - x.exponent, 0)
    amount = select(amount < top + 2, amount, top + 2)
    return Unpacked(x.sign, select(low, 1, x.exponent), shift_right_jam(x.significand, amount))


def is_nan(f: Format, code: Word) -> Truth:
    """Whether the code is a NaN."""
    return (code & f.magnitude_mask) > (f.overflow_code if f.has_infinity else f.max_finite)


def is_infinite(f: Format, code: Word) -> Truth:
    """Whether the code is an infinity; never in a format without one."""
    magnitude = code & f.magnitude_mask
    return magnitude == f.overflow_code if f.has_infinity else magnitude < 0


def infinity(f: Format, sign: Word) -> Word:
    """The code of an infinite result: of that sign, or the canonical NaN in a format without infinities."""
    return sign | f.overflow_code if f.has_infinity else (sign & 0) | f.nan


def is_zero(f: Format, code: Word) -> Truth:
    """Whether the code is +0 or -0."""
    return (code & f.magnitude_mask) == 0
