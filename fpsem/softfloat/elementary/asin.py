"""asin: the angle of the point (sqrt((1 - |x|) (1 + |x|)), |x|), as ``_arctangent`` has it.

The first coordinate has four roundings, an error below 2.5 u that changes the angle by no more relatively: below 19 u, so below
BOUND. Below 2**-18 in magnitude, x + x**3/6 + ... lies just beyond x, and x (1 + 2**-40) stands in for it.

Source: IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._arctangent import angle
from fpsem.softfloat.elementary.approximation import NUDGE, Approximation
from fpsem.softfloat.words.double import Double, square_root


def asin(x: Double) -> Approximation:
    """The inverse of sin; zeros stay."""
    size = abs(x)
    near = Approximation(angle(size, square_root((1.0 - size) * (1.0 + size)))).odd(x)
    return near.stands_in(size < 2.0**-18, x * (1.0 + NUDGE)).where(x == 0.0, x).undefined(size > 1.0)
