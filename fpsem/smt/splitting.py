"""Decide a question by intervals of executions, cutting the region where they do not tell; and by points that break the formula.

Guarantees: a box is dropped only where intervals of binary32 executions show the formula to hold everywhere in it; a witness
breaks it in an execution. Every operation of IEEE 754 is monotone in each operand, so an interval's ends are executions at
corners: no solver is asked what a corner decides. On single inputs intervals are executions, so enough cuts decide everything
but what an elementary function may have undefined.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, chapter 5 and section 6.3.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.core.region import midpoints
from fpsem.domains import _outward as outward
from fpsem.smt.question import Question

_AT_ONCE = 1024
"""How many boxes are looked at together."""

_ATTACKS = 4096
"""How many corners, and as many other points, of the whole region are tried."""


@dataclass(frozen=True)
class Outcome:
    """What was found.

    Args:
        lo: (n, elements) lower ends of the boxes that are undecided; none where the formula holds everywhere.
        hi: their upper ends.
        witness: (elements,) an input at which the formula fails, where one was found.
        looked_at: how many boxes.
    """

    lo: Array
    hi: Array
    witness: Array | None
    looked_at: int

    @property
    def hull(self) -> tuple[Array, Array]:
        """The ends of the least box that holds all undecided ones, which are some; -0 is below +0."""
        return reduce(outward.lesser, self.lo), reduce(outward.greater, self.hi)


def split(
    question: Question, lo: Array, hi: Array, seconds: float, boxes: int, advance: Callable[[int], Any] = lambda n: None
) -> Outcome:
    """Cut a box until all of it is decided, or the effort is spent.

    Args:
        question: what is asked.
        lo: (elements,) lower ends, float32.
        hi: upper ends.
        seconds: after how long no more is begun.
        boxes: how many boxes to look at, about.
        advance: is told how many more boxes were looked at.
    """
    end, spent, rng = time.monotonic() + seconds, 0, np.random.default_rng(0)
    wide = hi.astype(np.float64) - lo
    los, his = _of_the_format(question, *with_zeros(lo[None], hi[None]))
    while len(los) and spent < boxes and (not spent or time.monotonic() < end):
        low, high = los[-_AT_ONCE:], his[-_AT_ONCE:]
        truth = question.on_boxes(low, high)
        spent += len(low)
        advance(len(low))
        left = truth != outward.TRUE
        low, high = low[left], high[left]
        tries = _ATTACKS if spent == 1 else 1  # the whole region is tried well before it is cut
        witness = _broken(question, np.repeat(low, tries, axis=0), np.repeat(high, tries, axis=0), rng)
        if witness is not None:
            return Outcome(low, high, witness, spent)
        point = (low.view(np.uint32) == high.view(np.uint32)).all(axis=1)
        stuck = low[point], high[point]
        if len(stuck[0]):  # nothing is left to cut
            return Outcome(np.concatenate([los[:-_AT_ONCE], low]), np.concatenate([his[:-_AT_ONCE], high]), None, spent)
        halves = _of_the_format(question, *_halved(low, high, wide))
        los, his = (np.concatenate([held[:-_AT_ONCE], half]) for held, half in zip((los, his), halves))
    return Outcome(los, his, None, spent)


def _broken(question: Question, lo: Array, hi: Array, rng: Any) -> Array | None:
    """A point of the boxes at which the formula fails: their ends, middles, corners and others."""
    if not len(lo):
        return None
    corner = np.where(rng.random(lo.shape) < 0.5, lo, hi)
    inside = np.clip((lo + (hi.astype(np.float64) - lo) * rng.random(lo.shape)).astype(np.float32), lo, hi)
    inside = np.where(lo == hi, lo, inside)  # of -0 alone that would be +0
    points = np.concatenate([lo, hi, question.nearest(midpoints(lo, hi)), corner, question.nearest(inside)])
    failed = np.flatnonzero(~question.at_points(points))
    return points[failed[0]] if len(failed) else None


def _of_the_format(question: Question, lo: Array, hi: Array) -> tuple[Array, Array]:
    """The boxes that hold numbers of the question's format, cut to these."""
    lo, hi = question.within(lo, hi)
    some = (lo <= hi).all(axis=1)
    return lo[some], hi[some]


def with_zeros(lo: Array, hi: Array) -> tuple[Array, Array]:
    """The ends, -0 being below +0: a box that is more than a point holds both zeros where it holds one."""
    wide = lo.view(np.uint32) != hi.view(np.uint32)
    zeros = np.float32(-0.0), np.float32(0.0)
    return tuple(np.where(wide & (end == 0), zero, end) for end, zero in zip((lo, hi), zeros))  # type: ignore[return-value]


def _above(x: Array) -> Array:
    """The next number, that of -0 being +0."""
    return np.where((x == 0) & np.signbit(x), np.float32(0), np.nextafter(x, np.float32(np.inf)))


def _halved(lo: Array, hi: Array, wide: Array) -> tuple[Array, Array]:
    """Each box cut in two, across the element that has most of its first width left; of points nothing is left."""
    part = (hi.astype(np.float64) - lo) / np.where(wide > 0, wide, 1) + (lo.view(np.uint32) != hi.view(np.uint32)) * 2.0**-99
    rows, across = np.arange(len(lo)), np.argmax(part, axis=1)
    middle = midpoints(lo, hi)[rows, across]
    left, right = hi.copy(), lo.copy()
    left[rows, across], right[rows, across] = middle, _above(middle)
    return np.concatenate([lo, right]), np.concatenate([left, hi])
