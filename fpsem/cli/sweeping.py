"""``fpsem sweep``: an elementary function over every binary32 number, in every direction, against an independent reference."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fpsem.cli._shared import AsJson, app, command_line, emit, rows_table, warn
from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.progress import progress_bar

_RANDOM, _PAIRS = 4_000_000, 1_000_000_000

Functions = Annotated[list[str] | None, typer.Argument(help="exp, log, sin, ...; of two arguments pow, atan2, hypot.")]
All = Annotated[bool, typer.Option("--all", help="Every function of one argument.")]
Directions = Annotated[list[str] | None, typer.Option("--direction", help="nearest_even, upward, ...; repeat it; else all.")]
Random = Annotated[int, typer.Option("--random", min=0, help="About how many random codes of each function go straight to Arb.")]
Pairs = Annotated[int, typer.Option("--pairs", min=1, help="About how many pairs, of functions of two arguments.")]
Library = Annotated[bool, typer.Option("--library", help="Measure numpy's float32 functions instead; see numpy.md.")]
Who = Annotated[str, typer.Option("--executor", help="local: processes of this machine; dask: a cluster.")]
Scheduler = Annotated[str | None, typer.Option("--scheduler", help="The address of a scheduler of Dask, as tcp://host:8786.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="How many processes; one for each core by default.")]
Reports = Annotated[Path | None, typer.Option("--report", help="Write FUNCTION.md into this folder.")]
State = Annotated[Path | None, typer.Option("--state", help="Where finished units are noted; the cache by default.")]
Codes = Annotated[
    str, typer.Option("--codes", help="Only a part: START:STOP, as 0x3f800000:0x40000000; with --library whole units of 2**24.")
]


@app.command()
def sweep(
    functions: Functions = None,
    all_: All = False,
    direction: Directions = None,
    random: Random = _RANDOM,
    pairs: Pairs = _PAIRS,
    library: Library = False,
    executor: Who = "local",
    scheduler: Scheduler = None,
    workers: Workers = None,
    report: Reports = None,
    state: State = None,
    codes: Codes = "",
    as_json: AsJson = False,
) -> None:
    """Compare elementary functions with an independent reference on every binary32 number; goes on where it was stopped."""
    from fpsem.bridges import sweep as sweeps
    from fpsem.core.protocol import ELEMENTARY as PRIMITIVES
    from fpsem.softfloat.elementary.names import BINARY, ELEMENTARY, UNARY

    if bool(functions) == all_:
        raise FileFormatError("sweep: name functions, or say --all, and not both")
    names = list(dict.fromkeys(functions or (PRIMITIVES if library else UNARY)))
    for name in names:
        if name not in ELEMENTARY:
            raise UnknownNameError("elementary function", name, ELEMENTARY)
    if set(names) & set(BINARY) and (direction or codes):
        raise FileFormatError("sweep: --direction and --codes are for functions of one argument; pairs go in every direction")
    who, (start, stop) = _executor(executor, scheduler, workers), _range(codes, sweeps.ALL)
    for option, folder in (("--report", report), ("--state", state or sweeps.default_folder())):
        if folder is not None:
            _check_folder(option, folder)
    if library and direction:
        raise FileFormatError("sweep: --library measures in nearest even; --direction does not go with it")
    begun = time.perf_counter()
    try:
        if library:
            _tell_library(names, _measured(names, who, state, start, stop), report, as_json)
            return
        codes_plan = sweeps.Plan(tuple(direction or sweeps.DIRECTIONS), random, start, stop)
        parts: list[tuple[sweeps.Plan | sweeps.PairPlan, list[str]]] = [
            (sweeps.PairPlan(count=-(-pairs // sweeps.PairPlan.size)), [name for name in names if name in BINARY]),
            (codes_plan, [name for name in names if name not in BINARY]),  # unknown ones are refused there
        ]
        with progress_bar("sweeping", sum(len(plan.units(name)) for plan, some in parts for name in some)) as advance:
            found = [one for plan, some in reversed(parts) for one in sweeps.sweep(some, plan, who, state, advance)]
    except KeyboardInterrupt:
        warn(f"interrupted; what is done is noted in {state or sweeps.default_folder()}: the same command goes on from there")
        raise typer.Exit(130) from None
    _tell(found, report, time.perf_counter() - begun, as_json)


def _measured(names: list[str], who: Any, state: Path | None, start: int, stop: int) -> Any:
    from fpsem.bridges.sweep.library import measure

    with progress_bar("measuring", len(names) * -(-(stop - start) // (1 << 24))) as advance:
        return measure(names, who, state, start, stop, advance)


def _tell_library(names: list[str], found: list[Any], report: Path | None, as_json: bool) -> None:
    """A table, and a report for all functions together."""
    from importlib.metadata import version

    from fpsem.report.written import write_report

    rows, title = [one.row() for one in found], f"numpy {version('numpy')} float32 functions: largest errors on this machine"
    note = "TESTED on this processor, over these numbers: numpy's functions depend on both. erf is the C library's, in binary64."
    if report is not None:
        write_report(report / "numpy.md", title, command_line(), rows, [note])
    emit(rows if as_json else [rows_table(title, rows), note], as_json)


def _tell(found: list[Any], report: Path | None, seconds: float, as_json: bool) -> None:
    """Tables, reports and exit code; a part of a sweep has a report of its own."""
    from fpsem.report.written import write_report
    from fpsem.softfloat.elementary.names import BINARY

    wall = f"Seconds from start to end, with the other functions of this command: {seconds:.1f}; noted units took none."
    for one in found:
        if report is not None:
            title = f"Sweep of {one.function}: binary32, {one.region}"
            whole = one.plan.whole or one.function in BINARY
            file = report / f"{one.function}{'' if whole else '.part'}.md"
            write_report(file, title, command_line(), one.rows(), [*one.notes(), wall])
    if as_json:
        emit([{"rows": one.rows(), "notes": one.notes(), "failures": one.failures(), "holds": one.holds} for one in found], True)
    else:
        emit([rows_table("sweep", [row for one in found for row in one.rows()])], False)
        emit([f"{one.function}: {note}" for one in found for note in one.notes()], False)
    for failure in (failure for one in found for failure in one.failures()):
        warn(f"FAILED {failure}", style="red")
    if not all(one.holds for one in found):
        raise typer.Exit(1)


def _range(text: str, most: int) -> tuple[int, int]:
    """The codes that are asked for; all where the text is empty."""
    if not text:
        return 0, most
    try:
        start, stop = (int(part, 0) for part in text.split(":"))
    except ValueError:
        raise FileFormatError(f"--codes {text!r}: expected START:STOP, two codes as 0x3f800000") from None
    if not 0 <= start < stop <= most:
        raise FileFormatError(f"--codes {text!r}: expected 0 <= START < STOP <= {most:#x}")
    return start, stop


def _executor(name: str, scheduler: str | None, workers: int | None) -> Any:
    from fpsem.bridges.sweep import Dask, Local

    if name not in ("local", "dask"):
        raise UnknownNameError("executor", name, ("local", "dask"))
    if name == "local" and scheduler is not None:
        raise FileFormatError("--scheduler goes with --executor dask")
    return Local(workers) if name == "local" else Dask(scheduler, workers)


def _check_folder(option: str, folder: Path) -> None:
    """See that files can be written there, before hours of work. Raises FileFormatError that names the option."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FileFormatError(f"{option} {folder}: nothing can be written there: {error}") from None
