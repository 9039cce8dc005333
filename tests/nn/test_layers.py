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

MATRIX = (2, 3)
IMAGES = (2, 4, 6, 5)

CASES: list[tuple[nn.Module, tuple[int, ...], tuple[int, ...]]] = [
    (nn.AvgPool2d(2), IMAGES, (2, 4, 3, 2)),
    (nn.AvgPool2d((3, 2), stride=1, padding=(1, 0), count_include_pad=False), IMAGES, (2, 4, 6, 4)),
    (nn.BatchNorm1d(3), MATRIX, MATRIX),
    (nn.BatchNorm2d(4, eps=0.1, momentum=0.5, affine=False), IMAGES, IMAGES),
    (nn.Conv2d(4, 6, 3), IMAGES, (2, 6, 4, 3)),
    (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False), IMAGES, (2, 6, 3, 7)),
    (nn.Dropout(0.25), MATRIX, MATRIX),
    (nn.Embedding(7, 5), MATRIX, (2, 3, 5)),
    (nn.Flatten(), MATRIX, MATRIX),
    (nn.GELU(), MATRIX, MATRIX),
    (nn.GELU(approximate="tanh"), MATRIX, MATRIX),
    (nn.LayerNorm((2, 3)), MATRIX, MATRIX),
    (nn.LayerNorm(3, bias=False), MATRIX, MATRIX),
    (nn.Linear(3, 4), MATRIX, (2, 4)),
    (nn.LogSoftmax(-1), MATRIX, MATRIX),
    (nn.MaxPool2d(2), IMAGES, (2, 4, 3, 2)),
    (nn.MaxPool2d((3, 2), stride=(2, 3), padding=1), IMAGES, (2, 4, 3, 2)),
    (nn.ReLU(), MATRIX, MATRIX),
    (nn.Sequential(nn.ReLU(), nn.Linear(3, 1)), MATRIX, (2, 1)),
    (nn.SiLU(), MATRIX, MATRIX),
    (nn.Sigmoid(), MATRIX, MATRIX),
    (nn.Softmax(-1), MATRIX, MATRIX),
    (nn.Softplus(), MATRIX, MATRIX),
    (nn.Tanh(), MATRIX, MATRIX),
]
LAYERS = [layer for layer, _, _ in CASES]
NO_LAYERS = {"CrossEntropyLoss", "MSELoss", "Module", "Parameter", "Scope"}


def test_every_layer_is_tested_here() -> None:
    assert {type(layer).__name__ for layer in LAYERS} == set(nn.__all__) - NO_LAYERS
    assert set(nn.__all__) >= NO_LAYERS
    assert fpsem.nn is nn


@pytest.mark.parametrize(("layer", "shape", "output"), CASES, ids=repr)
class TestEveryLayer:
    def test_is_a_value(self, layer: nn.Module, shape: Any, output: Any) -> None:
        again = eval(repr(layer), vars(nn))
        assert again == layer
        assert hash(again) == hash(layer)

    def test_cannot_be_changed(self, layer: nn.Module, shape: Any, output: Any) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            layer.weight = 1  # type: ignore[attr-defined]

    @pytest.mark.parametrize("training", [False, True])
    def test_gives_the_shape_that_it_should(self, layer: nn.Module, shape: Any, output: Any, training: bool) -> None:
        graph = layer.lower(shape, training=training)
        assert graph.nodes[graph.outputs["output"]].shape == output

    def test_reads_what_it_declares(self, layer: nn.Module, shape: Any, output: Any) -> None:
        declared = {**layer.parameters(), **layer.buffers()}
        assert dict(layer.lower(shape).parameters) == declared
        params = layer.init(seed=1)
        assert {name: value.shape for name, value in params.items()} == declared
        assert {value.dtype for value in params.values()} <= {np.dtype(np.float32)}

    def test_starts_alike_whatever_stands_beside_it(self, layer: nn.Module, shape: Any, output: Any) -> None:
        for name, value in layer.init(seed=1).items():
            assert np.array_equal(layer.init(seed=1)[name], value)
            declared = layer.declared()[name]
            assert (np.abs(value - declared.centre) <= declared.bound).all()
            moved = np.abs(layer.init(seed=2)[name] - value).max() > 0
            assert moved == (declared.bound > 0)


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


@pytest.mark.parametrize(
    ("model", "shape", "told"),
    [
        (nn.Sequential(nn.ReLU(), nn.Conv2d(3, 2, 3)), (1, 4, 5, 5), r"conv2d, '1\.Conv2d'\)"),
        (nn.Sequential(nn.Sequential(nn.MaxPool2d(9))), (1, 4, 5, 5), r"max_pool2d, '0\.0\.MaxPool2d'\)"),
        (nn.Sequential(nn.AvgPool2d(2)), (4, 5), r"avg_pool2d, '0\.AvgPool2d'\)"),
        (nn.Sequential(nn.LayerNorm(3)), (4, 5), r"layer_norm, '0\.LayerNorm'\)"),
        (nn.Sequential(nn.Embedding(4, 3), nn.Linear(2, 1)), (4, 5), r"linear, '1\.Linear'\)"),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3)), (4, 5), r"BatchNorm1d\(num_features=3.*\(4, 5\)"),
        (nn.Sequential(nn.BatchNorm2d(3)), (4, 3), r"BatchNorm2d\(num_features=3.*\(4, 3\)"),
    ],
)
def test_a_layer_that_does_not_take_what_comes_is_named(model: nn.Module, shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(ShapeError, match=told):
        model.lower(shape)


def test_an_embedding_after_the_first_layer_is_refused_by_name() -> None:
    with pytest.raises(GraphError, match=r"'1\.Embedding'\): input 1 must be integers"):
        nn.Sequential(nn.ReLU(), nn.Embedding(3, 2)).lower((2,))


def test_an_empty_sequential_is_the_identity(float64: Any) -> None:
    assert run(nn.Sequential().lower((2,)), {}, np.float32([1, -2]), float64).tolist() == [1, -2]


@pytest.mark.parametrize("thing", [nn.ReLU, "ReLU", [nn.ReLU()]])
def test_sequential_refuses_what_is_not_a_layer(thing: Any) -> None:
    with pytest.raises(TypeError, match="layer 1 of Sequential is not a layer"):
        nn.Sequential(nn.ReLU(), thing)
