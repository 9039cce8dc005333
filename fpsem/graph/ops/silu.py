"""x / (1 + exp(-x)), elementwise, in that order of operations.

Source: torch.nn.SiLU.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.div(x, domain.add(number(domain, 1), domain.exp(domain.neg(x))))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    s = x.sigmoid()
    return (cotangent * (s + output * (1 - s)),)
