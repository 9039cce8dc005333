"""Questions: points, boxes and replays read one formula alike; moved elements and names stay what they are."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Reverse, Sequential
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import Recorder, trace
from fpsem.smt import question as module
from fpsem.smt.corners import at_corners
from fpsem.smt.encoding import Encoding
from fpsem.smt.formula import Outputs, every, formula_of, within_ulps
from fpsem.smt.query import prove
from fpsem.smt.question import ENCLOSED, EXECUTED, INTERVALS, Deadline, Execution, Question, TimeIsUp
from fpsem.testing import boxes, inputs_in, schedules, small_graphs
from fpsem.testing.strategies import binary32

MODEL = trace(lambda x: (x * x).sum(), (3,))


def asked(graph: Any, holds: Any, **execution: Any) -> Question:
    return Question({"": Execution(graph, {}, **execution)}, formula_of(holds, Outputs("", graph)), graph.inputs)


def codes(*numbers: float) -> Array:
    return np.array(numbers, np.float32).view(np.uint32)


@given(st.data())
def test_points_are_executions_of_the_graph_in_its_schedule(data: Any) -> None:
    small, schedule = data.draw(small_graphs()), data.draw(schedules())
    x = data.draw(inputs_in(data.draw(boxes(small.shape))))
    wanted = run(small.graph, small.payload, x, IEEE32Exec(schedule=schedule)).view(np.float32).reshape(-1)

    def is_it(y: Outputs) -> Any:
        told = [v.is_nan() if np.isnan(w) else ~v.is_nan() & ~v.is_finite() if np.isinf(w) else v == w for v, w in zip(y, wanted)]
        return every(told)

    execution, formula = Execution(small.graph, small.payload, schedule), formula_of(is_it, Outputs("", small.graph))
    question = Question({"": execution}, formula, small.graph.inputs)
    flat = question.flat({"x": x})
    assert question.at_points(flat[None]).all()
    assert not question.replays({"x": x})
    assert question.on_boxes(flat[None], flat[None]).tolist() == [outward.TRUE]


def test_a_box_of_points_that_differ_is_told_in_three_values() -> None:
    question = asked(MODEL, lambda y: y[0] <= 12)
    lo, hi = np.float32([[0, 0, 0], [3, 3, 3], [0, 0, 0]]), np.float32([[1, 1, 1], [4, 4, 4], [3, 3, 3]])
    assert question.on_boxes(lo, hi).tolist() == [outward.TRUE, outward.FALSE, outward.UNKNOWN]


def test_what_is_not_known_stays_so_through_not_and_or() -> None:
    question = asked(MODEL, lambda y: ~(y[0] <= 12) | (y[0] < 0))
    assert question.on_boxes(np.zeros((1, 3), np.float32), np.full((1, 3), 3, np.float32)).tolist() == [outward.UNKNOWN]


THREE = (outward.FALSE, outward.UNKNOWN, outward.TRUE)


@pytest.mark.parametrize("a", THREE)
@pytest.mark.parametrize("b", THREE)
def test_connectives_of_three_values_hold_of_every_completion(a: Any, b: Any) -> None:
    def completions(x: Any) -> tuple[bool, ...]:
        return (False, True) if x == outward.UNKNOWN else (bool(x == outward.TRUE),)

    for kind, count in (("all", 2), ("any", 2), ("not", 1)):
        found = int(ENCLOSED[kind](*(np.asarray(x) for x in (a, b)[:count])))
        given = [(p, q)[:count] for p in completions(a) for q in completions(b)]
        possible = {bool(EXECUTED[kind](*(np.asarray(x) for x in row))) for row in given}
        assert completions(found) == tuple(sorted(possible))


@given(st.tuples(*[binary32()] * 4), st.sampled_from([0, 1, 2, 1 << 23, 1 << 31, (1 << 32) - 1]))
def test_ulps_between_intervals_hold_of_their_ends(ends: Any, ulps: int) -> None:
    if any(np.isnan(end) for end in ends):
        return
    pairs = [tuple(pick(ends[i], ends[i + 1]) for pick in (outward.lesser, outward.greater)) for i in (0, 2)]
    a, b = (INTERVALS.between(np.atleast_1d(lo), np.atleast_1d(hi)) for lo, hi in pairs)
    told = int(ENCLOSED["within_ulps"](a, b, ulps)[0])
    at_ends = {bool(EXECUTED["within_ulps"](codes(x), codes(y), ulps)[0]) for x in pairs[0] for y in pairs[1]}
    assert told == outward.UNKNOWN or at_ends == {told == outward.TRUE}


def test_ulps_of_what_may_be_nan_are_unknown_and_of_nan_alone_known() -> None:
    whole, one = INTERVALS.between(np.float32([-np.inf]), np.float32([np.inf])), INTERVALS.from_bits(codes(1))
    nan = INTERVALS.from_bits(codes(np.nan))
    told = [int(ENCLOSED["within_ulps"](x, y, 1 << 31)[0]) for x, y in ((whole, one), (whole, nan), (nan, one), (nan, nan))]
    assert told == [outward.UNKNOWN, outward.UNKNOWN, outward.FALSE, outward.TRUE]


def test_tensors_come_back_from_a_row_of_elements() -> None:
    graph = trace(lambda x, y, z: x.sum() + y.sum() + z, (2, 3), (1,), ())
    question = asked(graph, lambda v: v[0] > 0)
    row = np.arange(8, dtype=np.float32)
    named = question.named(row)
    assert {name: x.shape for name, x in named.items()} == {"x": (2, 3), "y": (1,), "z": ()}
    np.testing.assert_array_equal(question.flat(named), row)
    assert list(question.scalars.inputs)[4:] == ["x[1,1]", "x[1,2]", "y[0]", "z"]


def test_a_moved_element_is_read_from_its_own_input_in_points_and_in_replays() -> None:
    graph = trace(lambda x: x.sum(), (2, 2))
    executions = {"": Execution(graph, {}), "moved": Execution(graph, {}, moved=("x", (1, 0), "other"))}
    values = {key: Outputs(key, graph) for key in executions}
    formula = formula_of(lambda v: (v[""][0] == 10) & (v["moved"][0] == 17) & (v["moved"].inputs[2] == 10), values)
    question = Question(executions, formula, {"x": (2, 2), "other": ()})
    x = {"x": np.float32([[1, 2], [3, 4]]), "other": np.float32(10)}
    assert question.at_points(question.flat(x)[None]).tolist() == [True]
    assert not question.replays(x)
    assert x["x"][1, 0] == 3
    assert question.replays({**x, "other": np.float32(9)})


def test_schedules_of_one_question_are_kept_apart() -> None:
    graph = trace(lambda x: x.sum(), (3,))
    executions = {key: Execution(graph, {}, order) for key, order in (("", Sequential()), ("other", Reverse()))}
    values = {key: Outputs(key, graph) for key in executions}
    question = Question(executions, formula_of(lambda v: v[""][0] == v["other"][0], values), graph.inputs)
    x = np.float32([[1, 2**-24, 2**-24], [1, 1, 1]])
    assert question.at_points(x).tolist() == [False, True]
    assert [question.replays({"x": row}) for row in x] == [True, False]


def test_inputs_whose_elements_would_have_one_name_are_refused_and_nothing_is_proved_of_them() -> None:
    recorder = Recorder()
    x, other = recorder.input("x", (1,)), recorder.input("x[0]", ())
    graph = recorder.finish({"y": x.reshape(shape=()) - other})
    with pytest.raises(UnsupportedError, match=r"two inputs have elements called 'x\[0\]'"):
        _ = asked(graph, lambda y: y[0] == 0).scalars
    region = {"x": Box(np.float32([0]), np.float32([1])), "x[0]": Box(np.float32(5), np.float32(6))}
    assert isinstance(prove(graph, {}, region, lambda y: y[0] != -4.75), Unknown)


def test_a_graph_without_inputs_is_a_question_about_one_execution() -> None:
    recorder = Recorder()
    graph = recorder.finish({"y": recorder.parameter("w", (1,)) * 2.0})
    w = {"w": np.float32([3])}
    for bounds in (True, False):
        assert isinstance(prove(graph, w, {}, lambda y: y[0] == 6, bounds=bounds), Proved)
        refuted = prove(graph, w, {}, lambda y: y[0] != 6, bounds=bounds)
        assert isinstance(refuted, Refuted)
        assert refuted.witness == {}


@pytest.mark.parametrize("bounds", [True, False])
def test_a_property_of_inputs_alone_and_unused_inputs_and_parameters_are_questions_too(bounds: bool) -> None:
    recorder = Recorder()
    x, unused = recorder.input("x", (1,)), recorder.input("unused", ())
    recorder.parameter("w", (4,))
    graph = recorder.finish({"y": x + 1.0})
    region = {"x": Box(np.float32([1]), np.float32([2])), "unused": Box(np.float32(-1), np.float32(1))}
    w = {"w": np.full(4, np.nan, np.float32)}
    assert unused.shape == ()
    assert isinstance(prove(graph, w, region, lambda y: y.inputs["x"][0] >= 1, bounds=bounds), Proved)
    assert isinstance(prove(graph, w, region, lambda y: y[0] <= 3, bounds=bounds), Proved)
    refuted = prove(graph, w, region, lambda y: y.inputs["unused"][0] < 1, bounds=bounds)
    assert isinstance(refuted, Refuted)
    assert refuted.witness["unused"] == 1


def test_ulps_are_the_same_in_points_boxes_and_replays() -> None:
    question = asked(trace(lambda x: x * 1.0, (2,)), lambda y: within_ulps(y[0], y[1], 2))
    x = np.float32([[1, 1.0000002], [1, 1.0000004], [0, -0.0], [1e-45, -1e-45]])
    expected = [True, False, True, True]
    assert question.at_points(x).tolist() == [bool(one == outward.TRUE) for one in question.on_boxes(x, x)] == expected
    assert [not question.replays({"x": row}) for row in x] == expected


@pytest.mark.parametrize("bounds", [True, False])
def test_a_box_whose_only_numbers_of_a_narrow_format_are_zeros_holds_both(bounds: bool) -> None:
    inverse = trace(lambda x: 1.0 / x, (1,))
    region = Box(np.float32([0]), np.float32([1e-42]))
    for holds in (lambda y: y[0] > 0, lambda y: y[0] < 0):
        assert isinstance(prove(inverse, {}, region, holds, bounds=bounds, format="bfloat16"), Refuted)
    alone = Box(np.float32([0]), np.float32([0]))
    assert isinstance(prove(inverse, {}, alone, lambda y: y[0] > 0, bounds=bounds, format="bfloat16"), Proved)


# -- the limit of time -------------------------------------------------------------------------------------------------

WRITING, RUNNING, ENCLOSING = "writing the graph out as scalars", "running the graph", "intervals of executions"


class Counted(Deadline):
    """A deadline that only counts the looks, by what was being done."""

    def look(self, doing: str) -> None:
        self.spent[doing] = self.spent.get(doing, 0) + 1


def timed(deadline: Deadline) -> Question:
    return dataclasses.replace(asked(MODEL, lambda y: y[0] <= 12), deadline=deadline)


def test_every_step_looks_at_the_deadline_node_by_node() -> None:
    counted, (lo, hi) = Counted(), np.float32([[0, 0, 0], [3, 3, 3]])
    question = timed(counted)
    nodes = len(question.scalars.nodes)
    assert counted.spent == {WRITING: nodes}
    question.at_points(lo[None])  # nodes are made ready, then run
    assert counted.spent == {WRITING: nodes, RUNNING: 2 * nodes}
    question.on_boxes(lo[None], hi[None])
    assert counted.spent == {WRITING: nodes, RUNNING: 2 * nodes, ENCLOSING: 2 * nodes}
    at_corners(question, lo, hi)
    assert counted.spent["directions of the graph's steps"] > 2 * nodes
    assert counted.spent[RUNNING] == 3 * nodes
    encoding = Encoding(question, lo, hi)
    assert counted.spent["writing the question for solvers"] == nodes
    assert encoding.query.text
    assert counted.spent["writing the question for solvers"] > nodes


def test_what_is_asked_when_the_time_is_up_is_not_answered() -> None:
    deadline, (lo, hi) = Deadline(), np.float32([[0, 0, 0], [3, 3, 3]])
    question = timed(deadline)
    encoding = Encoding(question, lo, hi)
    for asked_for in (lambda: question.at_points(lo[None]), lambda: question.on_boxes(lo[None], hi[None])):
        asked_for()
    deadline._end = float("-inf")
    for late in (
        lambda: timed(Deadline(0)).scalars,
        lambda: question.at_points(lo[None]),
        lambda: question.on_boxes(lo[None], hi[None]),
        lambda: at_corners(question, lo, hi),
        lambda: Encoding(question, lo, hi),
        lambda: encoding.query,
    ):
        with pytest.raises(TimeIsUp, match="no answer within"):
            late()


def test_the_reason_names_what_took_most_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    deadline = Deadline(20)

    def look(after: float, doing: str) -> None:
        clock.now += after
        deadline.look(doing)

    look(6, "reading")
    look(5, "writing")
    look(4, "reading")
    assert deadline.left == 5
    with pytest.raises(TimeIsUp, match=r"^no answer within 20 s: writing took 14 s of it$"):
        look(9, "writing")
    deadline = Deadline(2)
    with pytest.raises(TimeIsUp, match=r"^no answer within 2 s: writing took all of it$"):
        look(2, "writing")
