"""exp2: 2 to the power x.

With k = rint(x), x - k is exact and r = (x - k) ln 2 has one rounding and ln 2's own: 0.7 u. The rest is
``_exponential.Power.value``'s, in all below 15 u. Exact at integers, where r is 0.

Source: Muller, "Elementary Functions", 3rd ed., section 11.2; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import LN_2, small_power_of_e
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, at_least
from fpsem.softfloat.words.double import Double, clamp, nearest_integer, power_of_two


def exp2(x: Double) -> Approximation:
    """2**x; exact at integers."""
    cut = at_least(clamp(x, -159.5, 129.5), 2.0**-30)
    k, word = nearest_integer(cut)
    near = Approximation(small_power_of_e((cut - k) * float(LN_2), power_of_two(word)).value)
    whole = near.where(cut == k, power_of_two(word)).where(x == 0.0, 1.0)
    return whole.where(x == INFINITY, INFINITY).where(x == -INFINITY, 0.0)
