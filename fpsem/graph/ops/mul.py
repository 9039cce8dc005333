"""x * y, elementwise.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, y: Shape) -> Shape:
    return elementwise(x, y)


def meaning(domain: ScalarDomain, x: Array, y: Array) -> Array:
    return domain.mul(x, y)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, y: Tensor) -> Gradients:
    return cotangent * y, cotangent * x
