"""Deciding one formula: which solver, for how long, and what is said when there is none."""

from __future__ import annotations

import sys

import pytest
import z3

from fpsem.core.errors import MissingExtraError, UnknownNameError
from fpsem.smt.solver import SOLVERS, decide, smtlib

X, Y = z3.BitVecs("x y", 64)
HARD = z3.And(X * Y == 0x3FFFFFFFFFFFFC35 * 3, z3.UGT(X, 1), z3.UGT(Y, 1), z3.ULT(X, 1 << 33), z3.ULT(Y, 1 << 33))
"""A factorisation: far beyond a few milliseconds."""


def needs(solver: str) -> None:
    pytest.importorskip(solver, reason=f"the extra {solver!r} is not installed")


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
    a, b = z3.FPs("a b", z3.FPSort(8, 24))
    differ = z3.fpAdd(z3.RNE(), a, b) != z3.fpAdd(z3.RNE(), b, a)
    assert decide(differ, solver).status == "unsat"
    apart = z3.Not(z3.fpEQ(z3.fpAdd(z3.RNE(), a, b), a))
    assert decide(apart, solver).status == "sat"


def test_z3_gives_a_model() -> None:
    answer = decide(z3.And(X == 3 * Y, Y == 7))
    assert answer.model.eval(X).as_long() == 21
    assert answer.reason == ""


@pytest.mark.parametrize("solver", ["bitwuzla", "cvc5"])
def test_the_others_give_the_codes_of_the_floating_point_constants(solver: str) -> None:
    needs(solver)
    a = z3.FP("a", z3.FPSort(8, 24))
    assert decide(a == z3.FPVal(-1.5, a.sort()), solver).values == {"a": 0xBFC00000}


@pytest.mark.parametrize("solver", ["bitwuzla", "cvc5"])
def test_a_format_that_a_solver_does_not_know_is_unknown(solver: str) -> None:
    needs(solver)
    answer = decide(z3.fpIsNaN(z3.FP("a", z3.FPSort(3, 4))), solver)
    assert answer.status == "unknown"
    assert answer.reason.startswith("it refused the question: ")


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_takes_too_long_is_unknown(solver: str) -> None:
    needs(solver)
    answer = decide(HARD, solver, timeout=0.01)
    assert answer.status == "unknown"
    assert answer.model is None


def test_an_unknown_solver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'bitwuzle'\. Did you mean 'bitwuzla'.* Known: bitwuzla, cvc5, z3"):
        decide(z3.BoolVal(True), "bitwuzle")


@pytest.mark.parametrize("solver", ["bitwuzla", "cvc5"])
def test_a_missing_solver_is_answered_with_its_extra(solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, solver, None)
    with pytest.raises(MissingExtraError, match=rf"{solver} is not installed.*pip install 'fpsem\[{solver}\]'"):
        decide(z3.BoolVal(True), solver)


class TestText:
    def test_it_declares_what_no_formula_holds(self) -> None:
        text = smtlib([z3.BoolVal(True)], [z3.FP("x[0]", z3.FPSort(8, 24))])
        assert "(declare-fun |x[0]| () (_ FloatingPoint 8 24))" in text
        assert "check-sat" not in text

    def test_nothing_is_declared_twice(self) -> None:
        a = z3.FP("a", z3.FPSort(8, 24))
        assert smtlib([z3.fpIsNaN(a)], [a]).count("declare-fun") == 1

    def test_junctions_of_one_are_gone_however_deep(self) -> None:
        a, b = z3.Bools("a b")
        text = smtlib([z3.Or(z3.And(z3.Or(a)), z3.And(b, z3.Or(z3.And(z3.Not(z3.And(b))))))])
        assert text.count("(and") == text.count("(or") == 1

    def test_it_names_the_least_logic(self) -> None:
        f, i = z3.Function("f", z3.BitVecSort(64), z3.BoolSort()), z3.Int("i")
        assert smtlib([X == Y]).startswith("(set-logic QF_BVFP)")
        assert smtlib([X == Y, f(X)]).startswith("(set-logic QF_UFBVFP)")
        assert smtlib([i > 0]).startswith("(set-logic ALL)")
        assert smtlib([z3.ForAll([X], f(X))]).startswith("(set-logic ALL)")
