"""The axes in another order; by default reversed.

Source: numpy.transpose.
"""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import axis_index
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, *, axes: tuple[int, ...] | None = None) -> Shape:
    order = tuple(reversed(range(len(x)))) if axes is None else tuple(axis_index(a, len(x)) for a in axes)
    if sorted(order) != list(range(len(x))):
        raise ShapeError(f"axes {axes} must name each of the {len(x)} dimensions of {x} once")
    return tuple(x[a] for a in order)


def meaning(domain: ScalarDomain, x: Array, *, axes: tuple[int, ...] | None) -> Array:
    return x.transpose(axes)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, axes: tuple[int, ...] | None) -> Gradients:
    order = [a % x.ndim for a in axes] if axes is not None else list(reversed(range(x.ndim)))
    return (cotangent.transpose(axes=tuple(order.index(i) for i in range(x.ndim))),)
