"""The largest value of a bound over a box, by cutting the box where the bound is largest.

Guarantees: what is returned is at least the bound of every part, and the parts cover the region. Does not promise to be near the
supremum when the work is spent: it says how many parts were looked at.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, section 6.3 (branch and bound by bisection).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.core.region import midpoints

Bounded = Callable[[Array, Array], Array]
"""A bound for each of the boxes (n, inputs) from their ends; -inf for one in which there is nothing."""

_AT_ONCE, _PATIENCE, _GAIN = 768, 12, 1.001


@dataclass(frozen=True)
class Cover:
    """A region's parts.

    Args:
        bound: the largest bound of a part; -inf where there is nothing in the region.
        lo: (n, inputs) lower ends of the parts, the one with the largest bound first.
        hi: upper ends.
        looked_at: how many boxes were bounded.
    """

    bound: float
    lo: Array
    hi: Array
    looked_at: int


def largest_bound(bounded: Bounded, lo: Array, hi: Array, work: int, advance: Callable[[int], Any] = lambda n: None) -> Cover:
    """Cut a box of binary32 numbers until the bound falls no more.

    Args:
        bounded: bounds boxes.
        lo: (inputs,) lower ends, float32.
        hi: upper ends.
        work: how many boxes to bound at most, about.
        advance: is told how many boxes were bounded.
    """
    los, his = np.array(lo, np.float32)[None], np.array(hi, np.float32)[None]
    bounds, spent, last, patience = bounded(los, his), 1, np.inf, 0
    while spent < work and patience < _PATIENCE:
        chosen = np.argsort(-bounds, kind="stable")[: max(8, _AT_ONCE // (2 * los.shape[1]))]
        chosen = chosen[(los[chosen] < his[chosen]).any(axis=1) & (bounds[chosen] > -np.inf)]
        if not len(chosen) or bounds[chosen[0]] < bounds.max():
            break
        parts = _halved(bounded, los[chosen], his[chosen])
        spent += 2 * len(chosen) * los.shape[1]
        advance(2 * len(chosen) * los.shape[1])
        kept = np.delete(np.arange(len(bounds)), chosen)
        los, his = np.concatenate([los[kept], parts[0]]), np.concatenate([his[kept], parts[1]])
        bounds = np.concatenate([bounds[kept], parts[2]])
        there = bounds > -np.inf
        los, his, bounds = los[there], his[there], bounds[there]
        if not len(bounds):
            return Cover(-np.inf, los, his, spent)
        patience = 0 if last > bounds.max() * _GAIN or np.isinf(bounds.max()) else patience + 1
        last = min(last, float(bounds.max())) if patience == 0 else last
    order = np.argsort(-bounds, kind="stable")
    return Cover(float(bounds[order[0]]), los[order], his[order], spent)


def _halved(bounded: Bounded, lo: Array, hi: Array) -> tuple[Array, Array, Array]:
    """Each box cut in two across the input for which the larger of the two bounds is least, or one half holds nothing."""
    n, inputs = lo.shape
    middle = midpoints(lo, hi)
    left, right = np.repeat(hi[:, None], inputs, axis=1), np.repeat(lo[:, None], inputs, axis=1)  # the ends that move
    along = np.arange(inputs)
    left[:, along, along], right[:, along, along] = middle, np.nextafter(middle, np.float32(np.inf))
    point = lo == hi
    lows, highs = (np.repeat(end[:, None], inputs, axis=1).reshape(-1, inputs) for end in (lo, hi))
    safe = np.minimum(right.reshape(-1, inputs), highs)
    found = bounded(np.concatenate([lows, safe]), np.concatenate([left.reshape(-1, inputs), highs])).reshape(2, n, inputs)
    least = found.min(axis=0)
    rank = np.where(least == -np.inf, -np.inf, found.max(axis=0) + np.maximum(least, 0) * 1e-3)
    best = np.argmin(np.where(point, np.inf, rank), axis=1)
    rows = np.arange(n)
    best = np.where(point[rows, best], np.argmin(point, axis=1), best)
    los = np.concatenate([lo, right[rows, best]])
    his = np.concatenate([left[rows, best], hi])
    return los, his, np.concatenate([found[0, rows, best], found[1, rows, best]])
