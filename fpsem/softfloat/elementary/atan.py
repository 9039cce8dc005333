"""atan: the angle of the point (1, |x|), as ``_arctangent`` has it, within 16 u: below BOUND.

Below 2**-18 in magnitude, x - x**3/3 + ... lies just within x, and x (1 - 2**-40) stands in for it. Above 2**60, infinity
included, it is within BOUND of that of 2**60.

Source: IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._arctangent import angle
from fpsem.softfloat.elementary.approximation import NUDGE, Approximation
from fpsem.softfloat.words.double import Double, clamp, constant


def atan(x: Double) -> Approximation:
    """The inverse of tan; zeros stay."""
    near = Approximation(angle(clamp(abs(x), 0.0, 2.0**60), constant(x.machine, 1.0))).odd(x)
    return near.stands_in(abs(x) < 2.0**-18, x * (1.0 - NUDGE)).where(x == 0.0, x)
