"""1 / (1 + exp(-x)), elementwise, in that order of operations.

Source: torch.nn.Sigmoid.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    one = number(domain, 1)
    return domain.div(one, domain.add(one, domain.exp(domain.neg(x))))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    return (cotangent * (output * (1 - output)),)
