"""pow: 2 to the power t, t = y log2 |x|, negative for negative x and odd y.

log2 |x| is within 8 u (``log2``), u = 2**-53, the product has one rounding, so t has an error below 9 u |t|, cut to 300 in
magnitude; its fraction times ln 2 is within 2 u of itself, and the power within 15 u: together (9 ln(2) |t| + 16) u, below
(|t| + 2) 8 u, which is the bound that is stated, one that grows with the power.

Exact are powers with y = 1 and y = 2, and powers of powers of two; other exact ones are left open, but in nearest even without
flags. |t| is cut to 2**-30 at least, which leaves the value on its side of 1.

Source: Muller, "Elementary Functions", 3rd ed., section 11.6; IEEE 754-2019 clause 9.2.1 for special values.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import LN_2, small_power_of_e
from fpsem.softfloat.elementary._logarithm import split
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, at_least, negative
from fpsem.softfloat.words.double import (
    Double,
    bits,
    choose,
    clamp,
    from_bits,
    is_nan,
    nearest_integer,
    power_of_two,
)
from fpsem.softfloat.words.word import Truth, select


def pow(x: Double, y: Double) -> Approximation:
    """x**y; 1 where y is 0 or x is 1, whatever the other is."""
    size, (whole, odd) = abs(x), _integrality(y)
    near = _power(size, y).where(y == 1.0, size).where(y == 2.0, size * size).where(size == 1.0, 1.0)
    vanishes = ((size < 1.0) & (y > 0.0)) | ((size > 1.0) & (y < 0.0))
    extreme = (size == 0.0) | (size == INFINITY) | ((abs(y) == INFINITY) & (size != 1.0))
    near = near.undefined((x < 0.0) & (size != INFINITY) & ~whole).where(extreme, choose(vanishes, 0.0, INFINITY))
    minus = select(odd, negative(x), 0)
    signed = Approximation(from_bits(bits(near.value) | (minus << 63)), near.bound)
    return signed.undefined(is_nan(x) | is_nan(y)).where((y == 0.0) | (x == 1.0), 1.0)


def _power(size: Double, y: Double) -> Approximation:
    """size**y for positive finite numbers."""
    parts = split(size)
    log2 = choose(parts.f == 0.0, parts.e, parts.e + parts.log_m * float(1 / LN_2))
    t = at_least(clamp(y * log2, -300.0, 300.0), 2.0**-30)
    k, word = nearest_integer(t)
    value = small_power_of_e((t - k) * float(LN_2), power_of_two(word)).value
    near = Approximation(value, (abs(t) + 2.0) * 2.0**-50)
    return near.where((parts.f == 0.0) & (t == k), power_of_two(word))


def _integrality(y: Double) -> tuple[Truth, Truth]:
    """Whether y is an integer, and an odd one. From 2**24 on, all numbers of binary32 are even integers."""
    size = clamp(abs(y), 0.0, 2.0**24)
    k, word = nearest_integer(size)
    return k == size, (k == size) & ((word & 1) == 1)
