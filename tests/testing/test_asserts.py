from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import PayloadError, ScheduleError
from fpsem.core.schedule import SCHEDULES
from fpsem.testing import assert_ulps, assert_within_bound

ONE = np.float32([1, 1, 1, 1])
NEAR = np.array([0x3F800000, 0x3F800001, 0x3F800002, 0x3F7FFFFF], np.uint32)
"""1, and its neighbours 1 and 2 ulps above and 1 below."""


# -- ulps -------------------------------------------------------------------------------------------------------------


def test_numbers_that_are_near_enough_pass() -> None:
    assert_ulps(NEAR, ONE, 2)
    assert_ulps(NEAR[[0, 1, 3]], ONE[:3])
    assert_ulps(np.float32(-0.0), np.float32(0.0), 0)
    assert_ulps(np.float32(np.nan), np.uint32(0x7FC00001), 0)


def test_a_number_too_far_off_is_told_in_every_notation() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_ulps(NEAR.reshape(2, 2), ONE.reshape(2, 2), most=1)
    assert str(caught.value) == (
        "1 of 4 elements: more than 1 ulp from what was expected\n"
        "  element [1, 0]: 0x3f800002 (0x1.0000040000000p+0) = 1.0000002, "
        "expected 0x3f800000 (0x1.0000000000000p+0) = 1.0: 2 ulps apart"
    )


def test_a_nan_is_far_from_every_number() -> None:
    with pytest.raises(AssertionError, match="one of them is NaN"):
        assert_ulps(np.float32([np.nan]), np.float32([1]), 1 << 31)


def test_only_the_first_elements_are_written_out() -> None:
    with pytest.raises(AssertionError, match="9 of 9 elements") as caught:
        assert_ulps(np.ones(9, np.float32), np.zeros(9, np.float32))
    assert len(str(caught.value).splitlines()) == 7
    assert str(caught.value).endswith("and 4 more")


def test_shapes_must_be_the_same() -> None:
    with pytest.raises(AssertionError, match=r"shapes differ: \(4,\) against \(1, 4\)"):
        assert_ulps(ONE, ONE[None])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ONE.astype(float), ONE), "actual has dtype float64"),
        ((ONE, ONE, -1), "most=-1: expected a whole number of at least 0"),
        ((ONE, ONE, float("nan")), "most=nan"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        assert_ulps(*arguments)


# -- bounds -----------------------------------------------------------------------------------------------------------

GRAPH = fpsem.trace(lambda x: (x * x).sum(axis=1), (2, 3))
BOX = fpsem.Box(np.full((2, 3), -1, np.float32), np.full((2, 3), 2, np.float32))
BOUND = fpsem.error_bound(GRAPH, {}, BOX)
X = np.float32([[0.1, 0.2, 0.3], [1.1, -0.7, 1.9]])
EXACT = fpsem.IEEE32Exec()


def changed(**parts: Any) -> Any:
    return dataclasses.replace(BOUND, **{name: np.full(2, value) for name, value in parts.items()})


def test_an_execution_within_its_bound_passes_and_tells_how_tight_that_is() -> None:
    assert 0 < assert_within_bound(BOUND, GRAPH, {}, X, EXACT) <= 1
    assert 0 < assert_within_bound(BOUND, GRAPH, {}, BOX, EXACT) <= 1


def test_more_samples_of_a_box_find_larger_errors() -> None:
    few, many = (assert_within_bound(BOUND, GRAPH, {}, BOX, EXACT, samples=n) for n in (2, 200))
    assert few <= many


def test_samples_depend_on_the_seed_alone() -> None:
    first, again, other = (assert_within_bound(BOUND, GRAPH, {}, BOX, EXACT, seed=seed) for seed in (3, 3, 4))
    assert first == again != other


@pytest.mark.parametrize("x", [X, BOX], ids=["one input", "a box"])
def test_an_error_above_the_bound_fails_and_is_told(x: Any) -> None:
    with pytest.raises(AssertionError, match="ieee32 is not within the bound of the real value") as caught:
        assert_within_bound(changed(absolute=1e-12), GRAPH, {}, x, EXACT)
    told = str(caught.value).splitlines()[1]
    for part in ("element [", "0x", " (0x1.", "real value", "is above the bound 1e-12 (0x1.19799812dea11p-40)"):
        assert part in told


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1e-3), (7.0, 8.0)], ids=["above", "below"])
def test_a_real_value_outside_the_ends_of_the_bound_fails(lo: float, hi: float) -> None:
    with pytest.raises(AssertionError, match=rf"the real value is outside the bound's ends {lo} \(0x.*\) to {hi}"):
        assert_within_bound(changed(lo=lo, hi=hi), GRAPH, {}, X, EXACT)


def test_an_infinite_bound_says_nothing_and_fails_unless_it_is_allowed() -> None:
    with pytest.raises(AssertionError, match="the bound is inf, which says nothing"):
        assert_within_bound(changed(absolute=np.inf), GRAPH, {}, X, EXACT)
    assert assert_within_bound(changed(absolute=np.inf), GRAPH, {}, X, EXACT, allow_infinite=True) == 0


def test_an_execution_without_a_number_fails() -> None:
    graph = fpsem.trace(lambda x: x * x, ())
    bound = fpsem.error_bound(graph, {}, np.float32(2))
    wide = dataclasses.replace(bound, region=fpsem.Box(np.float32(0), np.float32(1e30)))
    with pytest.raises(AssertionError, match=r"0x7f800000 .inf. = inf, real value 1.0+[0-9]*e.60: no finite error"):
        assert_within_bound(wide, graph, {}, np.float32(1e30), EXACT)


def test_an_undefined_real_value_fails_where_the_bound_is_finite() -> None:
    graph = fpsem.trace(lambda x: x.sqrt(), ())
    bound = fpsem.error_bound(graph, {}, np.float32(2))
    wide = dataclasses.replace(bound, region=fpsem.Box(np.float32(-1), np.float32(2)))
    with pytest.raises(AssertionError, match="real value undefined: no finite error"):
        assert_within_bound(wide, graph, {}, np.float32(-1), EXACT)


def test_a_domain_of_another_schedule_is_refused() -> None:
    with pytest.raises(ScheduleError, match="the bound is for schedule sequential"):
        assert_within_bound(BOUND, GRAPH, {}, X, fpsem.IEEE32Exec(schedule=fpsem.Reverse()))


@pytest.mark.parametrize("x", [X * 2, fpsem.Box(BOX.lo, BOX.hi * 2)], ids=["one input", "a box"])
def test_inputs_outside_the_region_are_refused(x: Any) -> None:
    with pytest.raises(PayloadError, match="outside the region"):
        assert_within_bound(BOUND, GRAPH, {}, x, EXACT)


def test_a_graph_of_several_outputs_is_refused() -> None:
    two = fpsem.trace(lambda x: (x, x + 1), (2, 3))
    with pytest.raises(PayloadError, match="this graph has 2: output_0, output_1"):
        assert_within_bound(BOUND, two, {}, X, EXACT)


# -- schedules --------------------------------------------------------------------------------------------------------

ANY = fpsem.error_bound(GRAPH, {}, BOX, "any")
TREES = [name for name, kind in SCHEDULES.items() if kind.has_tree and name != "tree"]


@pytest.mark.parametrize("schedule", [*TREES, "tree:pairs=((2, 0), 1)", "pairwise:fused", "sequential:accumulator=binary32"])
def test_a_bound_for_any_schedule_takes_every_tree_of_binary32_additions(schedule: str) -> None:
    assert 0 < assert_within_bound(ANY, GRAPH, {}, X, fpsem.IEEE32Exec(schedule=schedule)) <= 1


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("compensated", "which is no tree of additions"),
        ("exact", "which is no tree of additions"),
        ("sequential:accumulator=binary64", "whose sums are held in binary64, not in binary32"),
    ],
)
def test_a_bound_for_any_schedule_takes_no_other_sums(schedule: str, reason: str) -> None:
    with pytest.raises(ScheduleError, match=f"the bound is for schedule any, the domain adds in {schedule}.*{reason}"):
        assert_within_bound(ANY, GRAPH, {}, X, fpsem.IEEE32Exec(schedule=schedule))


# -- arguments --------------------------------------------------------------------------------------------------------

TWO = fpsem.trace(lambda x, y: x * y.sum(axis=1) + x, (2,), (2, 2))
SIDES = {
    "x": fpsem.Box(np.zeros(2, np.float32), np.ones(2, np.float32)),
    "y": fpsem.Box(np.full((2, 2), 1, np.float32), np.full((2, 2), 3, np.float32)),
}
PRODUCT = fpsem.error_bound(TWO, {}, SIDES)
GIVEN = {"x": np.float32([0.1, 0.7]), "y": np.float32([[1.1, 1.3], [2.7, 2.9]])}


@pytest.mark.parametrize("changes", [{}, {"x": SIDES["x"]}, SIDES], ids=["arrays", "an array and a box", "boxes"])
def test_several_inputs_are_given_by_name(changes: dict[str, Any]) -> None:
    assert 0 < assert_within_bound(PRODUCT, TWO, {}, {**GIVEN, **changes}, EXACT) <= 1


OUTSIDE = np.full((2, 2), 4, np.float32)


@pytest.mark.parametrize("outside", [OUTSIDE, fpsem.Box(SIDES["y"].lo, OUTSIDE)], ids=["array", "box"])
def test_an_input_outside_its_own_box_of_several_is_refused_by_name(outside: Any) -> None:
    with pytest.raises(PayloadError, match=r"input 'y', sample [01], lies outside the region"):
        assert_within_bound(PRODUCT, TWO, {}, {**GIVEN, "y": outside}, EXACT)


@pytest.mark.parametrize(
    ("bound", "graph", "x", "message"),
    [
        (BOUND, GRAPH, X[:1], r"input 'x' has shape \(1, 3\), expected \(2, 3\)"),
        (BOUND, GRAPH, X.T, r"input 'x' has shape \(3, 2\), expected \(2, 3\); it looks transposed"),
        (BOUND, GRAPH, fpsem.Box(X[0], X[0]), r"input 'x' has shape \(3,\), expected \(2, 3\)"),
        (BOUND, GRAPH, {"z": X}, "inputs do not match the graph; missing: x; not in the graph: z"),
        (BOUND, GRAPH, X.astype(object), "input 'x' is of class ndarray, expected one array of float32 numbers"),
        (PRODUCT, TWO, X, r"the graph has 2 inputs \(x, y\); give a dictionary by name"),
        (PRODUCT, TWO, {**GIVEN, "y": GIVEN["x"]}, r"input 'y' has shape \(2,\), expected \(2, 2\)"),
        (PRODUCT, TWO, {"x": GIVEN["x"]}, "missing: y"),
    ],
)
def test_inputs_that_do_not_fit_the_graph_are_refused(bound: Any, graph: Any, x: Any, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        assert_within_bound(bound, graph, {}, x, EXACT)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (fpsem.trace(lambda x: x * x, (2, 3)), r"another graph: its output has shape \(2,\), expected \(2, 3\)"),
        (fpsem.trace(lambda x: x.sum(axis=1), (2, 4)), r"another graph: its input 'x' has shape \(2, 3\), expected \(2, 4\)"),
        (TWO, "the bound is of a graph with one input, this one has 2: x, y"),
    ],
)
def test_a_bound_of_another_graph_is_refused(graph: Any, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        assert_within_bound(BOUND, graph, {}, X, EXACT)


def test_a_bound_of_other_inputs_is_refused() -> None:
    other = fpsem.trace(lambda x, z: x * z.sum(axis=1) + x, (2,), (2, 2))
    with pytest.raises(PayloadError, match="the bound is of another graph: its inputs are x, y, this graph's x, z"):
        assert_within_bound(PRODUCT, other, {}, {"x": GIVEN["x"], "z": GIVEN["y"]}, EXACT)


@pytest.mark.parametrize(("name", "value"), [("samples", -3), ("samples", 2.5), ("seed", -1)])
def test_a_count_out_of_its_bounds_is_named(name: str, value: float) -> None:
    with pytest.raises(PayloadError, match=f"{name}={value}: expected a whole number of at least 0"):
        assert_within_bound(BOUND, GRAPH, {}, BOX, EXACT, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, GRAPH, {}, X, EXACT), "bound: expected a Bound, not 0.5 of class float"),
        ((BOUND, "x * x", {}, X, EXACT), "graph: expected a Graph, not 'x \\* x' of class str"),
        ((BOUND, GRAPH, {}, X, "ieee32"), "domain: 'ieee32' is text; expected a domain itself"),
    ],
)
def test_what_is_no_bound_graph_or_domain_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        assert_within_bound(*arguments)
