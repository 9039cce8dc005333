"""Bit-exact arithmetic against the machine's own, in one run: medians of interleaved rounds.

    python benchmarks/softfloat.py [--elements N] [--rounds R] [--report FILE]

Prints nanoseconds per element and the ratio to the machine's float32 operation of the same name, on random bit patterns and
on N(0,1), and what a fresh `import fpsem` adds to `import numpy`. Nothing is asserted: machines are noisy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from measure import interleaved
from rich.console import Console
from rich.table import Table

from fpsem.domains import IEEE32Exec, NumPyFloat32
from fpsem.report.written import write_report
from fpsem.softfloat import arithmetic

OPERATIONS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "sqrt": np.sqrt,
    "fma": None,
    "less": np.less,
}
"""Each with numpy's ufunc of the same meaning; numpy has no fma, so the domain's own, compiled from LLVM's, stands in."""

CODES = {
    "remainder": (lambda x, y: arithmetic().remainder(x, y), None),
    "round_to_integral": (lambda x, y: arithmetic().round_to_integral(x), lambda x, y: np.rint(x)),
    "to_int32": (lambda x, y: arithmetic().to_int32(x), lambda x, y: x.astype(np.int32)),
    "from_int32": (lambda x, y: arithmetic().from_int32(x.view(np.int32)), lambda x, y: x.view(np.int32).astype(np.float32)),
    "to binary16": (lambda x, y: arithmetic().convert(x, "binary16"), lambda x, y: x.astype(np.float16)),
    "scale_b": (lambda x, y: arithmetic().scale_b(x, y.view(np.int32)), lambda x, y: np.ldexp(x, y.view(np.int32))),
    "log_b": (lambda x, y: arithmetic().log_b(x), None),
}
"""Operations beyond those of the domain, on codes, each with numpy's of the same meaning, on float32; its remainder is not
IEEE's."""


def operands(kind: str, count: int) -> list[np.ndarray]:
    """Three arrays of codes."""
    rng = np.random.default_rng(0)
    if kind == "random bits":
        return [rng.integers(0, 1 << 32, count, dtype=np.uint32) for _ in range(3)]
    return [rng.standard_normal(count).astype(np.float32).view(np.uint32) for _ in range(3)]


def arithmetic_rows(count: int, rounds: int) -> list[dict[str, str]]:
    """Every operation on both kinds of operands."""
    exact, native, rows = IEEE32Exec(), NumPyFloat32(), []
    for kind in ("random bits", "N(0,1)"):
        codes = operands(kind, count)
        floats = [c.view(np.float32) for c in codes]
        functions: dict[str, Callable[[], object]] = {}
        for name, ufunc in OPERATIONS.items():
            arity = 3 if ufunc is None else ufunc.nin
            functions[name] = partial(getattr(exact, name), *codes[:arity])
            functions[f"native {name}"] = partial(native.fma if ufunc is None else ufunc, *floats[:arity])
        with np.errstate(all="ignore"):
            medians = interleaved(functions, rounds)
        for name in OPERATIONS:
            ours, theirs, add = (medians[key] * 1e9 / count for key in (name, f"native {name}", "native add"))
            figures = {"IEEE32Exec ns": ours, "float32 ns": theirs, "ratio": ours / theirs, "ratio to float32 add": ours / add}
            rows.append({"operands": kind, "operation": name, **{key: f"{value:.2f}" for key, value in figures.items()}})
    return rows


def code_rows(count: int, rounds: int) -> list[dict[str, str]]:
    """The operations beyond those of the domain, on random bits."""
    x, y, _ = operands("random bits", count)
    functions: dict[str, Callable[[], object]] = {}
    for name, (ours, native) in CODES.items():
        functions[name] = partial(ours, x, y)
        if native is not None:
            functions[f"native {name}"] = partial(native, x.view(np.float32), y.view(np.float32))
    with np.errstate(all="ignore"):
        medians = {name: seconds * 1e9 / count for name, seconds in interleaved(functions, rounds).items()}
    rows = []
    for name in CODES:
        ours, theirs = medians[name], medians.get(f"native {name}")
        compared = {"float32 ns": "none", "ratio": "none"}
        if theirs is not None:
            compared = {"float32 ns": f"{theirs:.2f}", "ratio": f"{ours / theirs:.2f}"}
        rows.append({"operation": name, "softfloat ns": f"{ours:.2f}", **compared})
    return rows


def import_milliseconds(rounds: int = 9) -> float:
    """What a fresh `import fpsem` adds to `import numpy`, in milliseconds: the difference of two medians."""

    def fresh(statement: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    medians = interleaved({"numpy": fresh("import numpy"), "both": fresh("import numpy, fpsem")}, rounds)
    return 1000 * (medians["both"] - medians["numpy"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=16_384)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--report", type=Path, help="also write a Markdown report to this file")
    arguments = parser.parse_args()
    title = f"IEEE32Exec against the machine's float32, {arguments.elements} elements, medians of {arguments.rounds} rounds"
    rows = arithmetic_rows(arguments.elements, arguments.rounds)
    note = f"import fpsem adds {import_milliseconds():.1f} ms to import numpy"
    more = code_rows(arguments.elements, arguments.rounds)
    console = Console(width=110)
    for name, some in ((title, rows), ("other operations on codes, random bits", more)):
        table = Table(*some[0], title=name)
        for row in some:
            table.add_row(*row.values())
        console.print(table)
    console.print(note)
    kept = [f"{row['operation']}: {row['softfloat ns']} ns on random bits, numpy's {row['float32 ns']}" for row in more]
    if arguments.report is not None:
        write_report(arguments.report, title, " ".join(["python", *sys.argv]), rows, [*kept, note])


if __name__ == "__main__":
    main()
