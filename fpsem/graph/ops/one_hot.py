"""Integers as rows of 0 and 1: one more last axis of ``classes``, with 1 at the integer and 0 elsewhere.

An integer that is ``ignore_index`` gives zeros; any other outside 0 .. classes - 1 is refused. Integers have no gradient.

Source: torch.nn.functional.one_hot.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops._indices import check_range
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor

TAKES = {0: Sort.INTEGER}


def shape(indices: Shape, *, classes: int, ignore_index: int | None = None) -> Shape:
    return (*indices, classes)


def meaning(domain: ScalarDomain, indices: Array, *, classes: int, ignore_index: int | None) -> Array:
    check_range("label", indices, classes, ignore_index)
    hot = indices[..., None] == np.arange(classes)
    if ignore_index is not None:
        hot &= indices[..., None] != ignore_index
    rows: Array = np.take(number(domain, [0, 1]), hot.astype(np.int64))
    return rows


def vjp(cotangent: Tensor, output: Tensor, indices: Tensor, *, classes: int, ignore_index: int | None) -> Gradients:
    return (None,)
