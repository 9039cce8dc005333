"""Losses against their formulas in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import PayloadError, ShapeError
from fpsem.graph.denote import run
from fpsem.graph.trace import trace

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.standard_normal((2, 4, 3)).astype(np.float32)
LOGARITHMS = X - np.log(np.exp(X.astype(np.float64)).sum(axis=1, keepdims=True))


def of_labels(loss: nn.CrossEntropyLoss, labels: Any, domain: Any) -> float:
    graph = trace(lambda x, y: loss(x, y), X.shape, (4,), integers=("y",))
    assert graph.nodes[graph.outputs["output"]].shape == ()
    return float(run(graph, {}, {"x": X, "y": np.int64(labels)}, domain))


def test_mse_is_the_mean_of_the_squared_differences(float64: Any) -> None:
    graph = trace(lambda x, y: nn.MSELoss()(x, y), X.shape, X.shape)
    expected = ((X.astype(np.float64) - Y) ** 2).mean()
    assert run(graph, {}, {"x": X, "y": Y}, float64) == pytest.approx(expected, abs=1e-15)
    with pytest.raises(ShapeError, match="mse_loss"):
        trace(lambda x, y: nn.MSELoss()(x, y), (4, 3), (4,))


def test_cross_entropy_is_the_mean_of_the_logarithms_at_the_labels(float64: Any) -> None:
    labels = [2, 0, 1, 1]
    expected = -LOGARITHMS[np.arange(4), labels].mean()
    assert of_labels(nn.CrossEntropyLoss(), labels, float64) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("ignored", [-100, -1, 7, 1])
def test_rows_of_the_ignored_label_do_not_count(ignored: int, float64: Any) -> None:
    expected = -LOGARITHMS[[0, 3], [2, 0]].mean()
    loss = nn.CrossEntropyLoss(ignore_index=ignored)
    assert of_labels(loss, [2, ignored, ignored, 0], float64) == pytest.approx(expected, abs=1e-14)
    assert of_labels(loss, [ignored] * 4, float64) == 0


def test_a_label_of_no_class_is_refused(float64: Any) -> None:
    with pytest.raises(PayloadError, match=r"label 3 at row 2 is not one of 0 \.\. 2 or -100"):
        of_labels(nn.CrossEntropyLoss(), [0, 1, 3, 0], float64)


def test_targets_may_be_probabilities(float64: Any) -> None:
    graph = trace(lambda x, y: nn.CrossEntropyLoss()(x, y), X.shape, X.shape)
    expected = -(Y * LOGARITHMS).sum(axis=1).mean()
    assert run(graph, {}, {"x": X, "y": Y}, float64) == pytest.approx(expected, abs=1e-14)


def test_losses_are_values() -> None:
    assert nn.CrossEntropyLoss(-1) == eval(repr(nn.CrossEntropyLoss(-1)), vars(nn)) != nn.CrossEntropyLoss()
    assert len({nn.MSELoss(), nn.MSELoss()}) == 1
