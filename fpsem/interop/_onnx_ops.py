"""The ops that are read from ONNX: one function each, which records what the op means over fpsem's own ops.

A converter takes a Call and the node's inputs: tensors, concrete arrays, or None where an optional input is left out.
Broadcasting is ONNX's (numpy's), written down as broadcast_to. Here are arithmetic and shapes; windows and layers have files
of their own. To read another op, add a function and its row in the table of its file.

Source: https://onnx.ai/onnx/operators/, each under its own name, operator sets 7 and later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

from fpsem.core.errors import ShapeError, UnsupportedError
from fpsem.graph.op import Sort
from fpsem.graph.trace import Tensor
from fpsem.interop import _onnx_layers, _onnx_windows
from fpsem.interop._onnx_call import (
    Call,
    Concrete,
    Value,
    axis_of,
    broadcast,
    broadcast_shapes,
    integers,
    matrix_shape,
    padded,
    reshaped,
)

_MOST_PARTS = 1 << 12
"""Indices that fall into more runs than this are refused: each run is a node."""


# -- arithmetic --------------------------------------------------------------------------------------------------------


def elementwise(op: str) -> Callable[..., Tensor]:
    """A converter of an op that takes tensors which broadcast against each other."""

    def convert(call: Call, *inputs: Value | None) -> Tensor:
        first, *others = together(*(call.tensor(value) for value in inputs))
        return first.apply(op, *others)

    return convert


def together(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors broadcast to the one shape that all of them fit."""
    shape = broadcast_shapes(*(t.shape for t in tensors))
    return tuple(broadcast(t, shape) for t in tensors)


def folded(op: str) -> Callable[..., Tensor]:
    """A converter of an op of two tensors, taken of any number of them from the left."""

    def convert(call: Call, *inputs: Value | None) -> Tensor:
        return reduce(lambda x, y: x.apply(op, y), together(*(call.tensor(value) for value in inputs)))

    return convert


def turned(op: str) -> Callable[..., Tensor]:
    """A converter of a comparison: op with its two sides exchanged."""

    def convert(call: Call, x: Value | None, y: Value | None) -> Tensor:
        left, right = together(call.tensor(x), call.tensor(y))
        return right.apply(op, left)

    return convert


def where(call: Call, truth: Value | None, x: Value | None, y: Value | None) -> Tensor:
    """x where a truth holds, else y; the truth must have the shape of the result."""
    chosen = truth if isinstance(truth, Tensor) else None
    if chosen is None or chosen.sort is not Sort.TRUTH:
        raise UnsupportedError(f"{call}: the condition must be a comparison of float32 tensors")
    shape = broadcast_shapes(chosen.shape, call.tensor(x).shape, call.tensor(y).shape)
    call.require(chosen.shape == shape, f"the condition of shape {chosen.shape} is broadcast to {shape}")
    return chosen.where(*(broadcast(call.tensor(value), shape) for value in (x, y)))


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


# -- shapes ------------------------------------------------------------------------------------------------------------


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


def squeeze(call: Call, x: Value | None, axes: Value | None = None) -> Tensor:
    """Without axes of length 1: those named, or all."""
    t = call.tensor(x)
    named = call.attributes.get("axes") if axes is None else integers(call, axes, "the axes")
    gone = {i for i, n in enumerate(t.shape) if n == 1} if named is None else {axis_of(a, t.ndim) for a in named}
    if any(t.shape[axis] != 1 for axis in gone):
        raise ShapeError(f"axes {sorted(gone)} of {t.shape} are not all of length 1")
    return reshaped(t, tuple(n for i, n in enumerate(t.shape) if i not in gone))


def unsqueeze(call: Call, x: Value | None, axes: Value | None = None) -> Tensor:
    """With more axes of length 1, whose places are counted in the result."""
    t = call.tensor(x)
    named = call.attributes["axes"] if axes is None else integers(call, axes, "the axes")
    new = {axis_of(axis, t.ndim + len(named)) for axis in named}
    if len(new) < len(named):
        raise ShapeError(f"axes {list(named)} name a dimension twice")
    sizes = iter(t.shape)
    return reshaped(t, tuple(1 if axis in new else next(sizes) for axis in range(t.ndim + len(new))))


def expand(call: Call, x: Value | None, shape: Value | None) -> Tensor:
    """Repeated to fill a shape; where the shape has 1, or lacks an axis, x's own length stays."""
    t = call.tensor(x)
    return broadcast(t, broadcast_shapes(t.shape, tuple(integers(call, shape, "the shape"))))


def pad(call: Call, x: Value | None, pads: Value | None = None, fill: Value | None = None, axes: Value | None = None) -> Tensor:
    """Zeros around x; negative numbers take elements away."""
    t, mode = call.tensor(x), call.word("mode", "constant")
    value = fill if isinstance(fill, Concrete) else Concrete("", np.array(call.attributes.get("value", 0), np.float32))
    is_zero = not (value.array.any() or np.signbit(value.array).any()) and not isinstance(fill, Tensor)
    call.require(mode == "constant", f"mode {mode!r}; only 'constant' is read")
    call.require(is_zero, "it pads with something else than a constant +0")
    listed = list(call.attributes["pads"]) if pads is None else integers(call, pads, "the pads")
    named = range(t.ndim) if axes is None else [axis_of(a, t.ndim) for a in integers(call, axes, "the axes")]
    if len(listed) != 2 * len(named):
        raise ShapeError(f"pads {listed} must be two numbers for each of the axes {list(named)}")
    before, after = dict(zip(named, listed)), dict(zip(named, listed[len(named) :]))
    return padded(t, tuple(before.get(i, 0) for i in range(t.ndim)), tuple(after.get(i, 0) for i in range(t.ndim)))


def gather(call: Call, x: Value | None, indices: Value | None) -> Tensor:
    """Elements along an axis: chosen at run time by an integer input, or by constants, which are parts put together."""
    t = call.tensor(x)
    axis = axis_of(call.attributes.get("axis", 0), t.ndim)
    if isinstance(indices, Tensor):
        return t.gather(call.tensor(indices, Sort.INTEGER), axis=axis)
    picked, n = integers(call, indices, "the indices"), t.shape[axis]
    if not picked or not all(-n <= i < n for i in picked):
        raise ShapeError(f"indices {picked[:9]} must be at least one, all within axis {axis} of {t.shape}")
    parts = runs([i % n for i in picked])
    call.require(len(parts) <= _MOST_PARTS, f"its indices fall into {len(parts)} runs; at most {_MOST_PARTS} are read")
    whole = [slice(None)] * axis
    first, *others = (t[(*whole, slice(part.start, part.stop, part.step))] for part in parts)
    joined = first.apply("concat", *others, axis=axis) if others else first
    shape = indices.array.shape if isinstance(indices, Concrete) else ()
    return reshaped(joined, (*t.shape[:axis], *shape, *t.shape[axis + 1 :]))


def runs(values: list[int]) -> list[range]:
    """Integers as arithmetic progressions with positive steps, one after the other; each is taken as long as it goes."""
    made: list[range] = []
    for v in values:
        last = made[-1] if made else range(0)
        if len(last) == 1 and v > last[0]:
            made[-1] = range(last[0], v + 1, v - last[0])
        elif len(last) > 1 and v == last[-1] + last.step:
            made[-1] = range(last.start, v + 1, last.step)
        else:
            made.append(range(v, v + 1))
    return made


def identity(call: Call, x: Value | None) -> Value:
    """The same value."""
    return x if isinstance(x, (Concrete, Tensor)) else call.tensor(x)


def constant(call: Call) -> Value:
    """An array of the file."""
    (form, value), *more = call.attributes.items()
    if more or form not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise UnsupportedError(f"{call}: only tensors and numbers are read")
    return Concrete(call.name, np.asarray(value, dtype={"value_float": np.float32, "value_floats": np.float32}.get(form)))


_ELEMENTWISE: Mapping[str, str] = {
    "Abs": "abs", "Add": "add", "Atan": "atan", "Cos": "cos", "Div": "div", "Equal": "equal", "Erf": "erf", "Exp": "exp",
    "Less": "less", "LessOrEqual": "less_equal", "Log": "log", "Mul": "mul", "Neg": "neg", "Relu": "relu",
    "Sigmoid": "sigmoid", "Sin": "sin", "Softplus": "softplus", "Sqrt": "sqrt", "Sub": "sub", "Tan": "tan", "Tanh": "tanh",
}  # fmt: skip
"""Ops that are fpsem's own but for the broadcasting."""

CONVERTERS: Mapping[str, Callable[..., Value]] = {
    **{name: elementwise(op) for name, op in _ELEMENTWISE.items()},
    "Concat": concat,
    "Constant": constant,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "Gemm": gemm,
    "Greater": turned("less"),
    "GreaterOrEqual": turned("less_equal"),
    "Identity": identity,
    "MatMul": matmul,
    "Max": folded("maximum"),
    "Min": folded("minimum"),
    "Pad": pad,
    "Reshape": reshape,
    "Slice": cut,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": where,
    **_onnx_layers.CONVERTERS,
    **_onnx_windows.CONVERTERS,
}
"""What reads each op, by op type."""
