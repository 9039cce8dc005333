"""The Gaussian error linear unit, x times the normal distribution function, elementwise.

``approximate="none"`` is ``(0.5 x) (1 + erf(x / sqrt 2))``; ``"tanh"`` is ``(0.5 x) (1 + tanh(c (x + 0.044715 x^3)))``
with c and 0.044715 the nearest binary32 numbers, c near sqrt(2/pi).

Source: torch.nn.GELU; Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import GraphError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor

_SLOPE = float(np.float32(0.7978845608028654))
_CUBIC = float(np.float32(0.044715))


def shape(x: Shape, *, approximate: str = "none") -> Shape:
    if approximate not in ("none", "tanh"):
        raise GraphError(f"approximate must be 'none' or 'tanh', not {approximate!r}")
    return x


def meaning(domain: ScalarDomain, x: Array, *, approximate: str) -> Array:
    inner = (
        domain.erf(domain.div(x, domain.sqrt(number(domain, 2))))
        if approximate == "none"
        else domain.tanh(_bent(domain, x))
    )
    return domain.mul(domain.mul(number(domain, 0.5), x), domain.add(number(domain, 1), inner))


def _bent(domain: ScalarDomain, x: Array) -> Array:
    cube = domain.mul(domain.mul(x, x), x)
    return domain.mul(number(domain, _SLOPE), domain.add(x, domain.mul(number(domain, _CUBIC), cube)))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, approximate: str) -> Gradients:
    if approximate == "none":
        spread = 1 + (x / x.constant_like(2).sqrt()).erf()
        density = (-(x * x) / 2).exp() / (x.pi_like() * 2).sqrt()
        return (cotangent * (spread / 2 + x * density),)
    inner = ((x + x * x * x * _CUBIC) * _SLOPE).tanh()
    slope = (1 + x * x * 3 * _CUBIC) * _SLOPE  # a product of binary32 constants: exact over the reals
    return (cotangent * ((1 + inner) / 2 + x / 2 * (1 - inner * inner) * slope),)
