"""Families are what their recipes say, with the names and shapes that PyTorch gives the same layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import FpsemError, ShapeError, UnknownNameError
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.denote import run
from fpsem.interop.families import cnn, mlp

SMALL = cnn((1, 8, 8), (4, 6), (5, 3), kernel=3, padding=1, batch_norm=True, pool="max")


def test_an_mlp_has_relus_between_its_linear_layers() -> None:
    family = mlp((4, 8, 3))
    assert family.model == nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    assert family.shapes == {"0.weight": (8, 4), "0.bias": (8,), "2.weight": (3, 8), "2.bias": (3,)}
    assert list(family.shapes) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_cnn_with_everything_has_its_layers_in_order() -> None:
    kinds = [type(layer).__name__ for layer in SMALL.model]
    stage = ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]
    assert kinds == [*stage, *stage, "Flatten", "Linear", "ReLU", "Linear"]
    assert SMALL.shapes["4.weight"] == (6, 4, 3, 3)
    assert SMALL.shapes["9.weight"] == (5, 6 * 2 * 2)
    assert "1.running_var" in SMALL.shapes


def test_a_cnn_with_nothing_is_convolutions_and_linear_layers() -> None:
    family = cnn((1, 28, 28), (16, 32), (100, 10), kernel=4, stride=2, padding=1)
    assert family.shapes["5.weight"] == (100, 1568)
    assert [type(layer).__name__ for layer in family.model] == [
        "Conv2d", "ReLU", "Conv2d", "ReLU", "Flatten", "Linear", "ReLU", "Linear"
    ]  # fmt: skip


@pytest.mark.parametrize("family", [mlp((4, 3)), SMALL, cnn((2, 6, 6), (3,), (2,), pool="avg")], ids=lambda f: f.name)
def test_a_family_runs_on_a_batch_of_its_examples(family: Any) -> None:
    x = np.ones((2, *family.example), np.float32)
    out = run(family.graph(2), family.model.init(), x, NumPyFloat32())
    assert out.shape[0] == 2
    assert np.isfinite(out).all()


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: mlp((4,)), ShapeError, r"an input and an output, not \[4\]"),
        (lambda: mlp((4, 0)), ShapeError, "positive"),
        (lambda: cnn((1, 8, 8), (4,), ()), ShapeError, "at least one linear layer"),
        (lambda: cnn((1, 2, 2), (4,), (3,)), ShapeError, "kernel"),
        (lambda: cnn((1, 8, 8), (4,), (3,), pool="min"), UnknownNameError, "unknown pooling 'min'"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(make: Any, error: type[FpsemError], told: str) -> None:
    with pytest.raises(error, match=told):
        make()
