"""Scheduled sums and matrix products against numpy's own, in one run: medians of interleaved rounds.

    python benchmarks/schedules.py [--terms N] [--side S] [--rounds R] [--report FILE]

Prints milliseconds, the ratio of speeds to numpy's on one thread, and nanoseconds for each addition or multiply-add: for the sum
of N float32 numbers and for the product of two S x S matrices, in every kind of schedule, held in binary32 and in binary64, by
the machine's floats (NumPyFloat32) and bit by bit (IEEE32Exec). Nothing is asserted: machines are noisy.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # its library counts its threads when it is loaded
from measure import interleaved, tell

from fpsem.core.schedule import SCHEDULES, Exact, Schedule, Tree
from fpsem.domains import IEEE32Exec, NumPyFloat32

DOMAINS: Mapping[str, Callable[[Schedule], Any]] = {
    "numpy_float32": lambda schedule: NumPyFloat32(schedule=schedule),
    "ieee32": lambda schedule: IEEE32Exec(schedule=schedule),
}


def schedules() -> list[Schedule]:
    """Every kind that fits any number of terms, plain, fused and held in binary64."""
    kinds = [kind() for kind in SCHEDULES.values() if kind is not Tree]
    wide = [replace(kind, accumulator="binary64") for kind in kinds if not isinstance(kind, Exact)]
    return [*kinds, *(replace(kind, fused=True) for kind in kinds), *wide]


def rows_of(what: str, op: str, operands: list[Any], count: int, rounds: int) -> list[dict[str, str]]:
    """One op of so many additions or multiply-adds in every schedule and domain, beside numpy's."""
    functions: dict[tuple[str, str], Callable[[], object]] = {("numpy", ""): partial(getattr(np, op), *operands)}
    for name, make in DOMAINS.items():
        for schedule in schedules():
            if op == "matmul" or not schedule.fused:
                domain = make(schedule)
                codes = [domain.from_bits(x.view(np.uint32)) for x in operands]
                functions[name, str(schedule)] = partial(domain.overrides[op], *codes)
    medians = interleaved({f"{name} {order}": call for (name, order), call in functions.items()}, rounds)
    theirs = medians["numpy "]
    return [
        {
            "op": what,
            "domain": name,
            "schedule": order or "its own",
            "ms": f"{1e3 * seconds:.3f}",
            "speed / numpy's": f"{theirs / seconds:.3f}",
            "ns each": f"{1e9 * seconds / count:.3f}",
        }
        for (name, order), seconds in zip(functions, medians.values())
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--terms", type=int, default=1_000_000)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    terms = random.standard_normal(arguments.terms).astype(np.float32)
    pair = [random.standard_normal((arguments.side, arguments.side)).astype(np.float32) for _ in range(2)]
    rows = rows_of(f"sum of {arguments.terms}", "sum", [terms], arguments.terms, arguments.rounds)
    rows += rows_of(f"product of {arguments.side} x {arguments.side}", "matmul", pair, arguments.side**3, arguments.rounds)
    title = f"scheduled reductions against numpy's, medians of {arguments.rounds} rounds"
    library = os.environ.get("OPENBLAS_CORETYPE", "") or "that of the processor"
    note = f"All on one thread; numpy's matrix product is OpenBLAS's, in an order of its own, its kernel {library}."
    tell(title, rows, [note], arguments.report, 120)


if __name__ == "__main__":
    main()
