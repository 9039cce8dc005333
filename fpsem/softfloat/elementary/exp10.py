"""exp10: 10 to the power x.

log10(2) = H + L, H a multiple of 2**-43, so k H is exact for |k| <= 2**9, and x - k H is a multiple of 2**-49 below 0.16, so
exact too, for binary32 x above 0.15 in magnitude; k is 0 below. r = ((x - k H) - k L) ln 10 has two roundings and ln 10's own,
an error below 3 u * 0.35. The rest is ``_exponential.Power.value``'s: in all below 16 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.2; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

import math
from fractions import Fraction

from fpsem.softfloat.elementary._exponential import small_power_of_e
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, at_least
from fpsem.softfloat.words.double import Double, clamp, nearest_integer, power_of_two

LOG10_2 = Fraction(0x4D104D427DE7FBCC47C4ACD605BE48BC, 1 << 128)
"""log10 2 to 128 bits."""

_HIGH = math.floor(LOG10_2 * 2**43) / 2**43
_LOW = float(LOG10_2 - Fraction(_HIGH))
_LN_10 = 2.302585092994046


def exp10(x: Double) -> Approximation:
    """10**x; 1 at 0."""
    cut = at_least(clamp(x, -50.0, 40.0), 2.0**-30)
    k, word = nearest_integer(cut * float(1 / LOG10_2))
    r = ((cut - k * _HIGH) - k * _LOW) * _LN_10
    near = Approximation(small_power_of_e(r, power_of_two(word)).value).where(x == 0.0, 1.0)
    return near.where(x == INFINITY, INFINITY).where(x == -INFINITY, 0.0)
