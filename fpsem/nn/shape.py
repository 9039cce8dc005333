"""Flatten: a run of dimensions made one."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from fpsem.core.errors import ShapeError
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class Flatten(Module):
    """The dimensions start_dim to end_dim, both included, as one, in C order.

    Args:
        start_dim: the first; negative ones count from the last dimension.
        end_dim: the last.

    Source: torch.nn.Flatten.
    """

    start_dim: int = 1
    end_dim: int = -1

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        first, last = (dim + x.ndim if dim < 0 else dim for dim in (self.start_dim, self.end_dim))
        if not 0 <= first <= last < x.ndim:
            raise ShapeError(f"{self} does not fit shape {x.shape}: both must be its dimensions, in order")
        return x.reshape(shape=(*x.shape[:first], prod(x.shape[first : last + 1]), *x.shape[last + 1 :]))
