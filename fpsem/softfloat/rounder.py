"""Rounding and packing: the one place where a result becomes a code.

Source: IEEE 754-2019 clauses 4.3 and 7.4. Adding the rounded significand to the exponent field lets a carry out of the
significand raise the exponent by itself, from subnormal to normal and from the last binade to infinity alike.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.unpacked import Unpacked, infinity
from fpsem.softfloat.words.word import Word, indicator, select


def round_and_pack(f: Format, direction: Rounding, x: Unpacked, extra: int) -> Word:
    """The code of x, correctly rounded.

    Args:
        f: the format.
        direction: the rounding direction.
        x: exponent at least 1; significand with its leading bit at ``fraction_bits + extra``, or below it when the
            exponent is 1; its lowest bit may be sticky.
        extra: bits below the last place, at least 2.
    """
    rounded = _round(direction, x.sign, x.significand, extra)
    code = ((x.exponent - 1) << f.fraction_bits) + rounded
    return select(code > f.max_finite, _overflow(f, direction, x.sign), x.sign | code)


def _round(direction: Rounding, sign: Word, m: Word, extra: int) -> Word:
    """m in units of ``2**extra``, rounded to an integer: for all directions but to_odd, by adding and cutting."""
    half, below = 1 << (extra - 1), (1 << extra) - 1
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


def _overflow(f: Format, direction: Rounding, sign: Word) -> Word:
    """What a number beyond the largest finite one becomes."""
    infinite, finite = infinity(f, sign), sign | f.max_finite
    positive, negative = (infinite if direction.overflows_to_infinity(s) else finite for s in (False, True))
    return select(sign == 0, positive, negative)
