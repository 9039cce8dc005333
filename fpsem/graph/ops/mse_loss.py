"""The mean of (x - y)^2 over all elements: the squares, each rounded, as one scheduled sum in C order, divided once.

Source: torch.nn.functional.mse_loss.
"""

from __future__ import annotations

from math import prod

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import average
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor, spread


def shape(x: Shape, y: Shape) -> Shape:
    elementwise(x, y)
    return ()


def meaning(domain: ScalarDomain, x: Array, y: Array) -> Array:
    difference = domain.sub(x, y)
    return average(domain, domain.mul(difference, difference), None, False)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, y: Tensor) -> Gradients:
    to_x = (x - y) * spread(cotangent * 2 / prod(x.shape), x.shape, None)
    return to_x, -to_x
