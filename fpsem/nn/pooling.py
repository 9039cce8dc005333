"""Pooling: each window of (N, C, H, W) becomes one number, its maximum or its mean."""

from __future__ import annotations

from dataclasses import dataclass

from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module
from fpsem.nn.scope import Scope

Size = int | tuple[int, int]
"""Height and width, or one number for both."""


def pair(size: Size) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else size


@dataclass(frozen=True)
class MaxPool2d(Module):
    """The largest element of each window.

    Args:
        kernel_size: the window's height and width, or one number for both; so are stride and padding.
        stride: the step between windows; the window's size when None.
        padding: how many places stand on each side; they never are the largest. At most half the window.

    Source: torch.nn.MaxPool2d.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.max_pool2d(**_window(self))


@dataclass(frozen=True)
class AvgPool2d(Module):
    """The mean of each window.

    Args:
        kernel_size: the window's height and width, or one number for both; so are stride and padding.
        stride: the step between windows; the window's size when None.
        padding: how many zeros stand on each side.
        count_include_pad: whether these zeros count as elements.

    Source: torch.nn.AvgPool2d.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Size = 0
    count_include_pad: bool = True

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.avg_pool2d(**_window(self), count_include_pad=self.count_include_pad)


def _window(layer: MaxPool2d | AvgPool2d) -> dict[str, tuple[int, int] | None]:
    stride = None if layer.stride is None else pair(layer.stride)
    return {"kernel": pair(layer.kernel_size), "stride": stride, "padding": pair(layer.padding)}
