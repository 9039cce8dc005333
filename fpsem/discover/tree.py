"""SumTree: the order in which somebody adds n terms, as steps; compared, measured and printed without recursion.

A step ``(l, r)`` combines two slots into the next one, as in ``fpsem.core.schedule``. Addition is commutative, so two trees
are the same order when they agree up to swapping operands; where products are fused, a step of a term and something else
says by its side whether that term's product is rounded on its own (left) or fused (right), and sides count there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fpsem.core.schedule import Nested, Steps

_MOST_ITEMS = 12
"""Numbers of a run that are written out before it is elided."""


@dataclass(frozen=True)
class SumTree:
    """A binary tree over the leaves 0 .. n-1.

    Args:
        n: how many terms.
        steps: n - 1 pairs of slots, each slot used once.
    """

    n: int
    steps: Steps

    @property
    def root(self) -> int:
        """The slot of the result."""
        return self.n + len(self.steps) - 1

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """For each slot, how many terms it holds."""
        found = [1] * self.n
        for left, right in self.steps:
            found.append(found[left] + found[right])
        return tuple(found)

    @cached_property
    def heights(self) -> tuple[int, ...]:
        """For each slot, the additions on its longest path down."""
        found = [0] * self.n
        for left, right in self.steps:
            found.append(max(found[left], found[right]) + 1)
        return tuple(found)

    @cached_property
    def first_leaf(self) -> tuple[int, ...]:
        """For each slot, the smallest of its terms."""
        found = list(range(self.n))
        for left, right in self.steps:
            found.append(min(found[left], found[right]))
        return tuple(found)

    @cached_property
    def siblings(self) -> tuple[int, ...]:
        """For each slot but the root, the slot that it is added to."""
        found = [0] * self.root
        for left, right in self.steps:
            found[left], found[right] = right, left
        return tuple(found)

    @property
    def height(self) -> int:
        """The longest path."""
        return self.heights[-1]

    def sorted(self) -> SumTree:
        """The same order, the operand with the smallest term on the left, but a lone term never left of a sum."""

        def place(slot: int) -> tuple[bool, int]:
            return slot < self.n, self.first_leaf[slot]

        steps = []
        for pair in self.steps:
            both = pair[0] < self.n and pair[1] < self.n
            left, right = sorted(pair) if both else sorted(pair, key=place)
            steps.append((left, right))
        return SumTree(self.n, tuple(steps))

    def without_last(self) -> SumTree:
        """The tree of the other terms: what the last term is added to takes the place of their sum."""
        last = self.n - 1
        place, steps = {i: i for i in range(last)}, list[tuple[int, int]]()
        for slot, (left, right) in enumerate(self.steps, start=self.n):
            if last in (left, right):
                place[slot] = place[right if left == last else left]
            else:
                place[slot] = last + len(steps)
                steps.append((place[left], place[right]))
        return SumTree(last, tuple(steps))

    def nested(self) -> Nested:
        """As nested pairs, which ``fpsem.Tree`` takes."""
        made: list[Any] = list(range(self.n))
        for left, right in self.steps:
            made.append((made[left], made[right]))
        return made[-1]  # type: ignore[no-any-return]

    def key(self, known: dict[Any, int], fused: bool = False) -> int:
        """A number that is equal for equal orders, among trees that share ``known``."""
        keys = list(range(self.n))
        for left, right in self.steps:
            pair = (keys[left], keys[right])
            has_side = fused and (left < self.n or right < self.n)
            keys.append(known.setdefault(pair if has_side else tuple(sorted(pair)), self.n + len(known)))
        return keys[-1]

    def text(self, most: int = 40) -> str:
        """The tree as indented lines, runs of terms elided, at most so many lines."""
        lines = list(self._lines())
        hidden = len(lines) - most
        return "\n".join(lines if hidden <= 0 else [*lines[:most], f"... {hidden} more lines"])

    def _lines(self) -> Iterator[str]:
        waiting = [(0, self.root)]
        while waiting:
            depth, slot = waiting.pop()
            indent = "  " * depth
            if slot < self.n:
                yield f"{indent}{slot}"
                continue
            parts = self._in_sequence(slot)
            leaves = [p for p in parts if p < self.n]
            what = f"{indent}{self.counts[slot]} terms, height {self.heights[slot]}"
            if len(leaves) == len(parts):
                yield f"{what}: {runs(leaves)}" + (" in sequence" if len(parts) > 2 else "")
                continue
            inner = [p for p in parts if p >= self.n]
            tail = f", then {runs(leaves)} in sequence" if leaves else ""
            sums = {1: "the sum below", 2: "these 2 sums"}.get(len(inner), f"these {len(inner)} sums in sequence")
            yield f"{what}: {sums}{tail}"
            waiting += [(depth + 1, p) for p in reversed(inner)]

    def _in_sequence(self, slot: int) -> list[int]:
        """The operands of the chain of additions that ends in a slot: terms that are added one by one to what comes first, or
        sums, each lower than what it is added to."""
        tail: list[int] = []
        of_terms = min(self.steps[slot - self.n]) < self.n
        while slot >= self.n and (min(self.steps[slot - self.n]) < self.n) == of_terms:
            low, high = sorted(self.steps[slot - self.n], key=lambda s: (self.heights[s], -self.first_leaf[s]))
            tail.append(low)
            slot = high
            if self.heights[low] == self.heights[high]:
                break
        return [slot, *reversed(tail)]


def runs(leaves: list[int]) -> str:
    """Numbers, runs of equal steps as ``0 8 .. 120``."""
    if len(leaves) <= 3:
        return " ".join(map(str, leaves))
    pieces, start = [], 0
    while start < len(leaves):
        stop = start + 1
        while stop + 1 < len(leaves) and leaves[stop + 1] - leaves[stop] == leaves[start + 1] - leaves[start]:
            stop += 1
        stop = min(stop + 1, len(leaves))
        part = leaves[start:stop]
        pieces += [f"{part[0]} {part[1]} .. {part[-1]}"] if len(part) > 3 else [str(i) for i in part]
        start = stop
    shown = pieces if len(pieces) <= _MOST_ITEMS else [*pieces[:_MOST_ITEMS], f"... {len(pieces) - _MOST_ITEMS} more"]
    return " ".join(shown)
