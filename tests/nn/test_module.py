"""One forward, read as a graph and at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import PayloadError, ShapeError
from fpsem.graph.denote import run

MODEL = nn.Sequential(
    nn.Flatten(),
    nn.Sequential(nn.Linear(6, 5), nn.ReLU()),
    nn.Linear(5, 4, bias=False),
    nn.GELU(),
    nn.GELU(approximate="tanh"),
    nn.SiLU(),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.Softplus(),
    nn.Softmax(dim=-1),
    nn.LogSoftmax(dim=1),
)
X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(2, 2, 3)


def test_parameters_have_the_names_and_shapes_of_a_pytorch_state_dict() -> None:
    assert MODEL.parameters() == {"1.0.weight": (5, 6), "1.0.bias": (5,), "2.weight": (4, 5)}
    assert list(MODEL.parameters()) == ["1.0.weight", "1.0.bias", "2.weight"]


def test_the_graph_has_the_documented_names() -> None:
    graph = MODEL.lower((2, 2, 3))
    assert dict(graph.inputs) == {"x": (2, 2, 3)}
    assert dict(graph.parameters) == MODEL.parameters()
    assert list(graph.outputs) == ["output"]
    assert graph.nodes[graph.outputs["output"]].shape == (2, 4)


def test_every_node_is_labelled_by_its_path_and_layer() -> None:
    labels = [node.label for node in MODEL.lower((2, 2, 3)).nodes if node.label]
    assert labels == [
        "0.Flatten", "1.0.Linear", "1.1.ReLU", "2.Linear", "3.GELU", "4.GELU", "5.SiLU", "6.Sigmoid", "7.Tanh",
        "8.Softplus", "9.Softmax", "10.LogSoftmax",
    ]  # fmt: skip


def test_a_lone_layer_is_labelled_by_its_name() -> None:
    assert nn.ReLU().lower((3,)).nodes[-1].label == "ReLU"


def test_running_at_once_gives_what_the_graph_gives(float64: Any) -> None:
    params = MODEL.init(seed=3)
    expected = run(MODEL.lower(X.shape), params, X, float64)
    assert np.array_equal(MODEL(params, X, float64), expected)
    assert expected.shape == (2, 4)


@pytest.mark.parametrize("depth", range(1, len(MODEL) + 1))
def test_every_prefix_runs_at_once_as_its_graph_does(depth: int, float64: Any) -> None:
    model = nn.Sequential(*MODEL.layers[:depth])
    params = model.init()
    assert np.array_equal(model(params, X, float64), run(model.lower(X.shape), params, X, float64))


def test_running_at_once_uses_the_domains_overrides(float64: Any) -> None:
    domain = dataclasses.replace(float64, overrides={"relu": lambda x: 0 * x + 7})
    assert nn.ReLU()({}, X, domain).min() == 7


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"2.weight": None}, "missing: 2.weight"),
        ({"extra": np.float32(1)}, "not in the graph: extra"),
        ({"2.weight": np.zeros((5, 4), np.float32)}, "parameter '2.weight' has shape .* looks transposed"),
        ({"1.0.bias": np.zeros(5)}, "parameter '1.0.bias' has dtype float64"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_alike(change: dict[str, Any], told: str, float64: Any) -> None:
    params = {name: value for name, value in {**MODEL.init(), **change}.items() if value is not None}
    with pytest.raises(PayloadError, match=told):
        MODEL(params, X, float64)
    with pytest.raises(PayloadError, match=told):
        run(MODEL.lower(X.shape), params, X, float64)


def test_an_input_that_does_not_fit_is_refused_by_the_layer(float64: Any) -> None:
    with pytest.raises(ShapeError, match=r"linear, '1\.0\.Linear'\): .*has 4 features"):
        MODEL.lower((2, 4))
    with pytest.raises(ShapeError, match=r"linear, '1\.0\.Linear'\): .*has 4 features"):
        MODEL(MODEL.init(), X[:, 0, [0, 0, 0, 0]], float64)
    with pytest.raises(PayloadError, match="input 'x' has dtype float64"):
        MODEL(MODEL.init(), X.astype(np.float64), float64)
