"""atanh: ln(1 + t) / 2 with t = 2|x| / (1 - |x|), which is relatively precise near 0 too.

1 - |x| has one rounding at most and the quotient one more, and the logarithm's relative condition is at most 1: with its own
10 u below 13 u. Below 2**-18 in magnitude, x + x**3/3 + ... lies just beyond x, and x (1 + 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._logarithm import log_of_one_plus
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, signed_as


def atanh(x: Double) -> Approximation:
    """The inverse of tanh; zeros stay, infinities at 1 and -1."""
    size = abs(x)
    near = Approximation(log_of_one_plus(2.0 * size / (1.0 - size)) * 0.5).odd(x)
    near = near.stands_in(size < 2.0**-18, x * (1.0 + NUDGE)).where(x == 0.0, x)
    return near.where(size == 1.0, signed_as(size * INFINITY, x)).undefined(size > 1.0)
