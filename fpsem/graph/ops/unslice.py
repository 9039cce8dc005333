"""The transpose of slice: zeros of a given shape, with x where slice would have read it.

Source: ONNX ScatterND restricted to a regular grid; numpy basic indexing assignment.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops import slice as slice_op
from fpsem.graph.ops._reduce import number
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(
    x: Shape, *, shape: tuple[int, ...], starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]
) -> Shape:
    cut = slice_op.shape(shape, starts=starts, stops=stops, steps=steps)
    if cut != x:
        raise ShapeError(f"x {x} does not fit the slice of {shape}, which is {cut}")
    return shape


def meaning(
    domain: ScalarDomain,
    x: Array,
    *,
    shape: tuple[int, ...],
    starts: tuple[int, ...],
    stops: tuple[int, ...],
    steps: tuple[int, ...],
) -> Array:
    out = np.broadcast_to(number(domain, 0), shape).copy()
    out[slice_op.parts(starts, stops, steps)] = x
    return out


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    *,
    shape: tuple[int, ...],
    starts: tuple[int, ...],
    stops: tuple[int, ...],
    steps: tuple[int, ...],
) -> Gradients:
    return (cotangent.slice(starts=starts, stops=stops, steps=steps),)
