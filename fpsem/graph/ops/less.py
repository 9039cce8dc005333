"""The truth of x < y, elementwise; false on NaN, and -0 equals +0.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops._shapes import elementwise

GIVES = Sort.TRUTH


def shape(x: Shape, y: Shape) -> Shape:
    return elementwise(x, y)


def meaning(domain: ScalarDomain, x: Array, y: Array) -> Array:
    return domain.less(x, y)
