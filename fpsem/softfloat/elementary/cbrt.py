"""cbrt: the cube root, by one step of Halley's from a polynomial.

|x| = m 2**(3 k + j), m in [1, 2), j in {0, 1, 2}: c(m) is within 2**-19.1 of cbrt(m), and a = c(m) cbrt(2**j) 2**k within
2**-19 of the root y. Halley's a (a**3 + 2 y**3) / (2 a**3 + y**3) has 2/3 of the cube of that error, below 2**-57; it is written
as a - a (a**3 - x) / (2 a**3 + x). The cube's two roundings change the quotient by at most 0.7 u absolutely, its other roundings
are of a number below 2**-18: with the last two, below 3 u of the root, so below the stated 8 u. Cubes are among what the rounding
test leaves open, but in nearest even without flags.

Source: Muller, "Elementary Functions", 3rd ed., section 5.8 (Halley's iteration); C23 7.12.7.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, horner
from fpsem.softfloat.elementary.coefficients import CBRT
from fpsem.softfloat.words.double import BINARY64, Double, bits, choose, code_of, from_bits, power_of_two

_ROOTS = (1.0, 1.259921, 1.5874011)
"""Cube roots of 1, 2, 4, to be improved."""

_THIRD = 0x5556
"""Times e, shifted right by 16: e // 3, for e < 2**14."""


def cbrt(x: Double) -> Approximation:
    """The cube root; zeros and infinities stay."""
    size = abs(x)
    exponent = (bits(size) >> BINARY64.fraction_bits) + (3 * BINARY64.bias - BINARY64.bias)
    k = (exponent * _THIRD) >> 16
    j = exponent - k * 3
    m = from_bits((bits(size) & BINARY64.fraction_mask) | code_of(1.0))
    root = choose(j == 0, _ROOTS[0], choose(j == 1, _ROOTS[1], _ROOTS[2]))
    first = horner(CBRT, m) * root * power_of_two(k - BINARY64.bias)
    cube = first * first * first
    near = Approximation(first - first * ((cube - size) / (2.0 * cube + size)), 2.0**-50).odd(x)
    return near.where((x == 0.0) | (size == INFINITY), x)
