"""atan2: the angle of the point (x, y), as ``_arctangent`` has it for the first quadrant, or pi less that; within 18 u.

Where y / x is a number of the format or a midpoint and so small that its cube vanishes, the rounding test leaves the answer
open. Angles of zeros and infinities are those of points with finite coordinates beside them.

Source: IEEE 754-2019 clause 9.2.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._arctangent import angle
from fpsem.softfloat.elementary._trigonometric import PI
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation, negative
from fpsem.softfloat.words.double import Double, choose, is_nan, signed_as


def atan2(y: Double, x: Double) -> Approximation:
    """The angle of the point (x, y) from the positive x axis, between -pi and pi."""
    both = (abs(x) == INFINITY) & (abs(y) == INFINITY)
    height, width = (choose(both, 1.0, abs(v)) for v in (y, x))
    width = choose((height == 0.0) & (width == 0.0), 1.0, width)
    a, left = angle(height, width), negative(x) == 1
    near = Approximation(signed_as(choose(left, PI - a, a), y))
    flat = ~left & ((y == 0.0) | ((abs(x) == INFINITY) & ~both))
    return near.where(flat, signed_as(height * 0.0, y)).undefined(is_nan(x) | is_nan(y))
