"""Real's elementary functions, rounded once, and the bit level's: the same codes and flags.

All numbers are gone through by ``fpsem sweep``, which takes minutes for a function; its findings are reports. ``check`` goes
through a run of consecutive codes, and says that it was a sample.

Source: IEEE 754-2019 clause 9.2.
"""

from __future__ import annotations

import numpy as np

from fpsem.bridges.bridge import Bridge
from fpsem.bridges.sweep.pairs import PairPlan, compare_pairs
from fpsem.bridges.sweep.reference import CHUNK, reference
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY as PRIMITIVES
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.softfloat.elementary.names import BINARY, UNARY
from fpsem.testing.operands import columns

_MOST_SHOWN = 3


def _one(name: str) -> Bridge:
    ours, real = (f"IEEE32Exec.{name}", f"Real.{name}") if name in PRIMITIVES else (f"softfloat's {name}", name)

    def check(cases: int, seed: int) -> Evidence:
        rng = np.random.default_rng([seed, *name.encode()])
        start = int(rng.integers(0, (1 << BINARY32.width) // CHUNK)) * CHUNK
        found = reference(name, start, start + min(cases, CHUNK))
        shown: list[str] = []
        for direction in Rounding:
            made = getattr(arithmetic(BINARY32), name)(found.codes, rounding=direction, with_flags=True)
            meant = found.results(direction)
            wrong = np.flatnonzero((made[0] != meant[0]) | (made[1] != meant[1]))
            shown += [f"{name}({found.codes[i]:#x}) {direction.value}: {made[0][i]:#x}, flags {made[1][i]}" for i in wrong]
        told = f"one run of codes, every direction, with flags; all codes: fpsem sweep {name}"
        return Evidence(Status.TESTED, found.codes.size, tuple(shown[:_MOST_SHOWN]), told)

    claim = Claim(
        f"{name}-is-correctly-rounded",
        f"{ours}(x) = round({real}(x)), in every rounding direction, and the flags are IEEE 754's",
        ("real", "ieee32" if name in PRIMITIVES else "softfloat"), "every binary32 number", Status.EXHAUSTIVE,
        full=f"fpsem sweep {name}", primitives=(name,) if name in PRIMITIVES else (),
    )  # fmt: skip
    return Bridge(claim, check, seconds=0.1)


def _two(name: str) -> Bridge:
    def check(cases: int, seed: int) -> Evidence:
        a, b = columns(2, cases // len(BINARY), seed)
        found = compare_pairs(name, np.asarray(a), np.asarray(b), PairPlan(seed))
        shown = tuple(f"{name}({x:#x}, {y:#x}) {direction}: gives {got:#x}" for x, y, direction, got, *_ in found["first"])
        return Evidence(Status.TESTED, found["inputs"], shown[:_MOST_SHOWN], f"more: fpsem sweep {name}")

    claim = Claim(
        f"{name}-is-correctly-rounded",
        f"softfloat's {name}(x, y) = round({name}(x, y)), in every rounding direction, and the flags are IEEE 754's",
        ("real", "softfloat"), "pairs of binary32 numbers: random ones, and those nearest to a boundary that were found",
        Status.TESTED, full=f"fpsem sweep {name}",
    )  # fmt: skip
    return Bridge(claim, check)


BRIDGES = (*map(_one, UNARY), *map(_two, BINARY))
