"""The same elements in C order under another shape; one dimension may be -1 and is worked out.

Source: numpy.reshape.
"""

from __future__ import annotations

from math import prod

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, *, shape: tuple[int, ...]) -> Shape:
    count, known = prod(x), prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or any(n < -1 for n in shape):
        raise ShapeError(f"shape {shape}: at most one -1, and no other negative dimension")
    if (-1 in shape and (known == 0 or count % known)) or (-1 not in shape and known != count):
        raise ShapeError(f"{x} has {count} elements, which do not fill {shape}")
    return tuple(count // known if n == -1 else n for n in shape)


def meaning(domain: ScalarDomain, x: Array, *, shape: tuple[int, ...]) -> Array:
    return x.reshape(shape)


def vjp(cotangent: Tensor, output: Tensor, x: Tensor, *, shape: tuple[int, ...]) -> Gradients:
    return (cotangent.reshape(shape=x.shape),)
