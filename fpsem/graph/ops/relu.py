"""max(x, 0), elementwise; relu(NaN) is NaN and relu(-0) is +0.

Source: torch.nn.ReLU.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor, filled


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.maximum(x, number(domain, 0))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor) -> Gradients:
    return (filled(x, 0).less(x).where(cotangent, filled(x, 0)),)
