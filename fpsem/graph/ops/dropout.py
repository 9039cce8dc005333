"""x / (1 - p) where the mask is not 0, and +0 where it is, elementwise: inverted dropout with a mask from outside.

The mask holds 0 and 1 and has x's shape. What is dropped is chosen away, not multiplied, so that an infinity or NaN in it is
dropped too (PyTorch's product would keep a NaN). 1 - p is rounded once, and divides once. The mask has no gradient.

Source: torch.nn.functional.dropout; Srivastava et al., "Dropout", 2014.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fpsem.core.errors import GraphError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._shapes import elementwise
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, mask: Shape, *, p: float = 0.5) -> Shape:
    if not 0 <= p < 1:
        raise GraphError(f"p {p} must be at least 0 and below 1")
    return elementwise(x, mask)


def meaning(domain: ScalarDomain, x: Array, mask: Array, *, p: float) -> Array:
    zero = np.broadcast_to(number(domain, 0), x.shape)
    kept = domain.div(x, number(domain, 1 - Fraction(p)))
    return domain.select(domain.equal(mask, zero), zero, kept)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, mask: Tensor, *, p: float) -> Gradients:
    return cotangent.dropout(mask, p=p), None
