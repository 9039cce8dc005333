"""Several solvers at once: right answers, and what is said of solvers that crash, lie, babble, hang or grow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import z3

from fpsem.core.errors import MissingExtraError, PayloadError, UnknownNameError
from fpsem.smt import portfolio
from fpsem.smt.portfolio import Limits, Query, ask, installed
from fpsem.smt.solver import SOLVERS

SINGLE, TOY = z3.FPSort(8, 24), z3.FPSort(3, 4)
X, Y, T = z3.FP("x[0]", SINGLE), z3.FP("y", SINGLE), z3.FP("t", TOY)
MINUS_TWO, NAN = 0xC0000000, 0x7FC00000
ANY = Query("(set-logic QF_BVFP)(declare-const x (_ FloatingPoint 8 24))", ("x",))
P, Q = z3.BitVecs("p q", 64)
HARD = z3.And(P * Q == 0x3FFFFFFFFFFFFC35 * 3, z3.UGT(P, 1), z3.UGT(Q, 1), z3.ULT(P, 1 << 33), z3.ULT(Q, 1 << 33))
"""A factorisation: far beyond a few milliseconds."""

SAT = json.dumps({"status": "sat", "values": {"x": NAN}, "reason": "", "seconds": 0.0})
UNSAT = json.dumps({"status": "unsat", "values": {}, "reason": "", "seconds": 0.0})
SLEEP = "import time; time.sleep(600)"
CONFINE = "import sys; from fpsem.smt.worker import confine; confine(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:5])); "
WITH_EACH = pytest.mark.parametrize("solver", SOLVERS)


def needs(solver: str) -> None:
    if solver not in installed():
        pytest.skip(f"the extra {solver!r} is not installed")


def squared(x: z3.FPRef) -> z3.FPRef:
    return z3.fpMul(z3.RNE(), x, x)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Programs in the solvers' places, by the solver's name."""

    def put(**programs: str) -> None:
        commands = {solver: (sys.executable, "-c", program) for solver, program in programs.items()}
        monkeypatch.setattr(portfolio, "COMMANDS", commands)
        monkeypatch.setattr(portfolio, "title", str)

    return put


def require_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "require", lambda solver: None)


class TestRightAnswers:
    @WITH_EACH
    def test_a_model_tells_the_codes(self, solver: str) -> None:
        needs(solver)
        holds = [squared(X) == z3.FPVal(4, SINGLE), z3.fpLT(X, z3.FPVal(0, SINGLE)), z3.fpNeg(X) == Y]
        answer = ask(Query.of(holds, {"x[0]": X, "y": Y}), (solver,))
        assert answer.status == "sat"
        assert answer.values == {"x[0]": MINUS_TWO, "y": 0x40000000}
        assert answer.solver.startswith(solver)
        assert answer.reason == ""

    @WITH_EACH
    def test_two_has_no_root_in_binary32(self, solver: str) -> None:
        needs(solver)
        answer = ask(Query.of([squared(X) == z3.FPVal(2, SINGLE)], {"x[0]": X}), (solver,))
        assert (answer.status, answer.values) == ("unsat", None)

    @WITH_EACH
    def test_a_nan_is_the_canonical_one(self, solver: str) -> None:
        needs(solver)
        assert ask(Query.of([z3.fpIsNaN(X)], {"x[0]": X}), (solver,)).values == {"x[0]": NAN}

    @WITH_EACH
    def test_the_zeros_are_told_apart(self, solver: str) -> None:
        needs(solver)
        holds = [z3.fpIsZero(X), z3.fpIsNegative(X), z3.fpIsZero(Y), z3.fpIsPositive(Y)]
        assert ask(Query.of(holds, {"x[0]": X, "y": Y}), (solver,)).values == {"x[0]": 0x80000000, "y": 0}

    @WITH_EACH
    def test_a_symbol_in_no_formula_has_a_code_too(self, solver: str) -> None:
        needs(solver)
        answer = ask(Query.of([z3.fpIsInf(X), z3.fpIsNegative(X)], {"x[0]": X, "y": Y}), (solver,))
        assert answer.values is not None
        assert answer.values["x[0]"] == 0xFF800000
        assert 0 <= answer.values["y"] < 1 << 32

    @WITH_EACH
    def test_functions_and_bit_vectors_are_understood(self, solver: str) -> None:
        needs(solver)
        f = z3.Function("f", z3.BitVecSort(64), z3.BitVecSort(64))
        assert ask(Query.of([P == Q, f(P) != f(Q)]), (solver,)).status == "unsat"
        assert ask(Query.of([P != Q, f(P) == f(Q), z3.fpIsNaN(X)], {"x[0]": X}), (solver,)).values == {"x[0]": NAN}

    @WITH_EACH
    def test_a_conjunction_of_one_is_understood(self, solver: str) -> None:
        needs(solver)
        holds = z3.And(z3.Or(z3.And(z3.fpIsNaN(X)), z3.And(z3.Or(z3.fpIsInf(X)))))
        assert ask(Query.of([holds, z3.Not(z3.fpIsInf(X))], {"x[0]": X}), (solver,)).values == {"x[0]": NAN}

    def test_a_format_that_others_refuse_is_left_to_z3(self) -> None:
        answer = ask(Query.of([squared(T) == z3.FPVal(4, TOY), z3.fpLT(z3.FPVal(0, TOY), T)], {"t": T}))
        assert (answer.status, answer.values) == ("sat", {"t": 0b0_100_000})
        assert ask(Query.of([squared(T) == z3.FPVal(2, TOY)], {"t": T})).status == "unsat"
        assert answer.solver.startswith("z3")

    def test_a_second_solver_confirms(self) -> None:
        needs("bitwuzla")
        answer = ask(Query.of([squared(X) == z3.FPVal(2, SINGLE)]), ("bitwuzla", "z3"), confirm=True)
        assert answer.status == "unsat"
        assert len(answer.confirmed_by) == 1
        assert {answer.solver.split()[0], answer.confirmed_by[0].split()[0]} == {"bitwuzla", "z3"}


class TestTime:
    @WITH_EACH
    def test_what_takes_too_long_is_unknown(self, solver: str) -> None:
        needs(solver)
        answer = ask(Query.of([HARD]), (solver,), Limits(seconds=0.3))
        assert answer.status == "unknown"
        assert answer.reason.endswith(": no answer within 0.3 s")

    def test_who_had_no_time_to_start_is_told(self, plant: Callable[..., None]) -> None:
        plant(bitwuzla=SLEEP, z3=SLEEP)
        answer = ask(ANY, ("z3",), Limits(seconds=0))
        assert answer.reason == "z3: not started within 0 s"

    def test_one_that_hangs_does_not_hold_the_others_up(
        self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        require_none(monkeypatch)
        plant(bitwuzla=SLEEP, z3=f"print({UNSAT!r})")
        answer = ask(ANY, ("bitwuzla", "z3"))
        assert (answer.status, answer.solver) == ("unsat", "z3")


def test_each_yields_to_those_that_run_already(
    plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require_none(monkeypatch)
    monkeypatch.setattr(portfolio, "_crowded", lambda running: False)
    note = f"import os, pathlib, sys; (pathlib.Path({str(tmp_path)!r}) / f'{{sys.argv[3]}} {{os.getpid()}}').touch(); "
    last = f"import time\nwhile len(list(pathlib.Path({str(tmp_path)!r}).iterdir())) < 3: time.sleep(0.01)\nprint({UNSAT!r})"
    plant(bitwuzla=note + SLEEP, cvc5=note + SLEEP, z3=note + last)
    assert ask(ANY, ("bitwuzla", "cvc5", "z3")).status == "unsat"
    first, second, third = sorted(int(path.name.split()[0]) for path in tmp_path.iterdir())
    assert 0 == first < second < third <= 19


BROKEN = {
    "raises": ("1 / 0", "crashed, exit status 1: ZeroDivisionError: division by zero"),
    "is silent": ("pass", "printed what is no answer, ''"),
    "exits": ("import sys; sys.exit(7)", "crashed, exit status 7"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "crashed, killed by signal 9"),
    "crashes after its answer": (f"print({UNSAT!r}, flush=True); import os; os.abort()", "crashed, killed by signal 6"),
    "prints garbage": ("print('unsat?')", "printed what is no answer, 'unsat?"),
    "prints bytes": (r"import sys; sys.stdout.buffer.write(b'\xff\x00')", "printed what is no answer"),
    "nests deeply": ("print('[' * 200000)", "printed what is no answer"),
    "prints a number": ("print(1)", "printed what is no answer"),
    "has another status": (f"print({UNSAT!r}.replace('unsat', 'maybe'))", "status 'maybe'"),
    "has no value": (f"print({UNSAT!r}.replace('unsat', 'sat'))", "KeyError: 'x'"),
    "has a value too wide": (f"print({SAT!r}.replace('{NAN}', str(1 << 32)))", "4294967296 is no code of x"),
    "has a value that is no integer": (f"print({SAT!r}.replace('{NAN}', 'true'))", "True is no code of x"),
    "gives up": (f"print({UNSAT!r}.replace('unsat', 'unknown'))", "z3: gave up"),
    "does not end": (f"import os; os.close(1); {SLEEP}", "closed its output and did not end"),
    "takes too much memory": (f"{CONFINE} bytearray(1 << 33)", "out of memory: it may have 4096 MiB"),
}


class TestBrokenSolvers:
    @pytest.mark.parametrize("way", BROKEN)
    def test_one_that_is_broken_gives_no_answer_and_is_told(self, way: str, plant: Callable[..., None]) -> None:
        program, reason = BROKEN[way]
        plant(z3=program)
        answer = ask(ANY, ("z3",))
        assert (answer.status, answer.values) == ("unknown", None)
        assert answer.reason.startswith("z3: ")
        assert reason in answer.reason

    def test_one_that_prints_for_ever_is_stopped(
        self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(portfolio, "_LONGEST_REPLY", 1 << 18)
        plant(z3="while True: print('sat' * 1000)")
        assert ask(ANY, ("z3",)).reason == "z3: printed more than 262144 bytes"

    def test_one_that_cannot_be_started_is_told(
        self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        require_none(monkeypatch)
        plant(z3=f"print({SAT!r})")
        monkeypatch.setattr(portfolio, "COMMANDS", {**portfolio.COMMANDS, "cvc5": ("/nowhere/cvc5",)})
        assert ask(ANY, ("cvc5", "z3")).values == {"x": NAN}
        assert "could not be started" in ask(ANY, ("cvc5",)).reason

    def test_the_others_answer_in_its_place(
        self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        require_none(monkeypatch)
        plant(bitwuzla="1 / 0", cvc5="print('?')", z3=f"print({SAT!r})")
        answer = ask(ANY, ("bitwuzla", "cvc5", "z3"))
        assert (answer.status, answer.solver, answer.values) == ("sat", "z3", {"x": NAN})

    def test_one_that_lies_is_contradicted(self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
        require_none(monkeypatch)
        plant(bitwuzla=f"print({UNSAT!r})", z3=f"print({SAT!r})")
        answer = ask(ANY, ("bitwuzla", "z3"), confirm=True)
        assert (answer.status, answer.values) == ("unknown", None)
        assert sorted(answer.reason.removesuffix(": one of them is wrong").split(" and ")) == [
            'bitwuzla said "unsat"',
            'z3 said "sat"',
        ]

    def test_an_answer_that_nobody_confirms_does_not_count(
        self, plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        require_none(monkeypatch)
        plant(bitwuzla=f"print({UNSAT!r})", z3="1 / 0")
        answer = ask(ANY, ("bitwuzla", "z3"), confirm=True)
        assert answer.status == "unknown"
        assert answer.reason.startswith('only bitwuzla answered ("unsat"); a second solver was to agree; z3: crashed')
        assert ask(ANY, ("bitwuzla",), confirm=True).reason.endswith("a second solver was to agree")


PARENT = """
import sys
from fpsem.smt import portfolio
child = {confine!r} + "import os, pathlib, time; (pathlib.Path({folder!r}) / str(os.getpid())).touch(); time.sleep(600)"
portfolio.COMMANDS = {{solver: (sys.executable, "-c", child) for solver in ("bitwuzla", "z3")}}
portfolio.require = lambda solver: None
portfolio.title = str
portfolio.ask(portfolio.Query("(set-logic QF_BVFP)"), ("bitwuzla", "z3"), portfolio.Limits(seconds=500))
"""
"""Asks two solvers that note their process ids and sleep."""

_SIGNALS = [signal.SIGINT, *([signal.SIGTERM, signal.SIGKILL] if sys.platform == "linux" else [])]


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("number", _SIGNALS)
def test_no_process_outlives_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    program = PARENT.format(confine=CONFINE, folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as parent:
        assert eventually(lambda: len(list(tmp_path.iterdir())) == 2), "the two were not started"
        children = [int(path.name) for path in tmp_path.iterdir()]
        assert all(map(is_alive, children))
        parent.send_signal(number)
        _, errors = parent.communicate(timeout=30)
    assert (b"KeyboardInterrupt" in errors) == (number == signal.SIGINT)
    assert eventually(lambda: not any(map(is_alive, children)))


def test_the_losers_are_gone_when_the_answer_comes(
    plant: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require_none(monkeypatch)
    noted = tmp_path / "pid"
    loser = f"import os, pathlib; pathlib.Path({str(noted)!r}).write_text(str(os.getpid())); {SLEEP}"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(noted)!r}).exists(): time.sleep(0.01)\nprint({UNSAT!r})"
    plant(bitwuzla=loser, z3=wait)
    assert ask(ANY, ("bitwuzla", "z3")).status == "unsat"
    assert not is_alive(int(noted.read_text()))


class TestNames:
    def test_a_symbol_goes_by_its_own_name(self) -> None:
        with pytest.raises(PayloadError, match=r"symbol 'a': a floating-point constant of that name is needed, not y"):
            Query.of([z3.fpIsNaN(Y)], {"a": Y})

    def test_a_number_is_no_symbol(self) -> None:
        with pytest.raises(PayloadError, match="symbol 'one'"):
            Query.of([], {"one": z3.FPVal(1, SINGLE)})

    def test_an_unknown_solver_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown solver 'cvc4'\. Did you mean 'cvc5'"):
            ask(ANY, ("z3", "cvc4"))

    @pytest.mark.parametrize("solver", ["bitwuzla", "cvc5"])
    def test_a_missing_solver_is_answered_with_its_extra(self, solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, solver, None)
        assert solver not in installed()
        with pytest.raises(MissingExtraError, match=rf"{solver} is not installed.*'fpsem\[{solver}\]'"):
            ask(ANY, (solver,))

    def test_z3_is_always_there(self) -> None:
        assert "z3" in installed()
        assert set(installed()) <= set(SOLVERS) == set(portfolio.COMMANDS)
