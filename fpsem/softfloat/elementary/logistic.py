"""logistic: 1 / (1 + e**-x) as one function, known as the sigmoid; not the same as the composition of its primitives.

The power is within 15 u, of which the sum and the quotient keep no more, with two roundings: below 17 u. x is cut to
[-110, 25]: beyond, values are below a half of the smallest number, or above 1 - 2**-36, which like that is below 1 by less than
half an ulp; and to 2**-30 at least in magnitude, which leaves the value on its side of 1/2.

Source: Muller, "Elementary Functions", 3rd ed., section 11.2.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, at_least
from fpsem.softfloat.words.double import Double, clamp


def logistic(x: Double) -> Approximation:
    """1 / (1 + e**-x); 1/2 at 0, 0 and 1 at the infinities."""
    near = Approximation(1.0 / (1.0 + power_of_e(-at_least(clamp(x, -110.0, 25.0), 2.0**-30)).value))
    return near.where(x == 0.0, 0.5).where(x == INFINITY, 1.0).where(x == -INFINITY, 0.0)
