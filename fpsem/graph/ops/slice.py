"""A part of each axis: elements start, start + step, ... before stop. Negative starts and stops count from the end.

Axes after the last one named are kept whole.

Source: numpy basic indexing; ONNX Slice.
"""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor


def shape(x: Shape, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]) -> Shape:
    if not len(starts) == len(stops) == len(steps) <= len(x):
        raise ShapeError(
            f"starts {starts}, stops {stops} and steps {steps} must be one for each of the first axes of {x}"
        )
    if any(step < 1 for step in steps):
        raise ShapeError(f"steps {steps} must be positive")
    sizes = tuple(len(range(*part.indices(n))) for part, n in zip(parts(starts, stops, steps), x))
    if 0 in sizes:
        raise ShapeError(f"the slice {starts} to {stops} of {x} is empty")
    return sizes + x[len(sizes) :]


def meaning(
    domain: ScalarDomain, x: Array, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]
) -> Array:
    return x[parts(starts, stops, steps)]


def parts(starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]) -> tuple[slice, ...]:
    """The slices of numpy's basic indexing."""
    return tuple(slice(*bounds) for bounds in zip(starts, stops, steps))


def vjp(
    cotangent: Tensor, output: Tensor, x: Tensor, *, starts: tuple[int, ...], stops: tuple[int, ...], steps: tuple[int, ...]
) -> Gradients:
    return (cotangent.unslice(shape=x.shape, starts=starts, stops=stops, steps=steps),)
