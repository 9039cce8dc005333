"""tanh: m / (m + 2) with m = e**(2|x|) - 1, which is relatively precise near 0 too: below 46 u + 3 u, so below 2 BOUND.

|x| is cut to 12: tanh(12) = 1 - 2**-33.6 is below 1 by less than half an ulp, as all beyond it are. Below 2**-18 in magnitude,
x - x**3/3 + ... lies just within x, and x (1 - 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import BOUND, INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose, clamp


def tanh(x: Double) -> Approximation:
    """The hyperbolic tangent; zeros stay, 1 and -1 at the infinities."""
    m = power_of_e(clamp(abs(x), 0.0, 12.0) * 2.0).minus_one
    near = Approximation(m / (m + 2.0), 2 * BOUND).odd(x).stands_in(abs(x) < 2.0**-18, x * (1.0 - NUDGE))
    return near.where(x == 0.0, x).where(abs(x) == INFINITY, choose(x < 0.0, -1.0, 1.0))
