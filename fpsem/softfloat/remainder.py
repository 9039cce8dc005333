"""The remainder x - n y, n being x / y rounded to the nearest integer, to the even one of two: always exact.

With both significands normalised, x is ``mx * 2**d`` and y is ``D = 2 * my`` in units of half y's last place, so that all comes
from R = mx 2**d mod D and the parity of the quotient. If d < 0, |x| < |y| / 2 and the remainder is x.

R comes by long division, s <= k bits of d at a time, over words of w bits. Let P = p + 1, so that 2**(P-1) <= D < 2**P, and
c = floor(2**(k+P+1) / D), the only division. One step takes a word r < 2 D, congruent to what has been shifted in so far, to

    q = (r * (c >> (k - s))) >> (P + 1),      r' = r * 2**s - q * D.

Then 0 <= r' < 2 D, so no step needs a correction. Proof: c >> (k - s) is floor(2**(s+P+1) / D), for floors nest; call it
C - e with C = 2**(s+P+1) / D and 0 <= e < 1. With t = r 2**s / D = r C / 2**(P+1),

    r (C - e) / 2**(P+1)  =  t - e r / 2**(P+1)  >  t - 1,

since r < 2 D < 2**(P+1). Hence t - 2 < q <= t, and r' = D (t - q) lies in [0, 2 D). The products: r < 2**(P+1) and
C <= 2**(s+2), so r (C - e) < 2**(k+P+3), which must be at most 2**w; r 2**s and q D may wrap, their difference does not.

The n steps take s = floor((d + i) / n) bits, i = 0 ... n - 1, which add up to d; the last takes at least one bit unless d = 0,
so the quotient's last bit is that of the last q, plus the one subtraction that brings the last r below D.

Source: IEEE 754-2019 clause 5.3.1; the estimate by a truncated reciprocal follows Granlund and Moeller, "Improved division by
invariant integers", 2011.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.special import Result, flag, operands, with_nans
from fpsem.softfloat.unpacked import is_infinite, is_nan, is_zero, unpack_normal
from fpsem.softfloat.words.word import Truth, Word, count_leading_zeros, indicator, lesser, select, signed_less

_WORD = 64
"""Machine words; formats of precision above ``_NARROW`` have too little room in them, and take one step in a wide word."""
_NARROW = 28


def _longest(f: Format) -> int:
    """The largest d: of the largest number by the smallest."""
    return (f.max_finite >> f.fraction_bits) + f.fraction_bits


def _beside(f: Format) -> int:
    """Bits of a word beside those that a step brings down: P + 3."""
    return f.precision + 4


def _steps(f: Format, word: int) -> int:
    """How many steps: a power of two, so that d is divided by it with a shift."""
    least = -(-_longest(f) // (word - _beside(f)))
    return 1 << (least - 1).bit_length()


def width(f: Format) -> int:
    """A word for all of it in one step; or a machine word, where that leaves room for steps of many bits."""
    whole = _longest(f) + _beside(f)
    return whole if f.precision > _NARROW else min(whole, _WORD)


def remainder(f: Format, mode: Attributes, x: Word, y: Word) -> Result:
    """x - n y, exact; a zero has the sign of x. Of an infinity, or by zero, it is invalid; by an infinity it is x."""
    a, b = operands(f, mode, x, y)
    u, v = unpack_normal(f, a), unpack_normal(f, b)
    significand = v.significand | f.implicit_bit  # of a zero too, lest it be divided by
    gap = u.exponent - v.exponent + 1
    below = signed_less(gap, gap & 0)
    rest, odd = _divide(f, u.significand, significand << 1, select(below, 0, lesser(gap, _longest(f))))
    over = (rest > significand) | ((rest == significand) & odd)
    magnitude = select(over, (significand << 1) - rest, rest)
    sign = select(over, u.sign ^ f.sign_mask, u.sign)
    code = select(below | is_infinite(f, b), a, sign | _pack(f, v.exponent - 1, magnitude))
    result = Result(code, code & 0)
    if mode.flushes_outputs:
        tiny = ((code & f.magnitude_mask) < f.min_normal) & ~is_zero(f, code)
        result = Result(select(tiny, code & f.sign_mask, code), flag(tiny, Flag.INEXACT | Flag.UNDERFLOW))
    invalid = (is_infinite(f, a) & ~is_nan(f, b)) | (is_zero(f, b) & ~is_nan(f, a))
    return with_nans(f, mode, (x, y), result, invalid)


def _divide(f: Format, m: Word, divisor: Word, d: Word) -> tuple[Word, Truth]:
    """``m * 2**d`` modulo the divisor D, and whether the quotient is odd; m < D, and D has its leading bit at p."""
    steps = _steps(f, m.machine.width)
    most, shift = -(-_longest(f) // steps), f.precision + 2
    reciprocal = ((m & 0) + (1 << (most + shift))) // divisor
    r, q = m, m & 0
    for i in range(steps):
        s = (d + i) >> (steps.bit_length() - 1)
        q = (r * (reciprocal >> (most - s))) >> shift
        r = (r << s) - q * divisor
    once_more = r >= divisor
    return select(once_more, r - divisor, r), ((q + indicator(once_more)) & 1) != 0


def _pack(f: Format, exponent: Word, m: Word) -> Word:
    """The magnitude code of ``m * 2**(exponent - bias - fraction_bits)``, which is a number; exponents below 1 shift right."""
    one = (m & 0) + 1
    low = signed_less(exponent, one)
    zeros = count_leading_zeros(m) - (m.machine.width - f.precision)
    left, right = select(low, 0, lesser(zeros, exponent - 1)), select(low, 1 - exponent, 0)
    right = lesser(right, f.precision)
    raised = select(low, 0, exponent - 1 - left)
    return select(m == 0, 0, (raised << f.fraction_bits) + ((m << left) >> right))
