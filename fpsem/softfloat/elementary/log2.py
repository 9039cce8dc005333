"""log2: the logarithm to base 2: e + ln(m) / ln 2, exact at powers of two, where m is 1.

ln m is within 4.5 u, 1/ln 2 as rounded within 0.4 u, the product has one rounding, and so has the sum, of which |ln(m)/ln 2|
is at most the half where e is not 0 and the signs differ: |e + log2 m| >= |log2 m|. Together below 8 u.

Source: Muller, "Elementary Functions", 3rd ed., section 11.4; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import LN_2
from fpsem.softfloat.elementary._logarithm import split
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.words.double import Double


def log2(x: Double) -> Approximation:
    """The exponent of 2 that gives x; exact at powers of two."""
    parts = split(x)
    near = Approximation(parts.e + parts.log_m * float(1 / LN_2)).where(parts.f == 0.0, parts.e)
    return near.where(x == 0.0, -INFINITY).where(x == INFINITY, INFINITY).undefined(x < 0.0)
