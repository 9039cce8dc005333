"""exp: e to the power x.

x is cut to [-110, 90], outside of which results are 0 and infinity anyway, and to 2**-30 at least in magnitude, which leaves
it on its side of 1. The error is that of ``_exponential.Power.value``: below 14 u + 0.4 u for r, which is below BOUND = 32 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.2 (range reduction); IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, at_least
from fpsem.softfloat.words.double import Double, clamp


def exp(x: Double) -> Approximation:
    """e**x; 1 at 0, 0 at -infinity."""
    near = Approximation(power_of_e(at_least(clamp(x, -110.0, 90.0), 2.0**-30)).value)
    return near.where(x == 0, 1.0).where(x == INFINITY, INFINITY).where(x == -INFINITY, 0.0)
