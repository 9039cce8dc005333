"""``fpsem sweep``: what it prints and writes, its exit codes, and that it refuses what it cannot do before it begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fpsem.bridges.sweep import summary
from fpsem.core.errors import UnableError

PART = ("--codes", "0x3f800100:0x3f800200")


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes: what is asked of an executor is done here."""
    from fpsem.bridges import sweep

    monkeypatch.setattr(sweep, "Local", lambda workers: sweep.Serial())


def test_a_sweep_of_a_part_prints_and_writes_what_it_found(printed: Any, tmp_path: Path) -> None:
    options = ("sweep", "exp", *PART, "--state", tmp_path / "state", "--report", tmp_path / "report", "--random", 0)
    out = printed(*options)
    assert "TESTED" in out
    assert "EXHAUSTIVE" not in out
    text = (tmp_path / "report" / "exp.part.md").read_text()
    assert "| exp | to_odd | 256 | TESTED | 0 | 0 |" in text
    assert "Stated bound: the largest error is" in text
    (found,) = json.loads(printed(*options, "--json"))
    assert found["holds"]
    assert len(found["rows"]) == 6


def test_mismatches_are_exit_code_1(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = summary.sweep_unit
    bad = [0x3F800123, "upward", 1, 0, 2, 1]
    found = {"wrong": {"upward": [1, 0]}, "first": [bad]}
    monkeypatch.setattr(summary, "sweep_unit", lambda plan, unit: good(plan, unit) | found)
    code, _, err = call("sweep", "exp", *PART, "--state", tmp_path, "--direction", "upward")
    assert code == 1
    assert "FAILED exp(0x3f800123) upward: got 0x00000001 flags 0, expected 0x00000002 flags 1" in err


def test_an_interrupt_says_how_to_go_on(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(plan: Any, unit: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(summary, "sweep_unit", interrupt)
    code, _, err = call("sweep", "exp", *PART, "--state", tmp_path)
    assert code == 130
    assert "the same command goes on from there" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "name functions, or say --all"),
        (("exp", "--all"), "name functions, or say --all"),
        (("exq",), "unknown elementary function 'exq'. Did you mean"),
        (("pow", "--direction", "upward"), "--direction and --codes are for functions of one argument"),
        (("cosh", "--library"), "unknown elementary primitive 'cosh'"),
        (("exp", "--direction", "up"), "unknown rounding direction 'up'"),
        (("exp", "--codes", "5"), "--codes '5': expected START:STOP"),
        (("exp", "--codes", "a:b"), "--codes 'a:b': expected START:STOP"),
        (("exp", "--codes", "7:7"), "expected 0 <= START < STOP <= 0x100000000"),
        (("exp", "--codes", "0:0x100000001"), "expected 0 <= START < STOP <= 0x100000000"),
        (("exp", "--executor", "slurm"), "unknown executor 'slurm'"),
        (("exp", "--scheduler", "tcp://a:1"), "--scheduler goes with --executor dask"),
        (("exp", "--report", "/dev/null/reports"), "--report /dev/null/reports: nothing can be written there"),
        (("exp", "pow", "--codes", "0:16"), "--direction and --codes are for functions of one argument"),
        (("--all", "--library", "--direction", "upward"), "--library measures in nearest even"),
    ],
)
def test_what_it_cannot_do_is_refused_before_it_begins(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    def begin(plan: Any, unit: Any) -> Any:
        raise UnableError("it began")

    monkeypatch.setattr(summary, "sweep_unit", begin)
    code, _, err = call("sweep", *options, "--state", tmp_path)
    assert code == 2
    assert message in err


def test_a_function_of_two_arguments_is_swept_over_pairs_and_never_exhaustively(printed: Any, tmp_path: Path) -> None:
    options = ("sweep", "hypot", "--pairs", 1, "--state", tmp_path / "state", "--report", tmp_path / "report")
    out = printed(*options)
    assert "TESTED" in out
    assert "EXHAUSTIVE" not in out
    text = (tmp_path / "report" / "hypot.md").read_text()
    assert "# Sweep of hypot: binary32, random pairs and hard ones" in text
    assert "| hypot | to_odd | 4,194,304 | TESTED | 0 | 0 |" in text
    assert "Pairs left to the judge" in text


def test_a_librarys_errors_are_measured_and_reported(printed: Any, tmp_path: Path) -> None:
    options = ("sweep", "tanh", "--library", "--codes", "0x3f000000:0x3f000001", "--state", tmp_path / "state")
    out = printed(*options, "--report", tmp_path)
    assert "16,777,216" in out
    assert "| tanh | 16,777,216 |" in (tmp_path / "numpy.md").read_text()
    (row,) = json.loads(printed(*options, "--json"))
    assert 0.5 <= float(row["largest error in ulps"]) < 4
