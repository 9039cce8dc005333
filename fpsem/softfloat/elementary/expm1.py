"""expm1: e to the power x, less 1. The error is that of ``_exponential.Power.minus_one``: below 46 u, so below 2 BOUND.

Below 2**-30 in magnitude, x + x**2/2 + ... lies just above x, for either sign, and x + 2**-40 |x| stands in for it.
x is cut to [-40, 90]: e**-40 = 2**-57.7 would vanish beside 1, so below -30 the stand-in is -1 + 2**-40.

Source: Muller, "Elementary Functions", 3rd ed., section 11.2; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import BOUND, INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, clamp


def expm1(x: Double) -> Approximation:
    """e**x - 1; of the sign of x at zeros."""
    near = Approximation(power_of_e(clamp(x, -40.0, 90.0)).minus_one, 2 * BOUND)
    near = near.stands_in(abs(x) < 2.0**-30, x + abs(x) * NUDGE).stands_in(x < -30.0, -1.0 + NUDGE)
    return near.where(x == 0.0, x).where(x == INFINITY, INFINITY).where(x == -INFINITY, -1.0)
