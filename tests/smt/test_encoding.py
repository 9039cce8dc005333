"""Terms of a box: every execution in it satisfies them, and what ranges decide is left out."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.trace import Recorder, trace
from fpsem.smt import query, worker
from fpsem.smt.encoding import Application, Encoding, _pieces
from fpsem.smt.formula import Outputs, formula_of, within_ulps
from fpsem.smt.query import prove
from fpsem.smt.question import Deadline, Execution, Question
from fpsem.smt.solver import Answer, is_installed
from fpsem.testing.strategies import binary32

FASTEST = "bitwuzla" if is_installed("bitwuzla") else "z3"
MOST = 3.4028235e38


def encoded(graph: Any, holds: Any, lo: Any, hi: Any, lemmas: bool = True) -> Encoding:
    question = Question({"": Execution(graph, {})}, formula_of(holds, Outputs("", graph)), graph.inputs)
    return Encoding(question, np.array(lo, np.float32), np.array(hi, np.float32), lemmas)


def solved(encoding: Encoding) -> str:
    return worker.solve(FASTEST, encoding.query.text, 60).status


def decided(graph: Any, holds: Any, lo: Any, hi: Any, **options: Any) -> Any:
    region = Box(np.array(lo, np.float32), np.array(hi, np.float32))
    return prove(graph, {}, region, holds, bounds=False, solver=FASTEST, **options)


def applied(name: str, n: int = 1) -> Any:
    return trace(lambda x: x.apply(name), (n,))


# -- elementary functions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lo", "hi"), [("log", -1, 1), ("log", -2, -1), ("log1p", -3, 1), ("sqrt", -1, 1), ("log", -0.0, 1)]
)
def test_arguments_where_a_function_is_undefined_are_not_forgotten(name: str, lo: float, hi: float) -> None:
    for lemmas in (True, False):
        encoding = encoded(applied(name), lambda y: y[0] == y[0], [lo], [hi], lemmas)
        assert solved(encoding) == ("unsat" if lo == 0 else "sat")
    verdict = decided(applied(name), lambda y: ~y[0].is_nan(), [lo], [hi])
    assert isinstance(verdict, Proved if lo == 0 else Refuted)


def test_an_infinite_argument_is_not_forgotten() -> None:
    wave = trace(lambda x: (x * x).sin(), (1,))
    refuted = decided(wave, lambda y: ~y[0].is_nan(), [1e15], [1e25])
    assert isinstance(refuted, Refuted)
    assert refuted.witness["x"][0] > 1e19
    fading = trace(lambda x: (-(x * x)).exp(), (1,))
    assert isinstance(decided(fading, lambda y: y[0] <= 1, [0], [1e25]), Proved)


@pytest.mark.parametrize(("name", "lo", "hi"), [("log", [-1, 0.5], [1, 2]), ("log1p", [-2, 1], [2, 2])])
def test_a_function_that_rises_tells_no_order_of_what_is_undefined(name: str, lo: Any, hi: Any) -> None:
    refuted = decided(applied(name, 2), lambda y: y[0].is_nan().implies(y[1].is_nan()), lo, hi)
    assert isinstance(refuted, Refuted)


@given(st.sampled_from(["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "atan", "tanh", "erf"]),
       st.tuples(*[binary32(allow_nan=False)] * 3), st.lists(binary32(allow_nan=False), max_size=3))  # fmt: skip
def test_every_execution_satisfies_what_is_said_of_a_function(name: str, numbers: Any, models: list[Any]) -> None:
    lo, at, hi = sorted(numbers, key=lambda x: (float(x), not np.signbit(x)))
    if np.isinf(lo) and np.isinf(hi) and lo != hi:
        return
    argument, result = (z3.FP(part, z3.Float32()) for part in ("argument", "result"))
    application = Application(name, argument, argument, result, result, _pieces(lo, hi, 4))
    other = z3.FP("other", z3.Float32()), z3.FP("value", z3.Float32())
    second = Application(name, other[0], *other, other[1], application.pieces)
    for model in models:
        application.refine(int(model.view(np.uint32)))
    values = {argument: at, result: executed(name, at), other[0]: lo, other[1]: executed(name, lo)}
    fixed = [(symbol, number(value)) for symbol, value in values.items()]
    for lemma in (*application.lemmas(), *application.orders(second)):
        assert z3.is_true(z3.simplify(z3.substitute(lemma, *fixed))), (name, lo, at, hi)


def executed(name: str, x: Any) -> Any:
    return getattr(IEEE32Exec(), name)(np.array([x]).view(np.uint32)).view(np.float32)[0]


def number(x: Any) -> Any:
    return z3.fpBVToFP(z3.BitVecVal(int(x.view(np.uint32)), 32), z3.Float32())


@given(st.tuples(binary32(allow_nan=False), binary32(allow_nan=False)), st.sampled_from([1, 2, 8, 16]))
def test_pieces_follow_one_another_with_no_number_between(ends: Any, count: int) -> None:
    lo, hi = outward.lesser(*ends).item(), outward.greater(*ends).item()
    if np.isinf(lo) and np.isinf(hi) and lo != hi:
        return
    pieces = _pieces(np.float32(lo), np.float32(hi), count)
    assert (float(pieces[0][0]), float(pieces[-1][1])) == (lo, hi)
    for (_, end), (start, _) in pairwise(pieces):
        assert np.nextafter(end, np.float32(np.inf)) == start if abs(end) < MOST else np.isinf(start) or start == -MOST
    assert all(low <= high for low, high in pieces)


def test_a_model_makes_its_piece_finer_once_and_a_nan_none() -> None:
    argument, result = (z3.FP(part, z3.Float32()) for part in ("argument", "result"))
    application = Application("exp", argument, argument, result, result, _pieces(np.float32(0), np.float32(1), 2))
    half = int(np.float32(0.25).view(np.uint32))
    assert application.refine(half)
    assert (np.float32(0.25), np.float32(0.25)) in application.pieces
    assert not application.refine(half)
    assert not application.refine(0x7FC00000)
    assert not application.refine(int(np.float32(2).view(np.uint32)))


def test_an_input_may_be_called_as_a_functions_argument_would_be() -> None:
    recorder = Recorder()
    x = recorder.input("x", ())
    recorder.input("exp%2.argument", ())
    graph = recorder.finish({"y": x.exp()})
    assert [node.op for node in graph.nodes] == ["input", "input", "exp"]
    region = {"x": Box(np.float32(0), np.float32(1)), "exp%2.argument": Box(np.float32(5), np.float32(6))}
    assert isinstance(prove(graph, {}, region, lambda y: y[0] < 2, bounds=False, solver=FASTEST), Refuted)


# -- what ranges decide ------------------------------------------------------------------------------------------------


def terms(encoding: Encoding) -> str:
    return encoding.query.text


def test_a_stable_choice_is_the_operand_and_an_unstable_one_is_not() -> None:
    relu = trace(lambda x: x.relu(), (1,))
    assert "ite" not in terms(encoded(relu, lambda y: y[0] < 9, [1], [2]))
    assert "ite" in terms(encoded(relu, lambda y: y[0] < 9, [-1], [2]))


@pytest.mark.parametrize("op", ["maximum", "minimum"])
def test_zeros_of_different_sign_are_not_decided_by_ranges_that_touch(op: str) -> None:
    chosen = trace(lambda x: 1.0 / x[0:1].apply(op, x[1:2]), (2,))
    boxes = [([-1, -0.0], [0, 0]), ([-1, -0.0], [0, -0.0]), ([0, 0], [1, 0]), ([-0.0, -0.0], [0, 0]), ([0, -0.0], [0, 0])]
    for lo, hi in boxes:
        for holds in (lambda y: y[0] > 0, lambda y: y[0] < 0):
            every = np.array([[a, b] for a in (-1, -0.0, 0.0, 1) for b in (-0.0, 0.0)], np.float32)
            inside = [row for row in every if Box(np.float32(lo), np.float32(hi)).contains(row)]
            encoding = encoded(chosen, holds, lo, hi)
            fails = not encoding.question.at_points(np.array(inside)).all()
            assert fails <= (solved(encoding) == "sat")


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("lo", [-1.0, -0.0, 0.0])
def test_adding_a_zero_is_left_out_only_where_no_zero_changes_its_sign(zero: float, lo: float) -> None:
    for graph in (trace(lambda x: 1.0 / (x + zero), (1,)), trace(lambda x: 1.0 / (x - zero), (1,))):
        for holds in (lambda y: y[0] >= 0, lambda y: (y[0] < 0) | y[0].is_finite()):
            encoding = encoded(graph, holds, [lo], [1])
            fails = not encoding.question.at_points(np.float32([[-0.0], [0.0], [1], *[[-1]] * (lo < 0)])).all()
            assert (solved(encoding) == "sat") is fails


def test_a_node_that_is_one_number_is_that_number_even_nan() -> None:
    nan = trace(lambda x: (x - x) / (x * 0.0), (1,))
    encoding = encoded(nan, lambda y: y[0].is_nan(), [1], [1])
    assert solved(encoding) == "unsat"
    assert encoding.symbols == {}
    assert isinstance(decided(nan, lambda y: y[0] == y[0], [1], [1]), Refuted)


def test_lemmas_leave_nan_and_infinity_possible() -> None:
    for holds in (lambda y: ~y[0].is_nan(), lambda y: y[0].is_finite() | y[0].is_nan(), lambda y: y[0] <= MOST):
        assert solved(encoded(trace(lambda x: (x * x) * (x - 1.0), (1,)), holds, [-1e30], [1e30])) == (
            "unsat" if holds(Outputs("", trace(lambda x: x, (1,)))).kind == "not" else "sat"
        )
    assert solved(encoded(trace(lambda x: (x * x) - (x * x * x), (1,)), lambda y: ~y[0].is_nan(), [1], [1e30])) == "sat"


# -- ulps --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ulps", [0, 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 33, 1 << 40])
def test_ulps_do_not_wrap_around_in_terms(ulps: int) -> None:
    same = trace(lambda x: x * 1.0, (2,))
    lo, hi = [1, -MOST], [1, MOST]
    question = encoded(same, lambda y: within_ulps(y[0], y[1], ulps), lo, hi).question
    tried = question.at_points(np.float32([[1, -MOST], [1, 1], [1, 0], [1, MOST], [1, 1.0000001]]))
    assert (solved(encoded(same, lambda y: within_ulps(y[0], y[1], ulps), lo, hi)) == "unsat") is bool(tried.all())
    assert (solved(encoded(same, lambda y: ~within_ulps(y[0], y[1], ulps), lo, hi)) == "unsat") is not tried.any()


# -- models ------------------------------------------------------------------------------------------------------------


def test_a_model_outside_the_region_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(asked: Any, *rest: Any) -> Answer:
        values = dict.fromkeys(asked.names, int(np.float32(9).view(np.uint32)))
        return Answer("sat", "wrong", 0.0, values=values)

    monkeypatch.setattr(query, "ask", wrong)
    verdict = decided(trace(lambda x: x * x, (1,)), lambda y: y[0] < 50, [1], [2])
    assert isinstance(verdict, Unknown)
    assert verdict.reason == "the witness of wrong lies outside the region"


def test_inputs_that_are_fixed_keep_their_code() -> None:
    encoding = encoded(trace(lambda x: 1.0 / x, (3,)), lambda y: y[0] < 0, [-0.0, 0.0, 1], [-0.0, 0.0, 2])
    model: Array = encoding.inputs({"x[2]": int(np.float32(1.5).view(np.uint32))})
    assert model.view(np.uint32).tolist() == np.float32([-0.0, 0.0, 1.5]).view(np.uint32).tolist()


def test_what_many_facts_read_is_written_once() -> None:
    total = trace(lambda x: x.sum(), (300,))
    text = encoded(total, lambda y: y[0] < 9, np.zeros(300), np.ones(300)).query.text
    assert text.count("fp.add") == 299


def test_the_time_is_looked_at_at_every_term_of_the_text() -> None:
    def looks(steps: int) -> int:
        graph = trace(lambda x: reduce(lambda y, _: y * x, range(steps), x), (1,))
        seen: list[str] = []
        deadline = Deadline()
        deadline.look = seen.append  # type: ignore[method-assign]
        holds = formula_of(lambda y: y[0] < 9, Outputs("", graph))
        question = Question({"": Execution(graph, {})}, holds, graph.inputs, deadline=deadline)
        made = Encoding(question, *np.float32([[1], [2]]))
        before = len(seen)
        assert made.query.text
        return len(seen) - before

    assert looks(20) - looks(1) >= 2 * 19
