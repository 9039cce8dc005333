"""Reports that are kept: Markdown files that start with the command, the commit and the machine that made them."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fpsem.core.files import write

_VERSIONS = ("numpy", "numba", "z3-solver", "python-flint")


def write_report(path: Path, title: str, command: str, rows: Sequence[Mapping[str, Any]], notes: Iterable[str] = ()) -> None:
    """Write a table with its origin.

    Args:
        path: the file; its folder is made when missing.
        title: the heading.
        command: what makes the report again.
        rows: one dictionary for each line, all with the same keys.
        notes: lines under the table.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {title}", "", *_origin(command), "", *table(rows), ""]
    write(path, "\n".join([*lines, *(f"{note}\n" for note in notes)]).encode())


def _origin(command: str) -> list[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    return [
        f"* command: `{command}`",
        f"* commit: {commit()}",
        f"* machine: {processor()}, {platform.system()}, Python {platform.python_version()}, {packages}",
    ]


def commit() -> str:
    """The commit of the source checkout, marked when files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown: not a source checkout"


def processor() -> str:
    """The processor's name, as Linux tells it, else its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["nothing"]
    cells = [list(rows[0]), ["---"] * len(rows[0]), *([str(row[key]) for key in rows[0]] for row in rows)]
    return [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in cells]
