"""Bounds of FPBench's straight-line cores beside FPTaylor's and Gappa's; writes reports/fpbench.md.

    python benchmarks/fpbench.py

The peers' figures, and the observed errors, are those of fpbench/anchors_binary32.csv, which were found with the constraints
between inputs dropped; ours keep them. Where a core has such constraints its ratio is left out of the mean, and so is the
comparison with what was observed outside of them.
"""

from __future__ import annotations

import csv
import math
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from fpsem.analysis.cores import Unbounded, core_bound
from fpsem.interop.fpcore import Core, load_fpcore
from fpsem.progress import progress_bar
from fpsem.report.written import write_report

FOLDER = Path(__file__).parent / "fpbench"
REPORT = Path(__file__).parents[1] / "reports" / "fpbench.md"


def boxed() -> list[tuple[str, Core]]:
    """The straight-line cores whose precondition bounds every argument, each with its file."""
    read = [(path.name, core) for path in sorted(FOLDER.glob("*.fpcore")) for core in load_fpcore(path)]
    return [(f, c) for f, c in read if isinstance(c, Core) and c.arguments and not c.free]


def anchors() -> dict[tuple[str, str], dict[str, str]]:
    """The rows of the anchors by file and name."""
    with (FOLDER / "anchors_binary32.csv").open(encoding="utf-8") as file:
        return {(row["file"], row["name"]): row for row in csv.DictReader(file)}


def number(text: str) -> float | None:
    """A figure, where there is one."""
    try:
        return float(text)
    except ValueError:
        return None


def row_of(file: str, core: Core, anchor: dict[str, str]) -> dict[str, Any]:
    """Bound a core and set it beside its anchor."""
    start = time.perf_counter()
    found = core_bound(core)
    seconds = time.perf_counter() - start
    bound = math.inf if isinstance(found, Unbounded) else float(found.absolute)
    observed = None if isinstance(found, Unbounded) else found.observed
    peers = [p for p in (number(anchor.get(k, "")) for k in ("fptaylor_b32", "gappa_b32")) if p is not None]
    alike = core.constraints is None
    seen = [p for p in (number(anchor.get(k, "")) for k in ("observed_lower_b32", "exhaustive_max_b32")) if p is not None]
    return {
        "core": f"{file.removesuffix('.fpcore')}: {core.name}",
        "bound": f"{bound:.6g}" if math.isfinite(bound) else "none",
        "found": "NaN or infinite" if observed == math.inf else f"{observed:.4g}" if observed is not None else "",
        "bound / found": f"{bound / observed:.3g}" if observed and math.isfinite(bound / observed) else "",
        "best peer": f"{min(peers):.6g}" if peers else "",
        "ratio": f"{bound / min(peers):.4f}" if peers and alike and math.isfinite(bound) else "",
        "too low": "TOO LOW" if alike and any(bound < s * (1 - 1e-7) for s in seen) else "",
        "seconds": f"{seconds:.2f}",
    }


def main() -> None:
    """Bound all, write the report; exit code 1 where a bound is below an observed error."""
    known, rows, cores = anchors(), [], boxed()
    with progress_bar("bounding", len(cores)) as advance:
        for file, core in cores:
            advance(core.name)
            rows.append(row_of(file, core, known.get((file, core.name), {})))
    ratios = [float(row["ratio"]) for row in rows if row["ratio"]]
    mean = math.exp(statistics.fmean(math.log(max(ratio, 1e-4)) for ratio in ratios))
    median = statistics.median(float(row["seconds"]) for row in rows)
    notes = [
        f"{sum(row['bound'] != 'none' for row in rows)} of {len(rows)} cores have a bound.",
        f"Geometric mean of bound / best of FPTaylor and Gappa over {len(ratios)} cores: {mean:.3f}.",
        f"Median of the same: {statistics.median(ratios):.4f}; a ratio below 1e-4 counts as 1e-4 in the mean.",
        f"Seconds for each core, the search for a witness included: median {median:.2f}.",
        "Constraints between inputs are kept; peers' figures are without them, so cores with constraints have no ratio here.",
    ]
    write_report(REPORT, "FPBench in binary32", "python benchmarks/fpbench.py", rows, notes)
    print("\n".join(notes))
    sys.exit(any(row["too low"] for row in rows))


if __name__ == "__main__":
    main()
