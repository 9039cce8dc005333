"""How each op is written in ONNX: the mirror of the converters that read it.

A rule gets a Site and the names of the node's inputs, emits one or a few ONNX nodes, and gives the name of the result. An op
becomes the ONNX op of its meaning where there is one that is read back as the same op, else the same operations in the same
order; so a graph that is written and read again computes the same bits. Other readers keep ONNX's promises only, which fix
neither the order of sums nor the elementary functions.

Source: https://onnx.ai/onnx/operators/, operator set 20.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fpsem.core.codes import encode_array
from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import exact_array
from fpsem.graph.ir import Node
from fpsem.graph.op import Shape
from fpsem.graph.ops.literal import number
from fpsem.interop._onnx_call import IGNORED, no_label


class Writer(Protocol):
    """Where ONNX nodes go."""

    def emit(self, op: str, *inputs: str, **attributes: Any) -> str:
        """One node; the name of its result."""

    def constant(self, array: npt.NDArray[Any]) -> str:
        """The name of a constant."""


@dataclass(frozen=True)
class Site:
    """A node of the graph, being written.

    Args:
        node: the node.
        shapes: the shapes of its inputs.
        writer: where ONNX nodes go.
    """

    node: Node
    shapes: tuple[Shape, ...]
    writer: Writer

    def __getitem__(self, attribute: str) -> Any:
        return self.node.attributes[attribute]

    def emit(self, op: str, *inputs: str, **attributes: Any) -> str:
        return self.writer.emit(op, *inputs, **attributes)

    def number(self, value: float, shape: Shape = ()) -> str:
        """A float32 constant."""
        return self.writer.constant(np.full(shape, value, np.float32))

    def integers(self, values: Iterable[int]) -> str:
        """A vector of int64."""
        return self.writer.constant(np.array(list(values), np.int64))


Rule = Callable[..., str]


def as_is(op: str) -> Rule:
    """The ONNX op of the same meaning, without attributes."""
    return lambda site, *inputs: site.emit(op, *inputs)


def along_axis(op: str) -> Rule:
    """The ONNX op with the attribute axis."""
    return lambda site, *inputs: site.emit(op, *inputs, axis=site["axis"])


# -- arithmetic --------------------------------------------------------------------------------------------------------


def clip(site: Site, x: str) -> str:
    bounds = ["" if site[end] is None else site.number(site[end]) for end in ("low", "high")]
    return site.emit("Clip", x, *(bounds if bounds[1] else bounds[:1]))


def silu(site: Site, x: str) -> str:
    return site.emit("Div", x, site.emit("Add", site.number(1), site.emit("Exp", site.emit("Neg", x))))


def dropout(site: Site, x: str, mask: str) -> str:
    zero = site.number(0, site.node.shape)
    kept = site.emit("Div", x, site.emit("Sub", site.number(1), site.number(site["p"])))
    return site.emit("Where", site.emit("Equal", mask, zero), zero, kept)


def linear(site: Site, x: str, *weights: str) -> str:
    shape, is_matrix = site.shapes[0], len(site.shapes[0]) == 2
    rows = x if is_matrix else site.emit("Reshape", x, site.integers((prod(shape[:-1]), shape[-1])))
    y = site.emit("Gemm", rows, *weights, transB=1)
    return y if is_matrix else site.emit("Reshape", y, site.integers(site.node.shape))


def reduced(op: str) -> Rule:
    """A reduction by its attributes axis and keepdims."""

    def rule(site: Site, x: str) -> str:
        rank, axis = len(site.shapes[0]), site["axis"]
        axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
        return over(site, op, x, axes, site["keepdims"])

    return rule


def over(site: Site, op: str, x: str, axes: Iterable[int], keepdims: bool = False) -> str:
    """A reduction over axes; over none it is the one term, which a mean divides by 1."""
    listed = list(axes)
    if not listed:
        return site.emit("Div", x, site.number(1)) if op == "ReduceMean" else site.emit("Identity", x)
    return site.emit(op, x, site.integers(listed), keepdims=int(keepdims))


def literal(site: Site) -> str:
    value = number(site["value"])
    nearest = float(encode_array(exact_array(value)).view(np.float32))
    if not np.isfinite(nearest) or Fraction(nearest) != value:
        raise UnsupportedError(f"ONNX has rounded constants only, and {site['value'][:80]} is no binary32 number")
    return site.number(nearest, site.node.shape)


# -- shapes ------------------------------------------------------------------------------------------------------------


def reshape(site: Site, x: str) -> str:
    return site.emit("Reshape", x, site.integers(site.node.shape))


def broadcast_to(site: Site, x: str) -> str:
    return site.emit("Expand", x, site.integers(site.node.shape))


def transpose(site: Site, x: str) -> str:
    rank = len(site.shapes[0])
    if not rank:
        return site.emit("Identity", x)
    return site.emit("Transpose", x, perm=[axis % rank for axis in site["axes"] or range(-1, -rank - 1, -1)])


def bounds(site: Site, shape: Shape) -> list[tuple[int, int, int]]:
    """Start, stop and step of each axis of a slice, counted from the first element."""
    given = [slice(*part).indices(n) for part, n in zip(zip(site["starts"], site["stops"], site["steps"]), shape)]
    return given + [(0, n, 1) for n in shape[len(given) :]]


def cut(site: Site, x: str) -> str:
    if not site.shapes[0]:
        return site.emit("Identity", x)
    starts, stops, steps = (site.integers(column) for column in zip(*bounds(site, site.shapes[0])))
    return site.emit("Slice", x, starts, stops, site.integers(range(len(site.shapes[0]))), steps)


def unslice(site: Site, x: str) -> str:
    """Zeros around x; between its elements first, where a step is more than 1."""
    parts, sizes = bounds(site, site["shape"]), site.shapes[0]
    if any(step > 1 for _, _, step in parts):
        x, sizes = apart(site, x, sizes, tuple(step for _, _, step in parts))
    starts = [start for start, _, _ in parts]
    ends = [n - start - size for n, start, size in zip(site["shape"], starts, sizes)]
    return site.emit("Pad", x, site.integers(starts + ends))


def apart(site: Site, x: str, sizes: Shape, steps: Shape) -> tuple[str, Shape]:
    """x with its elements ``steps`` apart along each axis and zeros between, and the shape that this has."""
    split = site.emit("Reshape", x, site.integers(k for n in sizes for k in (n, 1)))
    after = [k for step in steps for k in (0, step - 1)]
    wide = site.emit("Pad", split, site.integers([0] * len(after) + after))
    joined = site.emit("Reshape", wide, site.integers(n * step for n, step in zip(sizes, steps)))
    ends = tuple((n - 1) * step + 1 for n, step in zip(sizes, steps))
    return site.emit("Slice", joined, site.integers([0] * len(ends)), site.integers(ends)), ends


def one_hot(site: Site, indices: str) -> str:
    if site["ignore_index"] not in (None, no_label(site["classes"])):
        raise UnsupportedError(f"ONNX's OneHot has no ignore_index; {IGNORED} below the negative indices is written")
    depth, values = (site.writer.constant(np.array(v, of)) for v, of in ((site["classes"], np.int64), ([0, 1], np.float32)))
    return site.emit("OneHot", indices, depth, values, axis=-1)


# -- windows -----------------------------------------------------------------------------------------------------------


def conv2d(site: Site, *inputs: str) -> str:
    window = {"strides": site["stride"], "pads": site["padding"] * 2, "dilations": site["dilation"]}
    return site.emit("Conv", *inputs, kernel_shape=site.shapes[1][2:], **window, group=site["groups"])


def pooled(op: str, **attributes: str) -> Rule:
    """A pooling; attributes are ONNX's names of more of the op's own."""

    def rule(site: Site, x: str) -> str:
        window = {"kernel_shape": site["kernel"], "strides": site["stride"] or site["kernel"], "pads": site["padding"] * 2}
        return site.emit(op, x, **window, **{name: int(site[own]) for name, own in attributes.items()})

    return rule


def fold(site: Site, x: str) -> str:
    window = {"strides": site["stride"], "pads": site["padding"] * 2, "dilations": site["dilation"]}
    return site.emit("Col2Im", x, site.integers(site["output_size"]), site.integers(site["kernel"]), **window)


def unfold(site: Site, x: str) -> str:
    """The rows that kernel rows see, then the columns that kernel columns see, then one axis for each of the two."""
    (n, channels, *image), kernel, padding = site.shapes[0], site["kernel"], site["padding"]
    counts = []
    if any(padding):
        x = site.emit("Pad", x, site.integers((0, 0, *padding) * 2))
    for axis, (size, k, p, s, d) in enumerate(zip(image, kernel, padding, site["stride"], site["dilation"])):
        counts.append((size + 2 * p - d * (k - 1) - 1) // s + 1)
        x = site.emit("Gather", x, site.integers(d * i + s * o for i in range(k) for o in range(counts[axis])), axis=axis + 2)
    split = site.emit("Reshape", x, site.integers((n, channels, kernel[0], counts[0], kernel[1], counts[1])))
    return site.emit("Reshape", site.emit("Transpose", split, perm=[0, 1, 2, 4, 3, 5]), site.integers(site.node.shape))


# -- layers ------------------------------------------------------------------------------------------------------------


def batch_norm(site: Site, x: str, mean: str, variance: str, *affine: str) -> str:
    """Without a weight or a bias, ones and -0: neither changes a bit."""
    plain = [site.number(value, site.shapes[1]) for value in (1.0, -0.0)[len(affine) :]]
    return site.emit("BatchNormalization", x, *affine, *plain, mean, variance, epsilon=site["eps"])


def layer_norm(site: Site, x: str, *affine: str) -> str:
    given = affine or (site.number(1, site["normalized_shape"]),)
    return site.emit("LayerNormalization", x, *given, axis=-len(site["normalized_shape"]), epsilon=site["eps"])


def cross_entropy(site: Site, logits: str, labels: str) -> str:
    return site.emit("SoftmaxCrossEntropyLoss", logits, labels, ignore_index=site["ignore_index"], reduction="mean")


def soft_cross_entropy(site: Site, logits: str, targets: str) -> str:
    products = site.emit("Mul", targets, site.emit("LogSoftmax", logits, axis=1))
    return over(site, "ReduceMean", site.emit("Neg", over(site, "ReduceSum", products, [1])), [0])


def mse_loss(site: Site, x: str, y: str) -> str:
    difference = site.emit("Sub", x, y)
    return over(site, "ReduceMean", site.emit("Mul", difference, difference), range(len(site.shapes[0])))


_AS_IS: Mapping[str, str] = {
    "abs": "Abs", "add": "Add", "atan": "Atan", "cos": "Cos", "div": "Div", "equal": "Equal", "erf": "Erf", "exp": "Exp",
    "less": "Less", "less_equal": "LessOrEqual", "log": "Log", "matmul": "MatMul", "maximum": "Max", "minimum": "Min",
    "mul": "Mul", "neg": "Neg", "relu": "Relu", "sigmoid": "Sigmoid", "sin": "Sin", "softplus": "Softplus", "sqrt": "Sqrt",
    "sub": "Sub", "tan": "Tan", "tanh": "Tanh", "where": "Where",
}  # fmt: skip

RULES: Mapping[str, Rule] = {
    **{name: as_is(op) for name, op in _AS_IS.items()},
    "avg_pool2d": pooled("AveragePool", count_include_pad="count_include_pad"),
    "batch_norm": batch_norm,
    "broadcast_to": broadcast_to,
    "clip": clip,
    "concat": along_axis("Concat"),
    "conv2d": conv2d,
    "cross_entropy": cross_entropy,
    "dropout": dropout,
    "fold": fold,
    "gather": along_axis("Gather"),
    "gelu": lambda site, x: site.emit("Gelu", x, approximate=site["approximate"]),
    "layer_norm": layer_norm,
    "linear": linear,
    "literal": literal,
    "log_softmax": along_axis("LogSoftmax"),
    "max": reduced("ReduceMax"),
    "max_pool2d": pooled("MaxPool"),
    "mean": reduced("ReduceMean"),
    "mse_loss": mse_loss,
    "one_hot": one_hot,
    "reshape": reshape,
    "slice": cut,
    "soft_cross_entropy": soft_cross_entropy,
    "softmax": along_axis("Softmax"),
    "silu": silu,
    "sum": reduced("ReduceSum"),
    "transpose": transpose,
    "unfold": unfold,
    "unslice": unslice,
}
"""How each op is written."""

REFUSED: Mapping[str, str] = {
    "expm1": "ONNX has no such function, and exp(x) - 1 has other bits",
    "fma": "ONNX has no such operation, and x * y + z is rounded twice",
    "log1p": "ONNX has no such function, and log(1 + x) has other bits",
    "pi": "ONNX has rounded constants only, and over the reals this is pi itself",
    "scatter_add": "ONNX's scatters add in no stated order, to a zero that is itself a term",
}
"""The ops that are not written, and why."""
