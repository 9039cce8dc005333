"""atan2: the angle of the point (x, y), as ``_arctangent`` has it for the first quadrant, or pi less that; within 18 u.

Where q = y / x is exact, has 25 bits at most and is below 2**-14, the angle lies between q (1 - 2**-29) and q, where there is no
number of binary32 and no midpoint, and q (1 - 2**-40) stands in for it. Angles of zeros and infinities are those of points with
finite coordinates beside them.

Source: IEEE 754-2019 clause 9.2.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._arctangent import angle
from fpsem.softfloat.elementary._trigonometric import PI
from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation, negative
from fpsem.softfloat.words.double import BINARY64, Double, bits, choose, is_nan, signed_as

_BEYOND_25_BITS = (1 << BINARY64.precision - 25) - 1


def atan2(y: Double, x: Double) -> Approximation:
    """The angle of the point (x, y) from the positive x axis, between -pi and pi."""
    both = (abs(x) == INFINITY) & (abs(y) == INFINITY)
    height, width = (choose(both, 1.0, abs(v)) for v in (y, x))
    width = choose((height == 0.0) & (width == 0.0), 1.0, width)
    a, left = angle(height, width), negative(x) == 1
    near = Approximation(signed_as(choose(left, PI - a, a), y))
    q = height / width
    exact = (q * width == height) & ((bits(q) & _BEYOND_25_BITS) == 0) & (q < 2.0**-14) & ~left
    near = near.stands_in(exact, signed_as(q * (1.0 - NUDGE), y))
    flat = ~left & ((y == 0.0) | ((abs(x) == INFINITY) & ~both))
    return near.where(flat, signed_as(height * 0.0, y)).undefined(is_nan(x) | is_nan(y))
