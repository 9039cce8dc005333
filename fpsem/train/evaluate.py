"""How good a model is: its loss on a dataset, and for classification how often it is right; and what it predicts of examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.data import Dataset
from fpsem.nn.losses import CrossEntropyLoss
from fpsem.train.graphs import LOSS, OUTPUT, Loss
from fpsem.train.state import Params
from fpsem.train.trainer import Trainer

_ROWS = 512
"""Rows that are evaluated at a time."""

_PROBES = 5


def evaluate(trainer: Trainer, params: Params, data: Dataset) -> dict[str, float]:
    """The mean loss, and the "accuracy" where targets are labels, over a dataset, in evaluation and in the trainer's domain.

    The rows are taken 512 at a time; the mean of these parts' losses, weighed by their rows, is worked out in binary64.

    Raises:
        PayloadError: the dataset has no rows or no targets, or does not fit the model.
    """
    if data.y is None or not len(data):
        raise PayloadError(f"{data.name} has no {'targets' if len(data) else 'rows'} to evaluate on")
    losses, weights, right = [], [], 0
    labels = data.y.dtype.kind == "i" and data.y.ndim == 1
    for start in range(0, len(data), _ROWS):
        x, y = data.x[start : start + _ROWS], data.y[start : start + _ROWS]
        found, counted = trainer.run_loss(params, x, y), _counted(trainer.loss, y)
        losses.append(float(found[LOSS]))
        weights.append(int(counted.sum()))
        if labels:
            right += int((found[OUTPUT].argmax(axis=-1) == y)[counted].sum())
    total = max(sum(weights), 1)
    metrics = {LOSS: sum(loss * weight for loss, weight in zip(losses, weights)) / total}
    return {**metrics, "accuracy": right / total} if labels else metrics


def probes(trainer: Trainer, before: Params, after: Params, data: Dataset) -> list[dict[str, Any]]:
    """The first examples of a dataset: the target, and what is predicted before and after training."""
    assert data.y is not None, "evaluated before"
    x, y = data.x[:_PROBES], data.y[:_PROBES]
    found = [_said(trainer.run_loss(params, x, y)[OUTPUT], y) for params in (before, after)]
    rows = enumerate(zip(y.tolist(), *found))
    return [{"example": i, "target": target, "before": was, "after": now} for i, (target, was, now) in rows]


def _counted(loss: Loss, y: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which rows count: all whose label the loss does not ignore."""
    if isinstance(loss, CrossEntropyLoss) and y.dtype.kind == "i":
        return np.asarray(y != loss.ignore_index)
    return np.ones(len(y), np.bool_)


def _said(output: Any, y: Any) -> list[Any]:
    """Predictions as labels where targets are labels, else as numbers."""
    said: list[Any] = (output.argmax(axis=-1) if y.dtype.kind == "i" else output).tolist()
    return said
