"""The ops that are read from ONNX, layers: normalisations, reductions, softmax, clipping, losses and their like.

Training forms are refused: what is read is inference. A weight of ones and a bias of -0 that are constants of the file, as
fpsem writes them where ONNX asks for what a graph does not have, change no bit and are left out.

Source: https://onnx.ai/onnx/operators/, each under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.graph.op import Sort
from fpsem.graph.trace import Tensor
from fpsem.interop._onnx_call import IGNORED, Call, Concrete, Value, axis_of, broadcast, integers, matrix_shape, no_label


def along_axis(op: str) -> Callable[..., Tensor]:
    """A converter of a softmax: along one axis; before operator set 13 over all axes from the given one on, as one."""

    def convert(call: Call, x: Value | None) -> Tensor:
        t = call.tensor(x)
        if call.opset >= 13:
            return t.apply(op, axis=call.attributes.get("axis", -1))
        rows, columns = matrix_shape(t.shape, call.attributes.get("axis", 1))
        if rows == prod(t.shape[:-1]):
            return t.apply(op, axis=-1)
        return t.reshape(shape=(rows, columns)).apply(op, axis=-1).reshape(shape=t.shape)

    return convert


def reduction(op: str) -> Callable[..., Tensor]:
    """A converter of a reduction: over the axes named, or over all."""

    def convert(call: Call, x: Value | None, axes: Value | None = None) -> Tensor:
        t = call.tensor(x)
        named = call.attributes.get("axes", ()) if axes is None else integers(call, axes, "the axes")
        if not named and call.attributes.get("noop_with_empty_axes", 0):
            return t
        return t.apply(op, axis=tuple(named) or None, keepdims=bool(call.attributes.get("keepdims", 1)))

    return convert


def batch_norm(call: Call, x: Value | None, scale: Value | None, bias: Value | None, *statistics: Value | None) -> Tensor:
    """With the statistics of the file."""
    call.require(not call.attributes.get("training_mode", 0), "training_mode is not read")
    call.require(bool(call.attributes.get("spatial", 1)), "spatial 0 is not read")
    given = [scale, bias]
    while given and _is_constant(given[-1], -0.0 if len(given) == 2 else 1.0):
        given.pop()
    affine = [call.tensor(value) for value in given]
    means = (call.tensor(value) for value in statistics)
    return call.tensor(x).apply("batch_norm", *means, *affine, eps=call.attributes.get("epsilon", 1e-5))


def layer_norm(call: Call, x: Value | None, scale: Value | None, bias: Value | None = None) -> Tensor:
    """Over the axes from the given one on."""
    t = call.tensor(x)
    shape = t.shape[axis_of(call.attributes.get("axis", -1), t.ndim) :]
    call.require(call.attributes.get("stash_type", 1) == 1, "only float32 is read for stash_type")
    is_plain = bias is None and _is_constant(scale, 1.0)
    given = () if is_plain else (scale,) if bias is None else (scale, bias)
    affine = (broadcast(call.tensor(value), shape) for value in given)
    return t.apply("layer_norm", *affine, normalized_shape=shape, eps=call.attributes.get("epsilon", 1e-5))


def clip(call: Call, x: Value | None, low: Value | None = None, high: Value | None = None) -> Tensor:
    """min(max(x, low), high); before operator set 11 the bounds are attributes, the largest finite numbers by default."""
    t = call.tensor(x)
    if call.opset < 11:
        largest = float(np.finfo(np.float32).max)
        bounds = call.attributes.get("min", -largest), call.attributes.get("max", largest)
        low, high = (Concrete(call.name, np.array(bound, np.float32)) for bound in bounds)
    ends = [_number(value) for value in (low, high)]
    known = all(value is None or end is not None for value, end in zip((low, high), ends))
    if known and (None in ends or float(ends[0] or 0) <= float(ends[1] or 0)):
        return t if low is high is None else t.clip(low=ends[0], high=ends[1])
    t = t if low is None else t.apply("maximum", broadcast(call.tensor(low), t.shape))
    return t if high is None else t.apply("minimum", broadcast(call.tensor(high), t.shape))


def dropout(call: Call, x: Value | None, ratio: Value | None = None, training: Value | None = None) -> Tensor:
    """In inference, the same tensor."""
    is_off = training is None or (isinstance(training, Concrete) and not training.array.any())
    call.require(is_off, "training_mode is not read")
    return call.tensor(x)


def gelu(call: Call, x: Value | None) -> Tensor:
    """By erf, or by tanh."""
    return call.tensor(x).gelu(approximate=call.word("approximate", "none"))


def one_hot(call: Call, indices: Value | None, depth: Value | None, values: Value | None) -> Tensor:
    """Integers as rows of 0 and 1 along a new last axis; of those outside, for which ONNX gives zeros, one is allowed."""
    labels = call.tensor(indices, Sort.INTEGER)
    axis = call.attributes.get("axis", -1)
    call.require(axis in (-1, labels.ndim), f"axis {axis}; only the last is read")
    off_on = values.array if isinstance(values, Concrete) and values.is_float else np.zeros(0)
    call.require(off_on.tolist() == [0, 1], "the values must be a constant, float32 0 and 1")
    classes = integers(call, depth, "the depth")
    if len(classes) != 1:
        raise ShapeError(f"the depth must be one number, not {classes}")
    return labels.one_hot(classes=classes[0], ignore_index=no_label(classes[0]))


def cross_entropy(call: Call, scores: Value | None, labels: Value | None, weights: Value | None = None) -> Tensor:
    """The mean over rows; an absent ignore_index is read as PyTorch's, which is no label."""
    reduction = call.word("reduction", "mean")
    call.require(weights is None and reduction == "mean", "only the mean without weights is read")
    targets = call.tensor(labels, Sort.INTEGER)
    return call.tensor(scores).cross_entropy(targets, ignore_index=call.attributes.get("ignore_index", IGNORED))


def _is_constant(value: Value | None, number: float) -> bool:
    """Whether a value is a constant of the file with this float32 number, to the bit, in every element."""
    if not isinstance(value, Concrete) or value.is_stored or not value.is_float:
        return False
    return bool((value.array.view(np.uint32) == np.float32(number).view(np.uint32)).all())


def _number(value: Value | None) -> float | None:
    """A finite float32 number that is known while loading."""
    if not isinstance(value, Concrete) or not value.is_float or value.array.size != 1:
        return None
    number = float(value.array.reshape(()))
    return number if np.isfinite(number) else None


CONVERTERS: Mapping[str, Callable[..., Value]] = {
    "BatchNormalization": batch_norm,
    "Clip": clip,
    "Dropout": dropout,
    "Gelu": gelu,
    "LayerNormalization": layer_norm,
    "LogSoftmax": along_axis("log_softmax"),
    "OneHot": one_hot,
    "ReduceMax": reduction("max"),
    "ReduceMean": reduction("mean"),
    "ReduceSum": reduction("sum"),
    "Softmax": along_axis("softmax"),
    "SoftmaxCrossEntropyLoss": cross_entropy,
}
"""What reads each of these ops, by op type."""
