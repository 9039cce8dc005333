"""Decide one z3 formula in this process, by z3, bitwuzla or cvc5; and a formula as the SMT-LIB text that all three read.

The solvers other than z3 are extras. ``fpsem.smt.portfolio`` asks several at once, each in a process of its own, and is to be
preferred where a solver may crash or take too much memory; here a crash is the program's.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import z3

from fpsem.core.errors import MissingExtraError, UnknownNameError
from fpsem.smt import worker

SOLVERS = ("z3", "bitwuzla", "cvc5")

_JUNCTIONS = (z3.Z3_OP_AND, z3.Z3_OP_OR)
_SORTS = (z3.Z3_BOOL_SORT, z3.Z3_BV_SORT, z3.Z3_FLOATING_POINT_SORT, z3.Z3_ROUNDING_MODE_SORT)


@dataclass(frozen=True)
class Answer:
    """What a solver said.

    Args:
        status: "unsat", "sat" or "unknown".
        solver: its name and version.
        seconds: wall time.
        model: z3's model when it said "sat" in this process, else None.
        values: the codes of the floating-point symbols asked for, by name, when "sat"; a NaN is the canonical one.
        reason: why "unknown".
        confirmed_by: other solvers, with their versions, that gave the same status.
    """

    status: str
    solver: str
    seconds: float
    model: Any = None
    values: Mapping[str, int] | None = None
    reason: str = ""
    confirmed_by: tuple[str, ...] = ()


def is_installed(solver: str) -> bool:
    """Whether the solver's package can be imported."""
    return importlib.util.find_spec(solver) is not None


def require(solver: str) -> None:
    """Raise what ``decide`` raises for a solver that cannot be asked."""
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS)
    if not is_installed(solver):
        raise MissingExtraError(solver, solver)


def title(solver: str) -> str:
    """An installed solver's name and version."""
    return f"{solver} {z3.get_version_string() if solver == 'z3' else version(solver)}"


def decide(formula: Any, solver: str = "z3", timeout: float = 600.0) -> Answer:
    """Is the formula satisfiable?

    Args:
        formula: a z3 Bool.
        solver: one of SOLVERS.
        timeout: seconds; after that the status is "unknown".

    Raises:
        UnknownNameError: no such solver.
        MissingExtraError: the solver is not installed.
    """
    require(solver)
    if solver == "z3":
        return _decide_z3(formula, timeout)
    reply = worker.solve(solver, smtlib([formula]), timeout)
    return Answer(reply.status, title(solver), reply.seconds, values=reply.values or None, reason=reply.reason)


def _decide_z3(formula: Any, timeout: float) -> Answer:
    solver = worker.fastest_z3()
    solver.set("timeout", max(1, int(timeout * 1000)))
    solver.add(formula)
    start = time.perf_counter()
    status = str(solver.check())
    seconds = time.perf_counter() - start
    model = solver.model() if status == "sat" else None
    return Answer(status, title("z3"), seconds, model, reason=solver.reason_unknown() if status == "unknown" else "")


def smtlib(formulas: Sequence[Any], symbols: Iterable[Any] = (), look: Callable[[], Any] = lambda: None) -> str:
    """The formulas as SMT-LIB text: set-logic, declarations and assertions.

    Args:
        formulas: z3 Bools.
        symbols: z3 constants that are declared even where no formula holds them.
        look: is called at every term; what it raises ends the writing.
    """
    solver = z3.Solver()
    solver.add(*_without_lone_junctions(formulas, look))
    nodes = list(_nodes(solver.assertions(), look))
    used = {node.decl().name() for node in nodes if _is_free(node)}
    unused = [f"(declare-fun {s.sexpr()} () {s.sort().sexpr()})" for s in symbols if s.decl().name() not in used]
    text = solver.to_smt2().rstrip().removesuffix("(check-sat)")
    return "\n".join([f"(set-logic {_logic(nodes)})", *unused, text])


def _logic(nodes: Iterable[Any]) -> str:
    """The least logic of the three that are told apart here: the solvers are fastest without functions."""
    functions = False
    for node in nodes:
        sort = node.sort_kind()
        if not z3.is_app(node) or (sort not in _SORTS and not z3.is_rational_value(node)):
            return "ALL"
        functions |= _is_free(node) and node.num_args() > 0
    return "QF_UFBVFP" if functions else "QF_BVFP"


def _is_free(node: Any) -> bool:
    return bool(z3.is_app(node) and node.decl().kind() == z3.Z3_OP_UNINTERPRETED)


def _without_lone_junctions(formulas: Sequence[Any], look: Callable[[], Any]) -> Sequence[Any]:
    """The formulas with every conjunction or disjunction of one truth replaced by that truth: bitwuzla refuses them."""
    while lone := [n for n in _nodes(formulas, look) if z3.is_app(n) and n.decl().kind() in _JUNCTIONS and n.num_args() == 1]:
        pairs = [(node, node.arg(0)) for node in lone]
        formulas = [z3.substitute(formula, *pairs) for formula in formulas]
    return formulas


def _nodes(formulas: Iterable[Any], look: Callable[[], Any]) -> Iterator[Any]:
    """Every term of the formulas, once."""
    pending = list(formulas)
    seen = {term.get_id() for term in pending}
    while pending:
        look()
        term = pending.pop()
        yield term
        for child in term.children():
            if child.get_id() not in seen:
                seen.add(child.get_id())
                pending.append(child)
