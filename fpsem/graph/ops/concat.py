"""Tensors joined along an axis; their other dimensions are equal.

Source: numpy.concatenate, torch.cat.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._shapes import axis_index
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(*shapes: Shape, axis: int = 0) -> Shape:
    if not shapes:
        raise ShapeError("concat needs at least one tensor")
    first = shapes[0]
    at = axis_index(axis, len(first))
    for other in shapes[1:]:
        if other[:at] + other[at + 1 :] != first[:at] + first[at + 1 :] or len(other) != len(first):
            raise ShapeError(f"shapes {first} and {other} differ outside axis {axis}")
    return (*first[:at], sum(s[at] for s in shapes), *first[at + 1 :])


def meaning(domain: ScalarDomain, *arrays: Array, axis: int) -> Array:
    return np.concatenate(arrays, axis=axis)


def vjp(cotangent: Tensor, output: Tensor, *inputs: Tensor, axis: int) -> Gradients:
    at, start, gradients = axis % output.ndim, 0, []
    for x in inputs:
        stop = start + x.shape[at]
        gradients.append(cotangent[(*(slice(None),) * at, slice(start, stop))])
        start = stop
    return tuple(gradients)
