"""The sum over one or more axes, in the domain's schedule; several axes are added as one sum in C order.

Source: numpy.sum, torch.sum.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.reduction import total
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import reduce
from fpsem.graph.ops._shapes import reduced
from fpsem.graph.ops._tensors import Gradients, Tensor, spread


def shape(x: Shape, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    return reduced(x, axis, keepdims)


def meaning(domain: ScalarDomain, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    return reduce(domain, x, axis, keepdims, total)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Gradients:
    return (spread(cotangent, x.shape, axis),)
