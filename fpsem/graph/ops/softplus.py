"""log(1 + exp(x)), elementwise, as max(x, 0) + log1p(exp(-|x|)), which cannot overflow.

Source: torch.nn.Softplus with beta = 1 and no threshold.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    tail = domain.log1p(domain.exp(domain.neg(domain.abs(x))))
    return domain.add(domain.maximum(x, number(domain, 0)), tail)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    return (cotangent * x.sigmoid(),)
