"""(x - mean) / sqrt(variance + eps) for each channel, then times the weight, plus the bias; elementwise.

x is (N, C, ...), all others (C,). Mean and variance are given from outside: running statistics, or those of the batch, whose
gradient then flows through them.

Source: torch.nn.functional.batch_norm; Ioffe and Szegedy, "Batch Normalization", 2015.
"""

from __future__ import annotations

from fpsem.core.errors import GraphError, ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(
    x: Shape, mean: Shape, variance: Shape, weight: Shape | None = None, bias: Shape | None = None, *, eps: float = 1e-5
) -> Shape:
    if len(x) < 2:
        raise ShapeError(f"x {x} must be (N, C, ...)")
    if any(given not in (None, x[1:2]) for given in (mean, variance, weight, bias)):
        raise ShapeError(
            f"mean {mean}, variance {variance}, weight {weight} and bias {bias}: where given each must be {x[1:2]}, "
            f"one number for each channel of x {x}"
        )
    if eps < 0:
        raise GraphError(f"eps {eps} must not be negative")
    return x


def meaning(
    domain: ScalarDomain,
    x: Array,
    mean: Array,
    variance: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    eps: float,
) -> Array:
    channels = (-1, *[1] * (x.ndim - 2))
    deviation = domain.sqrt(domain.add(variance, number(domain, eps)))
    y = domain.div(domain.sub(x, mean.reshape(channels)), deviation.reshape(channels))
    y = y if weight is None else domain.mul(y, weight.reshape(channels))
    return y if bias is None else domain.add(y, bias.reshape(channels))


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    eps: float,
) -> Gradients:
    others = tuple(i for i in range(x.ndim) if i != 1)

    def wide(t: Tensor) -> Tensor:
        return t.reshape(shape=(-1, *[1] * (x.ndim - 2))).broadcast_to(shape=x.shape)

    def total(t: Tensor) -> Tensor:
        return t.sum(axis=others, keepdims=False)

    deviation = (variance + eps).sqrt()
    standard = (x - wide(mean)) / wide(deviation)
    scaled = cotangent if weight is None else cotangent * wide(weight)
    to_x = scaled / wide(deviation)
    gradients: Gradients = to_x, -total(to_x), total(scaled * standard) / (variance + eps) * -0.5
    if weight is not None:
        gradients = *gradients, total(cotangent * standard)
    return gradients if bias is None else (*gradients, total(cotangent))
