"""The greater of two, elementwise; NaN wins, and -0 is less than +0.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor, filled


def shape(x: Shape, y: Shape) -> Shape:
    return elementwise(x, y)


def meaning(domain: ScalarDomain, x: Array, y: Array) -> Array:
    return domain.maximum(x, y)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, y: Tensor) -> Gradients:
    half = cotangent * filled(x, 0.5)
    to_x = x.equal(y).where(half, y.less(x).where(cotangent, filled(x, 0)))
    return to_x, cotangent - to_x
