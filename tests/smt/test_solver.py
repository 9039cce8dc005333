"""Deciding one formula: which solver, for how long, and what is said when there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import z3

from fpsem.core.errors import MissingExtraError, UnknownNameError
from fpsem.smt.solver import SOLVERS, decide

X, Y = z3.BitVecs("x y", 64)
HARD = z3.And(X * Y == 0x3FFFFFFFFFFFFC35 * 3, z3.UGT(X, 1), z3.UGT(Y, 1), z3.ULT(X, 1 << 33), z3.ULT(Y, 1 << 33))
"""A factorisation: far beyond a few milliseconds."""


@pytest.fixture
def without_bitwuzla(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "bitwuzla", None)
    return


def needs(solver: str) -> None:
    if solver == "bitwuzla":
        pytest.importorskip("bitwuzla", reason="the extra 'bitwuzla' is not installed")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_contradiction_is_unsat(solver: str) -> None:
    needs(solver)
    answer = decide(z3.And(z3.ULT(X, Y), z3.ULT(Y, X)), solver)
    assert answer.status == "unsat"
    assert answer.solver.startswith(solver)
    assert answer.seconds >= 0
    assert answer.model is None


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_can_be_satisfied_is_sat(solver: str) -> None:
    needs(solver)
    assert decide(z3.And(X == 3 * Y, Y == 7), solver).status == "sat"


@pytest.mark.parametrize("solver", SOLVERS)
def test_floating_point_is_understood(solver: str) -> None:
    needs(solver)
    a, b = z3.FPs("a b", z3.FPSort(5, 11))
    differ = z3.fpAdd(z3.RNE(), a, b) != z3.fpAdd(z3.RNE(), b, a)
    assert decide(differ, solver).status == "unsat"
    apart = z3.Not(z3.fpEQ(z3.fpAdd(z3.RNE(), a, b), a))
    assert decide(apart, solver).status == "sat"


def test_z3_gives_a_model() -> None:
    answer = decide(z3.And(X == 3 * Y, Y == 7))
    assert answer.model.eval(X).as_long() == 21


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_takes_too_long_is_unknown(solver: str) -> None:
    needs(solver)
    answer = decide(HARD, solver, timeout=0.01)
    assert answer.status == "unknown"
    assert answer.model is None


def test_an_unknown_solver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown solver 'bitwuzle'\. Did you mean 'bitwuzla'.* Known: bitwuzla, z3"):
        decide(z3.BoolVal(True), "bitwuzle")


@pytest.mark.usefixtures("without_bitwuzla")
def test_a_missing_solver_is_answered_with_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"bitwuzla is not installed.*pip install 'fpsem\[bitwuzla\]'"):
        decide(z3.BoolVal(True), "bitwuzla")
