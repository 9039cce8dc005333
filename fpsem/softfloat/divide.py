"""Division: the integer quotient of the significands with three bits below the last place, the lowest sticky.

Source: IEEE 754-2019 clauses 5.4.1 and 7.3.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_zero, unpack_normal
from fpsem.softfloat.words.word import Word, indicator, select

_EXTRA = 3


def width(f: Format) -> int:
    """The least word that holds every step: the scaled dividend."""
    return 2 * f.precision + f.exponent_bits + 2


def div(f: Format, mode: Attributes, *given: Word) -> Result:
    """a / b, rounded once. 0 / 0 and infinity / infinity are invalid; a number by 0 is an exact infinity."""
    a, b = operands(f, mode, *given)
    x, y = unpack_normal(f, a), unpack_normal(f, b)
    sign = x.sign ^ y.sign
    top = f.fraction_bits + _EXTRA
    quotient = denormalise(Unpacked(sign, *_quotient(f, x, y, top)), top)
    zero, infinite = is_zero(f, a) | is_infinite(f, b), is_infinite(f, a) | is_zero(f, b)
    result = round_and_pack(f, mode, quotient, _EXTRA)
    result = result.where(infinite, infinity(f, sign)).where(zero, sign)
    by_zero = is_zero(f, b) & ~is_zero(f, a) & ~is_infinite(f, a)
    result = Result(result.code, select(by_zero, Flag.DIVIDE_BY_ZERO, result.flags))
    return with_nans(f, mode, given, result, zero & infinite)


def _quotient(f: Format, x: Unpacked, y: Unpacked, top: int) -> tuple[Word, Word]:
    """Exponent and significand of x / y for normalised x and y, the leading bit at ``top``, the lowest bit sticky."""
    dividend = x.significand << top
    divisor = select(y.significand == 0, f.implicit_bit, y.significand)  # any divisor will do for / 0
    quotient = dividend // divisor
    sticky = indicator(quotient * divisor != dividend)
    at_least_one = quotient >> top
    exponent = x.exponent - y.exponent + (f.bias - 1) + at_least_one
    return exponent, (quotient << (1 - at_least_one)) | sticky
