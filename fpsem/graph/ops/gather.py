"""Elements of x along one axis, chosen by integers: the axis is replaced by the axes of the indices.

An index outside 0 .. n - 1 is refused; none counts from the end. The transpose is scatter_add.

Source: numpy.take; torch.nn.functional.embedding for axis 0.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops._indices import check_range
from fpsem.graph.ops._shapes import axis_index
from fpsem.graph.ops._tensors import Gradients, Tensor

TAKES = {1: Sort.INTEGER}


def shape(x: Shape, indices: Shape, *, axis: int = 0) -> Shape:
    at = axis_index(axis, len(x))
    return x[:at] + indices + x[at + 1 :]


def meaning(domain: ScalarDomain, x: Array, indices: Array, *, axis: int) -> Array:
    check_range("index", indices, x.shape[axis])
    # by a flat index: for one without axes numpy would hand out a bare scalar
    return np.take(x, indices.reshape(-1), axis=axis).reshape(shape(x.shape, indices.shape, axis=axis))


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, indices: Tensor, *, axis: int) -> Gradients:
    return cotangent.scatter_add(indices, size=x.shape[axis], axis=axis), None
