"""The maximum over one or more axes, in the domain's schedule; a NaN anywhere gives NaN.

Source: numpy.max, torch.amax.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import reduce
from fpsem.graph.ops._shapes import reduced


def shape(x: Shape, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    return reduced(x, axis, keepdims)


def meaning(domain: ScalarDomain, x: Array, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    return reduce(domain, x, axis, keepdims, domain.maximum)
