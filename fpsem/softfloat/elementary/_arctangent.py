"""Arctangents: what asin, acos, atan and atan2 share.

The angle of a point (x, y) of the first quadrant: with n the lesser and d the greater coordinate it is the arctangent of n/d,
from the other axis where y is the greater. Where n/d > sqrt 2 - 1, it is pi/4 + atan((n - d) / (n + d)). So t is at most
sqrt 2 - 1 in magnitude, and atan t = t P(t**2), P of degree 11 within 2**-58.

With u = 2**-53: n - d is exact or rounded once, t is within 3 u, and the terms of P alternate and fall so fast
that Horner's scheme is within 4 u of P: atan t within 8 u. Sums with pi/4 and pi/2, rounded to nearest, are at least as large as
half of each term: the angle is within 16 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.3.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._trigonometric import PI
from fpsem.softfloat.elementary.approximation import horner
from fpsem.softfloat.elementary.coefficients import ATAN
from fpsem.softfloat.words.double import Double, choose

_FOLD = 2.0**0.5 - 1


def angle(y: Double, x: Double) -> Double:
    """The angle of the point (x, y), of which neither coordinate is negative and not both are 0 or infinite."""
    steep = y > x
    n, d = choose(steep, x, y), choose(steep, y, x)
    fold = n > d * _FOLD
    t = choose(fold, n - d, n) / choose(fold, n + d, d)
    a = t * horner(ATAN, t * t) + choose(fold, PI / 4, 0.0)
    return choose(steep, PI / 2 - a, a)
