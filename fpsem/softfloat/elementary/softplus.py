"""softplus: ln(1 + e**x) as one function: max(x, 0) + ln(1 + e**-|x|); not the same as the composition of its primitives.

The power is within 15 u, the logarithm, whose relative condition is at most 1, within 26 u, and so is the sum of positive
terms. |x| is cut to 110 in the power. For large x the second term is at least 2**-40 x, which leaves the value above x.

Source: Muller, "Elementary Functions", 3rd ed., sections 11.2 and 11.4.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary._logarithm import log_of_one_plus
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose, clamp


def softplus(x: Double) -> Approximation:
    """ln(1 + e**x); 0 at -infinity."""
    more = log_of_one_plus(power_of_e(-clamp(abs(x), 0.0, 110.0)).value)
    least = clamp(x, 0.0, INFINITY) * NUDGE
    near = Approximation(clamp(x, 0.0, INFINITY) + choose(more < least, least, more))
    return near.where(x == INFINITY, INFINITY).where(x == -INFINITY, 0.0)
