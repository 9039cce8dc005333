"""Multiplication: the exact product of 2p bits, rounded once.

Source: IEEE 754-2019 clause 5.4.1.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_nan, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Word, select


def width(f: Format) -> int:
    """The least word that holds every step: the product, and a carry."""
    return 2 * f.precision + f.exponent_bits + 2


def mul(f: Format, direction: Rounding, a: Word, b: Word) -> Word:
    """a * b, rounded once."""
    top = 2 * f.fraction_bits + 1
    exact = denormalise(normalise(product(f, a, b), top), top)
    sign = exact.sign
    code = round_and_pack(f, direction, exact, top - f.fraction_bits)
    zero, infinite = is_zero(f, a) | is_zero(f, b), is_infinite(f, a) | is_infinite(f, b)
    code = select(zero, sign, select(infinite, infinity(f, sign), code))
    return select(is_nan(f, a) | is_nan(f, b) | (zero & infinite), f.nan, code)


def product(f: Format, a: Word, b: Word) -> Unpacked:
    """The exact product of two finite codes; its exponent is that of bit ``2 * fraction_bits + 1``."""
    x, y = unpack(f, a), unpack(f, b)
    return Unpacked(x.sign ^ y.sign, x.exponent + y.exponent - (f.bias - 1), x.significand * y.significand)
