"""rsqrt: 1 / sqrt(x): two roundings, below 2 u, so below BOUND by far; exact at even powers of two, which the rounding test
leaves open but for 1.

Source: IEEE 754-2019 table 9.1.
"""

from __future__ import annotations

from fpsem.softfloat.elementary.approximation import INFINITY, Approximation
from fpsem.softfloat.words.double import Double, signed_as, square_root


def rsqrt(x: Double) -> Approximation:
    """1 / sqrt(x); infinities at zeros, of their sign."""
    near = Approximation(1.0 / square_root(x), 2.0**-50).where(x == 1.0, 1.0)
    return near.where(x == INFINITY, 0.0).undefined(x < 0.0).where(x == 0.0, signed_as(abs(x) + INFINITY, x))
