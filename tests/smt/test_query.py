"""Questions about graphs: proved over the box, refuted by a witness that replays, or unknown with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Pairwise, Reverse, Sequential
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import Recorder, trace
from fpsem.smt import query
from fpsem.smt.query import prove

SQUARE = trace(lambda x: x * x, (1,))
SUM = trace(lambda x: x.sum(), (3,))


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


def replay(graph: Any, verdict: Refuted, schedule: Any = Sequential()) -> Any:
    return run(graph, {}, verdict.witness["x"], IEEE32Exec(schedule=schedule)).view(np.float32)


def test_what_holds_everywhere_is_proved() -> None:
    verdict = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] >= 0)
    assert isinstance(verdict, Proved)
    assert verdict.by.startswith("z3 ")


def test_what_fails_somewhere_is_refuted_by_inputs_of_the_box_that_break_it() -> None:
    region = box([-2], [3])
    verdict = prove(SQUARE, {}, region, lambda y: y[0] < 8.9)
    assert isinstance(verdict, Refuted)
    witness = verdict.witness["x"]
    assert witness.dtype == np.float32
    assert (region.lo <= witness).all()
    assert (witness <= region.hi).all()
    assert replay(SQUARE, verdict)[0] >= 8.9


def test_a_property_may_fail_at_a_single_code() -> None:
    last = np.nextafter(np.float32(2), np.float32(1))
    verdict = prove(SQUARE, {}, box([1], [2]), lambda y: y[0] < 4)
    assert isinstance(verdict, Refuted)
    assert verdict.witness["x"].view(np.uint32).tolist() == [0x40000000]
    assert isinstance(prove(SQUARE, {}, Box(np.float32([1]), np.array([last])), lambda y: y[0] < 4), Proved)


def test_rounding_is_seen_which_the_reals_do_not_have() -> None:
    absorbed = trace(lambda x: (x + 1.0) - 1.0, (1,))
    verdict = prove(absorbed, {}, box([2**-26], [2**-25]), lambda y: y[0] > 0)
    assert isinstance(verdict, Refuted)
    assert replay(absorbed, verdict)[0] == 0


def test_all_properties_of_a_list_must_hold() -> None:
    region = box([1], [2])
    assert isinstance(prove(SQUARE, {}, region, lambda y: [y[0] >= 1, y[0] <= 4]), Proved)
    assert isinstance(prove(SQUARE, {}, region, lambda y: [y[0] >= 1, y[0] <= 3]), Refuted)


def test_parameters_are_read() -> None:
    recorder = Recorder()
    x, w = recorder.input("x", (1, 2)), recorder.parameter("w", (2, 2))
    graph = recorder.finish({"y": x.linear(w).relu()})
    w = {"w": np.array([[1, 1], [1, -1]], np.float32)}
    assert isinstance(prove(graph, w, box([[1, 0.5]], [[2, 1]]), lambda y: y[0] > y[1]), Proved)
    assert isinstance(prove(graph, w, box([[1, -1]], [[2, 1]]), lambda y: y[0] > y[1]), Refuted)


def test_a_schedule_is_part_of_the_question() -> None:
    region, holds = box([1, 2**-24, 2**-24], [1, 2**-24, 2**-24]), lambda y: y[0] > 1
    for schedule in (Sequential(), "sequential"):
        verdict = prove(SUM, {}, region, holds, schedule)
        assert isinstance(verdict, Refuted)
    assert isinstance(prove(SUM, {}, region, holds, Reverse()), Proved)


def test_the_witness_replays_in_the_schedule_of_the_question() -> None:
    region = box([1, 0, 0], [1, 2**-23, 2**-23])
    for schedule in (Sequential(), Reverse(), Pairwise()):
        verdict = prove(SUM, {}, region, lambda y: y[0] <= 1, schedule)
        assert isinstance(verdict, Refuted)
        assert replay(SUM, verdict, schedule) > 1


def test_a_point_is_a_box() -> None:
    assert isinstance(prove(SQUARE, {}, box([3], [3]), lambda y: y[0] == 9), Proved)
    refuted = prove(SQUARE, {}, box([3], [3]), lambda y: y[0] != 9)
    assert isinstance(refuted, Refuted)
    assert refuted.witness["x"].tolist() == [3]


def test_a_box_between_the_zeros_holds_both() -> None:
    inverse = trace(lambda x: 1.0 / x, (1,))
    region = box([-0.0], [0.0])
    for claim in (lambda y: y[0] > 0, lambda y: y[0] < 0):
        assert isinstance(prove(inverse, {}, region, claim), Refuted)


def test_a_nan_breaks_every_comparison() -> None:
    root = trace(lambda x: x.sqrt(), (1,))
    verdict = prove(root, {}, box([-1], [1]), lambda y: y[0] >= 0)
    assert isinstance(verdict, Refuted)
    assert verdict.witness["x"][0] < 0


@pytest.mark.parametrize("name", ["exp", "tanh", "softmax", "gelu"])
def test_what_smtlib_has_no_meaning_for_is_unknown_with_the_reason(name: str) -> None:
    graph = trace(lambda x: x.apply(name), (2,))
    verdict = prove(graph, {}, box([0, 0], [1, 1]), lambda y: y[0] > 0)
    assert isinstance(verdict, Unknown)
    assert "SMT-LIB has no" in verdict.reason
    assert f"({name}" in verdict.reason


def test_what_takes_too_long_is_unknown_with_the_time() -> None:
    hard = trace(lambda x: (x @ x.T).sum() / ((x * x).sum() + 1.0).sqrt(), (3, 3))
    verdict = prove(hard, {}, box(-np.ones((3, 3)), np.ones((3, 3))), lambda y: y[0] < 9, timeout=0.01)
    assert isinstance(verdict, Unknown)
    assert "answered unknown after" in verdict.reason
    assert "of 0.01" in verdict.reason


def test_a_witness_that_does_not_replay_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "_replays", lambda *arguments: False)
    verdict = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] < 1)
    assert isinstance(verdict, Unknown)
    assert "did not replay" in verdict.reason


def test_a_symbolic_domain_that_is_wrong_does_not_refute(monkeypatch: pytest.MonkeyPatch) -> None:
    from fpsem.domains.symbolic_fp32 import SymbolicFP32

    monkeypatch.setattr(SymbolicFP32, "mul", lambda self, x, y: self.neg(x))
    verdict = prove(SQUARE, {}, box([1], [2]), lambda y: y[0] >= 0)
    assert isinstance(verdict, Unknown)


def test_a_solver_without_a_model_proves_and_does_not_refute() -> None:
    pytest.importorskip("bitwuzla", reason="the extra 'bitwuzla' is not installed")
    assert isinstance(prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] >= 0, solver="bitwuzla"), Proved)
    verdict = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] < 1, solver="bitwuzla")
    assert isinstance(verdict, Unknown)
    assert "answered sat" in verdict.reason
    for holds in (lambda y: [y[0] == 9], lambda y: [y[0] > 8, y[0] < 10]):
        assert isinstance(prove(SQUARE, {}, box([3], [3]), holds, solver="bitwuzla"), Proved)


@pytest.mark.parametrize(
    "holds",
    [
        lambda y: [],
        lambda y: True,
        lambda y: not (y[0] < 4),
        lambda y: -2 < y[0] < 2,
        lambda y: y[0] > 1 and y[0] < 2,
        lambda y: y > 2,
        lambda y: y[0] > float("nan"),
        lambda y: y[0] + 1 > 2,
    ],
)
def test_what_is_not_a_formula_of_comparisons_is_refused(holds: Any) -> None:
    with pytest.raises(TypeError):
        prove(SQUARE, {}, box([-2], [3]), holds)


def test_equality_is_that_of_the_standard_in_the_solver_and_in_the_replay() -> None:
    pair = trace(lambda x: x * 1.0, (2,))
    square = box([-1, -1], [1, 1])
    assert isinstance(prove(pair, {}, square, lambda y: ~(y[0] == y[1])), Refuted)
    zeros = trace(lambda x: x * 0.0, (2,))
    assert isinstance(prove(zeros, {}, box([1, -2], [2, -1]), lambda y: y[0] == y[1]), Proved)
    nan = trace(lambda x: x / x, (1,))
    assert isinstance(prove(nan, {}, box([0], [0]), lambda y: y[0] == y[0]), Refuted)
    assert isinstance(prove(pair, {}, square, lambda y: (y[0] < y[1]).implies(y[0] <= y[1]) | (y[0] != y[0])), Proved)


def test_a_point_box_holds_one_zero_and_a_wider_one_both() -> None:
    reciprocal = trace(lambda x: 1 / x, (1,))
    assert isinstance(prove(reciprocal, {}, box([0], [0]), lambda y: y[0] > 0), Proved)
    verdict = prove(reciprocal, {}, box([0], [1]), lambda y: y[0] > 0)
    assert isinstance(verdict, Refuted)
    assert verdict.witness["x"].view(np.uint32).tolist() == [0x80000000]


@pytest.mark.parametrize("holds", [lambda y: y[0] >= 0, lambda y: y[0] < 0])
def test_a_verdict_has_no_bool(holds: Any) -> None:
    with pytest.raises(TypeError, match="has no truth value"):
        bool(prove(SQUARE, {}, box([1], [1]), holds))


def test_a_box_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PayloadError, match=r"shape \(2,\), expected \(1,\)"):
        prove(SQUARE, {}, box([0, 0], [1, 1]), lambda y: y[0] >= 0)


@pytest.mark.parametrize(("lo", "hi"), [([1], [0]), ([np.nan], [1]), ([0], [np.inf]), ([0], [1, 2])])
def test_a_box_that_is_none_is_refused(lo: Any, hi: Any) -> None:
    with pytest.raises(ValueError, match="a box needs"):
        box(lo, hi)


def test_a_question_needs_one_input_and_one_output() -> None:
    graph = trace(lambda x, y: x + y, (1,), (1,))
    with pytest.raises(PayloadError, match="one input and one output, not 2 and 1"):
        prove(graph, {}, box([0], [1]), lambda y: y[0] >= 0)
