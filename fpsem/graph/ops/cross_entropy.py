"""The mean of -log_softmax(logits) at the label of each row, over the rows whose label is not ignored.

Logits are (N, C), targets N integers. Rows that are ignored are left out before anything is computed, so what they hold
cannot matter, and the terms of the others, in order, are one scheduled sum, divided once by their count. Where all are
ignored the loss is +0 (PyTorch gives NaN), and so is its gradient. A label outside 0 .. C - 1 is refused.

Source: torch.nn.functional.cross_entropy; Blanchard, Higham and Higham, "Accurately computing
the log-sum-exp and softmax functions", 2021.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops import log_softmax
from fpsem.graph.ops._indices import check_range
from fpsem.graph.ops._reduce import average, number
from fpsem.graph.ops._tensors import Gradients, Tensor, filled, spread

TAKES = {1: Sort.INTEGER}


def shape(logits: Shape, targets: Shape, *, ignore_index: int = -100) -> Shape:
    if len(logits) != 2 or targets != logits[:1]:
        raise ShapeError(f"logits {logits} must be (N, C), and targets {targets} (N,), one label for each row")
    return ()


def meaning(domain: ScalarDomain, logits: Array, targets: Array, *, ignore_index: int) -> Array:
    check_range("label", targets, logits.shape[1], ignore_index, "row")
    kept = np.flatnonzero(targets != ignore_index)
    if not len(kept):
        return number(domain, 0)
    if len(kept) < len(targets):
        logits, targets = logits[kept], targets[kept]
    logarithms = log_softmax.meaning(domain, logits, axis=1)
    return average(domain, domain.neg(logarithms[np.arange(len(kept)), targets]), None, False)


def vjp(cotangent: Tensor, output: Tensor, logits: Tensor, targets: Tensor, *, ignore_index: int) -> Gradients:
    hot = targets.one_hot(classes=logits.shape[1], ignore_index=ignore_index)
    zero = filled(logits, 0)
    kept = zero.less(spread(hot.max(axis=1, keepdims=True), logits.shape, 1))
    # chosen before the softmax too: an ignored row with NaN would reach the second derivative
    weights = kept.where(logits, zero).softmax(axis=1)
    # the count of kept rows, at least 1, exact up to 2^24 of them
    count = hot.sum(axis=(0, 1), keepdims=False).maximum(1)
    step = spread(cotangent / count, logits.shape, None)
    return kept.where((weights - hot) * step, zero), None
