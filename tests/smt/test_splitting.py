"""Boxes that are cut: nothing is lost between the halves, zeros included; witnesses are inputs of the box."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.graph.trace import Recorder, trace
from fpsem.smt.formula import Outputs, formula_of
from fpsem.smt.question import Execution, Question
from fpsem.smt.splitting import Outcome, _broken, _halved, split, with_zeros
from fpsem.testing.strategies import binary32

ZERO, LEAST, MOST = 0.0, 1e-45, 3.4028235e38


def asked(graph: Any, holds: Any) -> Question:
    return Question({"": Execution(graph, {})}, formula_of(holds, Outputs("", graph)), graph.inputs)


def floats(*numbers: float) -> Array:
    return np.array(numbers, np.float32)


def order(x: Array) -> Array:
    """Places on the line of numbers; -0 lies just below +0."""
    codes = x.view(np.uint32).astype(np.int64)
    return np.where(codes >> 31, -1 - (codes & 0x7FFFFFFF), codes)


@given(st.lists(st.tuples(binary32(allow_nan=False, allow_infinity=False), binary32(allow_nan=False, allow_infinity=False)),
                min_size=1, max_size=3))  # fmt: skip
def test_two_halves_hold_each_number_of_the_box_once(ends: list[Any]) -> None:
    lo, hi = with_zeros(*(np.array([[pick(pair) for pair in ends]], np.float32) for pick in (min, max)))
    if (lo.view(np.uint32) == hi.view(np.uint32)).all():
        return
    lows, highs = _halved(lo, hi, hi[0].astype(np.float64) - lo[0])
    (left, right), (left_end, right_end) = order(lows), order(highs)
    (cut,) = np.flatnonzero(left_end != order(hi)[0])
    np.testing.assert_array_equal(left, order(lo)[0])
    np.testing.assert_array_equal(right_end, order(hi)[0])
    assert left[cut] <= left_end[cut]
    assert left_end[cut] + 1 == right[cut] <= right_end[cut]
    others = np.arange(len(ends)) != cut
    np.testing.assert_array_equal(left[others], right[others])


@pytest.mark.parametrize("lo", [-LEAST, -ZERO, ZERO])
@pytest.mark.parametrize("hi", [-ZERO, ZERO, LEAST])
def test_a_box_that_is_more_than_a_point_holds_both_zeros_that_it_touches(lo: float, hi: float) -> None:
    low, high = with_zeros(floats(lo), floats(hi))
    if np.signbit(lo) == np.signbit(hi) and lo == hi:
        assert (low.view(np.uint32), high.view(np.uint32)) == (floats(lo).view(np.uint32), floats(hi).view(np.uint32))
    else:
        assert order(low)[0] <= -1
        assert order(high)[0] >= 0


def test_a_fixed_zero_keeps_its_sign_in_every_point_that_is_tried() -> None:
    recorder = Recorder()
    x, y = recorder.input("x", (1,)), recorder.input("y", (1,))
    graph = recorder.finish({"inverse": 1.0 / x, "bend": y * y - y})
    for zero, holds in ((-ZERO, lambda v: v["inverse"][0] < 0), (ZERO, lambda v: v["inverse"][0] > 0)):
        question = asked(graph, holds)
        lo, hi = floats(zero, -1), floats(zero, 1)
        points = np.tile(lo, (500, 1)), np.tile(hi, (500, 1))
        assert _broken(question, *points, np.random.default_rng(0)) is None
        found = split(asked(graph, lambda v, holds=holds: [holds(v), v["bend"][0] < 1.75]), lo, hi, 9, 1000)
        assert found.witness is not None
        assert Box(lo, hi).contains(found.witness)


def test_what_holds_in_each_part_only_is_proved_by_cutting() -> None:
    question = asked(trace(lambda x: x * x - x, (1,)), lambda y: y[0] >= -0.2501)
    assert question.on_boxes(floats(-1)[None], floats(1)[None]).tolist() == [-1]
    found = split(question, floats(-1), floats(1), 9, 10_000)
    assert (len(found.lo), found.witness) == (0, None)


@pytest.mark.parametrize("at", [-MOST, -1.0, -ZERO, ZERO, LEAST, MOST])
def test_a_point_is_decided_by_one_box(at: float) -> None:
    point = floats(at)
    assert split(asked(trace(lambda x: x * 1.0, (1,)), lambda y: y[0] == y[0]), point, point, 9, 9).looked_at == 1
    refuted = split(asked(trace(lambda x: x * 1.0, (1,)), lambda y: y[0] != y[0]), point, point, 9, 9)
    assert refuted.witness is not None
    assert refuted.witness.view(np.uint32) == point.view(np.uint32)


def test_spent_effort_leaves_every_undecided_input_in_some_box() -> None:
    question = asked(trace(lambda x: x - x, (2,)), lambda y: y[0] == 0)
    found = split(question, floats(1, 1), floats(2, 2), 9, 50)
    assert found.witness is None
    points = np.random.default_rng(0).uniform(1, 2, (100, 2)).astype(np.float32)
    held = ((found.lo[:, None] <= points) & (points <= found.hi[:, None])).all(axis=2).any(axis=0)
    assert held.all()


def test_the_hull_of_boxes_has_minus_zero_below_plus_zero() -> None:
    for rows in ((0, 1), (1, 0)):
        ends = np.array([[-0.0, 1], [0.0, 2]], np.float32)[list(rows)]
        lo, hi = Outcome(ends, ends, None, 2).hull
        assert (np.signbit(lo[0]), np.signbit(hi[0])) == (True, False)
        assert (lo[1], hi[1]) == (1, 2)


def test_boxes_that_are_looked_at_are_told() -> None:
    told: list[int] = []
    found = split(asked(trace(lambda x: x - x, (1,)), lambda y: y[0] == 0), floats(1), floats(2), 9, 50, told.append)
    assert sum(told) == found.looked_at >= 50
