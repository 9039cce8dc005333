"""Fused multiply-add: the exact product and the addend, aligned in one word, rounded once.

The word need not hold the product beside the addend: with both leading bits brought to the same place ``top``, what an
alignment shift loses is only ever needed as a sticky bit. For when more than ``top + 1 - 2p >= 2`` places are lost, the
exponents differ by two or more, at most one leading bit cancels, and p + 2 bits of the sum are left above the sticky one.

Source: IEEE 754-2019 clause 5.4.1; Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 7.5.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.add import sum_of_magnitudes, zero_sum_sign
from fpsem.softfloat.multiply import product
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_nan, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Word, select


def _top(f: Format) -> int:
    """The place of the leading bits: two guard places beyond the product's 2p bits."""
    return 2 * f.precision + 2


def width(f: Format) -> int:
    """The least word that holds every step: ``top``, a carry, and a bit to shift by ``top + 2``."""
    return max(_top(f) + 4, f.width + 4)


def fma(f: Format, direction: Rounding, a: Word, b: Word, c: Word) -> Word:
    """a * b + c, rounded once."""
    top, exact = _top(f), product(f, a, b)
    addend = unpack(f, c)
    x = _place(f, exact, 2 * f.fraction_bits + 1, top)
    y = _place(f, addend, f.fraction_bits, top)
    total = sum_of_magnitudes(x, y, top)
    carried = normalise(Unpacked(total.sign, total.exponent + 1, total.significand), top + 1)
    code = round_and_pack(f, direction, denormalise(carried, top + 1), top + 1 - f.fraction_bits)
    code = select(total.significand == 0, zero_sum_sign(f, direction, x.sign, y.sign), code)
    return _special(f, a, b, c, exact.sign, code)


def _place(f: Format, x: Unpacked, at: int, top: int) -> Unpacked:
    """A number whose exponent is that of bit ``at``, with its leading bit at ``top``; a zero far below all others."""
    moved = normalise(Unpacked(x.sign, x.exponent + (top - at), x.significand), top)
    far_below = -(1 << (f.exponent_bits + 1))
    return Unpacked(x.sign, select(x.significand == 0, far_below, moved.exponent), moved.significand)


def _special(f: Format, a: Word, b: Word, c: Word, sign: Word, code: Word) -> Word:
    """Infinities and NaNs: of the product, of the addend, of opposite signs."""
    infinite = is_infinite(f, a) | is_infinite(f, b)
    code = select(is_infinite(f, c), c, select(infinite, infinity(f, sign), code))
    opposed = infinite & is_infinite(f, c) & (sign != (c & f.sign_mask))
    undefined = infinite & (is_zero(f, a) | is_zero(f, b))
    return select(is_nan(f, a) | is_nan(f, b) | is_nan(f, c) | opposed | undefined, f.nan, code)
