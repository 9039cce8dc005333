"""A progress bar on the standard error, for work that takes more than two seconds; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_QUIET, _EVERY = 2, 0.05
"""Seconds until the bar is shown, and between two changes of it."""


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[str], None]]:
    """A bar that is shown once two seconds have passed.

    Args:
        title: what is done, until the first step says more.
        total: the number of steps; no bar where there are none.

    Yields:
        A function to call as each step begins, with what to call the step.
    """
    if not total or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, visible=False)
        start, shown, done = time.monotonic(), 0.0, -1

        def advance(step: str) -> None:
            nonlocal done, shown
            done += 1
            now = time.monotonic()
            if now - shown > _EVERY:
                shown = now
                bar.update(task, description=step, completed=done, visible=now - start > _QUIET)

        yield advance
