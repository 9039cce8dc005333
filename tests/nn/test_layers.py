"""Layers are values: equal by their settings, hashable, printable; wrong settings are refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import fpsem.nn
from fpsem import nn
from fpsem.core.errors import GraphError, ShapeError
from fpsem.graph.denote import run

LAYERS: list[nn.Module] = [
    nn.Flatten(), nn.GELU(), nn.Linear(3, 3), nn.LogSoftmax(-1), nn.ReLU(), nn.Sequential(nn.ReLU()), nn.SiLU(),
    nn.Sigmoid(), nn.Softmax(-1), nn.Softplus(), nn.Tanh(),
]  # fmt: skip


def test_every_layer_is_tested_here() -> None:
    assert {type(layer).__name__ for layer in LAYERS} == set(nn.__all__) - {"Module", "Parameter"}
    assert fpsem.nn is nn


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
class TestEveryLayer:
    def test_is_a_value(self, layer: nn.Module) -> None:
        again = eval(repr(layer), vars(nn))
        assert again == layer
        assert hash(again) == hash(layer)

    def test_cannot_be_changed(self, layer: nn.Module) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            layer.weight = 1  # type: ignore[attr-defined]

    def test_keeps_the_shape_of_a_matrix(self, layer: nn.Module) -> None:
        graph = layer.lower((2, 3))
        assert graph.nodes[graph.outputs["output"]].shape == (2, 3)


@pytest.mark.parametrize(
    ("dims", "shape"),
    [
        ((), (2, 60)),
        ((0,), (120,)),
        ((0, 1), (6, 4, 5)),
        ((-2, -1), (2, 3, 20)),
        ((2, 2), (2, 3, 4, 5)),
        ((1, -2), (2, 12, 5)),
    ],
)
def test_flatten_joins_the_dimensions_as_pytorch_does(dims: tuple[int, ...], shape: tuple[int, ...]) -> None:
    graph = nn.Flatten(*dims).lower((2, 3, 4, 5))
    assert graph.nodes[graph.outputs["output"]].shape == shape


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Flatten(), (3,)), (nn.Flatten(2, 1), (2, 3, 4)), (nn.Flatten(-4), (2, 3))]
)
def test_flatten_refuses_dimensions_that_there_are_not(layer: nn.Flatten, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"Flatten\(start_dim="):
        layer.lower(shape)


@pytest.mark.parametrize("sizes", [(0, 3), (3, -1), (3.0, 3), ("3", 3), (True, 3)])
def test_linear_refuses_sizes_that_are_not_positive_integers(sizes: tuple[Any, ...]) -> None:
    with pytest.raises(ShapeError, match="must be positive integers"):
        nn.Linear(*sizes)


def test_linear_is_x_times_the_weight_transposed_plus_the_bias(float64: Any) -> None:
    params = {"weight": np.float32([[1, 2, 3], [4, 5, 6]]), "bias": np.float32([0.5, -0.5])}
    x = np.float32([[1, 0, -1], [2, 2, 2]])
    assert run(nn.Linear(3, 2).lower((2, 3)), params, x, float64).tolist() == [[-1.5, -2.5], [12.5, 29.5]]


def test_settings_that_no_op_knows_are_refused_when_lowered() -> None:
    with pytest.raises(GraphError, match="'none' or 'tanh'"):
        nn.GELU(approximate="erf").lower((1,))
    with pytest.raises(ShapeError, match="axis 2 does not exist"):
        nn.Softmax(2).lower((3, 4))


def test_sequential_behaves_as_a_tuple_of_its_layers() -> None:
    model = nn.Sequential(*LAYERS)
    assert len(model) == len(LAYERS)
    assert list(model) == LAYERS
    assert model[-1] is LAYERS[-1]


def test_an_empty_sequential_is_the_identity(float64: Any) -> None:
    assert run(nn.Sequential().lower((2,)), {}, np.float32([1, -2]), float64).tolist() == [1, -2]


@pytest.mark.parametrize("thing", [nn.ReLU, "ReLU", [nn.ReLU()]])
def test_sequential_refuses_what_is_not_a_layer(thing: Any) -> None:
    with pytest.raises(TypeError, match="layer 1 of Sequential is not a layer"):
        nn.Sequential(nn.ReLU(), thing)
