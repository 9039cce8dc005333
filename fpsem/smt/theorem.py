"""Theorems about the algorithms that run: a file each in ``proofs/``, whose name is the statement.

A theorem is a list of goals: formulas that no assignment satisfies, one for each format and solver. A goal is PROVED only
when its solver answers unsat; anything else is a failure, with the reason.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import z3

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.formats import Format, format_named
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved, Unknown, Verdict
from fpsem.smt.solver import decide
from fpsem.softfloat.words.symbolic import SymbolicMachine
from fpsem.softfloat.words.word import Word


@dataclass(frozen=True)
class Goal:
    """One formula to refute.

    Args:
        name: what distinguishes it within its theorem: the format, the direction.
        negation: makes the formula that must be unsatisfiable.
        solver: which solver is asked.
        fast: whether it takes seconds.
        timeout: seconds.
    """

    name: str
    negation: Callable[[], Any]
    solver: str = "z3"
    fast: bool = True
    timeout: float = 1800.0

    def prove(self) -> Verdict:
        """Ask the solver. Proved, or Unknown with the reason; "sat" means the theorem is false and says so."""
        answer = decide(self.negation(), self.solver, self.timeout)
        if answer.status == "unsat":
            return Proved(answer.solver, answer.seconds)
        reason = "FALSE: a counterexample exists" if answer.status == "sat" else "the solver gave up or ran out of time"
        return Unknown(f"{answer.solver}: {reason}", answer.seconds)


@dataclass(frozen=True)
class Theorem:
    """A statement and its goals.

    Args:
        statement: one sentence.
        goals: what must be refuted.
        name: the file's name, set by ``load_theorems``.
    """

    statement: str
    goals: tuple[Goal, ...]
    name: str = ""


def equals_smtlib(
    f: Format | str,
    algorithm: Callable[..., Word],
    width: Callable[[Format], int],
    specification: Callable[..., Any],
    operands: int,
) -> Any:
    """The negation of: for all codes, the algorithm's code is the specification's number, and the canonical NaN for NaN.

    Args:
        f: the format.
        algorithm: of ``fpsem.softfloat``, rounding to nearest even.
        width: its least word width.
        specification: the SMT-LIB function, such as ``z3.fpAdd``.
        operands: how many codes it takes.
    """
    f = format_named(f)
    sort, machine = z3.FPSort(f.exponent_bits, f.precision), SymbolicMachine(width(f))
    codes = [z3.BitVec(f"x{i}", f.width) for i in range(operands)]
    words = [Word(machine, z3.ZeroExt(machine.width - f.width, code)) for code in codes]
    result = z3.Extract(f.width - 1, 0, algorithm(f, Rounding.NEAREST_EVEN, *words).term)
    wanted = specification(z3.RNE(), *(z3.fpBVToFP(code, sort) for code in codes))
    return z3.Not(
        z3.If(z3.fpIsNaN(wanted), result == z3.BitVecVal(f.nan, f.width), z3.fpBVToFP(result, sort) == wanted)
    )


def smtlib_goals(plan: dict[str, tuple[str, bool]], *statement: Any) -> tuple[Goal, ...]:
    """A goal of ``equals_smtlib`` for each format; the plan says which solver and whether it is fast."""
    return tuple(
        Goal(f"{name} ({solver})", partial(equals_smtlib, name, *statement), solver, fast)
        for name, (solver, fast) in plan.items()
    )


def proofs_folder() -> Path:
    """The folder of theorems, beside the package in a source checkout."""
    return Path(__file__).resolve().parents[2] / "proofs"


def load_theorems(names: tuple[str, ...] = (), folder: Path | None = None) -> Iterator[Theorem]:
    """The theorems of a folder, all or those named, sorted.

    Raises:
        UnknownNameError: no theorem of that name.
        FileFormatError: no such folder, or a file without a THEOREM.
    """
    folder = folder or proofs_folder()
    files = {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}
    if not files:
        raise FileFormatError(
            f"no proofs in {folder}: they are part of a source checkout, not of the installed package"
        )
    for name in names:
        if name not in files:
            raise UnknownNameError("theorem", name, files)
    return (_load(files[name]) for name in (names or files))


def _load(path: Path) -> Theorem:
    spec = importlib.util.spec_from_file_location(f"fpsem_proof_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theorem = vars(module).get("THEOREM")
    if not isinstance(theorem, Theorem):
        raise FileFormatError(f"{path} defines no THEOREM")
    return Theorem(theorem.statement, theorem.goals, path.stem)
