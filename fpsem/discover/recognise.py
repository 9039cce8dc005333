"""The simplest named schedule that has exactly the steps of a tree, else the tree itself, spelled out.

Kinds without a parameter are tried first, then each kind with the parameters that the tree suggests: a width is the distance
of term 0's first partner, a block the length of the first run. Every schedule that fits is told, for at one n several can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fpsem.core.schedule import SCHEDULES, Schedule, Tree
from fpsem.discover.box import Unclear
from fpsem.discover.tree import SumTree

_MOST_PARTS = 64
HIGHEST = 600
"""Levels of nested pairs: Python's recursion ends not far above."""


def _width(tree: SumTree) -> Iterator[int]:
    """Term 0's first partner, where it is a term."""
    partner = tree.siblings[0]
    if 1 < partner < tree.n:
        yield partner


def _run(tree: SumTree) -> Iterator[int]:
    """How many of the first terms are added in sequence."""
    slot, length = 0, 1
    while slot < tree.root and tree.siblings[slot] == length:
        slot = next(s for s in range(tree.n, tree.root + 1) if slot in tree.steps[s - tree.n])
        length += 1
    if 1 < length < tree.n:
        yield length


def _powers(tree: SumTree) -> Iterator[int]:
    return (1 << k for k in range(1, 11) if 1 << k < 2 * tree.n)


def _parts(tree: SumTree) -> Iterator[int]:
    return iter(range(2, min(tree.n // 2, _MOST_PARTS) + 1))


_PARAMETERS: Mapping[str, tuple[str, Callable[[SumTree], Iterable[int]]] | None] = {
    "sequential": None,
    "reverse": None,
    "numpy_pairwise": None,
    "pairwise": ("leaf", lambda tree: (1, *_run(tree))),
    "lanes": ("width", _width),
    "blocked": ("block", _run),
    "split_k": ("parts", _parts),
    "warp_tree": ("width", _powers),
}
"""The kinds that are tried, from the simplest on, each with its parameter and the values that the tree suggests."""


def schedules_of(tree: SumTree, fused: bool, accumulator: str | None) -> tuple[Schedule, ...]:
    """Every named schedule with these steps, the simplest first; where there is none, the tree.

    Args:
        tree: the order; with sides where products are fused.
        fused: whether they are.
        accumulator: the format of partial sums, or None for binary32.

    Raises:
        Unclear: the tree is too high to be spelled out.
    """
    options: dict[str, Any] = {**({"fused": True} if fused else {}), **({"accumulator": accumulator} if accumulator else {})}
    known: dict[Any, int] = {}
    wanted = tree.key(known, fused)
    named = [s for s in _candidates(tree, options) if SumTree(tree.n, s.steps(tree.n)).key(known, fused) == wanted]
    return tuple(named) or (_spelled_out(tree, options),)


def _candidates(tree: SumTree, options: Mapping[str, Any]) -> Iterator[Schedule]:
    kinds = list(_PARAMETERS.items()) if tree.n > 2 else [("sequential", None)]  # of two terms there is one order
    for name, parameter in kinds:
        given: list[dict[str, Any]] = [{}] if parameter is None else [{parameter[0]: v} for v in parameter[1](tree)]
        for one in given:
            yield SCHEDULES[name](**one, **options)


def _spelled_out(tree: SumTree, options: Mapping[str, Any]) -> Schedule:
    if tree.height > HIGHEST:
        raise Unclear(f"no named schedule fits, and nested pairs hold {HIGHEST} levels; this tree has {tree.height}")
    return Tree(pairs=tree.nested(), **options)
