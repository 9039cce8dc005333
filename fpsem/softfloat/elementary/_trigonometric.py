"""Sines: what sin, cos and tan share, over the whole range of binary32.

An angle x = m 2**s, m < 2**24, is a word that counts 2**-64 of a turn: m times the 96 bits of 1/(2 pi) that start where 2**s
puts them, whole turns dropping off the top of the word by themselves. What is cut off is below 1.1 units of the word. Half a
turn is 2**63 of it, so the nearest number of half turns, which decides the sign, and the rest, at most a quarter turn in
magnitude, are read off; the rest in radians is r with |r| <= pi/2, with an absolute error below 1.1 * 2**-64 * 2 pi < 2**-61.

With u = 2**-53: sin(r) = r P(r**2), P of degree 8 within 2**-55.3. Horner's scheme for P has an error below gamma_16 times the
sum of |a_k| r**2k <= sinh(pi/2) / (pi/2) = 1.47; P >= 0.63, so below 38 u, and the argument and the product add 4 u: below 42 u.
r itself is rounded three times; its absolute error counts where r is small: above 2**-12 it is below 2**-49 relatively, in all
below 2**-47. Binary32 angles come no nearer to a multiple of pi/2 than 2**-31, which the enumeration of them all confirms.

Source: Payne and Hanek, "Radian reduction for trigonometric functions", 1983; Muller, "Elementary Functions", 3rd ed., chapter
11.
"""

from __future__ import annotations

from fpsem.softfloat.elementary.approximation import BOUND, Approximation, horner
from fpsem.softfloat.elementary.coefficients import SIN
from fpsem.softfloat.words.double import BINARY64, Double, bits, choose, from_bits, from_integer
from fpsem.softfloat.words.word import Truth, Word, select

PI = 3.141592653589793

_TURNS = 0x28BE60DB9391054A7F09D5F47D4D377036D8A5664F10E4107F9458EAF7AEF1586DC91B8E
"""1/(2 pi), 288 bits of its fraction."""

_LEAST = 24
"""No angle that is reduced is a multiple of less than 2**-24."""

_WORDS = tuple((_TURNS << 320 - 288 >> _LEAST + 64 * place) & (1 << 64) - 1 for place in (4, 3, 2, 1, 0))
"""The fraction of 1/(2 pi) 2**-24 in words, the first bits first."""

_SMALL = 0.78
"""Below this magnitude an angle needs no reduction."""

QUARTER = 1 << 62
"""A quarter turn."""


def turns(x: Double) -> Word:
    """The angle |x| as a fraction of a turn in units of 2**-64, for |x| >= 1/2."""
    code = bits(x) & BINARY64.magnitude_mask
    m = ((code & BINARY64.fraction_mask) | BINARY64.implicit_bit) >> BINARY64.fraction_bits - 23
    place = (code >> BINARY64.fraction_bits) - (BINARY64.bias + 23 - _LEAST)
    first, shift = place >> 6, place & 63
    a, b, c = (_word(first, i) for i in range(3))
    high, low = (a << shift) | ((b >> 1) >> 63 - shift), (b << shift) | ((c >> 1) >> 63 - shift)
    return m * high + ((m * (low >> 32)) >> 32)


def _word(first: Word, offset: int) -> Word:
    """The word at place ``first + offset``; first is at most 2."""
    return select(first == 0, _WORDS[offset], select(first == 1, _WORDS[offset + 1], _WORDS[offset + 2]))


def signed_sine(turn: Word) -> tuple[Truth, Double]:
    """Whether the sine of so much of a turn is negative, and the reduced angle r >= 0 that has its magnitude."""
    moved = turn + QUARTER
    rest = turn - ((moved >> 63) << 63)
    below = rest >> 63
    size = select(below == 0, rest, 0 - rest)
    r = (from_integer(size >> 32) * 2.0**32 + from_integer(size & (1 << 32) - 1)) * (PI * 2.0**-63)
    return (moved >> 63) + below == 1, r


def sine(r: Double) -> Double:
    """sin(r) for |r| <= pi/2."""
    return r * horner(SIN, r * r)


def negated(truth: Truth, x: Double) -> Double:
    """-x where the truth holds, else x."""
    return from_bits(bits(x) ^ select(truth, BINARY64.sign_mask, 0))


def is_small(x: Double) -> Truth:
    """Whether the angle needs no reduction."""
    return abs(x) < _SMALL


def reduced(value: Double, r: Double, small: Truth) -> Approximation:
    """A value that is as good as its reduced angle r."""
    near = choose(r < 2.0**-12, choose(r < 2.0**-22, 2.0**-28, 2.0**-38), 4 * BOUND)
    return Approximation(value, choose(small, 4 * BOUND, near))
