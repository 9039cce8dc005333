"""acosh: ln(1 + s) with t = x - 1 and s = t + sqrt(t (t + 2)), which is relatively precise near 1 too.

t has one rounding at most, and each step one more: s is within 4 u, and the logarithm's relative condition is at most 1: with
its own 10 u below 15 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.5; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._logarithm import log_of_one_plus
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.words.double import Double, choose, square_root


def acosh(x: Double) -> Approximation:
    """The inverse of cosh; +0 at 1."""
    t = choose(x < 1.0, 1.0, x) - 1.0
    near = Approximation(log_of_one_plus(t + square_root(t * (t + 2.0))))
    return near.where(x == 1.0, 0.0).where(x == INFINITY, INFINITY).undefined(x < 1.0)
