"""Ask several SMT solvers one question at once; the first answer wins.

The question is SMT-LIB text, the same for all. Each solver runs in its own process with a time limit and its share of the
memory, so that one that crashes, hangs, prints nonsense or grows too large costs its own answer alone, and is named in the
reason when no answer is left. With ``confirm`` an answer counts only when a second solver gives the same, and two that
contradict each other give "unknown".

When ``ask`` returns or raises, also by Ctrl-C, its processes are gone. On Linux the kernel ends them with a parent that was
killed; elsewhere they end at their limit of processor time.

It does not check a solver's model: replay what it gives. It needs a Unix.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import z3

from fpsem.core.errors import PayloadError
from fpsem.smt import worker
from fpsem.smt.solver import SOLVERS, Answer, is_installed, require, smtlib, title

FASTEST_FIRST = ("bitwuzla", "z3", "cvc5")
"""The order in which they start unless the caller names his own: by their times on sums of products."""

_PROGRAM = (sys.executable, "-P", str(Path(worker.__file__).resolve()))
COMMANDS: Mapping[str, tuple[str, ...]] = {solver: (*_PROGRAM, solver) for solver in SOLVERS}
"""How each solver's process is started; seconds, bytes, niceness and this process's id follow."""

_LATE = 5.0
"""Seconds before a start that must share a core; while cores are left, solvers start together."""
_NICENESS, _MOST_NICE = 8, 19
"""By how much a solver yields to each that was running before it: on idle cores that costs nothing, and where other programs
leave one core to all solvers the first still has five sixths of it. 19 is the most that there is."""
_GRACE = 1.0
"""Seconds by which a solver's own time limit lies behind ours, so that we are the ones to say that time ran out."""
_LONGEST_REPLY = 1 << 26
_OUT_OF_MEMORY = re.compile(r"bad_alloc|out.of.memory|MemoryError|cannot allocate memory|failed to map", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """One question: is there an assignment that satisfies all assertions?

    Args:
        text: SMT-LIB set-logic, declarations and assertions, without check-sat.
        names: the free floating-point constants whose values a model must tell, without bars; the text declares each with
            the sort (_ FloatingPoint e s), spelled so.
    """

    text: str
    names: tuple[str, ...] = ()

    @staticmethod
    def of(
        formulas: Sequence[z3.BoolRef], symbols: Mapping[str, z3.FPRef] = {}, look: Callable[[], Any] = lambda: None
    ) -> Query:
        """The question whether the formulas hold together.

        Args:
            formulas: z3 Bools.
            symbols: floating-point constants whose values are wanted, each by its own name.
            look: is called at every term while the text is written; what it raises ends that.

        Raises:
            PayloadError: a symbol is not a constant of that name.
        """
        for name, symbol in symbols.items():
            if symbol.decl().name() != name or symbol.decl().kind() != z3.Z3_OP_UNINTERPRETED or not z3.is_fp(symbol):
                raise PayloadError(f"symbol {name!r}: a floating-point constant of that name is needed, not {symbol}")
        return Query(smtlib(formulas, symbols.values(), look), tuple(symbols))


@dataclass(frozen=True)
class Limits:
    """What a question may cost.

    Args:
        seconds: wall time for the whole question.
        memory: bytes for all solvers together; each may map an equal share of it as its address space. Kept on Linux.
    """

    seconds: float = 60.0
    memory: int = 4 << 30


def installed() -> tuple[str, ...]:
    """The solvers that can be asked, in the order in which they start; z3 always is among them."""
    return tuple(solver for solver in FASTEST_FIRST if is_installed(solver))


def ask(query: Query, solvers: Sequence[str] = (), limits: Limits = Limits(), confirm: bool = False) -> Answer:
    """Ask the solvers and give the first answer.

    Args:
        query: the question.
        solvers: which to ask, in the order in which they start; by default all that are installed.
        limits: time and memory.
        confirm: wait until a second solver agrees.

    Returns:
        "sat" with the codes of the query's names, "unsat", or "unknown" with what became of each solver. Its seconds are
        those of the whole question, starting the processes included.

    Raises:
        UnknownNameError: no such solver.
        MissingExtraError: a solver that is named is not installed.
    """
    start = time.perf_counter()
    chosen = tuple(dict.fromkeys(solvers)) or installed()
    for solver in chosen:
        require(solver)
    answers: list[Answer] = []
    with closing(_race(query, chosen, limits)) as race:
        for answer in race:
            answers.append(answer)
            if verdict := _verdict(answers, confirm):
                break
        else:
            verdict = _nothing(answers)
    return replace(verdict, seconds=time.perf_counter() - start)


def _verdict(answers: Sequence[Answer], confirm: bool) -> Answer | None:
    """What follows from the answers so far; None while more are needed."""
    said = [answer for answer in answers if answer.status != "unknown"]
    if len({answer.status for answer in said}) > 1:
        words = " and ".join(f'{answer.solver} said "{answer.status}"' for answer in said)
        return _unknown(answers, f"{words}: one of them is wrong")
    if len(said) > confirm:
        return replace(said[0], confirmed_by=tuple(answer.solver for answer in said[1:]))
    return None


def _nothing(answers: Sequence[Answer]) -> Answer:
    """The verdict when every solver has had its chance."""
    reasons = "; ".join(f"{answer.solver}: {answer.reason}" for answer in answers if answer.status == "unknown")
    said = [answer for answer in answers if answer.status != "unknown"]
    if not said:
        return _unknown(answers, reasons)
    alone = f'only {said[0].solver} answered ("{said[0].status}"); a second solver was to agree'
    return _unknown(answers, f"{alone}; {reasons}" if reasons else alone)


def _unknown(answers: Sequence[Answer], reason: str) -> Answer:
    return Answer("unknown", ", ".join(answer.solver for answer in answers), 0.0, reason=reason)


@dataclass(frozen=True)
class _Run:
    """A solver's process, what it has printed so far and the file of its errors."""

    solver: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    errors: IO[bytes]
    printed: bytearray = field(default_factory=bytearray)


def _race(query: Query, solvers: Sequence[str], limits: Limits) -> Generator[Answer]:
    """Start the solvers in turn and yield what each said as it ends. Closing it ends those that run."""
    now = next_start = time.monotonic()
    deadline = now + limits.seconds
    share = limits.memory // len(solvers)
    waiting = list(solvers)
    with selectors.DefaultSelector() as running, tempfile.NamedTemporaryFile(suffix=".smt2") as text:
        text.write(query.text.encode())
        text.flush()
        try:
            while (waiting or running.get_map()) and now < deadline:
                if waiting and (now >= next_start or not running.get_map()):
                    nice = min(_NICENESS * len(running.get_map()), _MOST_NICE)
                    solver = waiting.pop(0)
                    try:
                        _start(solver, text.name, running, deadline - now, share, nice)
                    except OSError as error:
                        yield _silent(solver, f"could not be started: {error}")
                        continue
                    next_start = now + (_LATE if _crowded(running) else 0)
                for run in _ended(running, min(next_start, deadline) - now if waiting else deadline - now):
                    yield _outcome(run, query, share)
                    _end(running, run)
                    next_start = now
                now = time.monotonic()
            for key in running.get_map().values():
                yield _silent(key.data.solver, f"no answer within {limits.seconds:g} s")
            for solver in waiting:
                yield _silent(solver, f"not started within {limits.seconds:g} s")
        finally:
            _end(running, *(key.data for key in running.get_map().values()))


def _crowded(running: selectors.BaseSelector) -> bool:
    """Whether each core that this process may use has a solver."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return len(running.get_map()) >= cores


def _start(
    solver: str, text: str, running: selectors.BaseSelector, seconds: float, memory: int, nice: int
) -> None:
    """Start a solver's process and watch what it prints. Raises OSError where its program cannot be started."""
    numbers = (seconds + _GRACE, memory, nice, os.getpid())
    command = [*COMMANDS[solver], *map(str, numbers)]
    with ExitStack() as stack, open(text, "rb") as file, _signals_held_back():
        errors = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        running.register(process.stdout, selectors.EVENT_READ, _Run(solver, process, process.stdout, errors))
        stack.pop_all()  # from here on _end closes them


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C must not come between the start of a process and the note of it. The process itself lifts this again."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ended(running: selectors.BaseSelector, seconds: float) -> list[_Run]:
    """Read what is printed within that time; the runs that have closed their output, or print far too much."""
    ended = []
    for key, _ in running.select(max(0.0, seconds)):
        run: _Run = key.data
        data = os.read(key.fd, 1 << 16)
        run.printed.extend(data)
        if not data or len(run.printed) > _LONGEST_REPLY:
            ended.append(run)
    return ended


def _end(running: selectors.BaseSelector, *runs: _Run) -> None:
    """No process, no pipe and no file of these runs remains."""
    for run in runs:
        run.process.kill()
    for run in runs:
        run.process.wait()
        running.unregister(run.output)
        run.output.close()
        run.errors.close()


def _silent(solver: str, reason: str) -> Answer:
    return Answer("unknown", title(solver), 0.0, reason=reason)


def _outcome(run: _Run, query: Query, memory: int) -> Answer:
    """What a run that has ended said: its answer, or why that does not count."""
    if len(run.printed) > _LONGEST_REPLY:
        return _silent(run.solver, f"printed more than {_LONGEST_REPLY} bytes")
    try:
        code = run.process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        return _silent(run.solver, "closed its output and did not end")
    if code != 0:
        return _silent(run.solver, _crash(code, run.errors, memory))
    try:
        reply = json.loads(run.printed)
        return _answer(title(run.solver), reply["status"], reply["values"], reply["reason"], query)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        start = bytes(run.printed[:60]).decode(errors="replace")
        return _silent(run.solver, f"printed what is no answer, {start!r} ({type(error).__name__}: {error})")


def _answer(solver: str, status: object, values: Mapping[str, object], reason: object, query: Query) -> Answer:
    """A process's answer, checked. Raises ValueError for another status and what ``_codes`` raises."""
    match status:
        case "sat":
            return Answer("sat", solver, 0.0, values=_codes(values, query))
        case "unsat":
            return Answer("unsat", solver, 0.0)
        case "unknown":
            return Answer("unknown", solver, 0.0, reason=str(reason or "gave up"))
    raise ValueError(f"status {status!r}")


def _codes(values: Mapping[str, object], query: Query) -> dict[str, int]:
    """The codes of the query's names. Raises LookupError for one without a code and ValueError for what is no code."""
    widths = {name: sum(sort) for name, sort in worker.constants(query.text).items()}
    codes = {}
    for name in query.names:
        code = values[name]
        if type(code) is not int or not 0 <= code < 1 << widths[name]:
            raise ValueError(f"{code!r} is no code of {name}")
        codes[name] = code
    return codes


def _crash(code: int, errors: IO[bytes], memory: int) -> str:
    """Why a process ended without success, from its exit status and the end of what it said on standard error."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
    said = errors.read().decode(errors="replace").strip()
    if _OUT_OF_MEMORY.search(said):
        return f"out of memory: it may have {memory >> 20} MiB"
    how = f"exit status {code}" if code > 0 else f"killed by signal {-code} ({signal.strsignal(-code)})"
    return f"crashed, {how}" + (f": {said.splitlines()[-1]}" if said else "")
