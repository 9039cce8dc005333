"""The error function's two parts: what erf and erfc share.

Horner's scheme for terms a_k z**k has, to first order, an error below the sum of (2 k + 1) |a_k z**k| u, u = 2**-53 (Higham,
section 5.1): evaluated, 3.6 u of P and 4.8 u of Q below.

Up to 1, erf x = x P(x**2), P of degree 11 within 2**-54.3: with the roundings of x**2 and of the product below 6 u.

From 1 on, erfc x = e**(-x**2) Q(t) / (x + 2), t = (x - 2) / (x + 2) = 1 - 4 / (x + 2), Q of degree 18 within 2**-54.4. x**2 is
exact, a multiple of 2**-48, the power within 15 u; t has an absolute error below 2 u and Q' / Q is below 2: with what Horner's
scheme and three roundings add, below 29 u.

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
