"""Theorems about the algorithms that run: a file each in ``proofs/``, whose name is the statement.

A theorem is a list of goals: formulas that no assignment satisfies, one for each format and solver. A goal is PROVED only
when its solver answers unsat; anything else is a failure, with the reason.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from fpsem.softfloat.attributes import Attributes
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


DIRECTIONS: Mapping[str, tuple[Rounding, Callable[[], Any]]] = {
    "RNE": (Rounding.NEAREST_EVEN, z3.RNE),
    "RNA": (Rounding.NEAREST_AWAY, z3.RNA),
    "RTP": (Rounding.UPWARD, z3.RTP),
    "RTN": (Rounding.DOWNWARD, z3.RTN),
    "RTZ": (Rounding.TOWARD_ZERO, z3.RTZ),
}
"""The directions that SMT-LIB has, under its names: ours and its own."""


@dataclass(frozen=True)
class Run:
    """A line of a theorem's plan: goals of one format for one solver.

    Args:
        format: the format's name.
        solver: which solver is asked.
        fast: whether each of them takes seconds.
        cases: what distinguishes them; by default the directions of SMT-LIB.
    """

    format: str
    solver: str = "z3"
    fast: bool = True
    cases: tuple[str, ...] = tuple(DIRECTIONS)


def planned(plan: Iterable[Run], negation: Callable[[str, str], Any]) -> tuple[Goal, ...]:
    """A goal for each case of each line of a plan, named after format, case and solver.

    Args:
        plan: the lines.
        negation: makes the formula to refute from the format's name and the case.
    """
    return tuple(
        Goal(f"{run.format} {case} ({run.solver})", partial(negation, run.format, case), run.solver, run.fast)
        for run in plan
        for case in run.cases
    )


def smtlib_goals(plan: Iterable[Run], *statement: Any) -> tuple[Goal, ...]:
    """A goal of ``equals_smtlib`` for each direction of each line of a plan.

    Args:
        plan: the lines; their cases are names of ``DIRECTIONS``.
        statement: the algorithm, its width, the specification and the number of operands.
    """
    return planned(plan, lambda name, direction: equals_smtlib(name, *statement, direction=direction))


def equals_smtlib(
    f: Format | str,
    algorithm: Callable[..., Any],
    width: Callable[[Format], int],
    specification: Callable[..., Any],
    operands: int,
    *,
    direction: str = "RNE",
) -> Any:
    """The negation of: for all codes, the algorithm's code is the specification's number, and the canonical NaN for NaN.

    Args:
        f: the format.
        algorithm: of ``fpsem.softfloat``.
        width: its least word width.
        specification: the SMT-LIB function, such as ``z3.fpAdd``.
        operands: how many codes it takes.
        direction: one of ``DIRECTIONS``.
    """
    f = format_named(f)
    rounding, theirs = DIRECTIONS[direction]
    codes = code_symbols(f, operands)
    result = code_term(f, algorithm(f, Attributes(rounding), *as_words(width(f), codes))[0])
    return z3.Not(is_number(f, result, specification(theirs(), *(as_number(f, code) for code in codes))))


def code_symbols(f: Format, count: int) -> list[Any]:
    """That many arbitrary codes, as bit-vectors."""
    return [z3.BitVec(f"x{i}", f.width) for i in range(count)]


def as_words(width: int, terms: Iterable[Any]) -> list[Word]:
    """Bit-vectors as words of that width, zeros above."""
    machine = SymbolicMachine(width)
    return [Word(machine, z3.ZeroExt(width - term.size(), term)) for term in terms]


def code_term(f: Format, word: Word) -> Any:
    """The bit-vector of a code that an algorithm gave."""
    return z3.Extract(f.width - 1, 0, word.term)


def as_number(f: Format, code: Any) -> Any:
    """SMT-LIB's number for a code."""
    return z3.fpBVToFP(code, z3.FPSort(f.exponent_bits, f.precision))


def is_number(f: Format, code: Any, wanted: Any) -> Any:
    """The code is that number, zeros with their sign, or the canonical NaN where NaN is wanted."""
    return z3.If(z3.fpIsNaN(wanted), code == z3.BitVecVal(f.nan, f.width), as_number(f, code) == wanted)


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
