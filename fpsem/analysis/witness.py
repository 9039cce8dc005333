"""Inputs at which an execution is far from the real value, found by search: how tight a bound is, and that it is no lie.

Guarantees: the distance that is returned is a lower bound of the one at the witness, from an enclosure of the real value.
Nothing is promised about how near it is to the largest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.protocol import Array

_LAST = np.nextafter(np.finfo(np.float32).max, np.float32(0))
"""The largest number above which there is one: last bits are no larger at the largest."""

Measure = Callable[[Array], Array]
"""How far the execution is at each of the points (n, inputs) at least; -inf where a point does not count, inf where it is NaN."""


@dataclass(frozen=True)
class Witness:
    """An input.

    Args:
        x: (inputs,) float32.
        error: the distance there; infinite where the execution is not finite and the real value is.
    """

    x: Array
    error: float


def search(measure: Measure, lo: Array, hi: Array, seed: int = 0, points: int = 2048, rounds: int = 6) -> Witness | None:
    """Look for a large error in boxes.

    Args:
        measure: the error at points.
        lo: (n, inputs) lower ends of boxes to look into, float32.
        hi: upper ends.
        seed: what the points are drawn from.
        points: how many in each round.
        rounds: how often to look near the best.

    Returns:
        The best point; None where no point counts.
    """
    rng = np.random.default_rng(seed)
    which = rng.integers(len(lo), size=points)
    which[: points // 4] = 0
    x = _between(rng, lo[which], hi[which])
    x[points // 2 :] = _between(rng, *(np.broadcast_to(end, x[points // 2 :].shape) for end in (lo.min(axis=0), hi.max(axis=0))))
    found = measure(x)
    for at in range(rounds):
        order = np.argsort(-found, kind="stable")[:32]
        x, found = x[order], found[order]
        near = np.repeat(x, points // 32, axis=0)
        near = _moved(rng, near, np.min(lo, axis=0), np.max(hi, axis=0), at)
        x, found = np.concatenate([x, near]), np.concatenate([found, measure(near)])
    best = int(np.argmax(found))
    return Witness(x[best], float(found[best])) if found[best] > -np.inf else None


def _between(rng: Any, lo: Array, hi: Array) -> Array:
    """Points of boxes: uniform, by magnitude, and corners."""
    a, b = lo.astype(np.float64), hi.astype(np.float64)
    part = rng.random(a.shape)
    part = np.where(rng.random(a.shape) < 0.15, np.round(part), part)
    small = np.abs(a) + (np.abs(b) - np.abs(a)) * part**8
    x = np.where((a * b > 0) & (rng.random(a.shape) < 0.3), np.sign(a) * small, a + (b - a) * part)
    return np.asarray(np.clip(x.astype(np.float32), lo, hi))


def _moved(rng: Any, x: Array, lo: Array, hi: Array, at: int) -> Array:
    """Neighbours: some inputs moved by up to a part of the box, or by a few last bits."""
    scale = (hi.astype(np.float64) - lo) * 2.0 ** (-4 * at - rng.integers(0, 6, x.shape))
    ulps = np.spacing(np.minimum(np.abs(x), _LAST)).astype(np.float64) * rng.integers(-8, 9, x.shape)
    step = np.where(rng.random(x.shape) < 0.5, ulps, scale * rng.normal(size=x.shape))
    moves = rng.random(x.shape) < max(0.3, 1.0 / x.shape[1])
    with np.errstate(over="ignore"):  # beyond the largest number is beyond the box
        return np.clip(np.where(moves, x + step, x).astype(np.float32), lo, hi)
