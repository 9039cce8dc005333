"""How benchmarks measure, medians of interleaved runs, for machines are noisy; and how they tell what they found."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fpsem.report.written import write_report


def interleaved(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, run in turn so that noise falls on all alike."""
    seen: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seen[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seen.items()}


def tell(title: str, rows: Sequence[Mapping[str, str]], notes: Sequence[str], report: Path | None, width: int) -> None:
    """Print a table and its notes, and write them to a report where one is asked for."""
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*row.values())
    console = Console(width=width)
    console.print(table)
    for note in notes:
        console.print(note)
    if report is not None:
        write_report(report, title, " ".join(["python", *sys.argv]), rows, notes)
