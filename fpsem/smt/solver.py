"""Decide one z3 formula, by z3 or by bitwuzla.

Floating point is turned into bit-vectors by ``simplify`` and ``fpa2bv`` and then into propositional logic, which measured
faster than z3's default on every goal here, and steps around a defect of ``fpa2bv`` alone on subtraction.
Bitwuzla (an extra) reads the same formula as SMT-LIB text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import z3

from fpsem.core.errors import MissingExtraError, UnknownNameError

SOLVERS = ("z3", "bitwuzla")


@dataclass(frozen=True)
class Answer:
    """What a solver said.

    Args:
        status: "unsat", "sat" or "unknown".
        solver: its name and version.
        seconds: wall time.
        model: z3's model when it said "sat", else None.
    """

    status: str
    solver: str
    seconds: float
    model: Any = None


def decide(formula: Any, solver: str = "z3", timeout: float = 600.0) -> Answer:
    """Is the formula satisfiable?

    Args:
        formula: a z3 Bool.
        solver: one of SOLVERS.
        timeout: seconds; after that the status is "unknown".

    Raises:
        UnknownNameError: no such solver.
        MissingExtraError: bitwuzla is not installed.
    """
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS)
    return _decide_z3(formula, timeout) if solver == "z3" else _decide_bitwuzla(formula, timeout)


def _decide_z3(formula: Any, timeout: float) -> Answer:
    solver = z3.Then("simplify", "propagate-values", "fpa2bv", "simplify", "bit-blast", "sat").solver()
    solver.set("timeout", max(1, int(timeout * 1000)))
    solver.add(formula)
    start = time.perf_counter()
    status = str(solver.check())
    model = solver.model() if status == "sat" else None
    return Answer(status, f"z3 {z3.get_version_string()}", time.perf_counter() - start, model)


def _decide_bitwuzla(formula: Any, timeout: float) -> Answer:
    try:
        import bitwuzla
    except ImportError:
        raise MissingExtraError("bitwuzla", "bitwuzla") from None
    text = z3.Solver()
    text.add(formula)
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.TIME_LIMIT_PER, max(1, int(timeout * 1000)))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    start = time.perf_counter()
    parser.parse("(set-logic QF_BVFP)\n" + text.to_smt2().replace("(check-sat)", ""), True, False)
    status = str(parser.bitwuzla().check_sat())
    return Answer(status, f"bitwuzla {_version('bitwuzla')}", time.perf_counter() - start)


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
