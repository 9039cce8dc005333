"""The mean over one or more axes: the scheduled sum, divided once by the count.

Source: numpy.mean, torch.mean.
"""

from __future__ import annotations

from math import prod

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number, reduce
from fpsem.graph.ops._shapes import axes_indices, reduced


def shape(x: Shape, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    return reduced(x, axis, keepdims)


def meaning(domain: ScalarDomain, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    count = prod(x.shape[i] for i in axes_indices(axis, x.ndim))
    return domain.div(reduce(domain, x, axis, keepdims, domain.add), number(domain, count))
