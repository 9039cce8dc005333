"""The ops that are read from ONNX: one function each, which records what the op means over fpsem's own ops.

A converter takes a Call and the node's inputs: tensors, integer arrays, or None where an optional input is left out.
Broadcasting is ONNX's (numpy's), written down as broadcast_to. To read another op, add a function and its row below.

Source: https://onnx.ai/onnx/operators/, each under its own name, operator sets 7 and later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError, ShapeError, UnsupportedError
from fpsem.core.protocol import Array
from fpsem.graph.op import Shape
from fpsem.graph.trace import Recorder, Tensor, constant_tensor


@dataclass(frozen=True)
class Concrete:
    """An array of the file that is not float32: a shape, a bound, or a weight that is refused where it is used.

    Args:
        name: what the file calls it.
        array: its elements.
    """

    name: str
    array: Array


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
        attributes: its attributes; tensors are arrays.
    """

    op: str
    name: str
    opset: int
    recorder: Recorder
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.op} ({self.name!r})"

    def tensor(self, value: Value | None) -> Tensor:
        """One of the node's inputs as a tensor. Raises as ``tensor`` does."""
        return tensor(value, str(self))


def tensor(value: Value | None, reader: str) -> Tensor:
    """A value as a tensor. Raises PayloadError for a concrete array, ShapeError for nothing; both name the reader."""
    if isinstance(value, Tensor):
        return value
    if value is None:
        raise ShapeError(f"{reader} lacks an input")
    raise PayloadError(f"{value.name!r} has dtype {value.array.dtype}, but {reader} takes float32: convert the file")


def integers(call: Call, value: Value | None, what: str) -> list[int]:
    """A value as integers. Raises UnsupportedError when it is known only at run time, or not integers."""
    if not isinstance(value, Concrete) or value.array.dtype.kind != "i":
        raise UnsupportedError(f"{call}: {what} must be an initializer or constant of integers")
    return [int(v) for v in np.ravel(value.array)]


# -- arithmetic --------------------------------------------------------------------------------------------------------


def elementwise(op: str) -> Callable[..., Tensor]:
    """A converter of an op that takes tensors which broadcast against each other."""

    def convert(call: Call, *inputs: Value | None) -> Tensor:
        tensors = [call.tensor(value) for value in inputs]
        shape = broadcast_shapes(*(t.shape for t in tensors))
        first, *others = (broadcast(t, shape) for t in tensors)
        return first.apply(op, *others)

    return convert


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that shapes broadcast to. Raises ShapeError when they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast") from None


def broadcast(x: Tensor, shape: Shape) -> Tensor:
    """x with its elements repeated to fill the shape; x itself when it has it."""
    return x if x.shape == shape else x.broadcast_to(shape=shape)


def gemm(call: Call, a: Value | None, b: Value | None, c: Value | None = None) -> Tensor:
    """alpha A' B' + beta C; ``linear`` where that is all it is."""
    x, weight = call.tensor(a), call.tensor(b)
    alpha, beta = call.attributes.get("alpha", 1.0), call.attributes.get("beta", 1.0)
    x = x.T if call.attributes.get("transA", 0) else x
    bias = None if c is None or beta == 0 else call.tensor(c)
    plain = bias is not None and bias.ndim == 1 and alpha == beta == 1
    if not call.attributes.get("transB", 0):
        y = x.matmul(weight)
    elif plain and bias is not None and bias.shape == weight.shape[:1]:
        return x.linear(weight, bias)
    else:
        y = x.linear(weight)
    y = y if alpha == 1 else y * alpha
    return y if bias is None else y + broadcast(bias if beta == 1 else bias * beta, y.shape)


def matmul(call: Call, a: Value | None, b: Value | None) -> Tensor:
    """numpy.matmul: a vector is a row on the left and a column on the right, leading dimensions broadcast."""
    x, y = call.tensor(a), call.tensor(b)
    if not x.ndim or not y.ndim:
        raise ShapeError(f"shapes {x.shape} and {y.shape}: neither may be a scalar")
    left = x if x.ndim > 1 else x.reshape(shape=(1, *x.shape))
    right = y if y.ndim > 1 else y.reshape(shape=(*y.shape, 1))
    if left.ndim > 2 and right.ndim > 2:
        leading = broadcast_shapes(left.shape[:-2], right.shape[:-2])
        left, right = (broadcast(t, (*leading, *t.shape[-2:])) for t in (left, right))
    z = left.matmul(right)
    kept = z.shape[:-2] + z.shape[-2:-1] * (x.ndim > 1) + z.shape[-1:] * (y.ndim > 1)
    return z if kept == z.shape else z.reshape(shape=kept)


def softmax(call: Call, x: Value | None) -> Tensor:
    """Along one axis; before operator set 13 over all axes from the given one on, as if they were one."""
    t = call.tensor(x)
    if call.opset >= 13:
        return t.softmax(axis=call.attributes.get("axis", -1))
    rows, columns = matrix_shape(t.shape, call.attributes.get("axis", 1))
    if rows == prod(t.shape[:-1]):
        return t.softmax(axis=-1)
    return t.reshape(shape=(rows, columns)).softmax(axis=-1).reshape(shape=t.shape)


# -- shapes ------------------------------------------------------------------------------------------------------------


def matrix_shape(shape: Shape, axis: int) -> Shape:
    """Two dimensions: those before the axis, and those from it on."""
    if not -len(shape) <= axis <= len(shape):
        raise ShapeError(f"axis {axis} does not exist in {shape}")
    at = axis + len(shape) if axis < 0 else axis
    return prod(shape[:at]), prod(shape[at:])


def reshaped(x: Tensor, shape: Shape) -> Tensor:
    """x in another shape; x itself when it has it."""
    return x if x.shape == shape else x.reshape(shape=shape)


def flatten(call: Call, x: Value | None) -> Tensor:
    """Two dimensions: those before the axis, and those from it on."""
    t = call.tensor(x)
    return reshaped(t, matrix_shape(t.shape, call.attributes.get("axis", 1)))


def reshape(call: Call, x: Value | None, shape: Value | None) -> Tensor:
    """Another shape: 0 keeps a dimension (unless allowzero), one -1 is worked out."""
    t, sizes = call.tensor(x), integers(call, shape, "the shape")
    kept = not call.attributes.get("allowzero", 0)
    if kept and any(n == 0 for n in sizes[t.ndim :]):
        raise ShapeError(f"shape {sizes}: a 0 keeps a dimension that {t.shape} does not have")
    return reshaped(t, tuple(t.shape[i] if n == 0 and kept else n for i, n in enumerate(sizes)))


def transpose(call: Call, x: Value | None) -> Tensor:
    """The axes in another order; by default reversed."""
    order = call.attributes.get("perm")
    return call.tensor(x).transpose(axes=None if order is None else tuple(order))


def concat(call: Call, *inputs: Value | None) -> Tensor:
    """Joined along an axis."""
    first, *others = (call.tensor(value) for value in inputs)
    return first.apply("concat", *others, axis=call.attributes["axis"])


def cut(call: Call, x: Value | None, *bounds: Value | None) -> Tensor:
    """A part of each axis named: starts, ends, axes, steps are inputs, and attributes before operator set 10."""
    t = call.tensor(x)
    names = ("starts", "ends", "axes", "steps")
    given = {name: integers(call, value, name) for name, value in zip(names, bounds) if value is not None}
    given = given or {name: list(call.attributes[name]) for name in names if name in call.attributes}
    starts, ends = given["starts"], given["ends"]
    axes = [axis + t.ndim if axis < 0 else axis for axis in given.get("axes", range(len(starts)))]
    steps = given.get("steps", [1] * len(starts))
    if min(steps, default=1) < 1:
        raise UnsupportedError(f"{call}: steps {steps}; only positive ones are read")
    lengths = {len(starts), len(ends), len(set(axes)), len(axes), len(steps)}
    if len(lengths) > 1 or not set(axes) <= set(range(t.ndim)):
        raise ShapeError(
            f"starts {starts}, ends {ends}, steps {steps}: one for each of some axes of {t.shape}, not {axes}"
        )
    parts = {axis: slice(*part) for axis, *part in zip(axes, starts, ends, steps)}
    return t[tuple(parts.get(axis, slice(None)) for axis in range(t.ndim))]


def identity(call: Call, x: Value | None) -> Value:
    """The same value."""
    return x if isinstance(x, Concrete) else call.tensor(x)


def constant(call: Call) -> Value:
    """A float32 constant of the graph; anything else stays a concrete array."""
    (form, value), *more = call.attributes.items()
    if more or form not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise UnsupportedError(f"{call}: only tensors and numbers are read")
    array = np.asarray(value, dtype={"value_float": np.float32, "value_floats": np.float32}.get(form))
    return constant_tensor(call.recorder, array) if array.dtype == np.float32 else Concrete(call.name, array)


CONVERTERS: Mapping[str, Callable[..., Value]] = {
    "Add": elementwise("add"),
    "Concat": concat,
    "Constant": constant,
    "Div": elementwise("div"),
    "Flatten": flatten,
    "Gemm": gemm,
    "Identity": identity,
    "MatMul": matmul,
    "Mul": elementwise("mul"),
    "Relu": elementwise("relu"),
    "Reshape": reshape,
    "Sigmoid": elementwise("sigmoid"),
    "Slice": cut,
    "Softmax": softmax,
    "Sub": elementwise("sub"),
    "Tanh": elementwise("tanh"),
    "Transpose": transpose,
}
"""What reads each op, by op type."""
