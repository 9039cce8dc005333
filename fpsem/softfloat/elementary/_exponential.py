"""Powers of e: what exp, exp2, exp10, expm1, sinh, cosh, tanh, logistic, softplus, erf, erfc and pow share.

A number x is taken apart as x = k ln 2 + r, k an integer, |r| <= ln(2)/2. Then e**x = 2**k (1 + q), q = e**r - 1 = r P(r).

With u = 2**-53, and P of degree 10 with positive coefficients, Horner's scheme has an error of at most gamma_20 P(|r|) (Higham,
section 5.1), and P(|r|) / P(r) <= 1.42 there; the polynomial itself is within 2**-55.2 = 0.22 u of (e**r - 1)/r. So q is within
(20 * 1.42 + 1.2) u < 30 u of e**r' - 1, r' being r as computed.

ln 2 = H + L, H a multiple of 2**-42, so k H is exact for |k| <= 2**11. Where x is a multiple of 2**-50 or k = 0, x - k H is a
multiple of 2**-50 below 0.36, so exact too; and r = (x - k H) - k L has one rounding of k L, below 2**-43 * 2**11 u, and one of
the difference: an error below 0.36 u + 2**-32 u. For k = 0, r = x is exact.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from fpsem.softfloat.elementary.approximation import horner
from fpsem.softfloat.elementary.coefficients import EXPM1
from fpsem.softfloat.words.double import Double, nearest_integer, power_of_two

LN_2 = Fraction(0xB17217F7D1CF79ABC9E3B39803F2F6AF, 1 << 128)
"""ln 2 to 128 bits."""

LN_2_HIGH = math.floor(LN_2 * 2**42) / 2**42
LN_2_LOW = float(LN_2 - Fraction(LN_2_HIGH))


class Power(NamedTuple):
    """A power ``scale * (1 + rest)``; the scale is a power of two."""

    scale: Double
    rest: Double

    @property
    def value(self) -> Double:
        """The power: one rounding more than that of the rest, whose error is below 30 u * 0.42: in all below 14 u relatively."""
        return self.scale + self.scale * self.rest

    @property
    def minus_one(self) -> Double:
        """The power less 1, relatively precise near 0 too: ``scale - 1`` is exact for -53 <= k <= 53, and 0 for k = 0.

        Otherwise the result is at least 0.29 in magnitude and ``|scale rest|`` at most 1.42 times that: below 46 u.
        """
        return self.scale * self.rest + (self.scale - 1)


def power_of_e(x: Double) -> Power:
    """e**x for |x| <= 700, x a multiple of 2**-50 or below 0.34 in magnitude."""
    k, word = nearest_integer(x * float(1 / LN_2))
    return small_power_of_e((x - k * LN_2_HIGH) - k * LN_2_LOW, power_of_two(word))


def small_power_of_e(r: Double, scale: Double) -> Power:
    """scale * e**r for |r| <= ln(2)/2, a little more allowed for."""
    return Power(scale, r * horner(EXPM1, r))
