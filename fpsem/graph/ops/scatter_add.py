"""Elements added up by their index: the axes of the indices become one axis of ``size`` sums; the transpose of gather.

Sum i has those elements of x whose index is i, in order of appearance (the indices in C order), added in the domain's
schedule; an index that does not appear gives +0. The axis is counted in the result. An index outside 0 .. size - 1 is refused.

Source: torch.Tensor.index_add_ on zeros.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape, Sort
from fpsem.graph.ops._indices import check_range
from fpsem.graph.ops._reduce import number, summed
from fpsem.graph.ops._shapes import axis_index
from fpsem.graph.ops._tensors import Gradients, Tensor

TAKES = {1: Sort.INTEGER}


def shape(x: Shape, indices: Shape, *, size: int, axis: int = 0) -> Shape:
    if len(x) < len(indices):
        raise ShapeError(f"x {x} needs the axes of indices {indices}")
    at = axis_index(axis, len(x) - len(indices) + 1)
    if x[at : at + len(indices)] != indices:
        raise ShapeError(f"x {x} must have the axes of indices {indices} from axis {at} on")
    return (*x[:at], size, *x[at + len(indices) :])


def meaning(domain: ScalarDomain, x: Array, indices: Array, *, size: int, axis: int) -> Array:
    check_range("index", indices, size)
    at = axis_index(axis, x.ndim - indices.ndim + 1)
    lead, trail = x.shape[:at], x.shape[at + indices.ndim :]
    rows = np.moveaxis(x.reshape(*lead, -1, *trail), at, 0)
    out = np.broadcast_to(number(domain, 0), (size, *rows.shape[1:])).copy()
    for sums, terms in _groups(indices.reshape(-1)):
        out[sums] = summed(domain, rows[terms.T], 0, False)
    return np.moveaxis(out, 0, at)


def _groups(indices: Array) -> list[tuple[Array, Array]]:
    """Sums of equally many terms together: their indices (m,), and the places of their terms (m, count) in order."""
    order = np.argsort(indices, kind="stable")
    values, starts, counts = np.unique(indices[order], return_index=True, return_counts=True)
    return [
        (values[counts == count], order[starts[counts == count, None] + np.arange(count)]) for count in np.unique(counts)
    ]


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, indices: Tensor, *, size: int, axis: int) -> Gradients:
    return cotangent.gather(indices, axis=axis), None
