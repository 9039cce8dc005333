"""Conversion between formats, rounded once; infinities become NaN in a format without them.

Source: IEEE 754-2019 clause 5.4.2.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_nan, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Word, select


def _top(f: Format, to: Format) -> int:
    """Where the leading bit goes: two places below the target's last one at least."""
    return max(f.fraction_bits, to.fraction_bits + 2)


def width(f: Format, to: Format) -> int:
    """The least word that holds every step."""
    return max(_top(f, to) + 4, f.width + 2, to.width + 2, f.exponent_bits + to.fraction_bits + 3)


def convert(f: Format, to: Format, direction: Rounding, a: Word) -> Word:
    """a in another format."""
    top, x = _top(f, to), unpack(f, a)
    sign = select(x.sign == 0, 0, to.sign_mask)
    rebased = Unpacked(sign, x.exponent + (to.bias - f.bias + top - f.fraction_bits), x.significand)
    code = round_and_pack(to, direction, denormalise(normalise(rebased, top), top), top - to.fraction_bits)
    code = select(is_zero(f, a), sign, select(is_infinite(f, a), infinity(to, sign), code))
    return select(is_nan(f, a), to.nan, code)
