"""The absolute value, elementwise.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor, filled


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.abs(x)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    zero = filled(x, 0)
    return (x.equal(zero).where(zero, x.less(zero).where(-cotangent, cotangent)),)
