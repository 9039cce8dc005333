"""Rounding and packing: the one place where a result becomes a code, and where inexact, underflow and overflow are raised.

Source: IEEE 754-2019 clauses 4.3, 7.4, 7.5 and 7.6. Adding the rounded significand to the exponent field lets a carry out of
the significand raise the exponent by itself, from subnormal to normal and from the last binade to infinity alike.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag, Tininess
from fpsem.softfloat.special import Result, flag
from fpsem.softfloat.unpacked import Unpacked, infinity
from fpsem.softfloat.words.word import Truth, Word, indicator, select


def round_and_pack(f: Format, mode: Attributes, x: Unpacked, extra: int) -> Result:
    """The code of x, correctly rounded, and the flags.

    Args:
        f: the format.
        mode: the rounding direction, and what is tiny.
        x: exponent at least 1; significand with its leading bit at ``fraction_bits + extra``, or below it when the
            exponent is 1; its lowest bit may be sticky.
        extra: bits below the last place, at least 2; at least 3 where the result may be tiny and inexact.
    """
    rounded = round_off(mode.rounding, x.sign, x.significand, extra)
    code = ((x.exponent - 1) << f.fraction_bits) + rounded
    inexact, overflow = (x.significand & ((1 << extra) - 1)) != 0, code > f.max_finite
    tiny = _tiny(f, mode, x, extra)
    result = Result(x.sign | code, flag(inexact, Flag.INEXACT) | flag(inexact & tiny, Flag.UNDERFLOW))
    if mode.flushes_outputs:
        result = result.where(tiny & (x.significand != 0), x.sign, Flag.INEXACT | Flag.UNDERFLOW)
    return result.where(overflow, overflowed(f, mode, x.sign), Flag.INEXACT | Flag.OVERFLOW)


def round_off(direction: Rounding, sign: Word, m: Word, extra: int | Word) -> Word:
    """m in units of ``2**extra``, rounded to an integer: for all directions but to_odd, by adding and cutting."""
    unit = (m & 0) + 1 << extra if isinstance(extra, Word) else (m & 0) + (1 << extra)
    half, below = unit >> 1, unit - 1
    match direction:
        case Rounding.NEAREST_EVEN:
            return (m + (half - 1) + ((m >> extra) & 1)) >> extra
        case Rounding.NEAREST_AWAY:
            return (m + half) >> extra
        case Rounding.TOWARD_ZERO:
            return m >> extra
        case Rounding.UPWARD:
            return (m + select(sign == 0, below, 0)) >> extra
        case Rounding.DOWNWARD:
            return (m + select(sign == 0, 0, below)) >> extra
        case Rounding.TO_ODD:
            return (m >> extra) | indicator((m & below) != 0)


def _tiny(f: Format, mode: Attributes, x: Unpacked, extra: int) -> Truth:
    """Whether x is below the smallest normal number: as it is, or when it is rounded as if exponents had no least one."""
    leading = 1 << (f.fraction_bits + extra)
    below = x.significand < leading  # only at exponent 1
    if mode.tininess is Tininess.BEFORE or extra < 3:
        return below
    finer = round_off(mode.rounding, x.sign, x.significand, extra - 1)  # one more place, as an exponent below 1 would have
    return below & (finer < 1 << f.precision)


def overflowed(f: Format, mode: Attributes, sign: Word) -> Word:
    """What a number beyond the largest finite one becomes."""
    finite = sign | f.max_finite
    if mode.saturate:
        return finite
    infinite = infinity(f, sign)
    positive, negative = (infinite if mode.rounding.overflows_to_infinity(s) else finite for s in (False, True))
    return select(sign == 0, positive, negative)
