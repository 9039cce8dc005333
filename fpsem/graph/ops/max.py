"""The maximum over one or more axes, in the domain's schedule; a NaN anywhere gives NaN.

Source: numpy.max, torch.amax.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.reduction import greatest
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import reduce
from fpsem.graph.ops._shapes import reduced
from fpsem.graph.ops._tensors import Gradients, Tensor, filled, spread

SPLITS_TIES = True


def shape(x: Shape, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    return reduced(x, axis, keepdims)


def meaning(domain: ScalarDomain, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    return reduce(domain, x, axis, keepdims, greatest)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Gradients:
    mask = x.equal(spread(output, x.shape, axis)).where(filled(x, 1), filled(x, 0))
    reached = mask.sum(axis=axis, keepdims=keepdims)
    return (spread(cotangent / reached, x.shape, axis) * mask,)
