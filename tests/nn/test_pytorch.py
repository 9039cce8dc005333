"""Every layer and loss against PyTorch's of the same name, its state_dict included.

Ours in float64 against PyTorch's in float64: between them lie constants that we round to binary32 (eps, momentum, p) and the
rounding of binary64, so 1e-6 of the largest element; the state_dict's names, order and shapes must be the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.graph.denote import denote, run
from fpsem.graph.trace import trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare layers with")

RANDOM = np.random.default_rng(0)
X2, X4 = RANDOM.standard_normal((5, 3)).astype(np.float32), RANDOM.standard_normal((2, 4, 6, 5)).astype(np.float32)
INDICES = np.int64([[0, 6, 3], [3, 1, 1]])

LAYERS: list[tuple[str, dict[str, Any], Any]] = [
    ("Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": (3, 2), "stride": (2, 1), "groups": 2}, X4),
    ("Conv2d", {"in_channels": 4, "out_channels": 2, "kernel_size": 2, "padding": (1, 2), "dilation": 2, "bias": False}, X4),
    ("MaxPool2d", {"kernel_size": (3, 2), "stride": (2, 1), "padding": 1}, X4),
    ("AvgPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}, X4),
    ("AvgPool2d", {"kernel_size": 3, "padding": 1}, X4),
    ("LayerNorm", {"normalized_shape": (6, 5), "eps": 0.1}, X4),
    ("LayerNorm", {"normalized_shape": 5, "bias": False}, X4),
    ("LayerNorm", {"normalized_shape": 5, "elementwise_affine": False}, X4),
    ("BatchNorm1d", {"num_features": 3, "eps": 0.1}, X2),
    ("BatchNorm2d", {"num_features": 4, "momentum": 0.3}, X4),
    ("BatchNorm2d", {"num_features": 4, "affine": False}, X4),
    ("Embedding", {"num_embeddings": 7, "embedding_dim": 2}, INDICES),
    ("Linear", {"in_features": 3, "out_features": 2}, X2),
    ("Flatten", {"start_dim": 2}, X4),
    ("Dropout", {"p": 0.25}, X2),
]


def both(name: str, settings: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Ours, theirs in float64 with parameters drawn anew, and these."""
    ours, theirs = getattr(nn, name)(**settings), getattr(torch.nn, name)(**settings).double()
    params = {n: RANDOM.uniform(0.5, 2, shape).astype(np.float32) for n, shape in {**ours.parameters(), **ours.buffers()}.items()}
    state = {n: torch.tensor(value).double() for n, value in params.items()}
    theirs.load_state_dict(state, strict=False)
    return ours, theirs, params


def close(ours: Any, theirs: Any) -> bool:
    expected = theirs.detach().numpy()
    return ours.shape == expected.shape and bool(np.abs(ours - expected).max() <= 1e-6 * max(1, np.abs(expected).max()))


def torches(x: Any) -> Any:
    return torch.tensor(x) if x.dtype.kind == "i" else torch.tensor(x).double()


@pytest.mark.parametrize(("name", "settings", "x"), LAYERS)
def test_state_dicts_have_the_same_names_and_shapes(name: str, settings: dict[str, Any], x: Any) -> None:
    ours, theirs, _ = both(name, settings)
    state = {n: tuple(value.shape) for n, value in theirs.state_dict().items() if n != "num_batches_tracked"}
    declared = {n: parameter.shape for n, parameter in ours.declared().items()}
    assert (declared, list(declared)) == (state, list(state))
    assert set(ours.parameters()) == {n for n, _ in theirs.named_parameters()}


@pytest.mark.parametrize(("name", "settings", "x"), LAYERS)
def test_evaluation_is_pytorchs(name: str, settings: dict[str, Any], x: Any, float64: Any) -> None:
    ours, theirs, params = both(name, settings)
    assert close(run(ours.lower(x.shape), params, x, float64), theirs.eval()(torches(x)))


@pytest.mark.parametrize(("name", "settings", "x"), [case for case in LAYERS if "Norm" in case[0]])
def test_training_and_its_buffers_are_pytorchs(name: str, settings: dict[str, Any], x: Any, float64: Any) -> None:
    ours, theirs, params = both(name, settings)
    found = denote(ours.lower(x.shape, training=True), params, {"x": x}, float64)
    assert close(found.pop("output"), theirs.train()(torches(x)))
    assert set(found) == set(ours.buffers())
    assert all(close(value, theirs.state_dict()[n]) for n, value in found.items())


def test_losses_are_pytorchs(float64: Any) -> None:
    labels = np.int64([2, 0, -1, 1, 1])
    graph = trace(lambda x, y: nn.CrossEntropyLoss(-1)(x, y), X2.shape, (5,), integers=("y",))
    theirs = torch.nn.CrossEntropyLoss(ignore_index=-1)(torches(X2), torch.tensor(labels))
    assert close(run(graph, {}, {"x": X2, "y": labels}, float64), theirs)
    soft = RANDOM.uniform(0, 1, X2.shape).astype(np.float32)
    for name in ("CrossEntropyLoss", "MSELoss"):
        loss = getattr(nn, name)()
        graph = trace(lambda x, y: loss(x, y), X2.shape, X2.shape)  # noqa: B023  called at once
        assert close(run(graph, {}, {"x": X2, "y": soft}, float64), getattr(torch.nn, name)()(torches(X2), torches(soft)))
