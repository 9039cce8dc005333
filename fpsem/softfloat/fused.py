"""Fused multiply-add: the exact product and the addend, aligned in one word, rounded once.

The word need not hold the product beside the addend: with both leading bits brought to the same place ``top``, what an
alignment shift loses is only ever needed as a sticky bit. For when more than ``top + 1 - 2p >= 2`` places are lost, the
exponents differ by two or more, at most one leading bit cancels, and p + 2 bits of the sum are left above the sticky one.

Source: IEEE 754-2019 clause 5.4.1; Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 7.5.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.add import sum_of_magnitudes, zero_sum_sign
from fpsem.softfloat.attributes import Attributes, InfinityTimesZero, NaN
from fpsem.softfloat.multiply import product
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, is_signaling, nan_code, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_nan, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Truth, Word, select


def _top(f: Format) -> int:
    """The place of the leading bits: two guard places beyond the product's 2p bits."""
    return 2 * f.precision + 2


def width(f: Format) -> int:
    """The least word that holds every step: ``top``, a carry, and a bit to shift by ``top + 2``."""
    return max(_top(f) + 4, f.width + 4)


def fma(f: Format, mode: Attributes, *given: Word) -> Result:
    """a * b + c, rounded once. Zero times infinity is invalid, and so are infinities of opposite signs."""
    a, b, c = operands(f, mode, *given)
    top, exact = _top(f), product(f, a, b)
    addend = unpack(f, c)
    x = _place(f, exact, 2 * f.fraction_bits + 1, top)
    y = _place(f, addend, f.fraction_bits, top)
    total = sum_of_magnitudes(x, y, top)
    carried = normalise(Unpacked(total.sign, total.exponent + 1, total.significand), top + 1)
    result = round_and_pack(f, mode, denormalise(carried, top + 1), top + 1 - f.fraction_bits)
    result = result.where(total.significand == 0, zero_sum_sign(mode.rounding, x.sign, y.sign))
    infinite = is_infinite(f, a) | is_infinite(f, b)
    result = result.where(infinite, infinity(f, exact.sign)).where(is_infinite(f, c), c)
    opposed = infinite & is_infinite(f, c) & (exact.sign != (c & f.sign_mask))
    undefined = infinite & (is_zero(f, a) | is_zero(f, b))
    return _with_nans(f, mode, given, result, opposed, undefined)


def _place(f: Format, x: Unpacked, at: int, top: int) -> Unpacked:
    """A number whose exponent is that of bit ``at``, with its leading bit at ``top``; a zero far below all others."""
    moved = normalise(Unpacked(x.sign, x.exponent + (top - at), x.significand), top)
    far_below = -(1 << (f.exponent_bits + 1))
    return Unpacked(x.sign, select(x.significand == 0, far_below, moved.exponent), moved.significand)


def _with_nans(
    f: Format, mode: Attributes, given: tuple[Word, ...], result: Result, opposed: Truth, undefined: Truth
) -> Result:
    """NaNs, and the open case: zero times infinity plus a quiet NaN."""
    a, b, c = given
    if mode.infinity_times_zero is InfinityTimesZero.QUIET:
        undefined = undefined & ~is_nan(f, c)
    numbers = ~(is_nan(f, a) | is_nan(f, b))
    ordered = (c, a, b) if mode.nan is NaN.ARM else given
    found = with_nans(f, mode, ordered, result, (opposed | undefined) & numbers)
    default = nan_code(f, mode, [a & 0])  # of no NaN operand
    lost = undefined & ~is_signaling(f, c) if mode.nan is NaN.ARM else undefined  # there a signaling addend comes before it
    return Result(select(lost & numbers, default, found.code), found.flags)
