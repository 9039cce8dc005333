"""Powers of two and exponents: scale_b multiplies by a power of two, rounded once; log_b is the exponent as a number.

Source: IEEE 754-2019 clause 5.3.3 (scaleB and logB); 7.3 (logB of zero divides by zero).
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.integers import rounded_integer
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, never, operands, with_nans
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_infinite, is_zero, unpack_normal
from fpsem.softfloat.words.word import Word, select, signed_less

_EXTRA = 3
_POWER_BITS = 32


def width(f: Format) -> int:
    """The least word that holds every step: an exponent plus any power, the code, the significand and the bits below."""
    return max(_POWER_BITS + 2, f.width, f.precision + _EXTRA + 2)


def scale_b(f: Format, mode: Attributes, given: Word, n: Word) -> Result:
    """``x * 2**n``, rounded once; n is two's complement of the word's width, of at most 32 bits."""
    (a,) = operands(f, mode, given)
    x, top = unpack_normal(f, a), f.fraction_bits + _EXTRA
    beyond = (a & 0) + ((f.max_finite >> f.fraction_bits) + 1)
    exponent = x.exponent + n
    exponent = select(signed_less(beyond, exponent), beyond, exponent)
    scaled = denormalise(Unpacked(x.sign, exponent, x.significand << _EXTRA), top)
    result = round_and_pack(f, mode, scaled, _EXTRA).where(is_infinite(f, a) | is_zero(f, a), a)
    return with_nans(f, mode, (given,), result, never(a))


def log_b(f: Format, mode: Attributes, given: Word) -> Result:
    """The exponent e of ``1 <= |x| / 2**e < 2``, subnormal x included; -inf of zero, +inf of an infinity."""
    (a,) = operands(f, mode, given)
    exponent = unpack_normal(f, a).exponent
    negative = signed_less(exponent, (a & 0) + f.bias)
    magnitude = select(negative, f.bias - exponent, exponent - f.bias)
    result = rounded_integer(f, mode, select(negative, f.sign_mask, 0), magnitude)
    result = result.where(is_infinite(f, a), infinity(f, a & 0))
    result = result.where(is_zero(f, a), infinity(f, (a & 0) + f.sign_mask), Flag.DIVIDE_BY_ZERO)
    return with_nans(f, mode, (given,), result, never(a))
