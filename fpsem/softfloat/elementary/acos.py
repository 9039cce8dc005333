"""acos: the angle of the point (|x|, sqrt((1 - |x|) (1 + |x|))), as ``_arctangent`` has it, or pi less that.

The second coordinate has an error below 2.5 u that changes the angle by no more relatively: with pi and a sum more below 20 u.

Source: IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._arctangent import angle
from fpsem.softfloat.elementary._trigonometric import PI
from fpsem.softfloat.elementary.approximation import Approximation
from fpsem.softfloat.words.double import Double, choose, square_root


def acos(x: Double) -> Approximation:
    """The inverse of cos; +0 at 1."""
    size = abs(x)
    a = angle(square_root((1.0 - size) * (1.0 + size)), size)
    return Approximation(choose(x < 0.0, PI - a, a)).where(x == 1.0, 0.0).undefined(size > 1.0)
