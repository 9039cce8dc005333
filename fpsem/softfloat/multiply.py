"""Multiplication: the exact product of 2p bits, rounded once.

Source: IEEE 754-2019 clause 5.4.1.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_zero, normalise, unpack
from fpsem.softfloat.words.word import Word


def width(f: Format) -> int:
    """The least word that holds every step: the product, and a carry."""
    return 2 * f.precision + f.exponent_bits + 2


def mul(f: Format, mode: Attributes, *given: Word) -> Result:
    """a * b, rounded once. Zero times infinity is invalid."""
    a, b = operands(f, mode, *given)
    top = 2 * f.fraction_bits + 1
    exact = denormalise(normalise(product(f, a, b), top), top)
    sign = exact.sign
    zero, infinite = is_zero(f, a) | is_zero(f, b), is_infinite(f, a) | is_infinite(f, b)
    result = round_and_pack(f, mode, exact, top - f.fraction_bits)
    result = result.where(infinite, infinity(f, sign)).where(zero, sign)
    return with_nans(f, mode, given, result, zero & infinite)


def product(f: Format, a: Word, b: Word) -> Unpacked:
    """The exact product of two finite codes; its exponent is that of bit ``2 * fraction_bits + 1``."""
    x, y = unpack(f, a), unpack(f, b)
    return Unpacked(x.sign ^ y.sign, x.exponent + y.exponent - (f.bias - 1), x.significand * y.significand)
