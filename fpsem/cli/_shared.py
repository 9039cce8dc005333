"""What commands share: the application, options by their types, and how results reach the two outputs."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fpsem.core.errors import FileFormatError, ScheduleError, UnknownNameError
from fpsem.core.schedule import Schedule, parse_schedule, schedule_of
from fpsem.domains import domain_names

app = typer.Typer(
    help="What a neural network, or any numerical graph, really computes.", no_args_is_help=True, add_completion=False
)
errors = Console(stderr=True)

Model = Annotated[
    Path, typer.Argument(help="A model: NAME.json with NAME.safetensors or .npz, a folder with such a pair, or .onnx.")
]
Input = Annotated[Path, typer.Option("--input", "-i", help="The input: .npy, or .npz with an array for each input.")]
Domains = Annotated[list[str] | None, typer.Option("--domain", "-d", help=f"One of {', '.join(domain_names())}; repeat it.")]
Schedules = Annotated[
    list[str] | None, typer.Option("--schedule", "-s", help="Order of sums, as pairwise or lanes:width=4,fused; repeat it.")
]
OneSchedule = Annotated[str, typer.Option("--schedule", "-s", help="Order of sums, as pairwise or lanes:width=4,fused.")]
Index = Annotated[int, typer.Option("--index", help="Which row of the input file, when the model takes one row.")]
Report = Annotated[Path | None, typer.Option("--report", help="Also write a Markdown report to this file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

_WIDE = 160
"""Columns of a table that goes to a file or a pipe."""


def command_line() -> str:
    """The command as it was typed, for reports."""
    return " ".join(["fpsem", *sys.argv[1:]])


def order(text: str) -> Schedule | str:
    """A schedule, or "library", which one domain takes. Raises FileFormatError that shows the text."""
    try:
        return text if text == "library" else parse_schedule(text)
    except ValueError as error:
        raise FileFormatError(f"--schedule {textwrap.shorten(text, 80)!r}: {error}") from None


def scheduled(option: str, text: str) -> Schedule:
    """A schedule to run in. Raises FileFormatError that shows the text."""
    try:
        return schedule_of(text)
    except (ScheduleError, UnknownNameError) as error:
        raise FileFormatError(f"{option} {textwrap.shorten(text, 80)!r}: {error}") from None


def counting(advance: Callable[[str], None], name: str) -> Callable[[int], None]:
    """Steps of a bar that come several at a time."""

    def more(count: int) -> None:
        for _ in range(count):
            advance(name)

    return more


def emit(content: Any, as_json: bool) -> None:
    """JSON, or tables, on the standard output."""
    if as_json:
        print(json.dumps(content, indent=1, allow_nan=False))
        return
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    for table in content:
        console.print(table)


def warn(text: str, style: str = "yellow") -> None:
    """A line on the standard error."""
    errors.print(text, markup=False, style=style, soft_wrap=True)


def rows_table(title: str, rows: list[dict[str, Any]]) -> Any:
    """Rows that have the same keys, as a table; statements, which are long, are left out."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    headings = [key for key in (rows[0] if rows else {}) if key != "statement"]
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(row[heading])) for heading in headings))
    return table
