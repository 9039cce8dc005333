"""Bit-exact arithmetic against the machine's own, in one run: medians of interleaved rounds.

    python benchmarks/softfloat.py [--elements N] [--rounds R] [--report FILE]

Prints nanoseconds per element, without flags and with, and the ratio to the machine's float32 operation of the same name and to
its addition, on random bit patterns and on N(0,1), and what a fresh `import fpsem` adds to `import numpy`. Nothing is asserted:
machines are noisy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import interleaved, tell

from fpsem.domains import NumPyFloat32
from fpsem.softfloat import arithmetic

F32 = arithmetic("binary32")

Function = Callable[..., Any]

OPERATIONS: dict[str, tuple[Function, Function | None]] = {
    "add": (lambda a, b, c, **flags: F32.add(a, b, **flags), lambda a, b, c: np.add(a, b)),
    "sub": (lambda a, b, c, **flags: F32.sub(a, b, **flags), lambda a, b, c: np.subtract(a, b)),
    "mul": (lambda a, b, c, **flags: F32.mul(a, b, **flags), lambda a, b, c: np.multiply(a, b)),
    "div": (lambda a, b, c, **flags: F32.div(a, b, **flags), lambda a, b, c: np.divide(a, b)),
    "fma": (lambda a, b, c, **flags: F32.fma(a, b, c, **flags), NumPyFloat32().fma),
    "sqrt": (lambda a, b, c, **flags: F32.sqrt(a, **flags), lambda a, b, c: np.sqrt(a)),
    "remainder": (lambda a, b, c, **flags: F32.remainder(a, b, **flags), None),
    "less": (lambda a, b, c, **flags: F32.less(a, b, **flags), lambda a, b, c: np.less(a, b)),
    "round_to_integral": (lambda a, b, c, **flags: F32.round_to_integral(a, **flags), lambda a, b, c: np.rint(a)),
    "to_int32": (lambda a, b, c, **flags: F32.to_int32(a, **flags), lambda a, b, c: a.astype(np.int32)),
    "from_int32": (
        lambda a, b, c, **flags: F32.from_int32(a.view(np.int32), **flags),
        lambda a, b, c: a.view(np.int32).astype(np.float32),
    ),
    "to binary16": (lambda a, b, c, **flags: F32.convert(a, "binary16", **flags), lambda a, b, c: a.astype(np.float16)),
    "scale_b": (lambda a, b, c, **flags: F32.scale_b(a, b.view(np.int32), **flags), None),
    "log_b": (lambda a, b, c, **flags: F32.log_b(a, **flags), None),
}
"""Each on three arrays of codes, with numpy's of the same meaning on float32, where it has one; its fma is LLVM's, compiled by
numba, and its remainder is not IEEE's."""


def operands(kind: str, count: int) -> list[np.ndarray]:
    """Three arrays of codes."""
    rng = np.random.default_rng(0)
    if kind == "random bits":
        return [rng.integers(0, 1 << 32, count, dtype=np.uint32) for _ in range(3)]
    return [rng.standard_normal(count).astype(np.float32).view(np.uint32) for _ in range(3)]


def rows_of(kind: str, count: int, rounds: int) -> list[dict[str, str]]:
    """Every operation on one kind of operands: without flags and with, beside the machine's own."""
    codes = operands(kind, count)
    floats = [c.view(np.float32) for c in codes]
    functions: dict[str, Callable[[], object]] = {}
    for name, (ours, native) in OPERATIONS.items():
        functions[name] = partial(ours, *codes)
        functions[f"{name} flags"] = partial(ours, *codes, with_flags=True)
        if native is not None:
            functions[f"native {name}"] = partial(native, *floats)
    with np.errstate(all="ignore"):
        medians = {name: seconds * 1e9 / count for name, seconds in interleaved(functions, rounds).items()}
    return [{"operands": kind, "operation": name, **_figures(medians, name)} for name in OPERATIONS]


def _figures(medians: dict[str, float], name: str) -> dict[str, str]:
    ours, flags, theirs = (medians.get(key) for key in (name, f"{name} flags", f"native {name}"))
    assert ours is not None, "it was measured"
    assert flags is not None, "it was measured"
    return {
        "ns": f"{ours:.2f}",
        "ns with flags": f"{flags:.2f}",
        "float32 ns": "none" if theirs is None else f"{theirs:.2f}",
        "ratio": "none" if theirs is None else f"{ours / theirs:.1f}",
        "ratio to float32 add": f"{ours / medians['native add']:.1f}",
    }


def import_milliseconds(rounds: int = 9) -> float:
    """What a fresh `import fpsem` adds to `import numpy`, in milliseconds: the difference of two medians."""

    def fresh(statement: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    medians = interleaved({"numpy": fresh("import numpy"), "both": fresh("import numpy, fpsem")}, rounds)
    return 1000 * (medians["both"] - medians["numpy"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=65_536)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    arguments = parser.parse_args()
    title = f"softfloat against the machine's float32, {arguments.elements} elements, medians of {arguments.rounds} rounds"
    rows = [row for kind in ("random bits", "N(0,1)") for row in rows_of(kind, arguments.elements, arguments.rounds)]
    note = f"import fpsem adds {import_milliseconds():.1f} ms to import numpy"
    tell(title, rows, [note], arguments.report, 110)


if __name__ == "__main__":
    main()
