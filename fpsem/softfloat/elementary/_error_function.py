"""The error function's two parts: what erf and erfc share.

Up to 1, erf x = x P(x**2), P of degree 11 within 2**-54.3; its terms alternate and fall fast, their magnitudes adding up to at
most 1.75 times P: Horner's scheme is within 30 u at the very worst, u = 2**-53.

From 1 on, erfc x = e**(-x**2) Q(t) / (x + 2), t = (x - 2) / (x + 2) = 1 - 4 / (x + 2), Q of degree 18 within 2**-54.4. x**2 is
exact, a multiple of 2**-48, the power within 15 u; t has an absolute error below 2 u, Q' / Q is below 2, and the terms of Q add
up to at most 3 times Q: within 60 u together, so below 4 BOUND.

Source: Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x**2) erfc x", Mathematics of Computation 36, 1981,
for the shape of the second.
"""

from __future__ import annotations

from fpsem.softfloat.elementary._exponential import power_of_e
from fpsem.softfloat.elementary.approximation import horner
from fpsem.softfloat.elementary.coefficients import ERF, ERFC
from fpsem.softfloat.words.double import Double


def central(x: Double) -> Double:
    """erf(x) for |x| <= 1."""
    return x * horner(ERF, x * x)


def tail(x: Double) -> Double:
    """erfc(x) for 1 <= x <= 10.5."""
    inverse = 1.0 / (x + 2.0)
    return power_of_e(-(x * x)).value * (horner(ERFC, 1.0 - 4.0 * inverse) * inverse)
