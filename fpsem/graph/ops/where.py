"""x where a truth holds, else y, elementwise; what the truth does not choose cannot be NaN's way in.

The gradient flows to the chosen side; the other side's is zero.

Source: torch.where.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor, filled

TAKES = {0: Sort.TRUTH}


def shape(truth: Shape, x: Shape, y: Shape) -> Shape:
    return elementwise(truth, x, y)


def meaning(domain: ScalarDomain, truth: Array, x: Array, y: Array) -> Array:
    return domain.select(truth, x, y)


def vjp(cotangent: Tensor, output: Tensor, truth: Tensor, x: Tensor, y: Tensor) -> Gradients:
    zero = filled(cotangent, 0)
    return None, truth.where(cotangent, zero), truth.where(zero, cotangent)
