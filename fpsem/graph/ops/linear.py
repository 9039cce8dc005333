"""x W^T + b: each output is a sum of products in the domain's schedule, to which the bias is added last.

x is (..., k), the weight (m, k), the bias (m,), the result (..., m).

Source: torch.nn.functional.linear.
"""

from __future__ import annotations

from math import prod

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import multiply
from fpsem.graph.ops._tensors import Gradients, Tensor, shaped


def shape(x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    if not x or len(weight) != 2:
        raise ShapeError(f"x {x} and weight {weight}: x needs a last dimension, the weight must be (out, in)")
    if x[-1] != weight[1]:
        hint = "; the weight looks transposed" if x[-1] == weight[0] else ""
        raise ShapeError(
            f"x {x} has {x[-1]} features, weight {weight} takes {weight[1]}{hint}: it must be (out, in) = (m, {x[-1]})"
        )
    if bias is not None and bias != weight[:1]:
        raise ShapeError(f"bias {bias} must be {weight[:1]}, one number for each row of weight {weight}")
    return (*x[:-1], weight[0])


def meaning(domain: ScalarDomain, x: Array, weight: Array, bias: Array | None = None) -> Array:
    rows = multiply(domain, x.reshape(-1, x.shape[-1]), weight.T)
    y: Array = rows.reshape(*x.shape[:-1], weight.shape[0])
    return y if bias is None else domain.add(y, bias)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Gradients:
    above, below = (shaped(t, (prod(t.shape[:-1]), t.shape[-1])) for t in (cotangent, x))
    to_x = shaped(above @ weight, x.shape)
    gradients = to_x, above.T @ below
    return gradients if bias is None else (*gradients, above.sum(axis=0, keepdims=False))
