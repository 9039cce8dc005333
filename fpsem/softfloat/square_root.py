"""Square root, digit by digit: p + 2 bits of the root, and a sticky bit for the remainder.

Source: IEEE 754-2019 clause 5.4.1; the digit recurrence is the school method in base 2.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, is_infinite, is_nan, is_zero, unpack_normal
from fpsem.softfloat.words.word import Word, indicator, select

_EXTRA = 2


def width(f: Format) -> int:
    """The least word that holds every step: a remainder below 8, its places, and a code."""
    return max(f.precision + _EXTRA + 4, f.width + 2)


def sqrt(f: Format, mode: Attributes, given: Word) -> Result:
    """The square root, rounded once; never subnormal, never overflowing. Of a number below zero it is invalid."""
    (a,) = operands(f, mode, given)
    x = unpack_normal(f, a)
    doubled = x.exponent + f.bias  # of the parity of the unbiased exponent, and not negative
    places = f.fraction_bits + _EXTRA
    root, remainder = root_of(x.significand << ((doubled & 1) + _EXTRA), places)
    exact = Unpacked(x.sign & 0, doubled >> 1, root | indicator(remainder != 0))
    result = round_and_pack(f, mode, exact, _EXTRA).where(is_infinite(f, a) | is_zero(f, a), a)
    return with_nans(f, mode, (given,), result, ((a & f.sign_mask) != 0) & ~is_zero(f, a) & ~is_nan(f, a))


def root_of(x: Word, places: int) -> tuple[Word, Word]:
    """The square root y of a number x of [1, 4), both with that many places after the point, y cut; and
    ``2**places (x - y^2)``.

    One digit of y at a time: with r = ``2**i (x - y^2)`` the next digit is 1 where ``2r >= 2y + 2**-(i+1)``, which is then
    taken off; the remainder stays below 8.
    """
    doubled, remainder = (x & 0) + (2 << places), x - (1 << places)
    for place in range(places - 1, -1, -1):
        remainder, trial = remainder + remainder, doubled + (1 << place)
        fits = remainder >= trial
        remainder = select(fits, remainder - trial, remainder)
        doubled = select(fits, doubled + (2 << place), doubled)
    return doubled >> 1, remainder
