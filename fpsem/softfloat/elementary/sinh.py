"""sinh: (m + m / (m + 1)) / 2 with m = e**|x| - 1, which is relatively precise near 0 too.

m is within 46 u; m + 1 has one rounding, so the quotient is within 48 u, the sum of two positive terms within 49 u: 2 BOUND.
Below 2**-18 in magnitude, x + x**3/6 + ... lies just beyond x, and x (1 + 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import BOUND, INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, clamp


def sinh(x: Double) -> Approximation:
    """The hyperbolic sine; zeros and infinities stay."""
    m = power_of_e(clamp(abs(x), 0.0, 95.0)).minus_one
    near = Approximation((m + m / (m + 1.0)) * 0.5, 2 * BOUND).odd(x)
    return near.stands_in(abs(x) < 2.0**-18, x * (1.0 + NUDGE)).where((x == 0.0) | (abs(x) == INFINITY), x)
