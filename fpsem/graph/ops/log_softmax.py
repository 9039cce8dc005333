"""(x - m) - log(sum exp(x - m)) along an axis, m the maximum along it; the sum in the domain's schedule.

Source: torch.nn.functional.log_softmax; Blanchard, Higham and Higham, "Accurately computing
the log-sum-exp and softmax functions", 2021.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import largest, summed
from fpsem.graph.ops._shapes import axis_index
from fpsem.graph.ops._tensors import Gradients, Tensor, spread


def shape(x: Shape, *, axis: int = -1) -> Shape:
    axis_index(axis, len(x))
    return x


def meaning(domain: ScalarDomain, x: Array, *, axis: int) -> Array:
    shifted = domain.sub(x, largest(domain, x, axis, True))
    total = summed(domain, domain.exp(shifted), axis, True)
    return domain.sub(shifted, domain.log(total))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, axis: int) -> Gradients:
    total = cotangent.sum(axis=axis, keepdims=True)
    return (cotangent - output.exp() * spread(total, x.shape, axis),)
