"""Theorems about the algorithms that run, and about the arithmetic: a file each in ``proofs/``, whose name is the statement.

A theorem is a list of goals: formulas that no assignment satisfies, one for each format and solver. A goal is PROVED only
when its solver answers unsat; anything else is a failure, with the reason. Where the statement is that a law fails, the goal is
a Witness: PROVED only when the solver's model of the negated law breaks it in softfloat too, and the model's bits are told.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import z3

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.formats import Format, format_named
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved, Unknown, Verdict
from fpsem.smt.solver import Answer, decide
from fpsem.softfloat.arithmetic import arithmetic
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
        """Ask the solver. Proved, or Unknown with the reason; an answer that means the theorem is false says so."""
        answer = decide(self.negation(), self.solver, self.timeout)
        if answer.status not in ("sat", "unsat"):
            return Unknown(f"{answer.solver}: the solver gave up or ran out of time", answer.seconds)
        return self.judge(answer)

    def judge(self, answer: Answer) -> Verdict:
        """What "sat" or "unsat" means for the theorem."""
        if answer.status == "unsat":
            return Proved(answer.solver, answer.seconds)
        return Unknown(f"{answer.solver}: FALSE: a counterexample exists", answer.seconds)


@dataclass(frozen=True, kw_only=True)
class Witness(Goal):
    """A law that fails: its negation must have a model, and the model must break the law when it is run.

    Args:
        replay: whether the codes, by the names of the formula's bit-vectors, break the law in executable arithmetic.
    """

    replay: Callable[[Mapping[str, int]], bool]

    def judge(self, answer: Answer) -> Verdict:
        """Proved, with the codes, once they have been replayed; "unsat" means that the law holds after all."""
        if answer.status == "unsat":
            return Unknown(f"{answer.solver}: FALSE: there is no witness", answer.seconds)
        if answer.model is None:
            return Unknown(f"{answer.solver}: a witness exists, but the solver does not show it", answer.seconds)
        codes = {symbol.name(): answer.model[symbol].as_long() for symbol in answer.model.decls()}
        told = " ".join(f"{name}={code:#x}" for name, code in sorted(codes.items()))
        if not self.replay(codes):
            return Unknown(f"{answer.solver}: the witness {told} did not replay", answer.seconds)
        return Proved(f"{answer.solver}, witness replayed in softfloat: {told}", answer.seconds)


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


def is_finite(*numbers: Any) -> Any:
    """None of SMT-LIB's numbers is infinite or NaN."""
    return z3.Not(z3.Or([test(x) for x in numbers for test in (z3.fpIsInf, z3.fpIsNaN)]))


@dataclass(frozen=True)
class Terms:
    """SMT-LIB's operations in a direction under the names of softfloat's: a law written once can be asked and be run.

    Args:
        direction: one of ``DIRECTIONS``.
    """

    direction: str = "RNE"

    def add(self, x: Any, y: Any) -> Any:
        return z3.fpAdd(self._mode(), x, y)

    def sub(self, x: Any, y: Any) -> Any:
        return z3.fpSub(self._mode(), x, y)

    def mul(self, x: Any, y: Any) -> Any:
        return z3.fpMul(self._mode(), x, y)

    def div(self, x: Any, y: Any) -> Any:
        return z3.fpDiv(self._mode(), x, y)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        return z3.fpFMA(self._mode(), x, y, z)

    def _mode(self) -> Any:
        return DIRECTIONS[self.direction][1]()


Law = Callable[..., tuple[Any, Any]]
"""Takes an arithmetic, ``Terms`` or softfloat's, and operands of it; gives the two sides."""

NEAREST = Terms()
"""SMT-LIB's operations to nearest even."""


def differ_exactly(x: Any, y: Any) -> Any:
    """x - y is finite and is not rounded.

    Upward and downward it is the same number: between two neighbours these would be the neighbours. So nothing wider is needed.
    """
    up, down = Terms("RTP").sub(x, y), Terms("RTN").sub(x, y)
    return z3.And(is_finite(up), z3.fpEQ(up, down))


def fails(name: str, law: Law, operands: Sequence[int | None]) -> Any:
    """The negation of a law: the sides are different finite numbers. Far from overflow and underflow, so rounding is to blame.

    Args:
        name: the format's.
        law: its two sides.
        operands: the code of each, None for one that may be any number from 1 to 2, without 2.
    """
    f = format_named(name)
    free = code_symbols(f, len(operands))
    codes = [x if code is None else z3.BitVecVal(code, f.width) for x, code in zip(free, operands)]
    low, high = _one_to_two(f)
    within = [z3.And(z3.UGE(x, low), z3.ULT(x, high)) for x, code in zip(free, operands) if code is None]
    sides = law(NEAREST, *(as_number(f, code) for code in codes))
    return z3.And(*within, is_finite(*sides), z3.Not(z3.fpEQ(*sides)))


def replays(name: str, law: Law, operands: Sequence[int | None], found: Mapping[str, int]) -> bool:
    """Whether the codes found for ``fails`` are in its range and break the law in softfloat, over Python's integers."""
    f = format_named(name)
    low, high = _one_to_two(f)
    codes = [found.get(f"x{i}", 0) if code is None else code for i, code in enumerate(operands)]
    sides = [int(side) for side in law(arithmetic(f, "integer"), *(np.array(code, f.dtype) for code in codes))]
    within = all(low <= code < high for code, given in zip(codes, operands) if given is None)
    return within and all(map(f.is_finite, sides)) and f.decode(sides[0]) != f.decode(sides[1])


def _one_to_two(f: Format) -> tuple[int, int]:
    """The codes of 1 and of 2."""
    return f.bias << f.fraction_bits, (f.bias + 1) << f.fraction_bits


def witnesses(
    plan: Iterable[Run], laws: Mapping[str, Law], operands: Callable[[Format], Sequence[int | None]]
) -> tuple[Witness, ...]:
    """A witness against a law for each case of each line of a plan.

    Args:
        plan: the lines; their cases are names of laws.
        laws: under names that say how they fail.
        operands: of a format: the code of each, None for one that is to be found.
    """

    def witness(run: Run, case: str) -> Witness:
        given = (run.format, laws[case], operands(format_named(run.format)))
        name = f"{run.format} {case} ({run.solver})"
        return Witness(name, partial(fails, *given), run.solver, run.fast, replay=partial(replays, *given))

    return tuple(witness(run, case) for run in plan for case in run.cases)


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
