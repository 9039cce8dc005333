"""log: the natural logarithm. The error is that of ``_logarithm.Split.log``, below 7 u: far below BOUND = 32 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.4; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._logarithm import split
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.words.double import Double


def log(x: Double) -> Approximation:
    """ln x; +0 at 1, -infinity at 0."""
    near = Approximation(split(x).log)
    return near.where(x == 1.0, 0.0).where(x == 0.0, -INFINITY).where(x == INFINITY, INFINITY).undefined(x < 0.0)
