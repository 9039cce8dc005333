"""hypot: sqrt(x**2 + y**2). Squares are exact in binary64 and in its range, the sum and the root have one rounding each: the
value is within 1.6 u.

Where the lesser is below 2**-14 of the greater, the value lies just beyond that, and 2**-40 more stands in for it. Right
triangles of whole sides are left open, but in nearest even without flags.

Source: IEEE 754-2019 clause 9.2.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary.approximation import INFINITY, NUDGE, Approximation
from fpsem.softfloat.words.double import Double, choose, is_nan, square_root


def hypot(x: Double, y: Double) -> Approximation:
    """The length of (x, y); infinite where either is, whatever the other."""
    a, b = abs(x), abs(y)
    greater, lesser = choose(a < b, b, a), choose(a < b, a, b)
    near = Approximation(square_root(a * a + b * b), 2.0**-51)
    near = near.stands_in(lesser < greater * 2.0**-14, greater * (1.0 + NUDGE)).where(lesser == 0.0, greater)
    return near.undefined(is_nan(x) | is_nan(y)).where((a == INFINITY) | (b == INFINITY), INFINITY)
