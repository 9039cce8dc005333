"""cosh: (p + 1/p) / 2 with p = e**|x|: below 15 u + 2 u, so below BOUND.

|x| is cut to [2**-14, 95]: cosh(2**-14) = 1 + 2**-29 is above 1 as the value is, and cosh(95) is beyond every number.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.words.double import Double, clamp


def cosh(x: Double) -> Approximation:
    """The hyperbolic cosine; 1 at 0."""
    p = power_of_e(clamp(abs(x), 2.0**-14, 95.0)).value
    return Approximation((p + 1.0 / p) * 0.5).where(x == 0.0, 1.0).where(abs(x) == INFINITY, INFINITY)
