"""The ops that are read from ONNX, windows: convolutions and poolings of batches of images (N, C, H, W).

Pads that differ from side to side are written down as zeros around the image where that means the same. Refused: other
numbers of dimensions; ceil_mode where it would add a window; dilated poolings; a maximum over unequal pads.

Source: https://onnx.ai/onnx/operators/, each under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fpsem.core.errors import ShapeError
from fpsem.graph.trace import Tensor
from fpsem.interop._onnx_call import Call, Value, integers, padded

Pair = tuple[int, ...]


def conv(call: Call, x: Value | None, weight: Value | None, bias: Value | None = None) -> Tensor:
    """A cross-correlation."""
    image, taps = _image(call, x), call.tensor(weight)
    call.require(taps.ndim == 4, f"the weight has shape {taps.shape}; only convolutions of images are read")
    kernel = _pair(call, "kernel_shape", taps.shape[2:])
    if kernel != taps.shape[2:]:
        raise ShapeError(f"kernel_shape {kernel} is not that of the weight {taps.shape}")
    strides, dilations = _pair(call, "strides", (1, 1)), _pair(call, "dilations", (1, 1))
    before, after = _pads(call, image.shape[2:], kernel, strides, dilations)
    if before != after:
        image, before = _framed(image, before, after), (0, 0)
    operands = (image, taps) if bias is None else (image, taps, call.tensor(bias))
    first, *others = operands
    groups = call.attributes.get("group", 1)
    return first.apply("conv2d", *others, stride=strides, padding=before, dilation=dilations, groups=groups)


def max_pool(call: Call, x: Value | None) -> Tensor:
    """The maximum over each window."""
    image = _image(call, x)
    window = _window(call, image)
    before, after = window.pop("pads")
    call.require(before == after, f"pads {before} before and {after} after; a maximum is read with equal ones only")
    return image.max_pool2d(**window, padding=before)


def average_pool(call: Call, x: Value | None) -> Tensor:
    """The mean over each window."""
    image, counted = _image(call, x), bool(call.attributes.get("count_include_pad", 0))
    window = _window(call, image)
    before, after = window.pop("pads")
    if before != after:
        call.require(counted, f"pads {before} before and {after} after; a mean without them is read with equal ones only")
        image, before = _framed(image, before, after), (0, 0)
    return image.avg_pool2d(**window, padding=before, count_include_pad=counted)


def over_image(op: str) -> Callable[..., Tensor]:
    """A converter of a reduction over all of each image."""

    def convert(call: Call, x: Value | None) -> Tensor:
        t = call.tensor(x)
        return t.apply(op, axis=tuple(range(2, t.ndim)), keepdims=True)

    return convert


def col2im(call: Call, x: Value | None, image: Value | None, block: Value | None) -> Tensor:
    """Columns put back as windows."""
    size, kernel = tuple(integers(call, image, "the image's shape")), tuple(integers(call, block, "the block's shape"))
    call.require(len(size) == len(kernel) == 2, f"an image of shape {size}; only two dimensions are read")
    strides, dilations = _pair(call, "strides", (1, 1)), _pair(call, "dilations", (1, 1))
    before, after = _pads(call, size, kernel, strides, dilations)
    call.require(before == after, f"pads {before} before and {after} after; only equal ones are read")
    columns = call.tensor(x)
    return columns.fold(output_size=size, kernel=kernel, stride=strides, padding=before, dilation=dilations)


def _image(call: Call, x: Value | None) -> Tensor:
    t = call.tensor(x)
    call.require(t.ndim == 4, f"its input has shape {t.shape}; only images (N, C, H, W) are read")
    return t


def _pair(call: Call, name: str, default: Pair | None) -> Pair:
    """An attribute for height and width. Raises ShapeError unless it is two numbers."""
    pair = call.attributes.get(name, default)
    if pair is None or len(pair) != 2:
        raise ShapeError(f"{name} must be two numbers, not {pair}")
    return tuple(pair)


def _window(call: Call, image: Tensor) -> dict[str, Any]:
    """The kernel, stride and pads of a pooling."""
    kernel, strides = _pair(call, "kernel_shape", None), _pair(call, "strides", (1, 1))
    call.require(_pair(call, "dilations", (1, 1)) == (1, 1), "dilations other than 1 are not read")
    call.require(not call.attributes.get("storage_order", 0), "storage_order 1 is not read")
    before, after = _pads(call, image.shape[2:], kernel, strides, (1, 1))
    call.require(all(2 * p <= k for p, k in zip(before, kernel)), f"pads {before} are more than half the kernel {kernel}")
    sizes = [n + low + high - k for n, low, high, k in zip(image.shape[2:], before, after, kernel)]
    exact = all(size % step == 0 for size, step in zip(sizes, strides))
    call.require(exact or not call.attributes.get("ceil_mode", 0), "ceil_mode adds a window, which is not read")
    return {"kernel": kernel, "stride": strides, "pads": (before, after)}


def _pads(call: Call, image: Pair, kernel: Pair, strides: Pair, dilations: Pair) -> tuple[Pair, Pair]:
    """How many zeros stand before and after the image, in height and width."""
    mode = call.word("auto_pad", "NOTSET")
    call.require(mode in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"), f"auto_pad {mode!r} is not read")
    if min(*strides, *dilations, *kernel) < 1:
        raise ShapeError(f"kernel {kernel}, strides {strides} and dilations {dilations} must be positive")
    pads = tuple(call.attributes.get("pads", (0, 0, 0, 0))) if mode == "NOTSET" else (0, 0, 0, 0)
    if len(pads) != 4 or min(pads) < 0:
        raise ShapeError(f"pads {pads} must be four numbers, none negative")
    if mode in ("NOTSET", "VALID"):
        return pads[:2], pads[2:]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilations)]
    total = [max(0, (n - 1) // s * s + r - n) for n, s, r in zip(image, strides, reach)]
    less, more = tuple(n // 2 for n in total), tuple(n - n // 2 for n in total)
    return (less, more) if mode == "SAME_UPPER" else (more, less)


def _framed(image: Tensor, before: Pair, after: Pair) -> Tensor:
    return padded(image, (0, 0, *before), (0, 0, *after))


CONVERTERS: Mapping[str, Callable[..., Value]] = {
    "AveragePool": average_pool,
    "Col2Im": col2im,
    "Conv": conv,
    "GlobalAveragePool": over_image("mean"),
    "GlobalMaxPool": over_image("max"),
    "MaxPool": max_pool,
}
"""What reads each op of windows, by op type."""
