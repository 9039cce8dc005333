"""Decide a question at corners: where what the formula reads moves one way with every input, its extremes are executions.

Guarantees: what is proved rests on exact extremes alone; a witness breaks the formula in an execution. Sharper than intervals
where an input is read several times.

Source: rounding to nearest is monotone, and so is every operation in each operand; see ``fpsem.smt.directions``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.domains import _outward as outward
from fpsem.smt.directions import Direction, all_directions
from fpsem.smt.question import ENCLOSED, INTERVALS, Question

_KNOWN = {Direction.INCREASING: 1, Direction.DECREASING: -1, Direction.CONSTANT: 0}


def at_corners(question: Question, lo: Array, hi: Array) -> tuple[bool, Array | None]:
    """Whether corners prove the formula in a box of (elements,) float32 ends; and a corner at which it fails, if one does."""
    names = list(question.scalars.inputs)
    region = {name: Box(np.asarray(lo[i]), np.asarray(hi[i])) for i, name in enumerate(names)}
    look = partial(question.deadline.look, "directions of the graph's steps")
    found = all_directions(question.scalars, {}, region, look=look)
    lowest, highest, known = [], [], []
    for output, by_input in found.items():
        look()
        signs = [_KNOWN.get(np.asarray(by_input[name]).item()) for name in names]
        ups = np.array([0 if sign is None else sign for sign in signs])
        known.append((int(output), None not in signs))
        lowest.append(np.where(ups > 0, lo, hi))
        highest.append(np.where(ups > 0, hi, lo))
    points = np.array([*lowest, *highest], np.float32)
    values = question.executed(points)
    failed = np.flatnonzero(~question.holds_of(values, len(points)))
    if len(failed):
        return False, points[failed[0]]
    if not all(sure for _, sure in known):
        return False, None
    held: dict[int, Any] = {}
    for row, (index, _) in enumerate(known):
        codes = values[index].astype(np.uint32)
        low, high = (codes[at : at + 1].view(np.float32) for at in (row, len(known) + row))
        held[index] = INTERVALS.between(low, high)
    return bool((question.truths(held, INTERVALS, ENCLOSED) == outward.TRUE).all()), None
