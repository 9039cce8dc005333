"""Dropout: in training some elements, drawn anew at each step, are dropped and the others scaled; in evaluation nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fpsem.core.errors import GraphError
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class Dropout(Module):
    """Each element is 0 with probability p, else divided by 1 - p; the mask is an input of the training graph.

    Args:
        p: at least 0 and below 1.

    Raises:
        GraphError: any other p.

    Source: torch.nn.Dropout.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p < 1:
            raise GraphError(f"{self}: p must be at least 0 and below 1")

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        if parameters.training is None:
            return x
        return x.dropout(parameters.mask(x.shape, 1 - self.p), p=self.p)
