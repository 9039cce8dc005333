"""Questions about graphs: proved over the box, refuted by a witness that replays, or unknown with the reason."""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError, PropertyError, UnknownNameError
from fpsem.core.region import Box
from fpsem.core.schedule import Pairwise, Reverse, Sequential
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.trace import Recorder, trace
from fpsem.smt import encoding, query, question
from fpsem.smt.query import prove
from fpsem.smt.question import Question
from fpsem.smt.regions import Ball, Such, Union
from fpsem.smt.solver import SOLVERS, is_installed

SQUARE = trace(lambda x: x * x, (1,))
SUM = trace(lambda x: x.sum(), (3,))


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


def replay(graph: Any, verdict: Refuted, schedule: Any = Sequential()) -> Any:
    return run(graph, {}, verdict.witness["x"], IEEE32Exec(schedule=schedule)).view(np.float32)


def test_what_holds_everywhere_is_proved() -> None:
    verdict = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] >= 0, bounds=False, solver="z3")
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


SIGMOID = trace(lambda x: 1 / (1 + (-x).exp()), (1,))


@pytest.mark.parametrize("bounds", [True, False])
def test_elementary_functions_are_proved_and_refuted(bounds: bool) -> None:
    region = box([-5], [5])
    proved = prove(SIGMOID, {}, region, lambda y: [y[0] < 0.9934, y[0] > 0.0066], bounds=bounds)
    assert isinstance(proved, Proved)
    assert ("refinements" in proved.by) is not bounds
    refuted = prove(SIGMOID, {}, region, lambda y: y[0] < 0.99, bounds=bounds)
    assert isinstance(refuted, Refuted)
    assert replay(SIGMOID, refuted)[0] >= np.float32(0.99)


@pytest.mark.parametrize("name", ["exp", "tanh", "sin", "erf", "expm1", "log1p"])
def test_a_model_that_no_function_has_refines_it_until_the_solver_proves(name: str) -> None:
    graph = trace(lambda x: x.apply(name) * x, (1,))
    most = float(np.max(run(graph, {}, np.float32([1.5]), IEEE32Exec()).view(np.float32))) * 1.001
    verdict = prove(graph, {}, box([0.5], [1.5]), lambda y: y[0] < most, bounds=False)
    assert isinstance(verdict, Proved)


def test_a_model_that_is_no_execution_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bent = trace(lambda x: x.exp() * (1 - x), (1,))
    assert isinstance(prove(bent, {}, box([0], [1]), lambda y: y[0] <= 1.5, bounds=False), Proved)
    monkeypatch.setattr(encoding.Application, "lemmas", lambda self: [])
    monkeypatch.setattr(encoding.Application, "refine", lambda self, code: False)
    verdict = prove(bent, {}, box([0], [1]), lambda y: y[0] <= 1.5, bounds=False)
    assert isinstance(verdict, Unknown)
    assert "did not replay" in verdict.reason


def test_what_takes_too_long_is_unknown_with_the_time() -> None:
    hard = trace(lambda x: (x @ x.T).sum() / ((x * x).sum() + 1.0).sqrt(), (3, 3))
    verdict = prove(hard, {}, box(-np.ones((3, 3)), np.ones((3, 3))), lambda y: y[0] < 9, timeout=0.3)
    assert isinstance(verdict, Unknown)
    assert "no answer within" in verdict.reason


@pytest.mark.parametrize(
    ("written", "steps_told"),
    [
        (True, {"writing the graph out as scalars", "directions of the graph's steps"}),
        (False, {"intervals of executions", "running the graph"}),
    ],
)
def test_at_whatever_step_time_runs_out_the_verdict_is_the_right_one_or_unknown(
    written: bool, steps_told: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if written:  # at once, without what the graph itself tells
        monkeypatch.setattr(query, "_by_graphs", lambda *given: None)
    bent, region = trace(lambda x: x * x - x, (1,)), box([-1], [1])
    told = set[str]()
    for claim, right in ((-0.26, Proved), (0, Refuted)):
        kinds = []
        for steps in range(0, 300, 5):
            ticks = count()
            monkeypatch.setattr(question, "time", SimpleNamespace(monotonic=lambda ticks=ticks: float(next(ticks))))
            verdict = prove(bent, {}, region, lambda y, claim=claim: y[0] >= claim, timeout=steps)
            kinds.append(type(verdict))
            told |= {verdict.reason.partition(": ")[2].partition(" took ")[0]} if isinstance(verdict, Unknown) else set()
        known = kinds.index(right)
        assert kinds == [Unknown] * known + [right] * (60 - known)
    assert told >= steps_told


def test_a_question_that_has_no_time_is_unknown_and_says_so() -> None:
    verdict = prove(SQUARE, {}, Union((box([1], [2]), box([3], [4]))), lambda y: y[0] >= 0, timeout=0)
    assert isinstance(verdict, Unknown)
    assert verdict.reason == "no answer within 0 s: intervals of executions took all of it"


@pytest.mark.parametrize("bounds", [True, False])
def test_a_witness_that_does_not_replay_refutes_nothing(bounds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Question, "replays", lambda *arguments: False)
    verdict = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] < 1, bounds=bounds)
    assert isinstance(verdict, Unknown)
    assert "did not replay" in verdict.reason


def test_a_symbolic_domain_that_is_wrong_does_not_refute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SymbolicFP32, "mul", lambda self, x, y: self.neg(x))
    verdict = prove(SQUARE, {}, box([1], [2]), lambda y: y[0] >= 0, bounds=False)
    assert isinstance(verdict, Unknown)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_proves_and_refutes(solver: str) -> None:
    if not is_installed(solver):
        pytest.skip(f"the extra {solver!r} is not installed")
    proved = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] >= 0, solver=solver, bounds=False)
    assert isinstance(proved, Proved)
    assert proved.by.startswith(f"{solver} ")
    refuted = prove(SQUARE, {}, box([-2], [3]), lambda y: y[0] < 1, solver=solver, bounds=False)
    assert isinstance(refuted, Refuted)
    assert refuted.by.startswith(f"{solver} ")
    for holds in (lambda y: [y[0] == 9], lambda y: [y[0] > 8, y[0] < 10]):
        assert isinstance(prove(SQUARE, {}, box([3], [3]), holds, solver=solver, bounds=False), Proved)


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


def test_a_region_names_every_input() -> None:
    graph = trace(lambda x, y: x + y, (1,), (1,))
    with pytest.raises(PayloadError, match="the region is of the inputs x; the graph's are x, y"):
        prove(graph, {}, box([0], [1]), lambda y: y[0] >= 0)
    both = {"x": box([0], [1]), "y": box([2], [3])}
    assert isinstance(prove(graph, {}, both, lambda z: z[0] >= 2), Proved)
    assert isinstance(prove(graph, {}, both, lambda z: z.inputs["x"][0] < z.inputs["y"][0]), Proved)
    refuted = prove(graph, {}, both, lambda z: z[0] > 2)
    assert isinstance(refuted, Refuted)
    assert {name: x.tolist() for name, x in refuted.witness.items()} == {"x": [0], "y": [2]}


def test_several_outputs_are_read_by_name_and_nodes_by_label() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    square = x * x
    graph = recorder.finish({"squares": square, "total": square.sum()})
    region = box([1, 1], [2, 2])
    holds = [lambda y: y["total"][0] >= y["squares"][1], lambda y: y["squares"].is_finite(), lambda y: y.node("%1")[0] >= 1]
    for one in holds:
        assert isinstance(prove(graph, {}, region, one), Proved)
    with pytest.raises(UnknownNameError, match="output 'tota'"):
        prove(graph, {}, region, lambda y: y["tota"][0] > 0)
    with pytest.raises(PropertyError, match="several outputs; name one: squares, total"):
        prove(graph, {}, region, lambda y: y[0] > 0)
    with pytest.raises(UnknownNameError, match="node 'relu'"):
        prove(graph, {}, region, lambda y: y.node("relu")[0] > 0)


def test_argmax_is_the_first_of_the_largest() -> None:
    same = trace(lambda x: x * 1.0, (3,))
    assert isinstance(prove(same, {}, box([2, 1, 0], [3, 2, 1]), lambda y: y.argmax() == 0), Proved)
    assert isinstance(prove(same, {}, box([2, 1, 0], [3, 2, 1]), lambda y: y.argmax() != 2), Proved)
    refuted = prove(same, {}, box([1, 2, 0], [3, 2, 1]), lambda y: y.argmax() == 1)
    assert isinstance(refuted, Refuted)
    assert refuted.witness["x"][0] >= 2
    with pytest.raises(PropertyError, match="a place of 3"):
        prove(same, {}, box([2, 1, 0], [3, 2, 1]), lambda y: y.argmax() == 3)


def test_overflow_and_nan_are_facts_of_a_scalar() -> None:
    square = box([-1e19], [1e19])
    assert isinstance(prove(SQUARE, {}, square, lambda y: y[0].is_finite()), Proved)
    for bounds in (True, False):
        refuted = prove(SQUARE, {}, box([-1e20], [1e20]), lambda y: y[0].is_finite(), bounds=bounds)
        assert isinstance(refuted, Refuted)
    inverse = trace(lambda x: x / x, (1,))
    assert isinstance(prove(inverse, {}, box([-1], [1]), lambda y: ~y[0].is_nan()), Refuted)


@pytest.mark.parametrize("bounds", [True, False])
def test_balls_unions_and_relations_are_regions(bounds: bool) -> None:
    less = trace(lambda x: x[1:2] - x[0:1], (2,))
    square = box([-1, -1], [1, 1])
    ordered = Such(square, lambda x: x[0] <= x[1])
    assert isinstance(prove(less, {}, square, lambda y: y[0] >= 0, bounds=bounds), Refuted)
    assert isinstance(prove(less, {}, ordered, lambda y: y[0] >= 0, bounds=False), Proved)
    two = Union((box([0, 1], [0, 2]), Ball(np.float32([0, 3]), "1/2")))
    assert isinstance(prove(less, {}, two, lambda y: y[0] >= 1, bounds=bounds), Proved)
    refuted = prove(less, {}, Union((two, box([5, 5], [5, 5]))), lambda y: y[0] >= 1, bounds=bounds)
    assert isinstance(refuted, Refuted)
    assert refuted.witness["x"].tolist() == [5, 5]


def test_a_part_that_is_unknown_does_not_hide_another_that_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {0.0: Unknown("no time"), 5.0: Refuted({"x": np.float32([5])}, "an execution")}
    monkeypatch.setattr(query, "_decided", lambda question, part, *rest: answers[float(part.boxes["x"].lo[0])])
    first, second = box([0], [1]), box([5], [6])
    assert isinstance(prove(SQUARE, {}, Union((first, second)), lambda y: y[0] < 9), Refuted)
    unknown = prove(SQUARE, {}, Union((first, first)), lambda y: y[0] < 9)
    assert isinstance(unknown, Unknown)
    assert unknown.reason == "no time"


def test_a_ball_holds_the_numbers_within_the_radius_and_no_others() -> None:
    third = Ball(np.float32([1]), Fraction(1, 3)).box
    assert Fraction(float(third.hi[0])) - 1 <= Fraction(1, 3) < Fraction(float(np.nextafter(third.hi[0], np.float32(2)))) - 1
    for radius in (-1, "a", None, float("nan")):
        with pytest.raises(PayloadError, match="a radius is a number"):
            Ball(np.float32([1]), radius)
    with pytest.raises(PayloadError, match="finite float32"):
        Ball(np.float32([np.inf]), 1)


def test_of_a_wider_accumulator_nothing_is_known_but_what_one_pass_tells() -> None:
    region, wider = box([0, 0, 0], [1, 1, 1]), "sequential:accumulator=binary64"
    assert isinstance(prove(SUM, {}, region, lambda y: y[0] < 4, wider), Proved)
    assert isinstance(prove(SUM, {}, region, lambda y: y[0] < 3, wider), Refuted)
    verdict = prove(SUM, {}, region, lambda y: y[0] != 2.25, wider)
    assert isinstance(verdict, Unknown)
    assert "hold no sums in binary64" in verdict.reason


def test_a_graph_that_would_take_long_to_write_out_is_decided_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "ScalarRecorder", None)
    wide = trace(lambda x: (x @ x.T).sum(), (30, 30))
    region = box(np.zeros((30, 30)), np.ones((30, 30)))
    assert isinstance(prove(wide, {}, region, lambda y: y[0] <= 27_000), Proved)
    for claim in (26_999, 6_000, 1):
        refuted = prove(wide, {}, region, lambda y, claim=claim: y[0] <= claim)
        assert isinstance(refuted, Refuted)
        assert refuted.by == "an execution"


def test_the_relation_is_part_of_the_question_to_the_bounds_too() -> None:
    same = trace(lambda x: x * 1.0, (2,))
    region = Such(box([0, 0], [1, 1]), lambda x: x[0] >= 0.5)
    assert isinstance(prove(same, {}, region, lambda y: y[0] >= 0.5), Proved)
    assert isinstance(prove(same, {}, region, lambda y: y[0] > 0.5), Refuted)
