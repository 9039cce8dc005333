"""Square root, digit by digit: p + 2 bits of the root of an integer, and a sticky bit for the remainder.

Source: IEEE 754-2019 clause 5.4.1; the digit recurrence is the school method in base 2.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, is_infinite, is_nan, is_zero, unpack_normal
from fpsem.softfloat.words.word import Word, indicator, select

_EXTRA = 2


def width(f: Format) -> int:
    """The least word that holds every step: a radicand of 2p + 4 bits, and a bit to spare."""
    return 2 * f.precision + 6


def sqrt(f: Format, direction: Rounding, a: Word) -> Word:
    """The square root of a, rounded once; never subnormal, never overflowing."""
    x = unpack_normal(f, a)
    doubled = x.exponent + f.bias  # of the parity of the unbiased exponent, and not negative
    radicand = (x.significand << (f.precision + 3)) << (doubled & 1)
    root, remainder = integer_square_root(radicand, f.precision + 2)
    exact = Unpacked(x.sign & 0, doubled >> 1, root | indicator(remainder != 0))
    code = round_and_pack(f, direction, exact, _EXTRA)
    invalid = is_nan(f, a) | ((a & f.sign_mask) != 0)
    return select(is_zero(f, a), a, select(invalid, f.nan, select(is_infinite(f, a), a, code)))


def integer_square_root(n: Word, bits: int) -> tuple[Word, Word]:
    """floor(sqrt(n)) and the remainder, for ``n < 4**bits``."""
    root, remainder = n & 0, n
    for place in range(2 * bits - 2, -1, -2):
        trial = root + (1 << place)
        fits = remainder >= trial
        remainder = select(fits, remainder - trial, remainder)
        root = (root >> 1) + select(fits, 1 << place, 0)
    return root, remainder
