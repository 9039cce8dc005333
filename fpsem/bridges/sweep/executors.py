"""Who does the units of a sweep: this process, processes of this machine, or a cluster of Dask.

A worker that dies costs no more than the units that it had: these are done again, each alone so that the one that kills is known,
and after ``MOST_CRASHES`` times it is named in an error.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol

from fpsem.bridges.sweep.ledger import Ledger, Record
from fpsem.bridges.sweep.units import Unit
from fpsem.core.errors import MissingExtraError, UnableError

MOST_CRASHES = 3
_SECONDS_TO_ANSWER = 10

Work = Callable[[Unit], Record]
"""A function of a module, or a ``functools.partial`` of one: processes are sent it."""


class Executor(Protocol):
    """Does units, in any order."""

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Record]]:
        """Each unit with its record, as soon as it is done."""


def run_units(
    units: Sequence[Unit], work: Work, state: Ledger, executor: Executor, advance: Callable[[str], None] = lambda step: None
) -> dict[Unit, Record]:
    """Do those units that the ledger does not have, and add them to it.

    Args:
        units: what to do.
        work: gives a unit's record.
        state: the ledger.
        executor: who does it.
        advance: told of each unit that is done.

    Returns:
        A record for each unit, old or new.

    Raises:
        UnableError: a unit kills every worker; or no scheduler answers.
        MissingExtraError: the executor's package is not installed.
    """
    done = state.load(units)
    for unit in done:
        advance(str(unit))
    for unit, record in executor.run(work, [unit for unit in units if unit not in done]):
        state.append(unit, record)
        done[unit] = record
        advance(str(unit))
    return {unit: done[unit] for unit in units}


@dataclass(frozen=True)
class Serial:
    """This process."""

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Record]]:
        """Each unit with its record."""
        return ((unit, work(unit)) for unit in units)


@dataclass(frozen=True)
class Local:
    """Processes of this machine, started afresh.

    Args:
        workers: how many; as many as there are processors where none is told.
    """

    workers: int | None = None

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Record]]:
        """Each unit with its record."""
        left, crashes = dict.fromkeys(units), Counter[Unit]()
        while left:
            suspects = [unit for unit in left if crashes[unit]]
            width = 1 if suspects else self.workers or len(os.sched_getaffinity(0))
            lost = yield from _drain(work, suspects or list(left), min(width, len(left)), left)
            for unit in lost:
                crashes[unit] += 1
                if crashes[unit] >= MOST_CRASHES:
                    raise UnableError(f"{unit}: its worker died {MOST_CRASHES} times (killed, or out of memory?)")


def _drain(
    work: Work, lane: list[Unit], width: int, left: dict[Unit, None]
) -> Generator[tuple[Unit, Record], None, list[Unit]]:
    """Do the units of a lane, and take those that are done out of ``left``; gives the units that were lost with a worker."""
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(width, mp_context=context, initializer=_ignore_interrupts)
    waiting, running = iter(lane), dict[Future[Record], Unit]()
    finished = False
    try:
        while True:
            while len(running) < width and (unit := next(waiting, None)) is not None:
                running[pool.submit(work, unit)] = unit
            if not running:
                finished = True
                return []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                record = future.result()
                unit = running.pop(future)
                del left[unit]
                yield unit, record
    except BrokenProcessPool:
        lost = list(running.values())
        return lost or lane[:1]
    finally:
        if not finished:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """An interrupt goes to the parent, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True)
class Dask:
    """A cluster of Dask.

    Args:
        scheduler: its address; a cluster of processes on this machine where none is told.
        workers: how many processes of this machine.
    """

    scheduler: str | None = None
    workers: int | None = None

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Record]]:
        """Each unit with its record."""
        try:
            import distributed
        except ImportError as error:
            raise MissingExtraError("distributed", "dask") from error
        with self._client(distributed) as client:
            futures = [client.submit(work, unit, pure=False, retries=MOST_CRASHES) for unit in units]
            of = {future.key: unit for future, unit in zip(futures, units)}
            for future in distributed.as_completed(futures):
                try:
                    record = future.result()
                except distributed.scheduler.KilledWorker as error:
                    raise UnableError(f"{of[future.key]}: its worker died several times (killed, or out of memory?)") from error
                yield of[future.key], record

    def _client(self, distributed: Any) -> Any:
        if self.scheduler is None:
            workers = self.workers or len(os.sched_getaffinity(0))
            return distributed.Client(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        try:
            return distributed.Client(self.scheduler, timeout=_SECONDS_TO_ANSWER)
        except (OSError, ValueError) as error:
            text = f"no scheduler of Dask answers at {self.scheduler!r} within {_SECONDS_TO_ANSWER} seconds"
            raise UnableError(text) from error
