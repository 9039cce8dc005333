"""A tensor of fixed binary32 numbers, written as hexadecimal floats in C order so that files hold every bit.

Source: ISO C 6.4.4.2 hexadecimal floating constants, as ``float.hex`` writes them.
"""

from __future__ import annotations

from math import prod

import numpy as np

from fpsem.core.errors import GraphError, ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(*, shape: tuple[int, ...], values: tuple[str, ...]) -> Shape:
    if len(values) != prod(shape):
        raise ShapeError(f"{len(values)} values do not fill {shape}")
    _numbers(values)
    return shape


def meaning(domain: ScalarDomain, *, shape: tuple[int, ...], values: tuple[str, ...]) -> Array:
    return domain.from_bits(_numbers(values).view(np.uint32).reshape(shape))


def vjp(cotangent: Tensor, output: Tensor, *, shape: tuple[int, ...], values: tuple[str, ...]) -> Gradients:
    return ()


def attributes(values: Array) -> dict[str, tuple[int, ...] | tuple[str, ...]]:
    """The attributes that stand for a float32 array (NaN payloads are not kept)."""
    return {"shape": values.shape, "values": tuple(float(v).hex() for v in np.ravel(values))}


def _numbers(values: tuple[str, ...]) -> Array:
    try:
        wide = np.array([float.fromhex(v) for v in values], dtype=np.float64)
    except (ValueError, OverflowError) as error:
        raise GraphError(f"a constant's values must be hexadecimal floats: {error}") from None
    with np.errstate(over="ignore", under="ignore"):
        narrow = wide.astype(np.float32)
    if not np.array_equal(narrow.astype(np.float64), wide, equal_nan=True):
        raise GraphError("a constant's values must be binary32 numbers")
    return narrow
