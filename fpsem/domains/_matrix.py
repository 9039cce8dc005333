"""Rigorous products of matrices of intervals, at the speed of a few products of matrices.

Guarantees: the result holds every product of matrices in the intervals. Midpoint and radius are multiplied apart; the rounding of
a product of k terms, in whatever order a library adds them, is bounded by (k + 2) u of the product of magnitudes. Held true for
conventional products, in which every entry is a sum of k products; not for Strassen's.

Source: Rump, "Fast and parallel interval arithmetic", BIT 39, 1999; Higham, "Accuracy and Stability of Numerical Algorithms",
2nd ed., section 3.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.domains import _outward as outward
from fpsem.domains._outward import Ends

_LEAST = 2.0**-1074


def interval_product(x: Ends, y: Ends) -> Ends:
    """Ends of the product of (n, k) and (k, m); NaN or infinite where an operand is."""
    (x_mid, x_rad), (y_mid, y_rad) = _ball(*x), _ball(*y)
    sizes = np.abs(x_mid), np.abs(y_mid)
    with np.errstate(all="ignore"):
        middle = x_mid @ y_mid
        k = x_mid.shape[1]
        rounding = outward.up((k + 2) * 2.0**-53 * upper_product(*sizes) + k * _LEAST)  # each product may underflow
        spread = outward.up(upper_product(sizes[0], y_rad) + upper_product(x_rad, outward.up(sizes[1] + y_rad)))
        radius = outward.up(spread + rounding)
        return outward.down(middle - radius), outward.up(middle + radius)


def upper_product(a: Array, b: Array) -> Array:
    """At least the product of matrices (..., n, k) and (..., k, m) that are nowhere negative; 0 where one is all 0."""
    if not (a.any() and b.any()):
        return np.zeros((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
    with np.errstate(all="ignore"):
        return np.asarray(outward.up((a @ b) * (1 + (a.shape[-1] + 4) * 2.0**-52) + 2 * a.shape[-1] * _LEAST))


def lower_product(a: Array, b: Array) -> Array:
    """At most the same, and at least 0."""
    with np.errstate(all="ignore"):
        low = outward.down((a @ b) * (1 - (a.shape[-1] + 4) * 2.0**-52) - 2 * a.shape[-1] * _LEAST)
        return np.asarray(np.maximum(low, 0))


def _ball(lo: Any, hi: Any) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        middle = np.asarray(lo * 0.5 + hi * 0.5)
        same = lo == hi
        middle = np.where(same, lo, middle)
        return middle, np.where(same, 0.0, outward.farthest(middle, lo, hi))
