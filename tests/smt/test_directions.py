"""Directions of outputs: what is said holds of sampled executions, known cases come out, and wrong rules are caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fpsem.core.errors import PayloadError, UnknownNameError, UnsupportedError
from fpsem.core.protocol import own_accumulator
from fpsem.core.region import Box
from fpsem.core.schedule import Exact, Pairwise, Reverse, Schedule, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.trace import Recorder, trace
from fpsem.smt._directed import Directed
from fpsem.smt.directions import Direction, Extremes, all_directions, corner, directions, extremes
from fpsem.testing.graphs import SmallGraph, small_graphs
from fpsem.testing.strategies import boxes, inputs_in, schedules

CONSTANT, INCREASING, DECREASING, UNKNOWN = Direction
MOST = float(np.finfo(np.float32).max)
TINY = 2.0**-149
EVERYTHING = (-MOST, MOST)


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


def direction_of(f: Callable[..., Any], *ranges: tuple[float, float]) -> Direction:
    """How f moves with its first argument, each argument anywhere in its range."""
    graph = trace(f, *[(1,)] * len(ranges))
    region = {name: box([lo], [hi]) for name, (lo, hi) in zip(graph.inputs, ranges)}
    (found,) = directions(graph, {}, region, next(iter(graph.inputs)), (0,))["output"]
    assert isinstance(found, Direction)
    return found


def goes_against(direction: Direction, values: Any) -> bool:
    """Whether values at growing inputs break what the direction says. NaN breaks everything but UNKNOWN."""
    rises, falls = (bool(test.all()) for test in (values[:-1] <= values[1:], values[:-1] >= values[1:]))
    holds = {CONSTANT: rises and falls, INCREASING: rises, DECREASING: falls, UNKNOWN: True}
    return not holds[direction]


# -- random formulas of three numbers, the first of which is moved ---------------------------------------------------

RANGES = (EVERYTHING, (-1, 1), (0, 1), (0.5, 2), (-2, -0.25), (-9 * TINY, 9 * TINY), (1, 2.0**100), (-0.0, 0.0), (3, 3))
UNARY = ("neg", "abs", "relu", "sqrt", "exp", "expm1", "log", "log1p", "tanh", "erf", "atan", "sin", "cos", "tan", "sigmoid")
BINARY = ("add", "sub", "mul", "div", "minimum", "maximum")
POINTS = 33


def random_formula(rng: np.random.Generator) -> Callable[..., Any]:
    """A function of three tensors: up to five operations on what there is."""
    steps = [(rng.integers(14), *rng.integers(1 << 20, size=5)) for _ in range(rng.integers(1, 6))]

    def formula(x: Any, y: Any, z: Any) -> Any:
        made = [x.constant_like(0.0), x.constant_like(0.75), z, y, x]
        for kind, which, *at in steps:
            a, b, c, d = (made[-1 - i % len(made)] for i in (at[0] % 2, *at[1:]))
            if kind < 7:
                new = a.apply(BINARY[which % len(BINARY)], b)
            elif kind < 11:
                new = (-a if which % 4 == 3 else a).apply(UNARY[which % len(UNARY)])
            elif kind == 11:
                new = a.fma(b, c)
            elif kind == 12:
                new = a.clip(low=-0.5, high=2.0)
            else:
                new = a.apply(("less", "less_equal", "equal")[which % 3], b).where(c, d)
            made.append(new)
        return made[-1]

    return formula


def sorted_points(rng: np.random.Generator, lo: float, hi: float) -> Any:
    """Numbers of a range in order, its ends and neighbours among them."""
    low, high = np.float32(lo), np.float32(hi)
    near = [low, np.nextafter(low, high), high, np.nextafter(high, low), np.clip(np.float32(0), low, high)]
    drawn = low * (1 - (shares := rng.random(POINTS - len(near), np.float32))) + high * shares
    return np.sort(np.clip(np.array([*near, *drawn], np.float32), low, high))


def formulas_that_go_against(seed: int, count: int) -> tuple[int, Counter[Direction]]:
    """Of so many random formulas those whose sampled execution breaks what is said of them, and what was said how often."""
    rng, wrong, said = np.random.default_rng(seed), 0, Counter[Direction]()
    domain = IEEE32Exec()
    for _ in range(count):
        formula, ranges = random_formula(rng), [RANGES[i] for i in rng.integers(len(RANGES), size=3)]
        found = direction_of(formula, *ranges)
        said[found] += 1
        moved, *others = (sorted_points(rng, *r) for r in ranges)
        fixed = [np.full(POINTS, rng.choice(points), np.float32) for points in others]
        graph = trace(formula, *[(POINTS,)] * 3)
        values = run(graph, {}, dict(zip(graph.inputs, (moved, *fixed))), domain).view(np.float32)
        wrong += goes_against(found, values)
    return wrong, said


def test_what_is_said_of_random_formulas_holds_of_their_executions() -> None:
    wrong, said = formulas_that_go_against(1, 1000)
    assert wrong == 0
    assert min(said[direction] for direction in Direction) >= 40


def keeps_direction(self: Directed, x: Any, y: Any) -> Any:
    flipped = y.copy()
    flipped["up"], flipped["down"] = y["down"], y["up"]
    return self.add(x, self.neg(flipped))


def blind_to_signs(self: Directed, x: Any, y: Any) -> Any:
    found = MUL(self, x, y)
    for way in ("up", "down"):
        found[way] = np.where(found["nan"][..., None], 255, x[way] | y[way])
    return found


def as_a_product(self: Directed, x: Any, y: Any) -> Any:
    found = DIV(self, x, y)
    for way in ("up", "down"):
        found[way] = np.where(found["nan"][..., None], found[way], MUL(self, x, y)[way])
    return found


def never_switching(self: Directed, truth: Any, x: Any, y: Any) -> Any:
    still = truth.copy()
    still["up"] = still["down"] = 0
    return SELECT(self, still, x, y)


def never_nan(self: Directed, x: Any) -> Any:
    return SQRT(self, self.abs(x))


MUL, DIV, SELECT, SQRT, MAXIMUM = Directed.mul, Directed.div, Directed.select, Directed.sqrt, Directed.maximum


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sub", keeps_direction),
        ("mul", blind_to_signs),
        ("div", as_a_product),
        ("select", never_switching),
        ("sqrt", never_nan),
        ("abs", lambda self, x: self.maximum(x, self.constant(np.array(0, dtype=object)))),
        ("cos", lambda self, x: self.neg(self.sin(x))),
        ("maximum", lambda self, x, y: MAXIMUM(self, x, x)),
        ("neg", lambda self, x: x),
    ],
)
def test_a_wrong_rule_is_caught(name: str, rule: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Directed, name, rule)
    assert formulas_that_go_against(1, 300)[0] > 0


# -- random graphs of tensors ----------------------------------------------------------------------------------------


@st.composite
def questions(draw: st.DrawFn) -> tuple[SmallGraph, Box, Any, Any]:
    small = draw(small_graphs(max_ops=4))
    region = draw(boxes(small.shape, max_magnitude=draw(st.sampled_from((4.0, MOST)))))
    return small, region, draw(inputs_in(region)), draw(inputs_in(region))


@settings(max_examples=120, deadline=None)
@given(questions(), schedules())
def test_what_is_said_of_random_graphs_holds_of_their_executions(
    asked: tuple[SmallGraph, Box, Any, Any], schedule: Schedule
) -> None:
    small, region, start, end = asked
    found = all_directions(small.graph, small.payload, region, schedule)["output"]["x"]
    domain = IEEE32Exec(schedule=schedule)

    def value(x: Any) -> Any:
        return run(small.graph, small.payload, x, domain).view(np.float32)

    before = value(start)
    for element in np.ndindex(small.shape):
        moved = start.copy()
        moved[element] = end[element]
        after = value(moved) if moved[element] != start[element] else before
        pair = np.stack([before, after] if start[element] <= end[element] else [after, before])
        for index in np.ndindex(before.shape):
            assert not goes_against(found[index + element], pair[(slice(None), *index)])


@settings(max_examples=60, deadline=None)
@given(questions())
def test_no_execution_lies_outside_the_extremes(asked: tuple[SmallGraph, Box, Any, Any]) -> None:
    small, region, *inputs = asked
    shape = small.graph.nodes[small.graph.outputs["output"]].shape
    index = (0,) * len(shape)
    found = extremes(small.graph, small.payload, region, index=index)
    if found is not None:
        values = [run(small.graph, small.payload, x, IEEE32Exec()).view(np.float32)[index] for x in inputs]
        assert all(found.least <= value <= found.greatest for value in values)


# -- known cases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [0.0, 2.0, MOST])
@pytest.mark.parametrize("weight", [0.3, 1.5, MOST, TINY])
def test_a_rectified_line_goes_with_its_weight_on_all_finite_numbers(weight: float, bias: float) -> None:
    assert direction_of(lambda x: (x * weight + bias).relu(), EVERYTHING) is INCREASING
    assert direction_of(lambda x: (x * -weight + bias).relu(), EVERYTHING) is DECREASING


@pytest.mark.parametrize(
    ("f", "ranges", "expected"),
    [
        (lambda x: x * x, [(-1, 1)], UNKNOWN),
        (lambda x: x * x, [(0, 1)], INCREASING),
        (lambda x: x * x, [(-1, 0)], DECREASING),
        (lambda x: x - x, [(0, 1)], UNKNOWN),
        (lambda x: x * 2 - x * 2, [EVERYTHING], UNKNOWN),
        (lambda x: x * 2 + MOST, [EVERYTHING], INCREASING),
        (lambda x, y: x * 2 + y * 2, [EVERYTHING, EVERYTHING], UNKNOWN),
        (lambda x, y: x * y, [(-1, 1), (0, 2)], INCREASING),
        (lambda x, y: x * y, [(-1, 1), (-1, 1)], UNKNOWN),
        (lambda x, y: y / x, [(1, 2), (0, 1)], DECREASING),
        (lambda x, y: x / y, [(-1, 1), (-2, -1)], DECREASING),
        (lambda x: 1 / x, [(0, 1)], UNKNOWN),
        (lambda x: 1 / (x * 0), [(-1, 1)], UNKNOWN),
        (lambda x: x * 0, [(-1, 1)], CONSTANT),
        (lambda x, y: y + 1, [(0, 1), (0, 1)], CONSTANT),
        (lambda x, y: y.sqrt() + x, [(0, 1), (-1, 1)], UNKNOWN),
        (lambda x: x.relu(), [(-2, -1)], CONSTANT),
        (lambda x: x.clip(low=-1.0, high=1.0), [EVERYTHING], INCREASING),
        (lambda x: abs(x), [(-2, 0)], DECREASING),
        (lambda x: x.sqrt(), [(-0.0, 1)], INCREASING),
        (lambda x: x.sqrt(), [(-TINY, 1)], UNKNOWN),
        (lambda x: x.log(), [(0, MOST)], INCREASING),
        (lambda x: x.sigmoid(), [EVERYTHING], INCREASING),
        (lambda x: x.sin(), [(-1.5, 1.5)], INCREASING),
        (lambda x: x.sin(), [(1.5, 1.6)], UNKNOWN),
        (lambda x: x.cos(), [(0, 3.14)], DECREASING),
        (lambda x: x.tan(), [(2, 4)], INCREASING),
        (lambda x: x.tan(), [(1, 2)], UNKNOWN),
        (lambda x: x.constant_like(0).less(x).where(x.constant_like(1), x.constant_like(0)), [(-1, 1)], INCREASING),
        (lambda x: x.less(x.constant_like(0)).where(x.constant_like(1), x), [(-1, 1)], UNKNOWN),
        (lambda x: x.less(x.constant_like(2)).where(x, x.sqrt()), [(-1, 1)], INCREASING),
        (lambda x, y: y.less(y.constant_like(0)).where(x, x.exp()), [(-1, 1), (-1, 1)], INCREASING),
        (lambda x: x * 2, [(3, 3)], CONSTANT),
    ],
)
def test_known_directions(f: Callable[..., Any], ranges: list[tuple[float, float]], expected: Direction) -> None:
    assert direction_of(f, *ranges) is expected


@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "erf", "atan"])
def test_a_function_rises_on_all_finite_numbers(name: str) -> None:
    assert direction_of(lambda x: x.apply(name), EVERYTHING) is INCREASING


def test_a_cast_keeps_the_direction_until_the_format_gives_nan() -> None:
    domain = Directed(1)
    for format, most, kept in (("bfloat16", MOST, 1), ("e4m3", 400.0, 1), ("e4m3", MOST, 3)):
        row = domain.cast(domain.inputs(box([-most], [most]), 0), format)
        assert domain.codes(row).tolist() == [[kept]]


# -- vectors, schedules and corners ----------------------------------------------------------------------------------


def dot(n: int, seed: int) -> tuple[Graph, dict[str, Any], Box]:
    recorder, rng = Recorder(), np.random.default_rng(seed)
    x, w = recorder.input("x", (1, n)), recorder.parameter("w", (n, 1))
    ends = np.sort(rng.normal(size=(2, 1, n)), axis=0).astype(np.float32)
    weights = (rng.normal(size=(n, 1)) * 2.0 ** rng.integers(-12, 12, size=(n, 1))).astype(np.float32)
    return recorder.finish({"y": x @ w}), {"w": weights}, Box(*ends)


@pytest.mark.parametrize("schedule", [Sequential(), Reverse(fused=True), Pairwise(accumulator="binary64")])
@pytest.mark.parametrize("seed", range(3))
def test_the_extremes_of_a_dot_product_are_those_of_all_corners(schedule: Schedule, seed: int) -> None:
    graph, params, region = dot(6, seed)
    domain = IEEE32Exec(schedule=schedule)
    corners = [np.where(np.array(at), region.hi, region.lo)[None, 0] for at in product((False, True), repeat=6)]
    values = [run(graph, params, x, domain).view(np.float32).item() for x in corners]
    found = extremes(graph, params, region, schedule, index=(0, 0))
    assert isinstance(found, Extremes)
    assert (found.least, found.greatest) == (min(values), max(values))
    for at, value in ((found.lowest, found.least), (found.highest, found.greatest)):
        assert region.contains(at["x"])
        assert run(graph, params, at, domain).view(np.float32).item() == value


def test_the_direction_with_each_element_of_a_dot_product_is_its_weight_s_sign() -> None:
    graph, params, region = dot(64, 0)
    found = all_directions(graph, params, region)["y"]["x"]
    assert found.shape == (1, 1, 1, 64)
    expected = [INCREASING if w > 0 else DECREASING for w in params["w"][:, 0]]
    assert found[0, 0, 0].tolist() == expected
    assert directions(graph, params, region, "x", (0, 7))["y"].tolist() == [[expected[7]]]


def test_several_inputs_and_outputs_are_told_apart() -> None:
    def f(a: Any, b: Any) -> dict[str, Any]:
        return {"sum": a.sum() - b, "least": b.minimum(a[0])}

    graph, region = trace(f, (2,), ()), {"b": box(0, 1), "a": box([0, 0], [1, 1])}
    found = all_directions(graph, {}, region)
    assert found["sum"]["a"].tolist() == [INCREASING, INCREASING]
    assert found["sum"]["b"].item() is DECREASING
    assert found["least"]["a"].tolist() == [INCREASING, CONSTANT]
    assert found["least"]["b"].item() is INCREASING
    assert directions(graph, {}, region, "b", ())["sum"].item() is DECREASING
    ends = extremes(graph, {}, region, output="sum")
    assert ends is not None
    assert (ends.least, ends.greatest) == (-1, 2)
    assert ends.lowest["a"].tolist() == [0, 0]
    assert ends.lowest["b"] == 1


def test_no_extremes_are_told_where_a_direction_is_unknown() -> None:
    assert extremes(trace(lambda x: x * x, (1,)), {}, box([-1], [1]), index=(0,)) is None


def test_an_overflow_is_an_extreme() -> None:
    found = extremes(trace(lambda x: x * 2, (1,)), {}, box([0], [MOST]), index=(0,))
    assert found is not None
    assert (found.least, found.greatest) == (0, np.inf)


def test_a_corner_takes_the_end_that_the_direction_and_the_question_say() -> None:
    ways = np.array([INCREASING, DECREASING, CONSTANT], dtype=object)
    region = box([0, 0, 0], [1, 1, 1])
    assert corner(ways, region).tolist() == [1, 0, 0]
    assert corner(ways, region, largest=False).tolist() == [0, 1, 0]
    assert corner(ways, region).dtype == np.float32


# -- what is refused -------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_refused() -> None:
    graph, region = trace(lambda x: x + 1, (2,)), box([0, 0], [1, 1])
    with pytest.raises(PayloadError, match=r"box of input 'x' has shape \(1,\), expected \(2,\)"):
        all_directions(graph, {}, box([0], [1]))
    with pytest.raises(PayloadError, match=r"shape \(2,\), it has no element \(2,\)"):
        directions(graph, {}, region, None, (2,))
    with pytest.raises(PayloadError, match=r"shape \(2,\), it has no element \(\)"):
        extremes(graph, {}, region)
    with pytest.raises(UnknownNameError, match="unknown input 'y'"):
        directions(graph, {}, region, "y", (0,))
    with pytest.raises(UnknownNameError, match="unknown output 'z'"):
        extremes(graph, {}, region, output="z", index=(0,))
    with pytest.raises(PayloadError, match=r"element \(1,\) is unknown"):
        corner(np.array([INCREASING, UNKNOWN], dtype=object), region)
    with pytest.raises(PayloadError, match="directions has shape"):
        corner(np.array([INCREASING], dtype=object), region)
    both = trace(lambda x, y: x + y, (1,), (1,))
    with pytest.raises(PayloadError, match=r"2 inputs \(x, y\); say which"):
        directions(both, {}, {"x": box([0], [1]), "y": box([0], [1])}, None, (0,))


def test_integers_and_exact_sums_are_refused() -> None:
    recorder = Recorder()
    x, at = recorder.input("x", (2,)), recorder.input("at", (1,), Sort.INTEGER)
    graph = recorder.finish({"y": x.gather(at)})
    with pytest.raises(UnsupportedError, match="'at' is of integers"):
        all_directions(graph, {}, {"x": box([0, 0], [1, 1])})
    with pytest.raises(UnsupportedError, match="exact sums"):
        all_directions(trace(lambda x: x.sum(), (3,)), {}, box([0, 0, 0], [1, 1, 1]), Exact())


def test_sums_in_binary32_are_held_in_the_scalars() -> None:
    domain = Directed(1)
    assert domain.accumulator("binary32") == own_accumulator(domain)
