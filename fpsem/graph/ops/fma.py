"""x * y + z, elementwise, rounded once.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, y: Shape, z: Shape) -> Shape:
    return elementwise(x, y, z)


def meaning(domain: ScalarDomain, x: Array, y: Array, z: Array) -> Array:
    return domain.fma(x, y, z)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Gradients:
    return cotangent * y, cotangent * x, cotangent
