"""tan, for every binary32 angle: sine by cosine; reduction and error are ``_trigonometric``'s. Each of the two is within 42 u and
what its reduced angle costs, 3 u, or 16 u for the smaller of the angles: with the quotient below 107 u, so below 4 BOUND.

Below 2**-18 in magnitude, x + x**3/3 + ... lies just beyond x, and x (1 + 2**-40) stands in for it.

Source: Muller, "Elementary Functions", 3rd ed., chapter 11; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._trigonometric import PI, QUARTER, is_small, negated, reduced, signed_sine, sine, turns
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose


def tan(x: Double) -> Approximation:
    """The tangent of x radians; zeros stay."""
    small, turn = is_small(x), turns(x)
    (below, r), (left, c) = signed_sine(turn), signed_sine(turn + QUARTER)
    above = choose(small, abs(x), r)
    size = negated(below & ~small, sine(above)) / negated(left & ~small, sine(choose(small, PI / 2 - above, c)))
    near = reduced(negated(x < 0.0, size), choose(r < c, r, c), small).stands_in(abs(x) < 2.0**-18, x * (1.0 + NUDGE))
    return near.where(x == 0.0, x).undefined(abs(x) == INFINITY)
