"""log10: the logarithm to base 10: e H + (ln(m)/ln 10 + e L), with log10(2) = H + L, H a multiple of 2**-42.

As ``_logarithm.Split.log``, with the rounding of one product and of 1/ln 10 more: below 9 u. At powers of ten the value is an
integer; only 1 is answered here, the others are left open, but in nearest even without flags.

Source: Muller, "Elementary Functions", 3rd ed., section 11.4; IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

import math
from fractions import Fraction

from fpsem.softfloat.elementary._logarithm import split
from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.elementary.exp10 import LOG10_2
from fpsem.softfloat.words.double import Double

_HIGH = math.floor(LOG10_2 * 2**42) / 2**42
_LOW = float(LOG10_2 - Fraction(_HIGH))
_LOG10_E = 0.4342944819032518


def log10(x: Double) -> Approximation:
    """The exponent of 10 that gives x; +0 at 1."""
    parts = split(x)
    near = Approximation(parts.e * _HIGH + (parts.log_m * _LOG10_E + parts.e * _LOW))
    return near.where(x == 1.0, 0.0).where(x == 0.0, -INFINITY).where(x == INFINITY, INFINITY).undefined(x < 0.0)
