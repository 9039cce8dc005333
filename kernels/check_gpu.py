"""Compares the kernels on a GPU, bit for bit, at sizes that fill it: ``python kernels/check_gpu.py [--help]``.

Needs numpy, cupy, the repository and a C compiler. The reference is IEEE32Exec where what it needs is installed (numba,
python-flint); else the same sources built for the CPU, which ``tests/kernels`` compares with IEEE32Exec, and of elementary
functions what the kernels decide. Writes a report with counts and mismatches; the exit status is 1 where there is a mismatch.

With ``--sanitize`` it first runs itself, at small sizes, under ``compute-sanitizer`` (memory errors and races), and reports what
that says.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import comparisons  # noqa: E402
from comparisons import Finding  # noqa: E402

from fpsem.core.files import write  # noqa: E402
from fpsem.core.protocol import ELEMENTARY  # noqa: E402
from fpsem.domains._kernels import device_named  # noqa: E402
from fpsem.domains.cupy_float32 import CuPyFloat32  # noqa: E402
from fpsem.report.written import commit, processor, table  # noqa: E402

TOOLS = ("memcheck", "racecheck")


def has_packages() -> bool:
    """Whether IEEE32Exec can run here."""
    return all(importlib.util.find_spec(name) is not None for name in ("numba", "flint"))


def reference(schedule: Any) -> Any:
    """What the kernels are compared with."""
    if not has_packages():
        return CuPyFloat32(schedule, device="cpu")
    from fpsem.domains.ieee32 import IEEE32Exec

    return IEEE32Exec(schedule=schedule)


def findings(device: str, terms: int, columns: int, samples: int, seed: int) -> Iterator[Finding]:
    """Every comparison, as it is made."""
    plain = CuPyFloat32(device=device)
    yield from comparisons.elementwise(plain, reference(plain.schedule), samples, seed)
    compared = comparisons.function if has_packages() else comparisons.attempt
    for name in ELEMENTARY:
        yield compared(name, plain, reference(plain.schedule), samples, seed)
    for schedule in comparisons.SCHEDULES:
        for case in comparisons.cases(terms, columns):
            for special in (False, True):
                yield comparisons.reduction(case, CuPyFloat32(schedule, device=device), reference(schedule), seed, special)


def grouped(found: list[Finding]) -> list[dict[str, Any]]:
    """One row for each operation: how many comparisons and results, how many mismatches."""
    rows: dict[str, dict[str, Any]] = {}
    for f in found:
        name = f.what.split(" (")[0]
        row = rows.setdefault(name, {"operation": name, "comparisons": 0, "results": 0, "mismatches": 0})
        row["comparisons"] += 1
        row["results"] += f.results
        row["mismatches"] += f.mismatches
    return list(rows.values())


def sanitized(device: str) -> list[str]:
    """What compute-sanitizer says of a run at small sizes, a line for each tool."""
    if shutil.which("compute-sanitizer") is None:
        return ["compute-sanitizer: not installed"]
    told = []
    for tool in TOOLS:
        command = ["compute-sanitizer", "--tool", tool, sys.executable, __file__, "--device", device, "--report", ""]
        done = subprocess.run(
            [*command, "--terms", "37", "--columns", "9", "--samples", "100"], capture_output=True, text=True, check=False
        )
        lines = [line.strip("= ") for line in (done.stdout + done.stderr).splitlines() if "SUMMARY" in line]
        told.append(f"compute-sanitizer --tool {tool}: {'; '.join(lines) or f'no summary, status {done.returncode}'}")
    return told


def report(path: Path, device: str, found: list[Finding], seconds: float, notes: list[str]) -> None:
    """Write the report."""
    side = "IEEE32Exec" if has_packages() else "the same sources built by the C compiler for the CPU, decided arguments only"
    total, wrong = sum(f.results for f in found), sum(f.mismatches for f in found)
    lines = [
        "# Kernels on a GPU", "",
        f"* command: `{' '.join(['python', 'kernels/check_gpu.py', *sys.argv[1:]])}`",
        f"* commit: {commit()}",
        f"* machine: {processor()}, Python {sys.version.split()[0]}, numpy {np.__version__}",
        f"* device: {device_named(device)}",
        f"* compared with: {side}; all NaNs as one", "",
        f"{len(found):,} comparisons of {total:,} results in {seconds:.0f} s: {wrong:,} mismatches.", "",
        *table(grouped(found)), "",
        *(f"* {f.what}: {f.mismatches} of {f.results}, the first {f.first}" for f in found if f.mismatches),
        *(f"* {note}" for note in notes), "",
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, "\n".join(lines).encode())


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="gpu", choices=("gpu", "cpu"))
    parser.add_argument("--terms", type=int, default=1025, help="of each sum")
    parser.add_argument("--columns", type=int, default=129, help="sums, about")
    parser.add_argument("--samples", type=int, default=1_000_000, help="random rows for each operation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", default=str(HERE.parent / "reports" / "gpu.md"), help="the file; empty for none")
    parser.add_argument("--sanitize", action="store_true")
    options = parser.parse_args()
    notes = sanitized(options.device) if options.sanitize else []
    start, found = time.monotonic(), []
    for f in findings(options.device, options.terms, options.columns, options.samples, options.seed):
        found.append(f)
        if f.mismatches:
            print(f"MISMATCH {f.what}: {f.mismatches} of {f.results}, the first {f.first}", flush=True)
    seconds = time.monotonic() - start
    wrong = sum(f.mismatches for f in found)
    results = sum(f.results for f in found)
    print(f"{len(found)} comparisons, {results} results, {wrong} mismatches, {seconds:.1f} s", *notes, sep="\n")
    if options.report:
        report(Path(options.report), options.device, found, seconds, notes)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
