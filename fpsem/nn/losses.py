"""Losses: a number that says how far outputs are from targets. A loss is a plain value, called on two tensors.

Source: the classes of the same names in torch.nn, with their default reduction, the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from fpsem.graph.op import Sort
from fpsem.graph.trace import Tensor


@dataclass(frozen=True)
class MSELoss:
    """The mean of the squares of the differences."""

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        """A tensor of no dimensions, from two of one shape."""
        return output.mse_loss(target)


@dataclass(frozen=True)
class CrossEntropyLoss:
    """Of logits (N, C): the mean over n of ``-log softmax(logits)[n, target[n]]``.

    Targets are N integers, or N rows of C probabilities.

    Args:
        ignore_index: rows with this target do not count; when all are ignored the loss is 0.
    """

    ignore_index: int = -100

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        """A tensor of no dimensions."""
        if target.sort is Sort.INTEGER:
            return output.cross_entropy(target, ignore_index=self.ignore_index)
        return output.soft_cross_entropy(target)
