"""x / (1 + exp(-x)), elementwise, in that order of operations.

Source: torch.nn.SiLU.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number


def shape(x: Shape) -> Shape:
    return x


def meaning(domain: ScalarDomain, x: Array) -> Array:
    return domain.div(x, domain.add(number(domain, 1), domain.exp(domain.neg(x))))
