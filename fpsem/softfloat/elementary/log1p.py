"""log1p: the natural logarithm of 1 + x. The error is that of ``_logarithm.log_of_one_plus``, below 10 u.

Below 2**-30 in magnitude, x - x**2/2 + ... lies just below x, for either sign, and x - 2**-40 |x| or less stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., section 11.4; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._logarithm import log_of_one_plus
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double


def log1p(x: Double) -> Approximation:
    """ln(1 + x); of the sign of x at zeros, -infinity at -1."""
    near = Approximation(log_of_one_plus(x)).stands_in(abs(x) < 2.0**-30, x - abs(x) * NUDGE)
    return near.where(x == 0.0, x).where(x == -1.0, -INFINITY).where(x == INFINITY, INFINITY).undefined(x < -1.0)
