"""Explaining a witness: its numbers in every notation, a trace beside the reals, and a search for shorter decimals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Reverse, Sequential
from fpsem.core.verdict import Refuted
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.smt.explain import TraceRow, Witness, minimised, shown, trace_of
from fpsem.smt.query import prove
from fpsem.softfloat import arithmetic

SPECIALS = [0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x3DCCCCCD, 0x3F800000, 0xFF7FFFFF]
"""Both zeros, the smallest and a negative largest subnormal, the smallest normal, 0.1, 1 and the least finite number."""


def f32(*values: float) -> Any:
    return np.array(values, np.float32)


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


def last(rows: tuple[TraceRow, ...]) -> TraceRow:
    return rows[-1]


def node(rows: tuple[TraceRow, ...], op: str) -> list[TraceRow]:
    return [row for row in rows if row.op == op]


# -- the numbers of a witness ----------------------------------------------------------------------------------------


def test_every_notation_of_a_number_reads_back_as_its_bits() -> None:
    rows = shown({"x": np.array(SPECIALS, np.uint32).view(np.float32)})
    assert [int(row.bits, 16) for row in rows] == SPECIALS
    assert arithmetic().from_decimal([row.decimal for row in rows]).tolist() == SPECIALS
    assert f32(*(float.fromhex(row.hexadecimal) for row in rows)).view(np.uint32).tolist() == SPECIALS


def test_decimals_are_the_shortest_and_bits_have_eight_digits() -> None:
    rows = shown({"x": f32(-0.0, 2.0**-149, 0.1, 3.4028235e38)})
    assert [row.decimal for row in rows] == ["-0", "1e-45", "0.1", "3.4028235e+38"]
    assert [row.bits for row in rows] == ["0x80000000", "0x00000001", "0x3dcccccd", "0x7f7fffff"]


def test_rows_come_by_input_in_c_order() -> None:
    rows = shown({"b": np.zeros((2, 2), np.float32)[:, ::-1], "a": np.float32(1)})
    assert [(row.name, row.index) for row in rows] == [("b", (0, 0)), ("b", (0, 1)), ("b", (1, 0)), ("b", (1, 1)), ("a", ())]


def test_numbers_that_are_not_binary32_are_refused() -> None:
    with pytest.raises(PayloadError, match="input 'x' has dtype float64"):
        shown({"x": np.array([0.1])})


# -- the trace -------------------------------------------------------------------------------------------------------


def test_a_trace_shows_where_a_small_number_is_absorbed() -> None:
    rows = trace_of(trace(lambda x: (x + 1.0) - 1.0, (1,)), {}, {"x": f32(2**-26)})
    (added,), (result,) = node(rows, "add"), node(rows, "sub")
    assert (added.value, added.real, added.error) == (1.0, "1.0000000149011612", 2.0**-26)
    assert (result.code, result.hexadecimal, result.real) == (0, "0x0p+0", "1.4901161193847656e-8")
    assert result.error == 2.0**-26


def test_executed_codes_are_those_of_the_execution_in_its_schedule() -> None:
    graph, x = trace(lambda x: x.sum(), (3,)), {"x": f32(2.0**24, 1, 1)}
    for schedule in (Sequential(), Reverse()):
        expected = int(run(graph, {}, x, IEEE32Exec(schedule=schedule)))
        assert last(trace_of(graph, {}, x, schedule)).code == expected
    assert last(trace_of(graph, {}, x, "reverse")).code != last(trace_of(graph, {}, x, "sequential")).code


def test_overflow_leaves_a_real_value_and_no_error() -> None:
    row = last(trace_of(trace(lambda x: x * x, (1,)), {}, {"x": f32(2.0**100)}))
    assert (row.value, row.hexadecimal, row.error) == (np.inf, "inf", None)
    assert row.real == "1.6069380442589903e+60"


def test_a_division_by_zero_is_undefined_in_the_reals_and_so_is_what_follows() -> None:
    rows = trace_of(trace(lambda x: (1.0 / x) + x, (2,)), {}, {"x": f32(0, -0.5)})
    undefined, defined = node(rows, "div")
    assert (undefined.value, undefined.real, undefined.error) == (np.inf, "undefined", None)
    assert undefined.note.startswith("div has no real value here")
    assert (defined.real, defined.error, defined.note) == ("-2", 0.0, "")
    follows, does_not = node(rows, "add")
    assert (follows.real, follows.note) == ("undefined", f"follows from {undefined.node}")
    assert does_not.real == "-2.5"


def test_an_undefined_value_that_is_not_chosen_does_no_harm() -> None:
    graph = trace(lambda x: x.equal(x - x).where(x, 1.0 / x), (1,))
    row = last(trace_of(graph, {}, {"x": f32(0)}))
    assert (row.real, row.error, row.note) == ("0", 0.0, "")


def test_a_tensor_that_the_reals_do_not_have_is_undefined_with_the_reason_and_the_rest_is_shown() -> None:
    graph = trace(lambda x, y: (x + y, x + x), (1,), (1,))
    rows = trace_of(graph, {}, {"x": f32(1), "y": f32(np.inf)})
    by_node = {row.node: row for row in rows}
    assert by_node["y"].real == "undefined"
    assert "element [0] is infinite" in by_node["y"].note
    first, second = node(rows, "add")
    assert (first.real, first.error, first.note) == ("undefined", None, "follows from y")
    assert (second.real, second.error) == ("2", 0.0)


def test_errors_of_elementary_functions_are_within_half_a_unit() -> None:
    row = last(trace_of(trace(lambda x: x.exp(), (1,)), {}, {"x": f32(1)}))
    assert row.real == "2.7182818284590452"
    assert row.error == pytest.approx(8.25484e-8, rel=1e-5)
    assert row.error is not None
    assert row.error <= 2.0**-23


def test_a_real_value_that_no_precision_decides_is_unknown_between_two_numbers() -> None:
    rows = trace_of(trace(lambda x: x.exp().log() - x, (1,)), {}, {"x": f32(1)})
    (near,) = node(rows, "log")
    assert near.real == "1.0000000000000000"
    row = last(rows)
    assert row.real == "unknown"
    assert row.note.startswith("between -")
    assert row.error == abs(row.value) == 2.0**-24


def test_a_choice_that_no_precision_decides_has_no_error_even_at_an_end_of_its_bounds() -> None:
    graph = trace(lambda x: x.exp().log().less_equal(x).where(x, 3.0 * x), (1,))
    row = last(trace_of(graph, {}, {"x": f32(1)}))
    assert row.value in (1.0, 3.0)
    assert (row.real, row.error) == ("unknown", None)


def test_reals_are_sharpened_until_cancellation_leaves_all_digits() -> None:
    row = last(trace_of(trace(lambda x: (x.exp() + (-x).exp()) - x.exp(), (1,)), {}, {"x": f32(80)}))
    assert (row.value, row.real) == (0.0, "1.8048513878454152e-35")
    assert row.error == 1.8048513878454152e-35


def test_an_error_beyond_the_doubles_is_infinite() -> None:
    def function(x: Any) -> Any:
        y = x.exp()
        return y.equal(y + y).where(x, y)

    row = last(trace_of(trace(function, (1,)), {}, {"x": f32(1000)}))
    assert (row.value, row.error) == (1000.0, np.inf)
    assert row.real.endswith("e+434")


def test_a_real_value_too_large_to_write_is_unknown() -> None:
    row = last(trace_of(trace(lambda x: x.exp().exp(), (1,)), {}, {"x": f32(80)}))
    assert (row.value, row.real, row.error) == (np.inf, "unknown", None)


def test_truths_and_integers_are_shown_as_such() -> None:
    def function(x: Any, i: Any) -> Any:
        return (x + 1.0).less_equal(x - x + 1.0).where(x.gather(i, axis=0).broadcast_to((2,)), x)

    graph = trace(function, (2,), (1,), integers=["i"])
    rows = trace_of(graph, {}, {"x": f32(2**-30, 2), "i": np.array([1])})
    tiny, large = node(rows, "less_equal")
    assert (tiny.code, tiny.hexadecimal, tiny.real, tiny.error) == (1, "true", "false", None)
    assert (large.code, large.hexadecimal, large.real, large.error) == (0, "false", "false", None)
    (index,) = node(rows, "integer_input")
    assert (index.code, index.hexadecimal, index.real) == (1, "1", "1")


def test_nodes_of_many_elements_show_the_first_and_say_how_many_are_left_out() -> None:
    rows = trace_of(trace(lambda x: -x, (3, 2)), {}, {"x": np.zeros((3, 2), np.float32)}, most_elements=4)
    assert [row.index for row in node(rows, "neg")] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [row.left_out for row in node(rows, "neg")] == [0, 0, 0, 2]
    assert all(row.left_out == 0 for row in trace_of(trace(lambda x: -x, (2,)), {}, {"x": f32(0, 1)}))


def test_nodes_that_share_a_label_are_told_apart() -> None:
    graph = trace(lambda x: (x + x) * x, (1,))
    nodes = tuple(type(n)(n.op, n.inputs, n.attributes, n.shape, "layer" if n.inputs else "") for n in graph.nodes)
    rows = trace_of(type(graph)(nodes, graph.outputs), {}, {"x": f32(1)})
    assert [row.node for row in rows] == ["x", "layer %1", "layer %2"]


def test_rows_are_plain_data() -> None:
    x = {"x": f32(0.1)}
    rows = [*shown(x), *trace_of(trace(lambda x: x * x, (1,)), {}, x)]
    assert [row["index"] for row in json.loads(json.dumps([asdict(row) for row in rows], allow_nan=False))] == [[0]] * 3


def test_parameters_are_traced_and_misfits_and_an_empty_trace_refused() -> None:
    graph = trace(lambda x: x + x, (1,))
    with pytest.raises(PayloadError, match="missing: x"):
        trace_of(graph, {}, {})
    with pytest.raises(ValueError, match="most_elements must be at least 1"):
        trace_of(graph, {}, {"x": f32(1)}, most_elements=0)


# -- a shorter witness -----------------------------------------------------------------------------------------------


def decimals(x: Witness) -> list[str]:
    return [row.decimal for row in shown(x)]


class Counted:
    """A property that fails where the test given says so, and how often it was asked."""

    def __init__(self, fails: Callable[[Witness], bool]) -> None:
        self.fails, self.asked = fails, 0

    def __call__(self, x: Witness) -> bool:
        self.asked += 1
        return bool(self.fails(x))


@pytest.mark.parametrize("start", [0.34567, 0.30000007, 0.47123, 0.5])
def test_the_shortest_decimal_that_serves_is_found(start: float) -> None:
    found = minimised({"x": f32(start)}, lambda x: x["x"][0] > np.float32(0.3), {"x": box([0], [0.5])})
    assert decimals(found) == (["0.5"] if start == 0.5 else ["0.4"])


@pytest.mark.parametrize(
    ("start", "lo", "hi", "least", "expected"),
    [
        (1.2345678, -9, 9, -np.inf, "0"),
        (1.2345678, -9, 9, 0.5, "1"),
        (1.2345678, -9, 9, 1.1, "2"),
        (123.456, 100, 200, 123, "123"),
        (123.456, 100, 200, 123.2, "124"),
        (123.456, 100, 123.5, 123.2, "123.4"),
        (1.2345678e-38, 0, 1e-37, 1.2e-38, "2e-38"),
        (123456789.0, 0, 2e8, 1.2e8, "200000000"),
        (-5.3, -6, -5, -5.4, "-5"),
        (-0.7654321, -0.9, -0.3, -0.8, "-0.5"),
        (0.24, 0.2, 0.3, 0.24, "0.3"),
        (0.2512345, 0.25, 0.26, 0.25, "0.25"),
    ],
)
def test_simpler_numbers_of_the_box_are_preferred(start: float, lo: float, hi: float, least: float, expected: str) -> None:
    bounds = {"x": box([lo], [hi])}
    assert decimals(minimised({"x": f32(start)}, lambda x: x["x"][0] >= np.float32(least), bounds)) == [expected]


def test_a_decimal_means_the_nearest_float() -> None:
    found = minimised({"x": f32(0.1000001)}, lambda x: x["x"][0] != 0, {"x": box([0.1], [0.11])})
    assert found["x"].view(np.uint32).tolist() == [0x3DCCCCCD]


def test_nothing_shorter_leaves_the_witness_as_it_is() -> None:
    start = f32(0.12345679, -0.98765432)
    found = minimised({"x": start}, lambda x: np.array_equal(x["x"], start), {"x": box([-1, -1], [1, 1])})
    assert np.array_equal(found["x"].view(np.uint32), start.view(np.uint32))


def test_elements_that_are_fixed_stay_as_they_are() -> None:
    asked = Counted(lambda x: True)
    found = minimised({"x": f32(-0.0, 0.7654321)}, asked, {"x": box([-0.0, 0.25], [-0.0, 1])})
    assert found["x"].view(np.uint32).tolist() == [0x80000000, 0x3F800000]
    minimised({"x": f32(0.7654321)}, asked := Counted(lambda x: True), {"x": box([0.7654321], [0.7654321])})
    assert asked.asked == 1


def test_rounding_all_at_once_leaves_no_box() -> None:
    x = f32(0.32345, 0.33456, 0.3217, -0.0)
    found = minimised({"x": x}, lambda x: True, {"x": box([0.31, 0.331, x[2], -0.0], [0.34, 0.339, x[2], -0.0])})
    assert decimals(found) == ["0.32", "0.335", "0.3217", "-0"]


def test_rounding_all_at_once_takes_more_digits_where_the_box_needs_them() -> None:
    x = f32(0.32345, 0.33456, 0.71234)
    bounds = box([0.31, 0.331, 0], [0.34, 0.339, 1])
    found = minimised({"x": x}, lambda x: x["x"][2] > 0, {"x": bounds}, budget=3)
    assert decimals(found) == ["0.32", "0.335", "0.7"]


def test_elements_are_tried_again_after_others_have_changed() -> None:
    def fails(x: Witness) -> bool:
        a, b = x["x"]
        return bool((a > 0.25 and b > 0.5) or b == 1)

    assert decimals(minimised({"x": f32(0.34567, 0.76543)}, fails, {"x": box([0, 0], [0.5, 1])})) == ["0", "1"]


@pytest.mark.parametrize("budget", [1, 2, 3, 7, 50, 400])
def test_what_is_found_fails_is_in_the_boxes_and_took_no_more_than_the_budget(budget: int) -> None:
    chance = np.random.default_rng(budget)
    x = {"a": chance.uniform(-1, 1, (3, 4)).astype(np.float32), "b": np.float32(0.123456)}
    total = Fraction(float(x["a"].astype(np.float64).sum()))
    asked = Counted(lambda x: abs(Fraction(float(x["a"].astype(np.float64).sum())) - total) < Fraction(1, 100) and x["b"] > 0)
    boxes = {"a": box(np.full((3, 4), -1), np.full((3, 4), 1)), "b": box(0, 0.2)}
    found = minimised(x, asked, boxes, budget)
    assert asked.asked <= budget
    assert asked.fails(found)
    assert list(found) == ["a", "b"]
    assert all(found[name].dtype == np.float32 and boxes[name].contains(found[name]) for name in boxes)
    assert sum(map(len, decimals(found))) <= sum(map(len, decimals(x)))


def test_many_elements_are_shortened_within_a_small_budget() -> None:
    x = {"x": np.random.default_rng(1).random(500).astype(np.float32)}
    found = minimised(x, lambda x: bool((x["x"] > 0).all()), {"x": box(np.zeros(500), np.ones(500))}, budget=12)
    assert max(map(len, decimals(found))) <= 5


def test_the_same_arguments_give_the_same_witness_and_leave_what_was_given() -> None:
    x = {"x": np.random.default_rng(2).random(6).astype(np.float32)}
    before = x["x"].copy()

    def fails(x: Witness) -> bool:
        held = float(x["x"].sum()) > 2
        x["x"].fill(9)
        return held

    boxes = {"x": box(np.zeros(6), np.ones(6))}
    first, second = (minimised(x, fails, boxes, 60)["x"] for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(x["x"], before)
    assert (first <= 1).all()


def test_a_solvers_witness_gets_shorter_and_still_replays() -> None:
    graph, region = trace(lambda x: x * x, (1,)), box([1], [4])
    verdict = prove(graph, {}, region, lambda y: y[0] < 8.9)
    assert isinstance(verdict, Refuted)

    def fails(x: Witness) -> bool:
        return not bool(run(graph, {}, x, IEEE32Exec()).view(np.float32)[0] < np.float32(8.9))

    assert decimals(minimised(verdict.witness, fails, {"x": region})) in (["3"], ["4"])


def test_what_cannot_be_minimised_is_refused() -> None:
    x, boxes = {"x": f32(0.5)}, {"x": box([0], [1])}
    with pytest.raises(ValueError, match="does not fail at the input given"):
        minimised(x, lambda x: False, boxes)
    with pytest.raises(ValueError, match="budget must be at least 1, not 0"):
        minimised(x, lambda x: True, boxes, budget=0)
    with pytest.raises(PayloadError, match="input 'x' has no box; there are boxes for: y"):
        minimised(x, lambda x: True, {"y": boxes["x"]})
    with pytest.raises(PayloadError, match="is not in its box of shape"):
        minimised({"x": f32(2)}, lambda x: True, boxes)
    with pytest.raises(PayloadError, match="dtype float64"):
        minimised({"x": np.array([0.5])}, lambda x: True, boxes)
