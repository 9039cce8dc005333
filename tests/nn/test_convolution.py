"""Conv2d is a sum over windows, written out with plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import ShapeError
from fpsem.graph.denote import run
from fpsem.nn.pooling import pair

RANDOM = np.random.default_rng(0)


def convolved(layer: nn.Conv2d, params: dict[str, Any], x: Any) -> Any:
    """Each output element by its definition, in float64."""
    (sh, sw), (ph, pw), (dh, dw) = (pair(size) for size in (layer.stride, layer.padding, layer.dilation))
    weight = params["weight"].astype(np.float64)
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    outs, per_group, kh, kw = weight.shape
    height = (padded.shape[2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[3] - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((len(x), outs, height, width))
    for n, o, i, j in np.ndindex(y.shape):
        first = o // (outs // layer.groups) * per_group
        for c, a, b in np.ndindex(per_group, kh, kw):
            y[n, o, i, j] += weight[o, c, a, b] * padded[n, first + c, i * sh + a * dh, j * sw + b * dw]
        y[n, o, i, j] += params["bias"][o] if layer.bias else 0
    return y


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 3, 3),
        nn.Conv2d(4, 2, 1, bias=False),
        nn.Conv2d(4, 3, (3, 2), stride=(2, 1), padding=(1, 2)),
        nn.Conv2d(4, 6, (2, 3), dilation=(2, 1), groups=2),
        nn.Conv2d(4, 4, 2, stride=2, padding=1, groups=4, bias=False),
    ],
    ids=repr,
)
def test_it_is_the_sum_over_each_window(layer: nn.Conv2d, float64: Any) -> None:
    params, x = layer.init(seed=1), RANDOM.standard_normal((2, 4, 5, 6)).astype(np.float32)
    found = run(layer.lower(x.shape), params, x, float64)
    assert np.abs(found - convolved(layer, params, x)).max() < 1e-12


def test_its_parameters_have_the_shapes_of_pytorchs() -> None:
    assert nn.Conv2d(4, 6, (2, 3), groups=2).parameters() == {"weight": (6, 2, 2, 3), "bias": (6,)}
    assert nn.Conv2d(4, 6, 2, bias=False).parameters() == {"weight": (6, 4, 2, 2)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0, 1, 3), "must be positive"),
        ((1, -1, 3), "must be positive"),
        ((1, 1, 0), "at least one row"),
        ((1, 1, (3, 0)), "at least one row"),
        ((4, 6, 3, 1, 0, 1, 0), "must be positive"),
        ((4, 6, 3, 1, 0, 1, 4), "groups must divide"),
        ((3, 6, 3, 1, 0, 1, 2), "groups must divide"),
    ],
)
def test_settings_that_make_no_kernel_are_refused(arguments: Any, told: str) -> None:
    with pytest.raises(ShapeError, match=rf"Conv2d\(in_channels=.*{told}"):
        nn.Conv2d(*arguments)
