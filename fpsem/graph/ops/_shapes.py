"""Shape rules that several ops share. Shapes never broadcast by themselves: a graph says ``broadcast_to``."""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.graph.op import Shape


def elementwise(*shapes: Shape) -> Shape:
    """All inputs have one shape, which is the result's."""
    if len(set(shapes)) > 1:
        listed = " and ".join(map(str, shapes))
        raise ShapeError(
            f"shapes {listed} differ; nothing broadcasts by itself: use broadcast_to or reshape to say which is meant"
        )
    return shapes[0]


def axis_index(axis: int, rank: int) -> int:
    """A non-negative axis. Raises ShapeError when the axis is not one of the rank's."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} does not exist in a tensor of {rank} dimensions")
    return axis % rank


def axes_indices(axis: int | tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """The axes that a reduction runs over, sorted; None means all."""
    if axis is None:
        return tuple(range(rank))
    listed = (axis,) if isinstance(axis, int) else axis
    axes = tuple(sorted(axis_index(a, rank) for a in listed))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"axis {axis} names a dimension twice")
    return axes


def reduced(x: Shape, axis: int | tuple[int, ...] | None, keepdims: bool) -> Shape:
    """The shape after reducing over the axes."""
    axes = axes_indices(axis, len(x))
    return tuple(1 if i in axes else n for i, n in enumerate(x) if keepdims or i not in axes)
