"""What the converters of ONNX nodes are written with: the node being read, its inputs, and how they become tensors.

An input is a tensor of the graph, a concrete array of the file, or None where it is left out. A concrete array becomes a
node of the graph only when somebody takes it as a tensor: a bound or a shape that is read while loading leaves none behind.

Source: https://onnx.ai/onnx/repo-docs/IR.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError, ShapeError, UnsupportedError
from fpsem.core.protocol import Array
from fpsem.graph.op import Shape, Sort
from fpsem.graph.trace import Recorder, Tensor


@dataclass(frozen=True, eq=False)
class Concrete:
    """An array of the file: a weight, a constant, a shape, a bound. Each is itself alone, whatever others hold.

    Args:
        name: what the file calls it.
        array: its elements.
        is_stored: whether it is an initializer, which becomes a parameter; else it is a constant.
    """

    name: str
    array: Array
    is_stored: bool = False

    @property
    def is_float(self) -> bool:
        """Whether it can become a tensor."""
        return self.array.dtype == np.float32


IGNORED = -100
"""The label that PyTorch ignores by default, and so do ONNX files that say nothing else."""


def no_label(classes: int) -> int | None:
    """The ignored label, where it is none of the classes counted from the end: there ONNX's OneHot gives zeros too."""
    return IGNORED if -classes > IGNORED else None


Value = Tensor | Concrete
"""A tensor of the graph, or a concrete array."""


@dataclass(frozen=True)
class Call:
    """A node of the file, without its inputs.

    Args:
        op: its op type.
        name: its name.
        opset: the version of ONNX's operator set.
        recorder: where to record.
        attributes: its attributes; tensors are arrays, strings are bytes.
        record: makes a float32 array a tensor of the graph.
    """

    op: str
    name: str
    opset: int
    recorder: Recorder
    attributes: Mapping[str, Any]
    record: Callable[[Concrete], Tensor]

    def __str__(self) -> str:
        return f"{self.op} ({self.name!r})"

    def tensor(self, value: Value | None, sort: Sort = Sort.SCALAR) -> Tensor:
        """One of the node's inputs as a tensor of a sort.

        Raises:
            PayloadError: it is a concrete array that is not float32.
            ShapeError: it is left out.
            UnsupportedError: it is of another sort.
        """
        if value is None:
            raise ShapeError(f"{self} lacks an input")
        if isinstance(value, Concrete) and not value.is_float:
            raise PayloadError(f"{value.name!r} has dtype {value.array.dtype}, but {self} takes float32: convert the file")
        made = value if isinstance(value, Tensor) else self.record(value)
        if made.sort is not sort:
            raise UnsupportedError(f"{self}: it is read for {sort.value}, not for {made.sort.value}")
        return made

    def word(self, name: str, default: str) -> str:
        """An attribute that is a string."""
        value = self.attributes.get(name, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def require(self, holds: bool, what: str) -> None:
        """Raises UnsupportedError that names the node and what is not read of it."""
        if not holds:
            raise UnsupportedError(f"{self}: {what}")


def integers(call: Call, value: Value | None, what: str) -> list[int]:
    """A value as integers. Raises UnsupportedError when it is known only at run time, or not integers."""
    if not isinstance(value, Concrete) or value.array.dtype.kind != "i":
        raise UnsupportedError(f"{call}: {what} must be an initializer or constant of integers")
    return [int(v) for v in np.ravel(value.array)]


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the first. Raises ShapeError when there is none such."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} does not exist in a tensor of {rank} dimensions")
    return axis % rank


def matrix_shape(shape: Shape, axis: int) -> Shape:
    """Two dimensions: those before the axis, and those from it on."""
    if not -len(shape) <= axis <= len(shape):
        raise ShapeError(f"axis {axis} does not exist in {shape}")
    at = axis + len(shape) if axis < 0 else axis
    return prod(shape[:at]), prod(shape[at:])


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that shapes broadcast to. Raises ShapeError when they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast") from None


def broadcast(x: Tensor, shape: Shape) -> Tensor:
    """x with its elements repeated to fill the shape; x itself when it has it."""
    return x if x.shape == shape else x.broadcast_to(shape=shape)


def reshaped(x: Tensor, shape: Shape) -> Tensor:
    """x in another shape; x itself when it has it."""
    return x if x.shape == shape else x.reshape(shape=shape)


def padded(x: Tensor, before: tuple[int, ...], after: tuple[int, ...]) -> Tensor:
    """x with this many zeros (+0) on each side of each axis; negative numbers take elements away."""
    starts, stops = tuple(max(0, -n) for n in before), tuple(n - max(0, -k) for n, k in zip(x.shape, after))
    if any(start >= stop for start, stop in zip(starts, stops)):
        raise ShapeError(f"padding by {before} and {after} leaves nothing of {x.shape}")
    kept = tuple(stop - start for start, stop in zip(starts, stops))
    if kept != x.shape:
        x = x.slice(starts=starts, stops=stops, steps=(1,) * x.ndim)
    low = tuple(max(0, n) for n in before)
    shape = tuple(n + m + max(0, k) for n, m, k in zip(low, kept, after))
    inner = tuple(n + m for n, m in zip(low, kept))
    return x if shape == kept else x.unslice(shape=shape, starts=low, stops=inner, steps=(1,) * x.ndim)
