"""The inverse of the tangent, elementwise: the angle between -pi/2 and pi/2, in radians.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.atan(x)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    return (cotangent / (1 + x * x),)
