"""erfc: 1 - ``_error_function.central`` up to 1, where it is at least 0.157, so the error at most 6 times as large, below 37 u;
``tail`` beyond; 2 - ``tail`` below -1: all below 8 BOUND by far.

x is cut to [-4.2, 10.5]: beyond, values are less than half an ulp below 2, or below a half of the smallest number; and to 2**-30
at least in magnitude, which leaves the value on its side of 1.

Source: C23 7.12.8.2; NIST Digital Library of Mathematical Functions, chapter 7.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._error_function import central, tail
from fpsem.softfloat.elementary.approximation import BOUND, INFINITY, Approximation, at_least
from fpsem.softfloat.words.double import Double, choose, clamp


def erfc(x: Double) -> Approximation:
    """1 - erf(x); 1 at 0, 2 and 0 at the infinities."""
    cut = at_least(clamp(x, -4.2, 10.5), 2.0**-30)
    beyond = tail(clamp(abs(cut), 1.0, 10.5))
    near = choose(abs(cut) < 1.0, 1.0 - central(cut), choose(x < 0.0, 2.0 - beyond, beyond))
    return Approximation(near, 8 * BOUND).where(x == 0.0, 1.0).where(x == INFINITY, 0.0).where(x == -INFINITY, 2.0)
