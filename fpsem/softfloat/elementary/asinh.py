"""asinh: ln(1 + t) with t = |x| + x**2 / (1 + sqrt(x**2 + 1)), which is relatively precise near 0 too.

x**2 is exact; t is a sum of positive terms with an error below 5 u, and the logarithm's relative condition is at most 1: with
its own 10 u below 16 u. Below 2**-18 in magnitude, x - x**3/6 + ... lies just within x, and x (1 - 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._logarithm import log_of_one_plus
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, square_root


def asinh(x: Double) -> Approximation:
    """The inverse of sinh; zeros and infinities stay."""
    square = x * x
    near = Approximation(log_of_one_plus(abs(x) + square / (1.0 + square_root(square + 1.0)))).odd(x)
    return near.stands_in(abs(x) < 2.0**-18, x * (1.0 - NUDGE)).where((x == 0.0) | (abs(x) == INFINITY), x)
