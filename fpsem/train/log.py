"""A training log: what is kept of a run, and pages and plots show of it.

As JSON it is ``{"title": text, "steps": [0, 10, ...], "series": {"loss": [2.3, null, "nan", ...], ...}, "notes": [text, ...]}``:
each series has an entry for each step, null where nothing was measured; what JSON has no number for is the text "nan", "inf" or
"-inf". A Log that exists has this form; where a file has not, the message names the place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fpsem.core import files
from fpsem.core.errors import FileFormatError

_MOST_BYTES = 1 << 26
_LAST_STEP = 1 << 53
_NON_FINITE = ("nan", "inf", "-inf")


@dataclass(frozen=True)
class Log:
    """A training log.

    Args:
        title: what was trained.
        steps: when something was measured, from 0, never falling.
        series: by name, a value or None for each step; values may be infinite or NaN.
        notes: sentences about the run.
    """

    title: str
    steps: tuple[int, ...]
    series: Mapping[str, tuple[float | None, ...]]
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from fpsem.train.notebook import log_html

        return log_html(self)

    def save(self, path: str | Path) -> None:
        """Write it to a JSON file. Raises OSError as ``open`` does."""
        write_log(Path(path), self)

    def ends(self, name: str) -> tuple[float | None, float | None]:
        """The first and the last value that were measured; None when there are none."""
        measured = [value for value in self.series[name] if value is not None]
        return (measured[0], measured[-1]) if measured else (None, None)


def log_to_json(log: Log) -> dict[str, Any]:
    """The plain JSON value of a log."""
    series = {name: [None if v is None else json_number(v) for v in values] for name, values in log.series.items()}
    return {"title": log.title, "steps": list(log.steps), "series": series, "notes": list(log.notes)}


def json_number(value: float) -> float | str:
    """A number for JSON: as it is where it is finite, else as text."""
    return value if math.isfinite(value) else str(value)


def write_log(path: Path, log: Log) -> None:
    """Write a log to a JSON file. Raises OSError as ``open`` does."""
    files.write(path, (json.dumps(log_to_json(log), indent=1, allow_nan=False) + "\n").encode())


def read_log(path: Path) -> Log:
    """Read a log from a JSON file.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is not such a log; the message names the file and the place.
    """
    try:
        value = json.loads(files.read(path, _MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not JSON: {error}") from None
    try:
        return parse_log(value)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def parse_log(value: Any) -> Log:
    """A log from its plain JSON value; a Log is taken as it is.

    Raises:
        FileFormatError: it has another form; the message names the field and the place in it.
    """
    if isinstance(value, Log):
        return value
    if not isinstance(value, Mapping):
        raise FileFormatError(f"a training log is an object, not {type(value).__name__}")
    steps = _list(value, "steps")
    for place, step in enumerate(steps):
        if type(step) is not int or not (steps[place - 1] if place else 0) <= step <= _LAST_STEP:
            raise FileFormatError(f"steps[{place}] is {step!r}, expected an integer from 0 to 2^53, not below the one before")
    series = value.get("series")
    if not isinstance(series, Mapping):
        raise FileFormatError(f"series is {type(series).__name__}, expected an object")
    read = {str(name): _series(str(name), entries, len(steps)) for name, entries in series.items()}
    title, notes = value.get("title"), _list(value, "notes") if "notes" in value else []
    for name, text in {"title": title, **{f"notes[{i}]": note for i, note in enumerate(notes)}}.items():
        if not isinstance(text, str):
            raise FileFormatError(f"{name} is {text!r}, expected text")
    return Log(str(title), tuple(steps), MappingProxyType(read), tuple(notes))


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    if not isinstance(found, (list, tuple)):
        raise FileFormatError(f"{name} is {type(found).__name__}, expected a list")
    return list(found)


def _series(name: str, entries: Any, count: int) -> tuple[float | None, ...]:
    if not isinstance(entries, (list, tuple)) or len(entries) != count:
        found = f"{len(entries)} entries" if isinstance(entries, (list, tuple)) else type(entries).__name__
        raise FileFormatError(f"series {name!r} has {found}, expected a list of {count}, one for each step")
    return tuple(_entry(name, place, entry) for place, entry in enumerate(entries))


def _entry(name: str, place: int, entry: Any) -> float | None:
    if entry is None or isinstance(entry, float):
        return entry
    if type(entry) is int and math.isfinite(number := _float(entry)):
        return number
    if isinstance(entry, str) and entry in _NON_FINITE:
        return float(entry)
    known = ", ".join(map(repr, _NON_FINITE))
    raise FileFormatError(f"series {name!r}[{place}] is {entry!r}, expected a number, null or one of {known}")


def _float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf
