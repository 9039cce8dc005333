"""The tree of a black box, from masks: of M, -M and ones only those ones survive that are added after M and -M have met.

With x_i = M, x_j = -M and ones elsewhere, M so large that it swallows every partial sum of ones, the answer counts the terms
outside the smallest subtree that holds both i and j. All such counts for one i give the path from i to the root with what
is added to it on the way; the same again inside each of those parts gives the tree. A random i makes that about n log n calls.

Guarantees: a black box whose order is a binary tree, the same for all inputs, gives that tree. What is not one is said.
Does not: see how products are rounded, nor how wide an accumulator is; see ``fpsem.discover.probes``.

Source: Xie et al., USENIX ATC 2025 (the masks and the recursion).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fpsem.discover.box import BlackBox, Unclear
from fpsem.discover.tree import SumTree

MASK = np.float32(2.0**127)
"""The largest power of two: it swallows sums of up to 2**100 ones in binary32, and of 2**70 in binary64."""


@dataclass(frozen=True)
class Exact:
    """The order of a box in which no one is ever swallowed: sums that are rounded once, or compensated."""


@dataclass(eq=False)
class _Walk:
    """One walk: the steps so far, and how to ask."""

    n: int
    size: Callable[[int, int], int]
    steps: list[tuple[int, int]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def join(self, left: int, right: int) -> int:
        self.steps.append((left, right))
        return self.n + len(self.steps) - 1

    def build(self, leaves: Sequence[int]) -> int:
        """The slot of the subtree that holds exactly these leaves."""
        if len(leaves) == 1:
            return leaves[0]
        pivot = leaves[self.chance.randrange(len(leaves))]
        parts: dict[int, list[int]] = {}
        for j in leaves:
            if j != pivot:
                parts.setdefault(self.size(pivot, j), []).append(j)
        slot, held = pivot, 1
        for size, part in sorted(parts.items()):
            held += len(part)
            if size != held:
                _refuse(pivot, part, size, held)
            slot = self.join(slot, self.build(part))
        return slot


def tree_of(box: BlackBox) -> SumTree | Exact:
    """The order of a black box.

    Returns:
        Its tree; or Exact where masks never swallow anything.

    Raises:
        Unclear: its answers are those of no binary tree.
    """
    ones = np.ones(box.n, np.float32)
    if outside(box, ones) != box.n:
        raise Unclear(f"the sum of {box.n} ones is {box.of_terms(ones)!r}: not a sum of {box.n} terms")
    if box.n < 2:
        return SumTree(box.n, ())

    def size(i: int, j: int) -> int:
        terms = ones.copy()
        terms[i], terms[j] = MASK, -MASK
        return box.n - outside(box, terms)

    if box.n > 2 and all(size(i, j) == 2 for i, j in _corners(box.n)):
        return Exact()
    walk = _Walk(box.n, size)
    walk.build(range(box.n))
    return SumTree(box.n, tuple(walk.steps)).sorted()


def _corners(n: int) -> list[tuple[int, int]]:
    """Pairs of which no tree joins all first: a leaf has one sibling."""
    return [(0, 1), (0, n - 1), (n - 2, n - 1)] if n > 3 else [(0, 1), (0, 2), (1, 2)]


def outside(box: BlackBox, terms: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> int:
    """The count that an answer is. Raises Unclear for an answer that is none."""
    answer = box.of_terms(terms)
    count = float(answer) * box.n if box.divides else float(answer)
    whole = round(count) if np.isfinite(count) else -1
    if not 0 <= whole <= box.n or abs(count - whole) > (0.01 if box.divides else 0):
        where = [int(i) for i in np.flatnonzero(np.abs(terms) == MASK)]
        what = f"masks at terms {where[0]} and {where[1]}" if len(where) == 2 else "ones"
        what_for = "NaN: it overflows, or adds in another order than one tree" if np.isnan(answer) else f"{answer!r}"
        raise Unclear(f"with {what} the answer is {what_for}, expected a whole number from 0 to {box.n}")
    return whole


def _refuse(pivot: int, part: Sequence[int], size: int, held: int) -> None:
    shown = ", ".join(map(str, part[:4])) + (", ..." if len(part) > 4 else "")
    if size > held:
        raise Unclear(
            f"terms {pivot}, {shown} are added in one step of more than two operands (a fused multi-term adder): "
            f"{size} terms meet where two operands would hold {held}; no schedule here says that"
        )
    raise Unclear(f"terms {pivot} and {shown} meet among {size} terms, but at least {held} are there: the order is no tree")
