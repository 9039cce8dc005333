"""The tangent of x in radians, elementwise.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.tan(x)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    return (cotangent * (1 + output * output),)
