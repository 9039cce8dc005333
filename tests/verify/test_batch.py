"""A graph for many rows gives each row what the graph for one row gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem import nn
from fpsem.verify.batch import batched

KEPT: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "elementwise": (lambda x: x.relu() * x - x.abs().clip(high=0.5), (1, 4)),
    "reshaped": (lambda x: x.reshape(shape=(1, 2, 3)).transpose(axes=(0, 2, 1)).reshape(shape=(-1, 6)), (1, 6)),
}
MIXED: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "the sum of all": (lambda x: x.sum(axis=0, keepdims=True), (1, 4)),
    "a product of rows": (lambda x: x.T @ x, (1, 4)),
    "rows joined": (lambda x: x.concat(x, axis=0), (1, 4)),
    "a constant row": (lambda x: x - np.ones((1, 4), np.float32), (1, 4)),
    "two rows": (lambda x: x.relu(), (2, 4)),
}
X = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)


@pytest.mark.parametrize("name", KEPT)
def test_rows_are_kept_apart(name: str) -> None:
    model, shape = KEPT[name]
    graph = fpsem.trace(model, shape)
    whole, x = batched(graph, 5), X[:, : shape[1]]
    assert whole is not None
    domain = fpsem.NumPyFloat32()
    rows = [fpsem.run(graph, {}, row[None], domain)[0] for row in x]
    assert fpsem.run(whole, {}, x, domain).tolist() == np.array(rows).tolist()


def test_a_convolutional_network_keeps_rows_apart() -> None:
    layers = nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 3)
    model = nn.Sequential(*layers)
    graph, params = model.lower((1, 1, 6, 6)), model.init(seed=0)
    x = np.random.default_rng(0).standard_normal((4, 1, 6, 6)).astype(np.float32)
    whole = batched(graph, 4)
    assert whole is not None
    rows = [fpsem.run(graph, params, row[None], fpsem.Interval())[0] for row in x]
    assert fpsem.run(whole, params, x, fpsem.Interval()).tolist() == np.array(rows).tolist()


@pytest.mark.parametrize("name", MIXED)
def test_a_graph_that_mixes_rows_is_not_rewritten(name: str) -> None:
    model, shape = MIXED[name]
    assert batched(fpsem.trace(model, shape), 5) is None


def test_one_row_needs_no_other_graph() -> None:
    graph = fpsem.trace(MIXED["a product of rows"][0], (1, 4))
    assert batched(graph, 1) is graph
