"""Linear: x W^T + b. The weight is (out_features, in_features), the bias (out_features,), as in PyTorch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpsem.core.errors import ShapeError
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module, Parameter
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class Linear(Module):
    """x W^T + b over the last dimension: (..., in_features) to (..., out_features).

    Weight and bias start uniformly distributed over [-k, k), k = 1 / sqrt(in_features).

    Args:
        in_features: k, at least 1.
        out_features: m, at least 1.
        bias: whether b is added.

    Raises:
        ShapeError: a number of features that is not a positive integer.

    Source: torch.nn.Linear, whose default start is this distribution.
    """

    in_features: int
    out_features: int
    bias: bool = True

    def __post_init__(self) -> None:
        for features in (self.in_features, self.out_features):
            if type(features) is not int or features < 1:
                raise ShapeError(f"{self}: the numbers of features must be positive integers")

    def declared(self) -> dict[str, Parameter]:
        bound = 1 / math.sqrt(self.in_features)
        shapes = {"weight": (self.out_features, self.in_features), "bias": (self.out_features,)}
        return {name: Parameter(shape, bound) for name, shape in shapes.items() if name == "weight" or self.bias}

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.linear(parameters["weight"], *([parameters["bias"]] if self.bias else []))
