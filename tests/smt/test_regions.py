"""Regions: balls hold both zeros where both are near, unions and relations come apart into boxes, misfits are refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import PayloadError
from fpsem.core.region import Box, midpoints
from fpsem.core.verdict import Refuted
from fpsem.domains import _outward as outward
from fpsem.graph.trace import trace
from fpsem.smt.query import prove
from fpsem.smt.regions import Ball, Such, Union, parts_of
from fpsem.testing.strategies import binary32

ONE = {"x": (1,)}
TWO = {"x": (1,), "y": (2,)}


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


@pytest.mark.parametrize("center", [0.0, -0.0])
@pytest.mark.parametrize("radius", [0, Fraction(1, 10**60)])
def test_a_ball_about_zero_holds_both_zeros_however_small(center: float, radius: Any) -> None:
    ends = Ball(np.float32([center]), radius).box
    assert [int(end.view(np.uint32)[0]) for end in (ends.lo, ends.hi)] == [0x80000000, 0]
    inverse = trace(lambda x: 1 / x, (1,))
    for holds in (lambda y: y[0] > 0, lambda y: y[0] < 0):
        assert isinstance(prove(inverse, {}, Ball(np.float32([center]), radius), holds), Refuted)


def test_a_ball_of_no_radius_about_another_number_is_that_number() -> None:
    assert Ball(np.float32([1.5, -2]), 0).box.fixed.all()


@given(binary32(allow_nan=False, allow_infinity=False), st.fractions(0, 10))
def test_a_ball_is_the_numbers_within_its_radius(center: Any, radius: Fraction) -> None:
    ends = Ball(np.array([center]), radius).box
    for end, to in ((ends.lo[0], -np.inf), (ends.hi[0], np.inf)):
        assert abs(Fraction(float(end)) - Fraction(float(center))) <= radius
        with np.errstate(over="ignore"):
            beyond = float(np.nextafter(end, np.float32(to)))
        assert np.isinf(beyond) or abs(Fraction(beyond) - Fraction(float(center))) > radius


def test_the_largest_numbers_have_balls() -> None:
    largest = np.finfo(np.float32).max
    ends = Ball(np.array([largest, -largest]), "1e40").box
    assert (ends.lo.tolist(), ends.hi.tolist()) == ([float(-largest)] * 2, [float(largest)] * 2)


def test_unions_and_relations_come_apart_into_boxes_with_the_relations_that_hold_in_each() -> None:
    def low(x: Any) -> Any:
        return x[0] < 0

    def high(x: Any) -> Any:
        return x[0] > 0

    first, second = box([0], [1]), box([2], [3])
    region = Union((first, Such(Union((Such(second, low), Ball(np.float32([5]), 1))), high)))
    parts = list(parts_of(region, ONE))
    assert [part.relations for part in parts] == [(), (low, high), (high,)]
    assert [float(part.boxes["x"].lo[0]) for part in parts] == [0, 2, 4]


def test_boxes_come_in_the_order_of_the_inputs() -> None:
    (part,) = parts_of({"y": box([1, 1], [2, 2]), "x": Ball(np.float32([0]), 1)}, TWO)
    assert list(part.boxes) == ["x", "y"]


@pytest.mark.parametrize(
    ("region", "inputs", "message"),
    [
        (box([0], [1]), TWO, "the region is of the inputs x; the graph's are x, y"),
        ({"z": box([0], [1])}, ONE, "the region is of the inputs z; the graph's are x"),
        ({}, ONE, "the region is of the inputs ; the graph's are x"),
        (box([0, 0], [1, 1]), ONE, r"input 'x': the region has shape \(2,\), expected \(1,\)"),
        (np.zeros(1), ONE, "input 'x': a region is a Box, a Ball, a Union or a Such, not ndarray"),
        (None, ONE, "not NoneType"),
        ({"x": Union((box([0], [1]),))}, ONE, "input 'x': a region is a Box or a Ball, not Union"),
        (Union((box([0], [1]), 3)), ONE, "not int"),
    ],
)
def test_a_region_that_does_not_fit_is_refused(region: Any, inputs: Any, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        list(parts_of(region, inputs))


def test_a_union_of_nothing_is_refused() -> None:
    with pytest.raises(PayloadError, match="a union is of one region or more"):
        Union(())


@given(binary32(allow_nan=False), binary32(allow_nan=False))
def test_a_midpoint_lies_from_the_lower_end_to_below_the_upper_one(a: Any, b: Any) -> None:
    if np.isinf(a) and np.isinf(b) and a != b:
        return
    lo, hi = (np.atleast_1d(end) for end in (outward.lesser(a, b), outward.greater(a, b)))
    (middle,) = (found.item() for found in midpoints(lo, hi))
    assert lo[0] <= middle <= hi[0]
    if lo[0] < hi[0]:
        assert middle < hi[0]
    elif lo.view(np.uint32) == hi.view(np.uint32):
        assert midpoints(lo, hi).view(np.uint32) == lo.view(np.uint32)
    else:
        assert np.signbit(middle)
