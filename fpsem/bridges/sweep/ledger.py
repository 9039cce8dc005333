"""Ledgers: which units of a sweep are done, one line of JSON for each, so that a sweep goes on where it was stopped.

A line that is not whole is no line: a half-written one costs its unit only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from fpsem.bridges.sweep.units import Unit
from fpsem.core.files import read

Record = dict[str, Any]
"""What a unit found: anything that JSON can hold."""

_LIMIT = 1 << 28


@dataclass(frozen=True)
class Ledger:
    """Ledgers in a folder, one for each function.

    Args:
        folder: made when missing.
        tags: for each function what its records depend on, shortened; another tag is another ledger.
    """

    folder: Path
    tags: Mapping[str, str]

    def path(self, function: str) -> Path:
        """The ledger of a function."""
        return self.folder / f"{function}-{self.tags[function]}.jsonl"

    def load(self, units: Iterable[Unit]) -> dict[Unit, Record]:
        """The records of those units that are done. Raises FileFormatError for what is no file, or one too long."""
        wanted = list(units)
        known: dict[Unit, Record] = {}
        for function in dict.fromkeys(unit.function for unit in wanted):
            path = self.path(function)
            for line in read(path, _LIMIT).splitlines() if path.exists() else ():
                known |= _entry(line)
        return {unit: known[unit] for unit in wanted if unit in known}

    def append(self, unit: Unit, record: Record) -> None:
        """Add a line. Raises OSError as ``open`` does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path(unit.function).open("ab+") as file:
            start = file.seek(0, 2)
            if start:
                file.seek(start - 1)
            torn = bool(start) and file.read(1) != b"\n"
            file.write(b"\n" * torn + json.dumps({"unit": astuple(unit), "record": record}).encode() + b"\n")


def _entry(line: bytes) -> dict[Unit, Record]:
    try:
        entry = json.loads(line)
        function, kind, index = entry["unit"]
        return {Unit(str(function), str(kind), int(index)): dict(entry["record"])}
    except (ValueError, TypeError, KeyError):
        return {}
