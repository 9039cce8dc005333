"""min(max(x, low), high), elementwise, with at least one of the bounds; NaN stays NaN.

The gradient passes where low <= x <= high, the ends included, and is zero elsewhere and at NaN.

Source: torch.clamp.
"""

from __future__ import annotations

from fpsem.core.errors import GraphError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor, filled


def shape(x: Shape, *, low: float | None = None, high: float | None = None) -> Shape:
    if low is None and high is None:
        raise GraphError("low or high must be given")
    if low is not None and high is not None and low > high:
        raise GraphError(f"low {low} must not be above high {high}")
    return x


def meaning(domain: ScalarDomain, x: Array, *, low: float | None, high: float | None) -> Array:
    above = x if low is None else domain.maximum(x, number(domain, low))
    return above if high is None else domain.minimum(above, number(domain, high))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, low: float | None, high: float | None) -> Gradients:
    zero = filled(cotangent, 0)
    passed = cotangent if low is None else filled(x, low).less_equal(x).where(cotangent, zero)
    return (passed if high is None else x.less_equal(filled(x, high)).where(passed, zero),)
