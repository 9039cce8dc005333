"""Ranges by affine forms hold every real value, see what depends on the same inputs, and planted faults in them are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from fpsem.analysis import affine
from fpsem.analysis.affine import real_ranges
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.trace import Recorder, Tensor, trace
from fpsem.testing import SmallGraph, boxes, inputs_in, small_graphs

SHAPE = (2, 5)
CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "product": lambda t: (t + 3) * (t - 1) * t,
    "square": lambda t: t * t - 2 * t,
    "quotient": lambda t: t / (t * t + 1),
    "root": lambda t: (t * t + 0.25).sqrt(),
    "relu": lambda t: (t - 0.1).relu() - t.relu() * 0.5,
    "extremes": lambda t: t.abs() + t.maximum(t * 0.5 + 0.1) - t.minimum(0.25),
    "choice": lambda t: t.less(0.2).where(t * 2, t - 1),
    "sum": lambda t: (t.sum(axis=1, keepdims=True) @ t.mean(axis=0, keepdims=True)) - t,
    "matmul": lambda t: t @ t.transpose(axes=(1, 0)) @ t,
    "softmax": lambda t: (3 * t).softmax(axis=1),
    "log_softmax": lambda t: t.log_softmax(axis=0),
    "layer_norm": lambda t: t.layer_norm(normalized_shape=(5,)),
    "attention": lambda t: (t @ t.transpose(axes=(1, 0))).softmax(axis=-1) @ t,
    "gelu": lambda t: t.gelu(),
    "functions": lambda t: t.sin() + t.cos() * t.atan() - t.tanh() + t.erf() * t.expm1() + (t * t).log1p() + (t / 5).tan(),
    "logarithm": lambda t: (t * t + 0.5).log(),
}


def inside(graph: Graph, payload: dict[str, Any], box: Box, points: list[Array]) -> int:
    """At how many nodes and points the real value lies in its range, or has none where that is infinite; fails at any other."""
    (name,) = graph.inputs
    ranges, seen = real_ranges(graph, payload, {name: box}, {}), 0
    real = Real()
    for x in points:
        values: dict[int, Array] = {}
        run(graph, payload, x, real, values.__setitem__)
        for index in ranges.keys() & values.keys():
            if graph.op(index).sort is Sort.SCALAR:
                check(real, values[index], *ranges[index], f"node %{index} at {x.tolist()}")
                seen += 1
    return seen


def check(real: Real, value: Array, lo: Array, hi: Array, what: str) -> None:
    for scalar, low, high in zip(np.ravel(value), np.ravel(lo), np.ravel(hi), strict=True):
        try:
            (bottom,), (top,) = real.enclosure(np.array([scalar], dtype=object))
        except (UndefinedError, UnableError):
            assert high - low == np.inf, f"{what}: no value, in {low} to {high}"
        else:
            assert low <= top, f"{what}: {float(top)} outside {low} to {high}"
            assert bottom <= high, f"{what}: {float(bottom)} outside {low} to {high}"


def some_boxes(seed: int) -> Iterator[tuple[Box, list[Array]]]:
    rng = np.random.default_rng(seed)
    for width in (0.0, 2.0**-12, 0.125, 1.0):
        x = rng.standard_normal(SHAPE).astype(np.float32)
        moves = rng.random(SHAPE) < 0.8
        lo, hi = (np.where(moves, x + np.float32(side * width), x) for side in (-1, 1))
        corners = [np.where(rng.random(SHAPE) < 0.5, lo, hi) for _ in range(4)]
        yield Box(lo, hi), [lo, hi, *corners, np.clip(x, lo, hi)]


@pytest.mark.parametrize("name", CALLS)
def test_ranges_hold_the_real_values_at_corners_and_middles(name: str) -> None:
    graph = trace(lambda t: CALLS[name](t) * 0.5, SHAPE)
    assert sum(inside(graph, {}, box, points) for box, points in some_boxes(len(name))) > 0


@given(st.data())
def test_ranges_hold_the_real_values_of_random_graphs(data: st.DataObject) -> None:
    small: SmallGraph = data.draw(small_graphs())
    box = data.draw(boxes(small.shape, max_magnitude=4.0))
    points = [box.lo, box.hi, data.draw(inputs_in(box))]
    (name,) = small.graph.inputs
    event("some ranges" if real_ranges(small.graph, small.payload, {name: box}, {}) else "no ranges")
    inside(small.graph, small.payload, box, points)


def output(call: Callable[[Tensor], Tensor], lo: float, hi: float, shape: tuple[int, ...] = SHAPE) -> tuple[Any, Any]:
    graph = trace(call, shape)
    box = Box(np.full(shape, lo, np.float32), np.full(shape, hi, np.float32))
    return real_ranges(graph, {}, dict.fromkeys(graph.inputs, box), {})[next(iter(graph.outputs.values()))]


def test_what_cancels_is_seen_to() -> None:
    calls: list[Callable[[Tensor], Tensor]] = [
        lambda t: t * 2 - t * 2,
        lambda t: t * 3 - (t + t + t),
        lambda t: t.sum(axis=1) - t.transpose(axes=(1, 0)).sum(axis=0),
    ]
    for call in calls:
        lo, hi = output(call, -1, 1)
        assert np.abs([lo, hi]).max() < 1e-12


def test_a_function_is_followed_to_first_order() -> None:
    for call in (lambda t: t.exp() - t, lambda t: t.sin() - t, lambda t: (1 / (1 + t)) + t, lambda t: (1 + 2 * t).sqrt() - t):
        wide, narrow = (np.subtract(*output(call, -half, half)[::-1]).max() for half in (2.0**-4, 2.0**-8))
        assert narrow < wide / 128  # of second order


def test_rounding_is_counted() -> None:
    lo, hi = output(lambda t: (t + 2.0**60) - 2.0**60, 1.0, 1.25)
    assert (lo <= 1).all()
    assert (hi >= 1.25).all()


def test_slopes_that_are_subnormal_are_not_lost() -> None:
    lo, hi = output(lambda t: t.sigmoid().log(), -480, -470)
    assert (lo <= -480).all()
    assert (hi >= -470).all()

    def far(t: Tensor) -> Tensor:
        for _ in range(5):
            t = t * 1e38
        t = 1e30 / t
        for _ in range(4):
            t = t * 1e38
        return t

    lo, hi = output(far, 1, 3)
    assert (lo <= 3.34e-9).all()
    assert (hi >= 9.99e-9).all()


@pytest.mark.parametrize("name", ["log", "sqrt", "reciprocal", "softmax"])
def test_what_may_be_undefined_has_no_ends(name: str) -> None:
    calls: dict[str, Callable[[Tensor], Tensor]] = {
        "log": lambda t: t.log().tanh(),
        "sqrt": lambda t: t.sqrt().relu(),
        "reciprocal": lambda t: (1 / t).minimum(3).maximum(2),
        "softmax": lambda t: t.log().softmax(axis=1),
    }
    lo, hi = output(calls[name], -1, 1)
    assert np.isneginf(lo).all()
    assert np.isposinf(hi).all()


def test_inputs_that_do_not_move_and_graphs_that_are_too_large_have_no_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, x = trace(lambda t: t * t - t, SHAPE), np.ones(SHAPE, np.float32)
    (name,) = graph.inputs
    assert real_ranges(graph, {}, {name: Box(x, x)}, {}) == {}
    assert real_ranges(graph, {}, {name: Box(x, x * 2)}, {}) != {}
    assert real_ranges(trace(lambda t: t * t, SHAPE), {}, {name: Box(x, x * 2)}, {}) == {}  # one op deep
    monkeypatch.setattr(affine, "LARGEST", 10)
    assert real_ranges(graph, {}, {name: Box(x, x * 2)}, {}) == {}


def test_what_was_found_before_a_large_parameter_is_joined_to_others_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    t, p = recorder.input("t", SHAPE), recorder.parameter("p", SHAPE)
    graph = recorder.finish({"y": (t * t).concat(p, axis=0) + (p + t).concat(t, axis=0)})
    payload, box = {"p": np.ones(SHAPE, np.float32)}, Box(np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32))
    every = inside(graph, payload, box, [box.lo, box.hi])
    monkeypatch.setattr(affine._Affine, "parameter", lambda self, bits: np.zeros(bits.shape, affine._PARTS))
    assert 0 < len(real_ranges(graph, payload, {"t": box}, {})) < every / 2
    recorder = Recorder()
    image, kernel = recorder.parameter("p", (1, 1, 5, 5)), recorder.input("t", (1, 1, 3, 3))
    graph = recorder.finish({"y": (kernel * kernel).sum() - image.conv2d(kernel, padding=(1, 1)).sum()})
    box = Box(np.zeros((1, 1, 3, 3), np.float32), np.ones((1, 1, 3, 3), np.float32))
    assert real_ranges(graph, {"p": np.ones((1, 1, 5, 5), np.float32)}, {"t": box}, {})


def everywhere(name: str, seed: int) -> None:
    graph = trace(lambda t: CALLS[name](t) * 0.5, SHAPE)
    for box, points in some_boxes(seed):
        inside(graph, {}, box, points)


MOVES = {
    "product": lambda form: 0.5 * (np.abs(form.slopes).sum(axis=-1) if np.ndim(form.slopes) else 0.0),
    "matmul": lambda form: 0.0 * form.mid,
}


@pytest.mark.parametrize("name", MOVES)
def test_a_form_that_forgets_how_far_it_moves_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affine._Form, "moves", property(MOVES[name]))
    with pytest.raises(AssertionError, match="outside"):
        everywhere(name, 3)


@pytest.mark.parametrize("name", ["functions", "quotient", "root", "relu", "softmax", "layer_norm"])
def test_forms_without_what_is_not_linear_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = affine._Affine._made

    def wrong(self: Any, ends: Any, mid: Any, slopes: Any, rad: Any, *rest: Any) -> Array:
        return made(self, ends, mid, slopes, rad * 0, *rest)

    monkeypatch.setattr(affine._Affine, "_made", wrong)
    with pytest.raises(AssertionError, match="outside"):
        everywhere(name, 4)
