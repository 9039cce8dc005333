"""Rounding to an integer of the same format.

It works on the code itself. Where 1 <= |x| < 2**(p-1) the last bits of the fraction are the places after the point: they are
rounded off as an integer is, and a carry raises the exponent by itself. The bit above the fraction, the exponent's last, stands
for the leading digit 1 where all of the fraction is cut: at |x| < 2 the exponent field is the bias, which is odd. Below 1 the
result is a zero or a one.

Inexact is always raised where the result is not x; an operation that should not raise it drops the flag (``Operation.exact``).

Source: IEEE 754-2019 clause 5.9 (roundToIntegralExact and its five relatives); 6.3 (the sign is that of x).
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.rounder import round_off
from fpsem.softfloat.special import Result, flag, never, operands, with_nans
from fpsem.softfloat.words.word import Truth, Word, select


def round_to_integral(f: Format, mode: Attributes, given: Word) -> Result:
    """The integer that x rounds to, with the sign of x."""
    (a,) = operands(f, mode, given)
    sign, magnitude = a & f.sign_mask, a & f.magnitude_mask
    one, integral = f.bias << f.fraction_bits, (f.bias + f.fraction_bits) << f.fraction_bits
    between = select(magnitude < one, one, select(magnitude < integral, magnitude, one))  # where the shift is defined
    shift = (f.bias + f.fraction_bits) - (between >> f.fraction_bits)
    rounded = round_off(mode.rounding, sign, between, shift) << shift
    below_one = select(_reaches_one(f, mode.rounding, sign, magnitude), one, 0)
    code = select(magnitude < one, below_one, select(magnitude < integral, rounded, magnitude))
    return with_nans(f, mode, (given,), Result(sign | code, flag(code != magnitude, Flag.INEXACT)), never(a))


def _reaches_one(f: Format, direction: Rounding, sign: Word, magnitude: Word) -> Truth:
    """Whether a magnitude below 1 rounds to 1."""
    half = (f.bias - 1) << f.fraction_bits
    match direction:
        case Rounding.NEAREST_EVEN:
            return magnitude > half
        case Rounding.NEAREST_AWAY:
            return magnitude >= half
        case Rounding.TOWARD_ZERO:
            return never(magnitude)
        case Rounding.UPWARD:
            return (magnitude != 0) & (sign == 0)
        case Rounding.DOWNWARD:
            return (magnitude != 0) & (sign != 0)
        case Rounding.TO_ODD:
            return magnitude != 0
