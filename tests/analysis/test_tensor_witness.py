"""Witnesses of graphs of tensors lie in the box, have the error that is said of them, and are found by more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.analysis.bounds import error_bound
from fpsem.analysis.tensor_witness import TensorWitness, tensor_witness
from fpsem.core.errors import PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Pairwise, Schedule, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import Tensor, trace

TERMS = 64


def cube(*shape: int, lo: float = -1, hi: float = 1) -> Box:
    return Box(np.full(shape, lo, np.float32), np.full(shape, hi, np.float32))


def dot() -> tuple[Graph, dict[str, Box]]:
    return trace(lambda x, w: x @ w, (1, TERMS), (TERMS, 1)), {"x": cube(1, TERMS), "w": cube(TERMS, 1)}


def mlp() -> tuple[Graph, dict[str, Any], dict[str, Box]]:
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    return model.lower((1, 6)), model.init(3), {"x": cube(1, 6, lo=0.25, hi=0.5)}


def found(*given: Any, **options: Any) -> TensorWitness:
    witness = tensor_witness(*given, **options)
    assert witness is not None
    return witness


def exact_error(
    graph: Graph, params: Mapping[str, Any], inputs: Mapping[str, Any], schedule: Schedule = Sequential()
) -> tuple[Fraction, Fraction]:
    """Between which fractions the largest error of the execution lies."""
    y = IEEE32Exec(schedule=schedule).to_float(run(graph, params, inputs, IEEE32Exec(schedule=schedule)))
    real = Real()
    lo, hi = real.enclosure(run(graph, params, inputs, real))
    parts = [(abs(Fraction(float(v)) - a), abs(Fraction(float(v)) - b)) for v, a, b in zip(y.flat, lo.flat, hi.flat)]
    return max(min(part) for part in parts), max(max(part) for part in parts)


@pytest.mark.parametrize("schedule", [Sequential(), Pairwise()], ids=str)
def test_the_error_of_a_dot_product_is_that_of_fractions_but_for_the_enclosure(schedule: Schedule) -> None:
    graph, boxes = dot()
    witness = found(graph, {}, boxes, {}, schedule)
    x, w = ([Fraction(float(v)) for v in witness.x[name].flat] for name in ("x", "w"))
    execution = IEEE32Exec(schedule=schedule)
    (y,) = execution.to_float(run(graph, {}, witness.x, execution)).flat
    error = abs(Fraction(float(y)) - sum(a * b for a, b in zip(x, w)))
    assert error * 15 / 16 <= Fraction(witness.error) <= error


def test_the_error_of_a_network_is_no_more_than_it_is_and_below_the_bound() -> None:
    graph, params, boxes = mlp()
    witness = found(graph, params, boxes, {})
    least, _ = exact_error(graph, params, witness.x)
    assert least * 15 / 16 <= Fraction(witness.error) <= least
    assert 0 < witness.error <= error_bound(graph, params, boxes["x"]).absolute.max()


@pytest.mark.parametrize("seed", range(3))
def test_a_witness_lies_in_the_box_and_fixed_elements_keep_their_codes(seed: int) -> None:
    graph = trace(lambda x: (x * x).sum(axis=0) / 3, (8,))
    lo, hi = np.float32([-0.0, 0.1, 0.1, 0.3, 3.0, 2.9, -0.0, 7]), np.float32([-0.0, 0.1, 0.3, 0.3000001, 3.5, 3, -0.0, 7.7])
    box = Box(lo, hi)
    seen = [found(graph, {}, {"x": box}, {}, seed=seed, evaluations=n, points=40 + n % 200) for n in (1, 10, 30, 60, 199, 200)]
    for witness in seen:
        assert witness.x["x"].dtype == np.float32
        assert box.contains(witness.x["x"])
    assert seen[-1].error > seen[0].error


def test_sums_are_driven_to_where_every_rounding_goes_one_way() -> None:
    graph, boxes = dot()
    witness, rng = found(graph, {}, boxes, {}), np.random.default_rng(0)
    drawn = rng.uniform(-1, 1, (200, 2, TERMS)).astype(np.float32)
    chance = max(exact_error(graph, {}, {"x": x.reshape(1, -1), "w": w.reshape(-1, 1)})[1] for x, w in drawn)
    assert witness.error > 5 * chance
    assert witness.error > error_bound(graph, {}, boxes).absolute.max() / 2


def test_moves_find_more_than_as_many_points_at_random() -> None:
    model = nn.Sequential(nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 4))
    graph, params, boxes = model.lower((1, 40)), model.init(3), {"x": cube(1, 40, lo=0.25, hi=0.5)}
    by_points = {
        points: sum(found(graph, params, boxes, {}, points=points, seed=seed).error for seed in range(3)) for points in (40, 200)
    }
    assert by_points[40] > 1.1 * by_points[200]


def test_an_overflow_that_the_real_value_does_not_share_is_found() -> None:
    graph = trace(lambda x: (x * x).sum(axis=0) / 4, (4,))
    witness = found(graph, {}, {"x": cube(4, lo=1e18, hi=1.5e19)}, {})
    assert witness.error == inf
    assert not np.isfinite(IEEE32Exec().to_float(run(graph, {}, witness.x, IEEE32Exec())))


def test_a_real_value_that_enclosures_do_not_sharpen_is_found_exactly() -> None:
    graph = trace(lambda x: ((x * 1e30 + 1) - x * 1e30).sum(axis=0), (2,))
    witness = found(graph, {}, {"x": cube(2, lo=0.5, hi=1)}, {}, evaluations=20)
    assert exact_error(graph, {}, witness.x)[0] == 2
    assert witness.error == np.nextafter(2, 0)


def test_where_no_real_value_is_known_nothing_is_found() -> None:
    graph = trace(lambda x: (x / (x - x)).sum(axis=0), (2,))
    assert tensor_witness(graph, {}, {"x": cube(2, lo=0.5)}, {}) is None


def test_integers_are_given_and_choices_are_searched_through() -> None:
    def chosen(table: Tensor, i: Tensor) -> Tensor:
        rows = table.gather(i)
        return rows.less(0.25).where(rows, abs(rows) * 3.1).sum(axis=0)

    graph = trace(chosen, (5, 3), (4,), integers={"i"})
    given = {"i": np.array([0, 1, 1, 4])}
    witness = found(graph, {}, {"table": cube(5, 3)}, given)
    least, _ = exact_error(graph, {}, {**witness.x, **given})
    assert 0 < Fraction(witness.error) <= least
    assert set(witness.x) == {"table"}


def test_a_search_is_repeated_by_its_seed_and_counts_its_evaluations() -> None:
    graph, params, boxes = mlp()
    told: list[int] = []
    first, again, other = (
        found(graph, params, boxes, {}, seed=seed, evaluations=60, advance=told.append) for seed in (1, 1, 2)
    )
    assert told == 3 * list(range(1, 61))
    assert first.error == again.error
    assert np.array_equal(first.x["x"], again.x["x"])
    assert not np.array_equal(first.x["x"], other.x["x"])


def test_one_point_is_looked_at_once_and_nothing_where_nothing_may_be_spent() -> None:
    graph, params, _ = mlp()
    x, told = np.float32([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]]), list[int]()
    witness = found(graph, params, {"x": Box(x, x)}, {}, advance=told.append)
    assert told == [1]
    assert np.array_equal(witness.x["x"], x)
    assert tensor_witness(graph, params, {"x": Box(x, x)}, {}, evaluations=0) is None
    assert tensor_witness(graph, params, {"x": Box(x, x)}, {}, seconds=0) is None


def test_any_order_is_looked_at_in_the_sequential_one() -> None:
    graph, boxes = dot()
    assert found(graph, {}, boxes, {}, "any").error == found(graph, {}, boxes, {}).error


def test_a_tensor_that_does_not_fit_is_refused() -> None:
    graph, params, _ = mlp()
    with pytest.raises(PayloadError, match="shape"):
        tensor_witness(graph, params, {"x": cube(1, 5)}, {})
