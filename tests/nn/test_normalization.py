"""LayerNorm and BatchNorm against their formulas in numpy; statistics are data that a training graph gives back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import GraphError, ShapeError
from fpsem.graph.denote import run

RANDOM = np.random.default_rng(0)
BATCHES: list[tuple[Any, tuple[int, ...]]] = [
    (nn.BatchNorm1d, (5, 3)), (nn.BatchNorm1d, (2, 3, 4)), (nn.BatchNorm2d, (2, 3, 2, 4)),
]  # fmt: skip


def drawn(*shape: int, positive: bool = False) -> Any:
    return (RANDOM.uniform(0.5, 2, shape) if positive else RANDOM.standard_normal(shape) * 2 + 1).astype(np.float32)


def statistics() -> dict[str, Any]:
    return {"weight": drawn(3), "bias": drawn(3), "running_mean": drawn(3), "running_var": drawn(3, positive=True)}


def wide(values: Any, x: Any) -> Any:
    """Numbers for each channel, over x."""
    return np.asarray(values, np.float64).reshape(-1, *[1] * (x.ndim - 2))


def close(found: Any, expected: Any) -> bool:
    """Equal but for the rounding of constants such as eps and momentum to binary32."""
    return bool(np.abs(found - expected).max() < 1e-6)


@pytest.mark.parametrize("shape", [(4,), (3, 4)])
@pytest.mark.parametrize(("affine", "bias"), [(True, True), (True, False), (False, True)])
def test_layer_norm_is_its_formula(shape: tuple[int, ...], affine: bool, bias: bool, float64: Any) -> None:
    layer = nn.LayerNorm(shape[0] if len(shape) == 1 else shape, eps=0.125, elementwise_affine=affine, bias=bias)
    x = drawn(2, 3, 4)
    params = {name: drawn(*at) for name, at in layer.parameters().items()}
    assert list(params) == [name for name, there in (("weight", affine), ("bias", affine and bias)) if there]
    axes = tuple(range(-len(shape), 0))
    wide_x = x.astype(np.float64)
    mean, variance = wide_x.mean(axes, keepdims=True), wide_x.var(axes, keepdims=True)
    expected = (wide_x - mean) / np.sqrt(variance + 0.125) * params.get("weight", 1) + params.get("bias", 0)
    assert close(run(layer.lower(x.shape), params, x, float64), expected)


@pytest.mark.parametrize(("kind", "shape"), BATCHES)
@pytest.mark.parametrize("affine", [True, False])
class TestBatchNorm:
    def test_has_the_names_of_a_state_dict(self, kind: Any, shape: Any, affine: bool) -> None:
        learned = {"weight": (3,), "bias": (3,)} if affine else {}
        kept = {"running_mean": (3,), "running_var": (3,)}
        layer = kind(3, affine=affine)
        assert (layer.parameters(), layer.buffers()) == (learned, kept)
        assert list(layer.declared()) == [*learned, *kept]
        starts = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}
        assert {name: set(value.tolist()) for name, value in layer.init().items()} == {n: {starts[n]} for n in layer.declared()}

    def test_evaluates_by_its_buffers(self, kind: Any, shape: Any, affine: bool, float64: Any) -> None:
        layer, x = kind(3, eps=0.25, affine=affine), drawn(*shape)
        params = {name: value for name, value in statistics().items() if name in layer.declared()}
        assert list(layer.lower(shape).outputs) == ["output"]
        spread = {name: wide(value, x) for name, value in params.items()}
        standard = (x - spread["running_mean"]) / np.sqrt(spread["running_var"] + 0.25)
        expected = standard * spread.get("weight", 1) + spread.get("bias", 0)
        assert close(run(layer.lower(shape), params, x, float64), expected)
        assert close(layer(params, x, float64), expected)

    def test_trains_by_the_batch_and_gives_the_next_buffers(self, kind: Any, shape: Any, affine: bool, float64: Any) -> None:
        layer, x = kind(3, eps=0.25, momentum=0.375, affine=affine), drawn(*shape)
        params = {name: value for name, value in statistics().items() if name in layer.declared()}
        axes, wide_x = (0, *range(2, x.ndim)), x.astype(np.float64)
        mean, biased, unbiased = wide_x.mean(axes), wide_x.var(axes), wide_x.var(axes, ddof=1)
        standard = (wide_x - wide(mean, x)) / np.sqrt(wide(biased, x) + 0.25)
        expected = {
            "output": standard * wide(params.get("weight", 1), x) + wide(params.get("bias", 0), x),
            "running_mean": 0.625 * params["running_mean"] + 0.375 * mean,
            "running_var": 0.625 * params["running_var"] + 0.375 * unbiased,
        }
        found = run(layer.lower(shape, training=True), params, x, float64)
        assert list(found) == list(expected)
        assert all(close(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize(("layer", "shape"), [(nn.BatchNorm1d(3), (1, 3)), (nn.BatchNorm2d(3), (1, 3, 1, 1))])
def test_one_element_has_no_variance_to_train_on(layer: nn.Module, shape: tuple[int, ...]) -> None:
    layer.lower(shape)
    with pytest.raises(ShapeError, match="needs more than one element in each channel"):
        layer.lower(shape, training=True)


@pytest.mark.parametrize("features", [0, -1, 3.0, True])
def test_a_number_of_channels_that_is_none_is_refused(features: Any) -> None:
    with pytest.raises(ShapeError, match="must be a positive integer"):
        nn.BatchNorm1d(features)


@pytest.mark.parametrize("momentum", [-0.1, 1.5, float("nan"), None])
def test_a_momentum_outside_0_to_1_is_refused(momentum: Any) -> None:
    with pytest.raises(GraphError, match="momentum must be a number from 0 to 1"):
        nn.BatchNorm2d(3, momentum=momentum)


def test_inside_a_model_buffers_have_its_names(float64: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))
    assert model.buffers() == {"1.0.running_mean": (3,), "1.0.running_var": (3,)}
    assert list(model.lower((4, 2), training=True).outputs) == ["output", "1.0.running_mean", "1.0.running_var"]
