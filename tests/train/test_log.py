"""A training log has one form; what has another is refused with its place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from fpsem.core.errors import FileFormatError
from fpsem.train.log import parse_log, read_log

GOOD: dict[str, Any] = {
    "title": "t",
    "steps": [0, 5, 5],
    "series": {"loss": [1.5, None, "nan"], "rate": [1, "inf", "-inf"]},
    "notes": ["n"],
}


def test_a_log_is_read_with_its_gaps_and_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(GOOD))
    log = read_log(path)
    assert (log.title, log.steps, log.notes) == ("t", (0, 5, 5), ("n",))
    assert log.series["loss"][:2] == (1.5, None)
    assert math.isnan(log.series["loss"][2] or 0)
    assert log.series["rate"] == (1.0, math.inf, -math.inf)
    assert parse_log(log) is log


def test_the_ends_are_the_first_and_last_that_were_measured() -> None:
    log = parse_log({**GOOD, "series": {"a": [None, 2, None], "b": [None] * 3, "c": [1, None, 3]}})
    assert [log.ends(name) for name in "abc"] == [(2, 2), (None, None), (1, 3)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": 3}, "title is 3"),
        ({"steps": 3}, "steps is int"),
        ({"steps": [0, 5, 4]}, r"steps\[2\] is 4"),
        ({"steps": [0, True, 4]}, r"steps\[1\] is True"),
        ({"steps": [-1, 0, 4]}, r"steps\[0\] is -1"),
        ({"steps": [0, 1, 2**60]}, r"steps\[2\]"),
        ({"series": []}, "series is list"),
        ({"series": {"loss": [1, 2]}}, "series 'loss' has 2 entries, expected a list of 3"),
        ({"series": {"loss": "abc"}}, "series 'loss' has str"),
        ({"series": {"loss": [1, 2, "NaN"]}}, r"series 'loss'\[2\] is 'NaN'"),
        ({"series": {"loss": [1, True, 2]}}, r"series 'loss'\[1\] is True"),
        ({"series": {"loss": [1, 10**400, 2]}}, r"series 'loss'\[1\]"),
        ({"notes": [1]}, r"notes\[0\] is 1"),
        ({"notes": "n"}, "notes is str"),
    ],
)
def test_another_form_is_refused_with_its_place(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=told):
        parse_log({**GOOD, **change})
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(FileFormatError, match=f"log.json: .*{told}"):
        read_log(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "[" * 100_000])
def test_a_file_that_is_no_log_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=r"log\.json: (not JSON|a training log is an object)"):
        read_log(path)
