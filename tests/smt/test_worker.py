"""One solver's process: what it reads, what it prints, and the limits that it sets itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fpsem.smt import worker
from fpsem.smt.solver import SOLVERS

TEXT = "(set-logic QF_BVFP)(declare-fun |a b| () (_ FloatingPoint 8 24))(assert (fp.isNaN |a b|))"


def run(*arguments: object, text: str = TEXT) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", str(Path(worker.__file__)), *map(str, arguments)]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=False)


def test_it_prints_one_line_of_json() -> None:
    done = run("z3", 10, 1 << 30, 0, os.getpid())
    assert done.stdout.count(b"\n") == 1
    reply = json.loads(done.stdout)
    assert reply.pop("seconds") >= 0
    assert reply == {"status": "sat", "values": {"a b": 0x7FC00000}, "reason": ""}


def test_what_a_solver_cannot_read_is_unknown_with_its_words() -> None:
    reply = json.loads(run("z3", 10, 1 << 30, 0, os.getpid(), text="(assert (foo))").stdout)
    assert reply["status"] == "unknown"
    assert reply["reason"].startswith("it refused the question: ")


def test_it_does_not_work_for_a_parent_that_is_gone() -> None:
    done = run("z3", 10, 1 << 30, 0, 1 << 30)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the parent 1073741824 is gone" in done.stderr


def test_it_limits_itself() -> None:
    program = (
        "import os, resource; from fpsem.smt.worker import confine; confine(2.5, 1 << 30, 3, os.getppid());"
        "print(resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU), os.nice(0) - nice)"
    )
    program = f"import os; nice = os.nice(0); {program}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == f"({1 << 30}, {1 << 30}) (4, 4) 3"


def test_importing_it_loads_no_solver_and_no_numpy() -> None:
    program = "import sys, fpsem.smt.worker; print(sorted({'numpy', 'z3', 'cvc5', 'bitwuzla'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_there_is_an_engine_for_each_solver() -> None:
    assert set(worker.ENGINES) == set(SOLVERS)


@pytest.mark.parametrize("name", ["x", "|x|"])
@pytest.mark.parametrize("declared", ["(declare-const {} {})", "(declare-fun {} () {})", "(declare-fun {}\n() {} )"])
def test_constants_are_found_with_their_sorts(name: str, declared: str) -> None:
    text = declared.format(name, "(_ FloatingPoint 5 11)") + "(declare-fun b () Bool)(declare-fun f (Bool) Bool)"
    assert worker.constants(text) == {"x": (5, 11)}


@pytest.mark.parametrize(
    ("code", "canonical"),
    [(0x7C01, 0x7E00), (0xFFFF, 0x7E00), (0x7E00, 0x7E00), (0x7C00, 0x7C00), (0xFC00, 0xFC00), (0x8000, 0x8000), (1, 1)],
)
def test_every_nan_is_the_canonical_one_and_nothing_else_changes(code: int, canonical: int) -> None:
    assert worker._canonical(code, 5, 11) == canonical
