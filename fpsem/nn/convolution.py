"""Conv2d: a cross-correlation. The weight is (out_channels, in_channels / groups, kh, kw), the bias (out_channels,)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpsem.core.errors import ShapeError
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module, Parameter
from fpsem.nn.pooling import Size, pair
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class Conv2d(Module):
    """A cross-correlation of (N, in_channels, H, W) with a kernel for each output channel.

    Weight and bias start uniformly distributed over [-k, k), k = 1 / sqrt(in_channels / groups * kh * kw).

    Args:
        in_channels: at least 1.
        out_channels: at least 1.
        kernel_size: height and width, or one number for both; so are stride, padding and dilation.
        stride: the step between windows.
        padding: how many zeros stand on each side.
        dilation: the step between the elements of a window.
        groups: into how many independent parts the channels fall; it divides both numbers of channels.
        bias: whether a number for each output channel is added.

    Raises:
        ShapeError: a number of channels or a kernel that is not positive, or channels that groups do not divide.

    Source: torch.nn.Conv2d, whose default start is this distribution.
    """

    in_channels: int
    out_channels: int
    kernel_size: Size
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    groups: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        if min(self.in_channels, self.out_channels, self.groups) < 1:
            raise ShapeError(f"{self}: channels and groups must be positive")
        if min(pair(self.kernel_size)) < 1:
            raise ShapeError(f"{self}: a kernel has at least one row and column")
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ShapeError(f"{self}: groups must divide both numbers of channels")

    def declared(self) -> dict[str, Parameter]:
        weight = (self.out_channels, self.in_channels // self.groups, *pair(self.kernel_size))
        bound = 1 / math.sqrt(math.prod(weight[1:]))
        shapes = {"weight": weight, "bias": (self.out_channels,)}
        return {name: Parameter(shape, bound) for name, shape in shapes.items() if name == "weight" or self.bias}

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.conv2d(
            *(parameters[name] for name in self.declared()),
            stride=pair(self.stride),
            padding=pair(self.padding),
            dilation=pair(self.dilation),
            groups=self.groups,
        )
