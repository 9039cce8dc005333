"""Embedding: rows of the weight, chosen by integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import GraphError, PayloadError, ShapeError
from fpsem.graph.denote import run
from fpsem.graph.op import Sort

LAYER = nn.Embedding(5, 2)
WEIGHT = np.arange(10, dtype=np.float32).reshape(5, 2)


@pytest.mark.parametrize("indices", [np.int64([[4, 0, 4], [1, 2, 3]]), np.uint8([3]), np.int32(2)])
def test_index_i_becomes_row_i(indices: Any, float64: Any) -> None:
    graph = LAYER.lower(indices.shape)
    assert list(graph.integer_inputs) == ["x"]
    assert np.array_equal(run(graph, {"weight": WEIGHT}, indices, float64), WEIGHT[indices])
    assert np.array_equal(LAYER({"weight": WEIGHT}, indices, float64), WEIGHT[indices])


@pytest.mark.parametrize("index", [5, -1])
def test_an_index_of_no_row_is_refused_by_its_layer(index: int, float64: Any) -> None:
    with pytest.raises(PayloadError, match=rf"gather, '0\.Embedding'\): index {index} at position 1"):
        run(nn.Sequential(LAYER).lower((2,)), {"0.weight": WEIGHT}, np.int64([0, index]), float64)


def test_numbers_that_are_no_integers_are_refused(float64: Any) -> None:
    params, x = {"weight": WEIGHT}, np.float32([1])
    with pytest.raises(PayloadError, match="input 'x' has dtype float32, expected integers"):
        LAYER(params, x, float64)
    with pytest.raises(PayloadError, match="input 'x' has dtype float32, expected integers"):
        run(LAYER.lower((1,)), params, x, float64)


@pytest.mark.parametrize("sizes", [(0, 2), (5, 0), (5, -1)])
def test_sizes_that_are_not_positive_are_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(ShapeError, match=r"Embedding\(.*must be positive"):
        nn.Embedding(*sizes)


def test_a_model_that_begins_with_it_takes_integers(float64: Any) -> None:
    model = nn.Sequential(nn.Sequential(LAYER), nn.Flatten(), nn.Linear(6, 1, bias=False))
    assert (model.takes, nn.Sequential(nn.ReLU(), LAYER).takes, nn.Sequential().takes) == (Sort.INTEGER, Sort.SCALAR, Sort.SCALAR)
    params = {"0.0.weight": WEIGHT, "2.weight": np.ones((1, 6), np.float32)}
    assert run(model.lower((1, 3)), params, np.int64([[0, 1, 4]]), float64).tolist() == [[1 + 5 + 17]]
    with pytest.raises(GraphError, match="must be integers"):
        nn.Sequential(nn.ReLU(), LAYER).lower((1,))
