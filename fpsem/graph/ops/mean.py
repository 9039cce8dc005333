"""The mean over one or more axes: the scheduled sum, divided once by the count.

Source: numpy.mean, torch.mean.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import average
from fpsem.graph.ops._shapes import reduced
from fpsem.graph.ops._tensors import Gradients, Tensor, elements, spread


def shape(x: Shape, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    return reduced(x, axis, keepdims)


def meaning(domain: ScalarDomain, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    return average(domain, x, axis, keepdims)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Gradients:
    return (spread(cotangent, x.shape, axis) / elements(x.shape, axis),)
