"""The matrix product of (..., n, k) and (..., k, m); each entry is a sum of k products in the domain's schedule.

Leading dimensions must be equal, or absent on one side. Vectors are refused: say (1, k) or (k, 1).

Source: numpy.matmul, torch.matmul.
"""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import products
from fpsem.graph.ops._tensors import Gradients, Tensor, gathered


def shape(a: Shape, b: Shape) -> Shape:
    if len(a) < 2 or len(b) < 2:
        raise ShapeError(f"shapes {a} and {b}: both must be matrices; reshape a vector to (1, k) or (k, 1)")
    if a[-1] != b[-2]:
        raise ShapeError(f"shapes {a} and {b}: {a[-1]} columns meet {b[-2]} rows; transpose one of them?")
    if a[:-2] and b[:-2] and a[:-2] != b[:-2]:
        raise ShapeError(f"shapes {a} and {b}: leading dimensions {a[:-2]} and {b[:-2]} differ; use broadcast_to")
    return (*(a[:-2] or b[:-2]), a[-2], b[-1])


def meaning(domain: ScalarDomain, a: Array, b: Array) -> Array:
    return products(domain, a, b)


def vjp(cotangent: Tensor, output: Tensor, a: Tensor, b: Tensor) -> Gradients:
    to_a = cotangent @ _flipped(b)
    to_b = _flipped(a) @ cotangent
    return gathered(to_a, a.shape), gathered(to_b, b.shape)


def _flipped(x: Tensor) -> Tensor:
    return x.transpose(axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))
