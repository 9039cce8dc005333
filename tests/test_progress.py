"""A progress bar: nothing without a terminal or before two seconds; then it counts, and goes away."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
import rich.progress

from fpsem import progress
from fpsem.progress import progress_bar


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], io.StringIO]:
    """What is written to the standard error, which is a terminal or not."""

    def make(terminal: bool) -> io.StringIO:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        stream = Terminal() if terminal else io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return make


def work(clock: Clock, total: int | None, seconds: float) -> None:
    with progress_bar("work", total) as advance:
        for step in range(5):
            advance(f"part {step}")
            clock.now += seconds


@pytest.mark.parametrize("total", [None, 0, 5])
def test_without_a_terminal_nothing_is_written(total: int | None, clock: Clock, shown: Callable[[bool], io.StringIO]) -> None:
    stream = shown(False)
    work(clock, total, 10.0)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [None, 0])
def test_without_steps_nothing_is_written(total: int | None, clock: Clock, shown: Callable[[bool], io.StringIO]) -> None:
    stream = shown(True)
    work(clock, total, 10.0)
    assert stream.getvalue() == ""


def test_work_of_two_seconds_shows_no_bar(clock: Clock, shown: Callable[[bool], io.StringIO]) -> None:
    stream = shown(True)
    work(clock, 5, 0.4)
    assert "part" not in stream.getvalue()
    assert "/5" not in stream.getvalue()


def test_longer_work_shows_the_step_and_how_many_are_done(clock: Clock, shown: Callable[[bool], io.StringIO]) -> None:
    stream = shown(True)
    work(clock, 5, 1.0)
    assert "part 4" in stream.getvalue()
    assert "4/5" in stream.getvalue()
    assert "part 1" not in stream.getvalue()


def test_steps_that_come_fast_are_counted_but_not_all_shown(
    clock: Clock, shown: Callable[[bool], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, updates = shown(True), []
    plain = rich.progress.Progress.update

    def count(self: Any, *given: Any, **settings: Any) -> None:
        updates.append(settings["completed"])
        plain(self, *given, **settings)

    monkeypatch.setattr(rich.progress.Progress, "update", count)
    with progress_bar("work", 1000) as advance:
        advance("first")
        clock.now += 3
        advance("shown")
        for step in range(400):
            clock.now += 0.0001
            advance(f"fast {step}")
        clock.now += 1
        advance("last")
    assert updates == [0, 1, 402]
    assert "402/1000" in stream.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_an_error_in_the_work_passes_through(terminal: bool, clock: Clock, shown: Callable[[bool], io.StringIO]) -> None:
    shown(terminal)
    with pytest.raises(KeyError, match="inside"), progress_bar("work", 5):
        raise KeyError("inside")
