"""Dropout: nothing in evaluation, a mask from outside in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import GraphError
from fpsem.graph.denote import run
from fpsem.graph.trace import Recorder
from fpsem.nn.scope import Scope, Training

X = np.float32([[1, -2, 3], [np.inf, 5, -6]])
MASK = np.float32([[1, 0, 1], [0, 1, 0]])


def test_in_evaluation_it_is_the_identity(float64: Any) -> None:
    graph = nn.Dropout(0.9).lower(X.shape)
    assert dict(graph.inputs) == {"x": X.shape}
    assert np.array_equal(run(graph, {}, X, float64), X)
    assert np.array_equal(nn.Dropout(0.9)({}, X, float64), X)


def test_in_training_the_mask_chooses_and_the_rest_is_scaled(float64: Any) -> None:
    graph = nn.Dropout(0.75).lower(X.shape, training=True)
    assert dict(graph.inputs) == {"x": X.shape, "mask": X.shape}
    assert run(graph, {}, {"x": X, "mask": MASK}, float64).tolist() == [[4, 0, 12], [0, 20, 0]]


def test_each_mask_is_an_input_of_its_layers_name() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.25)))
    assert dict(model.lower((4, 3), training=True).inputs) == {"x": (4, 3), "0.mask": (4, 3), "1.1.mask": (4, 2)}


def test_the_scope_keeps_how_likely_an_element_stays() -> None:
    model, recorder = nn.Sequential(nn.Dropout(0.75), nn.Sequential(nn.Dropout(0.25))), Recorder()
    training = Training(recorder)
    model.place("", recorder.input("x", (2,)), Scope({}, training=training))
    assert training.keep == {"0.mask": 0.25, "1.0.mask": 0.75}


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan"), float("inf")])
def test_a_p_outside_0_to_1_is_refused(p: float) -> None:
    with pytest.raises(GraphError, match=r"Dropout\(p=.*at least 0 and below 1"):
        nn.Dropout(p)


def test_p_0_drops_nothing(float64: Any) -> None:
    graph = nn.Dropout(0.0).lower((2,), training=True)
    assert run(graph, {}, {"x": X[0, :2], "mask": np.ones(2, np.float32)}, float64).tolist() == [1, -2]
