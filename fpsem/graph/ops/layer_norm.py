"""(x - mean) / sqrt(variance + eps) over the last axes, then times the weight, plus the bias.

The axes are those of ``normalized_shape``; weight and bias have that shape. The mean is one scheduled sum in C order, divided
once by the count; the variance is the biased one, the mean in the same way of the squares of x - mean, each rounded.

Source: torch.nn.functional.layer_norm; Ba, Kiros and Hinton, "Layer Normalization", 2016.
"""

from __future__ import annotations

from fpsem.core.errors import GraphError, ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import average, number
from fpsem.graph.ops._tensors import Gradients, Tensor, gathered, spread


def shape(
    x: Shape,
    weight: Shape | None = None,
    bias: Shape | None = None,
    *,
    normalized_shape: tuple[int, ...],
    eps: float = 1e-5,
) -> Shape:
    if not normalized_shape or x[-len(normalized_shape) :] != normalized_shape:
        raise ShapeError(f"x {x} must end in normalized_shape {normalized_shape}, which must not be empty")
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given != normalized_shape:
            raise ShapeError(f"{name} {given} must have normalized_shape {normalized_shape}")
    if eps < 0:
        raise GraphError(f"eps {eps} must not be negative")
    return x


def meaning(
    domain: ScalarDomain,
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    normalized_shape: tuple[int, ...],
    eps: float,
) -> Array:
    axes = tuple(range(-len(normalized_shape), 0))
    centred = domain.sub(x, average(domain, x, axes, True))
    variance = average(domain, domain.mul(centred, centred), axes, True)
    y = domain.div(centred, domain.sqrt(domain.add(variance, number(domain, eps))))
    y = y if weight is None else domain.mul(y, weight)
    return y if bias is None else domain.add(y, bias)


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    normalized_shape: tuple[int, ...],
    eps: float,
) -> Gradients:
    axes = tuple(range(-len(normalized_shape), 0))

    def mean(t: Tensor) -> Tensor:
        return spread(t.mean(axis=axes, keepdims=True), x.shape, axes)

    centred = x - mean(x)
    deviation = (mean(centred * centred) + eps).sqrt()
    standard = centred / deviation
    scaled = cotangent if weight is None else cotangent * weight.broadcast_to(shape=x.shape)
    to_x = (scaled - mean(scaled) - standard * mean(scaled * standard)) / deviation
    to_weight = None if weight is None else gathered(cotangent * standard, normalized_shape)
    to_bias = None if bias is None else gathered(cotangent, normalized_shape)
    return tuple(g for g, t in ((to_x, x), (to_weight, weight), (to_bias, bias)) if t is not None)
