"""The number pi in every element of a shape; over the reals pi itself, else as the domain rounds it.

Source: the primitive of this name in ``fpsem.core.protocol``.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(*, shape: tuple[int, ...]) -> Shape:
    return shape


def meaning(domain: ScalarDomain, *, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(domain.pi(), shape)


def vjp(cotangent: Tensor, output: Tensor, *, shape: tuple[int, ...]) -> Gradients:
    return ()
