"""``reveal``: the summation order of a black box as a Schedule, with the evidence that the two agree.

Three stages, each able to say no: masks give the tree, probes what masks cannot see, and a replay on random vectors decides.
A schedule is given only where every vector agreed, bit for bit; it holds for this n, this machine and this version.

Guarantees: ``evidence`` is TESTED with the number of vectors, or Unknown with the reason; a schedule is never a guess.
Does not: prove that other inputs follow the same order: a box may look at its data.

Source: Xie et al., "FPRev", USENIX ATC 2025, for the tree; its blind spots are what probes and replay are for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fpsem.core.claim import Evidence
from fpsem.core.errors import ShapeError
from fpsem.core.schedule import Compensated, Exact, Schedule
from fpsem.core.verdict import Unknown
from fpsem.discover import masks, probes
from fpsem.discover.box import BlackBox, Unclear, checked_count
from fpsem.discover.recognise import schedules_of
from fpsem.discover.replay import check_repeats, replay
from fpsem.discover.targets import target_named
from fpsem.discover.tree import SumTree

VECTORS = 200
"""How many random vectors a schedule is replayed on unless told."""

_TWICE = "rounded to binary64 on its way"
_KEPT = "errors held in binary32"


@dataclass(frozen=True, eq=False)
class Revealed:
    """What was found.

    Args:
        target: the black box's name.
        n: the number of terms.
        evidence: TESTED with so many vectors, or Unknown and why.
        schedule: the schedule that replayed, or None.
        tree: the order that the masks showed, or None.
        probes: what else was found, by name.
        same: other schedules with the same steps at this n.
        calls: how often the box was asked.
        seconds: how long it took.
    """

    target: str
    n: int
    evidence: Evidence | Unknown
    schedule: Schedule | None = None
    tree: SumTree | None = field(default=None, repr=False)
    probes: Mapping[str, Any] = field(default_factory=dict)
    same: tuple[Schedule, ...] = ()
    calls: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        known = isinstance(self.evidence, Evidence)
        return {
            "target": self.target,
            "n": self.n,
            "schedule": None if self.schedule is None else self.schedule.to_json(),
            "same": [str(schedule) for schedule in self.same],
            "evidence": str(self.evidence) if known else "UNKNOWN",
            "detail": self.evidence.detail if isinstance(self.evidence, Evidence) else self.evidence.reason,
            "height": None if self.tree is None else self.tree.height,
            "steps": None if self.tree is None else [list(step) for step in self.tree.steps],
            "probes": dict(self.probes),
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
        }


def reveal(
    target: str | Callable[..., Any],
    n: int,
    *,
    operands: int | None = None,
    shape: tuple[int, int] | None = None,
    element: tuple[int, int] = (0, 0),
    vectors: int = VECTORS,
    seed: int = 0,
) -> Revealed:
    """Find the order in which a black box adds n terms.

    Args:
        target: a name of ``fpsem.discover.TARGETS``, such as "numpy.sum"; or a function that takes a float32 vector of n and
            gives a float32, or two such vectors for a sum of products.
        n: the number of terms.
        operands: of a function: 1 for sums (the default), 2 for sums of products. A name knows its own.
        shape: of a named matrix product (m, n) x (n, p): m and p.
        element: of a named matrix product: row and column of the result that is looked at.
        vectors: how many random vectors to replay, at least 1.
        seed: of those vectors.

    Returns:
        What was found; see Revealed.

    Raises:
        UnknownNameError: no such target.
        MissingExtraError: its library is not installed.
        PayloadError: the function gives something else than float32.
        ShapeError: it gives more than one number; or n, vectors, shape or element do not fit.
    """
    checked_count(n)
    if type(vectors) is not int or vectors < 1:
        raise ShapeError(f"vectors={vectors!r}: a schedule needs at least one vector to replay on")
    if type(seed) is not int or seed < 0:
        raise ShapeError(f"seed={seed!r}: a seed is an integer, not negative")
    if isinstance(target, str):
        if operands is not None:
            raise ShapeError(f"operands={operands}: the target {target!r} knows how many it takes")
        return reveal_box(target_named(target, n, shape, element), vectors, seed)
    if shape is not None or element != (0, 0):
        raise ShapeError("shape and element are for named matrix products; a function takes vectors")
    if operands not in (None, 1, 2):
        raise ShapeError(f"operands={operands}: a function takes 1 vector (a sum) or 2 (a sum of products)")
    name = getattr(target, "__name__", type(target).__name__)
    return reveal_box(BlackBox(name, n, target, operands or 1), vectors, seed)


def reveal_box(box: BlackBox, vectors: int = VECTORS, seed: int = 0) -> Revealed:
    """Find the order of a black box; see ``reveal``."""
    begun, calls = time.perf_counter(), [0]

    def counted(*arguments: Any) -> Any:
        calls[0] += 1
        return box.call(*arguments)

    found = Revealed(box.name, box.n, Unknown("not asked"), probes=dict(box.facts))
    try:
        for stage in _stages(replace(box, call=counted), found, vectors, seed):
            found = stage
    except Unclear as error:
        found = replace(found, evidence=Unknown(str(error)), schedule=None, same=())
    return replace(found, calls=calls[0], seconds=time.perf_counter() - begun)


def _stages(box: BlackBox, found: Revealed, vectors: int, seed: int) -> Iterator[Revealed]:
    """What is known after each stage, so that a refusal keeps what came before it."""
    check_repeats(box, seed)
    tree = masks.tree_of(box)
    if isinstance(tree, masks.Exact):
        seen = {"masks": "swallow nothing", _TWICE: probes.rounds_twice(box), _KEPT: probes.keeps_binary32_errors(box)}
        yield (found := replace(found, probes={**found.probes, **seen}))
        yield _unswallowed(box, found, vectors, seed)
        return
    yield (found := replace(found, tree=tree))
    inside = probes.look_inside(box, tree)
    yield (found := replace(found, probes={**found.probes, **inside.to_json()}))
    first, *others = _schedules(tree, inside)
    yield replace(found, evidence=replay(box, first, vectors, seed), schedule=first, same=tuple(others))


def _schedules(tree: SumTree, inside: probes.Inside) -> tuple[Schedule, ...]:
    """The schedules of a tree, given what is inside."""
    exact, accumulator = inside.exact_products, inside.accumulator
    if len(exact) == 2 and all(exact):
        accumulator = "binary64"  # of two terms no partial sum tells; the replay decides
    if not any(exact):
        return schedules_of(tree, False, accumulator)
    if accumulator is None:
        return schedules_of(probes.with_sides(tree, exact), True, None)
    if not all(exact):
        raise Unclear(f"{sum(exact)} of {len(exact)} products reach the {accumulator} accumulator unrounded, the others do not")
    return schedules_of(tree, True, accumulator)


def _unswallowed(box: BlackBox, found: Revealed, vectors: int, seed: int) -> Revealed:
    """A sum in which masks swallow nothing: compensated, or rounded once."""
    is_compensated = found.probes[_KEPT]
    twice = "; but it is rounded to binary64 first: 1 + 2^-24 + 2^-80 gives 1" * found.probes[_TWICE]
    reasons = []
    for fused in (False,) if box.operands == 1 else (False, True):
        schedule: Schedule = Compensated(fused=fused) if is_compensated else Exact(fused=fused)
        try:
            evidence = replay(box, schedule, vectors, seed)
        except Unclear as error:
            reasons.append(str(error))
        else:
            detail = evidence.detail + ("" if is_compensated else twice)
            return replace(found, evidence=replace(evidence, detail=detail), schedule=schedule)
    raise Unclear(f"no partial sum swallows anything; {'; '.join(reasons)}")
