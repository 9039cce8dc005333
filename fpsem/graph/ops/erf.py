"""The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x, elementwise.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.erf(x)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    slope = x.constant_like(2) / x.pi_like().sqrt()
    return (cotangent * slope * (-(x * x)).exp(),)
