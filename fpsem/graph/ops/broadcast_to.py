"""The elements repeated to fill a shape: the only way in which shapes broadcast in a graph.

Source: numpy.broadcast_to.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor, gathered


def shape(x: Shape, *, shape: tuple[int, ...]) -> Shape:
    padded = (1,) * (len(shape) - len(x)) + x
    if len(x) > len(shape) or any(n not in (1, m) for n, m in zip(padded, shape)):
        raise ShapeError(f"{x} does not broadcast to {shape}: dimensions are matched from the last, each equal or 1")
    return shape


def meaning(domain: ScalarDomain, x: Array, *, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(x, shape)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, shape: tuple[int, ...]) -> Gradients:
    return (gathered(cotangent, x.shape),)
