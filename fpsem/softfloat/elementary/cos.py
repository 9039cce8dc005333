"""cos, for every binary32 angle: the sine of a quarter turn more; reduction and error are ``_trigonometric``'s.

A small angle is taken from pi/2 in binary64, with an absolute error below 2 u for values above 0.7. Below 2**-14 in magnitude
the value lies just below 1, and 1 - 2**-40 stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., chapter 11; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._trigonometric import PI, QUARTER, is_small, negated, reduced, signed_sine, sine, turns
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose


def cos(x: Double) -> Approximation:
    """The cosine of x radians; 1 at 0."""
    minus, r = signed_sine(turns(x) + QUARTER)
    small = is_small(x)
    near = reduced(negated(minus & ~small, sine(choose(small, PI / 2 - abs(x), r))), r, small)
    return near.stands_in(abs(x) < 2.0**-14, 1.0 - NUDGE).where(x == 0.0, 1.0).undefined(abs(x) == INFINITY)
