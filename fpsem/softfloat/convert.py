"""Conversion between formats, rounded once; infinities become NaN in a format without them.

Source: IEEE 754-2019 clause 5.4.2.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag, NaN
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, flag, is_signaling, nan_code, operands
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_nan, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Word, select


def _top(f: Format, to: Format) -> int:
    """Where the leading bit goes: three places below the target's last one at least."""
    return max(f.fraction_bits, to.fraction_bits + 3)


def width(f: Format, to: Format) -> int:
    """The least word that holds every step; a wider exponent field cannot overflow, so its codes need no bit to spare."""
    spare = 0 if to.exponent_bits > f.exponent_bits else 2
    return max(_top(f, to) + 4, f.width + 2, to.width + spare, f.exponent_bits + to.fraction_bits + 3)


def convert(f: Format, to: Format, mode: Attributes, given: Word) -> Result:
    """A code in another format."""
    (a,) = operands(f, mode, given)
    top, x = _top(f, to), unpack(f, a)
    sign = select(x.sign == 0, 0, to.sign_mask)
    rebased = Unpacked(sign, x.exponent + (to.bias - f.bias + top - f.fraction_bits), x.significand)
    result = round_and_pack(to, mode, denormalise(normalise(rebased, top), top), top - to.fraction_bits)
    infinite = sign | to.max_finite if mode.saturate else infinity(to, sign)
    result = result.where(is_infinite(f, a), infinite).where(is_zero(f, a), sign)
    raised = flag(is_signaling(f, given), Flag.INVALID)
    return Result(select(is_nan(f, a), _nan(f, to, mode, given), result.code), select(is_nan(f, a), raised, result.flags))


def _nan(f: Format, to: Format, mode: Attributes, a: Word) -> Word:
    """A NaN in the other format: where NaNs are kept its sign and the upper bits of its payload, made quiet."""
    if mode.nan in (NaN.CANONICAL, NaN.CUDA) or not to.has_infinity:
        return nan_code(to, mode, [a & 0])
    sign = select((a & f.sign_mask) == 0, 0, to.sign_mask)
    shift, payload = to.fraction_bits - f.fraction_bits, a & f.fraction_mask
    moved = payload << shift if shift >= 0 else payload >> -shift
    return sign | to.nan | moved
