"""Rules of whole ops hold wherever they are tried, and are better than those of their steps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.analysis import layer_norm_rule, own_rules
from fpsem.analysis.walk import walk
from fpsem.core.region import Box
from fpsem.domains import _error_rules as rules
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace

SHAPE = (2, 7)
CALLS = {
    "softmax": lambda t: t.softmax(axis=1),
    "softmax over columns": lambda t: t.softmax(axis=0),
    "log_softmax": lambda t: t.log_softmax(axis=1),
    "layer_norm": lambda t: t.layer_norm(normalized_shape=(7,)),
    "layer_norm of all": lambda t: t.layer_norm(normalized_shape=(2, 7)),
    "layer_norm without eps": lambda t: t.layer_norm(normalized_shape=(7,), eps=0.0),
    "layer_norm scaled": lambda t: t.layer_norm(t[0] * 0 + 3.0, t[1] * 0.25, normalized_shape=(7,)),
    "gelu": lambda t: t.gelu(),
    "gelu by tanh": lambda t: t.gelu(approximate="tanh"),
    "sigmoid": lambda t: t.sigmoid(),
    "silu": lambda t: t.silu(),
    "softplus": lambda t: t.softplus(),
    "attention": lambda t: (t * 3).softmax(axis=1) @ (t.transpose(axes=(1, 0)) + 2),
    "attention of heads": lambda t: t.reshape(shape=(2, 1, 7)).softmax(axis=-1) @ t.reshape(shape=(2, 7, 1)),
}
WIDTHS = (0.0, 2.0**-10, 0.5, 3.0)
SCALES = (0.01, 1.0, 20.0)


def graph_of(name: str, inexact: bool = True) -> Graph:
    """The op on inputs that are wrong by a rounding already."""
    return trace(lambda t: CALLS[name](t * 0.3333 + 0.1 if inexact else t), SHAPE)


def boxes(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    for scale in SCALES:
        for width in WIDTHS:
            x = (rng.standard_normal(SHAPE) * scale).astype(np.float32)
            lo, hi = x - np.float32(width), x + np.float32(width)
            points = [np.clip(lo + (hi - lo) * rng.random(SHAPE, dtype=np.float32), lo, hi) for _ in range(2)]
            yield Box(lo, hi), [np.where(rng.random(SHAPE) < 0.5, lo, hi), *points]


def held(graph: Graph, box: Box, schedule: str) -> Any:
    domain = ErrorBound(schedule)
    walked = walk(graph, {name: domain.box(box) for name in graph.inputs}, domain)
    return walked.values[next(iter(graph.outputs.values()))]


def beyond(graph: Graph, box: Box, points: Any, schedule: str) -> int:
    """At how many elements of points the rows do not hold the execution, the real value, or their distance."""
    rows, real, wrong = held(graph, box, schedule), Real(), 0
    execution = IEEE32Exec(schedule="sequential" if schedule == "any" else schedule)
    for x in points:
        code, _ = execution.enclosure(run(graph, {}, x, execution))
        low, high = real.enclosure(run(graph, {}, x, real))
        away = np.maximum(low - code, code - high)
        inside = (rows["lo"] <= high) & (low <= rows["hi"]) & (rows["flo"] <= code) & (code <= rows["fhi"])
        wrong += int(np.sum(~inside.astype(bool) | (away > rows["err"]).astype(bool)))
    return wrong


@pytest.mark.parametrize("schedule", ["pairwise", "any", "compensated"])
@pytest.mark.parametrize("name", CALLS)
def test_the_rule_holds_at_points_of_boxes(name: str, schedule: str) -> None:
    graph = graph_of(name)
    for box, points in boxes(len(name)):
        assert beyond(graph, box, points, schedule) == 0


@pytest.mark.parametrize("name", CALLS)
def test_the_rule_is_no_worse_than_that_of_the_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, given = graph_of(name), [box for box, _ in boxes(1)]
    own = [held(graph, box, "pairwise") for box in given]
    monkeypatch.setattr(own_rules, "RULES", {})
    for box, rows in zip(given, own):
        steps = held(graph, box, "pairwise")
        assert (rows["err"] <= steps["err"]).all()
        assert ((rows["lo"] >= steps["lo"]) & (rows["hi"] <= steps["hi"])).all()


GAINS = {"softmax": 20, "log_softmax": 3, "layer_norm": 1000, "softplus": 1.1, "attention": 1.5}


@pytest.mark.parametrize(("name", "gain"), GAINS.items())
def test_the_rule_is_better_on_wide_boxes(name: str, gain: float, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(3).standard_normal(SHAPE).astype(np.float32)
    graph, box = graph_of(name), Box(x - 2, x + 2)
    own = held(graph, box, "pairwise")["err"].max()
    monkeypatch.setattr(own_rules, "RULES", {})
    assert held(graph, box, "pairwise")["err"].max() > gain * own


FAR = (1.4e-45, 1e-42, 1e-38, 1e-30, 1e-20, 1e10, 1e18, 1.3e19, 1.9e19, 1e25, 8e37, 3e38)
"""Sizes at which something may be subnormal or overflow."""


@pytest.mark.parametrize("schedule", ["sequential", "any"])
@pytest.mark.parametrize("name", CALLS)
def test_the_rule_holds_near_both_ends_of_the_format(name: str, schedule: str) -> None:
    rng, found = np.random.default_rng(7), 0
    for size in FAR:
        for shape in (np.sign(rng.standard_normal(SHAPE)), rng.uniform(-1, 1, SHAPE), np.arange(14).reshape(SHAPE) == 3):
            x = (shape * size).astype(np.float32)
            found += near_an_end(graph_of(name, False), Box(x, x), schedule)
    assert found > 0


def near_an_end(graph: Graph, box: Box, schedule: str) -> int:
    """How many elements have a bound; fails at one whose execution is not within it."""
    rows, execution, real = held(graph, box, schedule), IEEE32Exec(), Real()
    codes = execution.to_bits(run(graph, {}, box.lo, execution)).view(np.float32).reshape(-1)
    value, known = run(graph, {}, box.lo, real).reshape(-1), np.isfinite(rows["err"].reshape(-1))
    for i in np.flatnonzero(known):
        assert np.isfinite(codes[i]), f"{codes[i]} where the bound is {rows['err'].reshape(-1)[i]}, at {box.lo}"
        ((low,), (high,)), seen = real.enclosure(value[i : i + 1]), Fraction(float(codes[i]))
        assert max(low - seen, seen - high) <= rows["err"].reshape(-1)[i], f"{codes[i]} for {float(low)}, at {box.lo}"
    return int(known.sum())


def test_weights_stay_within_0_and_1_and_standard_numbers_within_their_root() -> None:
    x = np.zeros(SHAPE, np.float32)
    weights, standard = (held(graph_of(name, False), Box(x - 50, x + 50), "any") for name in ("softmax", "layer_norm"))
    assert weights["lo"].min() >= 0
    assert weights["fhi"].max() <= 1
    assert standard["hi"].max() <= np.sqrt(6) * (1 + 1e-15)


def test_a_variance_that_overflows_with_eps_has_no_bound() -> None:
    x = np.array([[1.2e19, -1.2e19]], np.float32)
    graph = trace(lambda t: t.layer_norm(normalized_shape=(2,), eps=3e38), x.shape)
    assert np.isinf(held(graph, Box(x, x), "sequential")["err"]).all()


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_scores_some_of_which_may_be_undefined_have_no_bound(name: str) -> None:
    graph = trace(lambda t: CALLS[name]((1 / t).concat(t + 5, axis=0)), (1, 3))
    x = np.ones((1, 3), np.float32)
    rows = held(graph, Box(-x, 3 * x), "sequential")
    assert np.isinf(rows["err"][0]).all()
    assert np.isfinite(rows["err"][1]).all()


def test_sums_of_many_sizes_are_outward_in_any_layout() -> None:
    n = 1 << 16
    for size in (0.1, 0.3, 0.7, 1 / 3):
        for parts in (np.full((2, n), size), np.asfortranarray(np.full((2, n), size))):
            assert (layer_norm_rule._mean(parts) >= size).all()


def test_means_stay_within_their_values_whatever_the_weights() -> None:
    graph = trace(lambda t: t.softmax(axis=1) @ ((t * 0).relu() + 3).transpose(axes=(1, 0)), SHAPE)
    x = np.zeros(SHAPE, np.float32)
    rows = held(graph, Box(x - 9, x + 9), "sequential")
    assert abs(rows["lo"] - 3).max() < 1e-12
    assert abs(rows["hi"] - 3).max() < 1e-12
    assert rows["err"].max() < 5e-6


def test_weights_that_may_be_undefined_give_no_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = trace(lambda t: (1 / t).softmax(axis=1) @ t.transpose(axes=(1, 0)), SHAPE)
    x = np.full(SHAPE, 0.5, np.float32)
    rows = held(graph, Box(np.where(np.arange(7) == 2, -x, x), x), "sequential")
    assert np.isinf(rows["err"]).all()


def test_means_that_may_overflow_have_no_bound() -> None:
    graph = trace(lambda t: t.softmax(axis=1) @ (t * 2.0**126).transpose(axes=(1, 0)), SHAPE)
    for most, known in ((3.0, True), (float(np.nextafter(np.float32(4), np.float32(0))), False)):
        x = np.full(SHAPE, most, np.float32)
        box = Box(x - 2, x)
        assert np.isfinite(held(graph, box, "sequential")["err"]).all() == known


def test_scores_that_differ_by_more_than_exponents_reach_are_held() -> None:
    x = np.array([[0, -87.5, -100, -103.5, -104, -200, -3e38], [0, 88, 100, 103, 104, 200, 3e38]], np.float32)
    for name in ("softmax", "log_softmax"):
        assert beyond(graph_of(name, False), Box(x, x), [x], "sequential") == 0
    assert np.isfinite(held(graph_of("softmax", False), Box(x, x), "sequential")["err"]).all()


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_what_has_one_score_is_exact(name: str) -> None:
    graph = trace(lambda t: t.log_softmax(axis=0) if name == "log_softmax" else t.softmax(axis=0), (1,))
    for x in (np.zeros(1, np.float32), np.full(1, 0.1, np.float32)):
        rows = held(graph, Box(x, x), "sequential")
        assert rows["lo"] <= (name == "softmax") <= rows["hi"]


FAULTS = {
    "softmax": ("softmax_rule._carried", 0.2),
    "log_softmax": ("softmax_rule._carried", 0.2),
    "layer_norm": ("layer_norm_rule._own", 0.05),
    "softplus": ("rules.times", 0.2),
    "attention": ("attention_rule._of_weights", 0.2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_rule_that_says_too_little_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, part = FAULTS[name]
    module, function = where.split(".")
    owner = rules if module == "rules" else getattr(own_rules, module)
    right = getattr(owner, function)
    monkeypatch.setattr(owner, function, lambda *given: right(*given) * part)
    assert sum(beyond(graph_of(name), box, points, "pairwise") for box, points in boxes(2)) > 0
