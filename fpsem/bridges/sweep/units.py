"""A unit of a sweep: 2**24 codes of a function in all directions asked for, with and without flags, and its stated bound.

A unit is (function, kind, index); its work is a function of a module, so that any process can do it, and gives a record that
JSON can hold.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.bound import Stated, check_bound
from fpsem.bridges.sweep.brackets import Codes
from fpsem.bridges.sweep.direct import direct
from fpsem.bridges.sweep.reference import Reference, reference, runs
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.softfloat.arithmetic import arithmetic
from fpsem.softfloat.elementary.kernel import approximation

SIZE = 1 << 24
"""Codes of a unit."""

ALL = 1 << BINARY32.width
"""How many codes there are."""

KIND = "codes"
DIRECTIONS = tuple(direction.value for direction in Rounding)

Flags = npt.NDArray[np.uint8]
Tested = Callable[[str, Codes, str, bool], Any]
"""A function's codes at codes, in a direction; with flags, a pair."""

FIRST_ONES = 8
"""How many mismatches of a unit are told."""

_RANDOM_CHUNK = 1 << 14


@dataclass(frozen=True)
class Unit:
    """A piece of work.

    Args:
        function: what is swept.
        kind: of the sweep: "codes", or another sweep's.
        index: which piece.
    """

    function: str
    kind: str
    index: int

    def __str__(self) -> str:
        return f"{self.function} {self.kind} {self.index}"


def softfloat(name: str, codes: Codes, direction: str, with_flags: bool) -> Any:
    """The functions of ``fpsem.softfloat``."""
    return getattr(arithmetic("binary32"), name)(codes, rounding=direction, with_flags=with_flags)


@dataclass(frozen=True)
class Plan:
    """What every unit does.

    Args:
        directions: by name.
        random: how many random codes go straight to Arb, in a whole sweep of a function.
        start: the first code.
        stop: the one after the last.
        tested: what is compared.
        stated: the bounds that are checked, or None.
    """

    directions: tuple[str, ...] = DIRECTIONS
    random: int = 0
    start: int = 0
    stop: int = ALL
    tested: Tested = softfloat
    stated: Stated | None = approximation

    @property
    def whole(self) -> bool:
        """Whether these are all codes."""
        return self.start == 0 and self.stop == ALL

    def units(self, function: str) -> list[Unit]:
        """The units of a function."""
        return [Unit(function, KIND, i) for i in range(self.start // SIZE, -(-self.stop // SIZE))]


@dataclass
class Tally:
    """What a unit has found so far: mismatches of codes and of flags by direction, the first ones, seconds by part."""

    wrong: dict[str, list[int]]
    first: list[list[Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the time that passes for a part."""
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start


def sweep_unit(plan: Plan, unit: Unit) -> dict[str, Any]:
    """Do a unit.

    Returns:
        A record: ``inputs``, ``near`` (near-boundary arguments), ``wrong`` (by direction: codes, flags), ``first`` (the first
        mismatches: code, direction, got and expected codes and flags), ``ratio``, ``ratio_at``, ``stand_ins``, ``violations``
        and the first ``violated`` of the bound, ``random`` and ``random_wrong``, ``seconds`` by part.
    """
    start, stop = max(plan.start, unit.index * SIZE), min(plan.stop, (unit.index + 1) * SIZE)
    tally = Tally({direction: [0, 0] for direction in plan.directions})
    record: dict[str, Any] = {"inputs": stop - start, "near": 0, "ratio": 0.0, "ratio_at": -1, "stand_ins": 0}
    record |= {"violations": 0, "violated": []}
    for first, last in runs(start, stop):
        with tally.timed("reference"):
            found = reference(unit.function, first, last)
        _compare(plan, found, tally)
        record["near"] += found.pending.size
        if plan.stated is not None:
            with tally.timed("bound"):
                bound = check_bound(found, plan.stated)
            record["violations"] += len(bound.violations)
            record["violated"] = (record["violated"] + bound.violations)[:FIRST_ONES]
            record["stand_ins"] += bound.stand_ins
            if bound.ratio > record["ratio"]:
                record |= {"ratio": bound.ratio, "ratio_at": bound.at}
    wrong_before = sum(map(sum, tally.wrong.values()))
    record["random"] = _random(plan, unit, start, stop, tally)
    record["random_wrong"] = sum(map(sum, tally.wrong.values())) - wrong_before
    return record | {"wrong": tally.wrong, "first": tally.first, "seconds": tally.seconds}


def _random(plan: Plan, unit: Unit, start: int, stop: int, tally: Tally) -> int:
    """Compare at random codes with Arb alone; how many these were."""
    count = plan.random * (stop - start) // ALL
    rng = np.random.default_rng([unit.index, zlib.crc32(unit.function.encode())])
    for done in range(0, count, _RANDOM_CHUNK):
        codes = rng.integers(start, stop, min(_RANDOM_CHUNK, count - done), dtype=np.uint32, endpoint=False)
        with tally.timed("random"):
            found = direct(unit.function, codes)
        _compare(plan, found, tally)
    return count


def _compare(plan: Plan, found: Reference, tally: Tally) -> None:
    for direction in plan.directions:
        with tally.timed("reference"):
            codes, flags = found.results(rounding_named(direction))
        with tally.timed("tested"):
            plain = plan.tested(found.name, found.codes, direction, False)
            made, raised = plan.tested(found.name, found.codes, direction, True)
        with tally.timed("compared"):
            wrong = (plain != codes) | (made != codes)
            wrong_flags = raised != flags
            if wrong.any() or wrong_flags.any():
                _note(found, direction, (codes, flags), (plain, made, raised), (wrong, wrong_flags), tally)


def _note(found: Reference, direction: str, expected: Any, got: Any, wrong: Any, tally: Tally) -> None:
    for place, where in enumerate(wrong):
        tally.wrong[direction][place] += int(where.sum())
    for i in np.flatnonzero(wrong[0] | wrong[1])[: max(0, FIRST_ONES - len(tally.first))]:
        shown = got[0][i] if got[0][i] != expected[0][i] else got[1][i]
        tally.first.append(
            [int(found.codes[i]), direction, int(shown), int(got[2][i]), int(expected[0][i]), int(expected[1][i])]
        )
