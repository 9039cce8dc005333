"""sin, for every binary32 angle: reduction and error are ``_trigonometric``'s.

Below 2**-18 in magnitude, x - x**3/6 + ... lies just within x, and x (1 - 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., chapter 11; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._trigonometric import is_small, negated, reduced, signed_sine, sine, turns
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose


def sin(x: Double) -> Approximation:
    """The sine of x radians; zeros stay."""
    minus, r = signed_sine(turns(x))
    small = is_small(x)
    size = negated(minus & ~small, sine(choose(small, abs(x), r)))
    near = reduced(negated(x < 0.0, size), r, small).stands_in(abs(x) < 2.0**-18, x * (1.0 - NUDGE))
    return near.where(x == 0.0, x).undefined(abs(x) == INFINITY)
