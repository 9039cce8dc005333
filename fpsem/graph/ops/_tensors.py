"""What gradient rules are written with: Tensors, whose methods are the ops."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import axes_indices

if TYPE_CHECKING:
    from fpsem.graph.trace import Tensor as Tensor
else:
    Tensor = Any

Gradients = tuple["Tensor | None", ...]
"""One for each input; None where nothing flows."""


def filled(like: Tensor, value: float) -> Tensor:
    """A number in every element of a tensor's shape."""
    return like.constant_like(value)


def spread(reduced: Tensor, shape: Shape, axis: int | tuple[int, ...] | None) -> Tensor:
    """Undo a reduction's loss of shape: the reduced tensor, repeated along the axes it was reduced over."""
    axes = axes_indices(axis, len(shape))
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return shaped(reduced, kept).broadcast_to(shape=shape)


def gathered(wide: Tensor, shape: Shape) -> Tensor:
    """Undo a broadcast: sum over the axes along which a tensor of this shape was repeated."""
    lead = wide.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and wide.shape[lead + i] > 1)
    summed = wide.sum(axis=axes, keepdims=False) if axes else wide
    return shaped(summed, shape)


def shaped(x: Tensor, shape: Shape) -> Tensor:
    """x under another shape, itself where it has that already."""
    return x if x.shape == shape else x.reshape(shape=shape)


def elements(shape: Shape, axis: int | tuple[int, ...] | None) -> int:
    """How many elements a reduction over the axes joins."""
    return prod(shape[i] for i in axes_indices(axis, len(shape)))
