"""The sampled sweep of pow, atan2 and hypot of binary32: results in all six directions against brackets and a judge.

    plan = PairPlan(seed=1, size=1 << 22, count=8)
    records = [sweep_pairs(plan, unit) for unit in plan.units("pow")]
    hardest = search("atan2", pairs=1 << 20, seed=1, keep=100)

A unit stands alone and is the same wherever it is done: plan, function and index determine its pairs. What is guaranteed of a
record without mismatches: every code and all flags of every pair were what the standard says, relying on the bounds in
``pairs_values`` and, where these decide nothing, on the judge. The pairs are a sample: that says nothing of the other 2^64.

What this module does not do: compare results asked for without flags in every direction. A block is compared in one, the next
block in the next; ``compare_pairs`` does it in all.

Source: IEEE 754-2019 clauses 7 and 9.2.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.brackets import Codes, Doubles, rounded
from fpsem.bridges.sweep.pairs_kernels import Enclosures, distances, enclosures
from fpsem.bridges.sweep.pairs_operands import BULK, HARD, NEAREST
from fpsem.bridges.sweep.units import FIRST_ONES, Tally, Unit
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.arithmetic import arithmetic
from fpsem.softfloat.attributes import Attributes

KIND = "pairs"
"""Of these units."""

NEAR = 2.0**-16
"""Ulps; values closer than that to a boundary are counted as near."""

Flags = npt.NDArray[np.uint8]
Judge = Callable[[str, Codes, Codes, Rounding], tuple[Codes, Flags]]
Tested = Callable[[str, Codes, Codes, Rounding, bool], Any]
"""A function's codes at pairs of codes, in a direction; with flags, a pair."""

_DIRECTIONS = tuple(Rounding)
_BLOCK = 1 << 15
_HARD_SHARE, _MOST_HARD = 16, 256


def softfloat(name: str, a: Codes, b: Codes, direction: Rounding, with_flags: bool) -> Any:
    """The functions of ``fpsem.softfloat``."""
    return getattr(arithmetic("binary32"), name)(a, b, rounding=direction, with_flags=with_flags)


def judge(name: str, a: Codes, b: Codes, direction: Rounding) -> tuple[Codes, Flags]:
    """The same by Ziv's loop over balls, slowly."""
    from fpsem.softfloat.elementary.ziv import elementary_results  # balls are a heavy import

    return elementary_results(name, (a, b), BINARY32, Attributes(rounding=direction))


@dataclass(frozen=True)
class PairPlan:
    """What every unit does.

    Args:
        seed: of the random pairs.
        size: pairs of a unit.
        count: units of a function.
        tested: what is compared.
        judge: what decides where the brackets do not.
    """

    seed: int = 0
    size: int = 1 << 22
    count: int = 1
    tested: Tested = softfloat
    judge: Judge = judge

    @property
    def directions(self) -> tuple[str, ...]:
        """All of them, by name."""
        return tuple(direction.value for direction in Rounding)

    @property
    def whole(self) -> bool:
        """Whether these are all pairs: never."""
        return False

    def units(self, function: str) -> list[Unit]:
        """The units of a function."""
        return [Unit(function, KIND, i) for i in range(self.count)]


def sweep_pairs(plan: PairPlan, unit: Unit) -> dict[str, Any]:
    """Compare a function at the pairs of a unit, in every direction.

    Returns:
        A record that JSON can hold: ``inputs``; ``near``, how many values are within ``NEAR`` of a boundary, ``nearest``, the
        least distance in ulps, and ``judged``, how many were left to the judge and are in neither; ``wrong``, by direction:
        codes, flags; ``first``, of the first mismatches a, b, the direction, got and expected codes and flags; ``seconds`` by
        part.

    Raises:
        UnknownNameError: for a function that is none of ``names.BINARY``.
    """
    tally, blocks = _Tally(), operands(plan, unit)
    for turn in range(1 << 62):
        with tally.timed("operands"):
            block = next(blocks, None)
        if block is None:
            break
        _compare(tally, unit.function, block, plan, [_DIRECTIONS[turn % len(_DIRECTIONS)]])
    return tally.record()


def compare_pairs(name: str, a: Codes, b: Codes, plan: PairPlan | None = None) -> dict[str, Any]:
    """The same at given pairs, one-dimensional arrays of codes."""
    tally = _Tally()
    for start in range(0, a.size, _BLOCK):
        _compare(tally, name, (a[start : start + _BLOCK], b[start : start + _BLOCK]), plan or PairPlan(), _DIRECTIONS)
    return tally.record()


def operands(plan: PairPlan, unit: Unit) -> Iterator[tuple[Codes, Codes]]:
    """The pairs of a unit, in blocks: of each hard family a few, the rest of bulk families in turn."""
    name, left = unit.function, plan.size
    rng = np.random.default_rng([plan.seed, unit.index, zlib.crc32(name.encode())])
    for family in HARD.get(name, ()):
        n = min(_MOST_HARD, plan.size // _HARD_SHARE)
        yield family(rng, n)
        left -= n
    families, turn = BULK.get(name, BULK["hypot"]), 0  # the brackets refuse another name
    while left > 0:
        yield families[turn % len(families)](rng, min(_BLOCK, left))
        left, turn = left - _BLOCK, turn + 1


def search(name: str, pairs: int, seed: int, keep: int) -> tuple[Codes, Codes, Doubles]:
    """Of many pairs, those whose values are nearest to a number or the middle of two, but not on one.

    Args:
        name: one of ``names.BINARY``.
        pairs: how many are looked at.
        seed: of the random pairs.
        keep: how many are kept.

    Returns:
        The operands' codes and the distances in ulps, nearest first.
    """
    rng = np.random.default_rng(seed)
    kept = np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0)
    for start in range(0, pairs, _BLOCK):
        a, b = NEAREST[name](rng, min(_BLOCK, pairs - start))
        far = np.concatenate((kept[2], _decided_distances(enclosures(name, a, b))))
        order = np.argsort(far, kind="stable")[:keep]
        kept = np.concatenate((kept[0], a))[order], np.concatenate((kept[1], b))[order], far[order]
    return kept


@dataclass
class _Tally(Tally):
    """What a unit has found so far, and of its pairs how many, how near, how many left to the judge."""

    wrong: dict[str, list[int]] = field(default_factory=lambda: {d.value: [0, 0] for d in Rounding})
    found: dict[str, Any] = field(default_factory=lambda: {"inputs": 0, "near": 0, "nearest": 1.0, "judged": 0})

    def record(self) -> dict[str, Any]:
        return self.found | {"wrong": self.wrong, "first": self.first, "seconds": self.seconds}


def _decided_distances(made: Enclosures) -> Doubles:
    far = distances(made)
    far[made.undecided] = np.inf
    return far


def _compare(tally: _Tally, name: str, pair: tuple[Codes, Codes], plan: PairPlan, plain: Collection[Rounding]) -> None:
    with tally.timed("reference"):
        made = enclosures(name, *pair)
        far, where = _decided_distances(made), made.undecided
    found = tally.found
    found["inputs"] += far.size
    found["near"] += int((far < NEAR).sum())
    found["nearest"] = min(found["nearest"], float(far.min(initial=np.inf)))
    found["judged"] += where.size
    for direction in Rounding:
        with tally.timed("reference"):
            expected = rounded(made.code, made.state, direction)
        if where.size:
            with tally.timed("judged"):
                expected[0][where], expected[1][where] = plan.judge(name, pair[0][where], pair[1][where], direction)
        with tally.timed("tested"):
            got = plan.tested(name, *pair, direction, True)
            without = plan.tested(name, *pair, direction, False) if direction in plain else got[0]
        with tally.timed("compared"):
            wrong, wrong_flags = got[0] != expected[0], got[1] != expected[1]
            if without is not got[0]:
                wrong |= without != expected[0]
            if wrong.any() or wrong_flags.any():
                _note(tally, direction, (*pair, without, *got, *expected), wrong, wrong_flags)


def _note(tally: _Tally, direction: Rounding, columns: tuple[Any, ...], wrong: Any, wrong_flags: Any) -> None:
    tally.wrong[direction.value][0] += int(wrong.sum())
    tally.wrong[direction.value][1] += int(wrong_flags.sum())
    for i in np.flatnonzero(wrong | wrong_flags)[: max(0, FIRST_ONES - len(tally.first))]:
        a, b, without, code, flags, expected, expected_flags = (int(column[i]) for column in columns)
        shown = without if without != expected else code
        tally.first.append([a, b, direction.value, shown, flags, expected, expected_flags])
