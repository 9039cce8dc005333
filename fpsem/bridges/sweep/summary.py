"""Sweeps of whole functions: units put together, and what they found in rows and sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fpsem.bridges.sweep.executors import Executor, run_units
from fpsem.bridges.sweep.ledger import Ledger, Record
from fpsem.bridges.sweep.pairs import NEAR, PairPlan, sweep_pairs
from fpsem.bridges.sweep.units import KIND, Plan, sweep_unit
from fpsem.core.claim import Status
from fpsem.core.errors import UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import rounding_named
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.elementary import kernel
from fpsem.softfloat.elementary.names import BINARY, UNARY
from fpsem.softfloat.words.machine import cache_folder

_MOST_SHOWN = 8
_OF_THE_JUDGE = (
    "softfloat/elementary/ziv.py", "softfloat/elementary/rational_values.py", "softfloat/elementary/special_values.py",
    "softfloat/elementary/balls.py", "softfloat/rational.py", "core/exact.py",
)  # fmt: skip
_OF_THE_KERNELS = ("softfloat/words/machine.py", "softfloat/words/intrinsics.py", "softfloat/elementary/kernel.py")


@dataclass(frozen=True)
class Summary:
    """What a sweep of a function found.

    Args:
        function: its name.
        plan: what was done.
        records: one for each unit.
    """

    function: str
    plan: Plan | PairPlan
    records: Sequence[Record]

    @property
    def holds(self) -> bool:
        """Whether there was no mismatch, and no argument at which the stated bound fails."""
        return not any(r.get("violations") for r in self.records) and not any(sum(wrong) for wrong in self.wrong.values())

    @property
    def status(self) -> Status:
        """EXHAUSTIVE where every code was compared; a part is TESTED."""
        return Status.EXHAUSTIVE if self.plan.whole else Status.TESTED

    @property
    def region(self) -> str:
        """What was compared."""
        if isinstance(self.plan, PairPlan):
            return "random pairs and hard ones"
        return "every input" if self.plan.whole else "a part"

    @property
    def wrong(self) -> dict[str, tuple[int, int]]:
        """Mismatches of codes and of flags, by direction."""
        found = {d: [record["wrong"][d] for record in self.records] for d in self.plan.directions}
        return {d: (sum(codes for codes, _ in parts), sum(flags for _, flags in parts)) for d, parts in found.items()}

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of all units together, by part."""
        parts = dict.fromkeys(part for record in self.records for part in record["seconds"])
        return {part: sum(record["seconds"].get(part, 0.0) for record in self.records) for part in parts}

    @property
    def worst(self) -> tuple[float, int]:
        """The largest error in units of the stated bound, and the code of its argument, or -1."""
        return max(((r["ratio"], r["ratio_at"]) for r in self.records), default=(0.0, -1))

    def total(self, what: str) -> int:
        """A number of the records, summed."""
        return sum(int(record[what]) for record in self.records)

    def rows(self) -> list[dict[str, str]]:
        """A line for each direction."""
        return [
            {
                "function": self.function, "direction": direction, "inputs": f"{self.total('inputs'):,}",
                "evidence": self.status.value, "wrong codes": f"{codes:,}", "wrong flags": f"{flags:,}",
            }
            for direction, (codes, flags) in self.wrong.items()
        ]  # fmt: skip

    def notes(self) -> list[str]:
        """What the rows do not say."""
        seconds, inputs = self.seconds, max(self.total("inputs"), 1)
        parts = ", ".join(f"{part} {1e9 * spent / inputs:.1f}" for part, spent in seconds.items())
        spent = f"Seconds, summed over {len(self.records)} units: {sum(seconds.values()):.1f}. Nanoseconds per input: {parts}."
        return [*(self._about_pairs() if isinstance(self.plan, PairPlan) else self._about_codes()), spent]

    def _about_codes(self) -> list[str]:
        notes = [
            f"Near-boundary arguments (exact, halfway, or not told apart from that), the judge's: {self.total('near'):,}.",
            f"Random codes compared with Arb alone, in every direction: {self.total('random'):,}; "
            f"mismatches of codes and flags there: {self.total('random_wrong'):,}.",
        ]
        if isinstance(self.plan, Plan) and self.plan.stated is not None:
            ratio, at = self.worst
            where = f", at {at:#010x}" if at >= 0 else ""
            notes.insert(
                1,
                f"Stated bound: the largest error is {ratio:.4f} of it{where}; it fails at {self.total('violations'):,} inputs; "
                f"stand-ins beside a number that the function tends to: {self.total('stand_ins'):,}.",
            )
        return notes

    def _about_pairs(self) -> list[str]:
        nearest = min((r["nearest"] for r in self.records), default=1.0)
        return [
            f"Pairs with values within {NEAR:g} ulp of a boundary: {self.total('near'):,}; the nearest is {nearest:.2g} ulp off.",
            f"Pairs left to the judge (exact, halfway, or not told apart from that): {self.total('judged'):,}.",
        ]

    def failures(self) -> list[str]:
        """The first mismatches and failures of the bound, readable."""
        first = [one for record in self.records for one in record["first"]][:_MOST_SHOWN]
        shown = [
            f"{self.function}({', '.join(f'{x:#010x}' for x in given)}) {direction}: "
            f"got {got:#010x} flags {got_flags}, expected {code:#010x} flags {flags}"
            for *given, direction, got, got_flags, code, flags in first
        ]
        violated = [code for record in self.records for code in record.get("violated", ())][:_MOST_SHOWN]
        return shown + [f"{self.function}({code:#010x}): the stated bound fails" for code in violated]


def sweep(
    functions: Sequence[str],
    plan: Plan | PairPlan,
    executor: Executor,
    folder: Path | None = None,
    advance: Callable[[str], None] = lambda step: None,
) -> list[Summary]:
    """Sweep functions of one argument, or of two.

    Args:
        functions: some of ``names.UNARY``; for a plan of pairs, of ``names.BINARY``.
        plan: what is done.
        executor: who does it.
        folder: where the ledgers are; in the cache where none is told.
        advance: told of each unit that is done.

    Raises:
        UnknownNameError: for another function or direction.
        UnableError: a lemma of the reference does not hold; a unit kills its workers; no scheduler answers.
        MissingExtraError: the executor's package is not installed.
    """
    pairs = isinstance(plan, PairPlan)
    kind, known = ("two arguments", BINARY) if pairs else ("one argument", UNARY)
    for name in functions:
        if name not in known:
            raise UnknownNameError(f"elementary function of {kind}", name, known)
    for direction in plan.directions:
        rounding_named(direction)
    units = [unit for function in dict.fromkeys(functions) for unit in plan.units(function)]
    state = Ledger(folder or default_folder(), {function: tag(function, plan) for function in functions})
    work = partial(sweep_pairs, plan) if isinstance(plan, PairPlan) else partial(sweep_unit, plan)
    found = run_units(units, work, state, executor, advance)
    return [
        Summary(function, plan, [found[unit] for unit in units if unit.function == function])
        for function in dict.fromkeys(functions)
    ]


def default_folder() -> Path:
    """Where ledgers are kept, where nothing else is told."""
    return cache_folder() / "sweeps"


def tag(function: str, plan: Plan | PairPlan) -> str:
    """A hash of all that a record depends on: the kernels' programs, the judge, the sweep's sources, and the plan."""
    package = Path(__file__).parents[2]
    of_pairs, pairs = isinstance(plan, PairPlan), ("pairs", "double_double")
    swept = sorted(path for path in Path(__file__).parent.glob("*.py") if of_pairs or not path.name.startswith(pairs))
    parts = [path.read_bytes() for path in (*swept, *(package / file for file in (*_OF_THE_JUDGE, *_OF_THE_KERNELS)))]
    for direction in plan.directions:
        mode = Attributes(rounding=rounding_named(direction))
        parts += [repr(kernel.program(function, BINARY32, mode, flags)).encode() for flags in (False, True)]
    tested = f"{plan.tested.__module__}.{plan.tested.__qualname__}"
    if isinstance(plan, PairPlan):  # more of the same units is the same sweep
        asked: tuple[object, ...] = (plan.seed, plan.size)
    else:
        asked = (KIND, plan.directions, plan.random, plan.start, plan.stop, plan.stated is None)
    versions = tuple(version(package) for package in ("numpy", "numba", "python-flint"))
    parts.append(repr((*asked, tested, versions)).encode())
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]

