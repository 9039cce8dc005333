"""The mean over each window of a batch of images: the scheduled sum over the window, divided once by the count.

x is (N, C, H, W), the result (N, C, oh, ow); the stride is the kernel where it is None. The sum runs over the kernel in C
order, with a term +0 for each place on the padding. The count is all of the kernel, or, where ``count_include_pad`` is
false, the places on the image.

Source: torch.nn.functional.avg_pool2d.
"""

from __future__ import annotations

from math import prod

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number, summed
from fpsem.graph.ops._tensors import Gradients, Tensor, filled, spread
from fpsem.graph.ops._windows import columns, places, pooled


def shape(
    x: Shape,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] | None = None,
    padding: tuple[int, ...] = (0, 0),
    count_include_pad: bool = True,
) -> Shape:
    return pooled(x, kernel, stride, padding)


def meaning(
    domain: ScalarDomain,
    x: Array,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] | None,
    padding: tuple[int, ...],
    count_include_pad: bool,
) -> Array:
    counts = places(x.shape[2:], kernel, stride or kernel, padding, (1, 1))
    seen = columns(domain, x, kernel, stride or kernel, padding, (1, 1))
    total = summed(domain, seen, 2, False).reshape(*x.shape[:2], *counts)
    high, wide = (_on_image(*of) for of in zip(x.shape[2:], counts, kernel, stride or kernel, padding))
    elements = prod(kernel) if count_include_pad else high[:, None] * wide
    return domain.div(total, number(domain, elements))


def _on_image(n: int, count: int, kernel: int, stride: int, padding: int) -> Array:
    """Along one axis, how many elements of each window lie on the image."""
    start = np.arange(count) * stride - padding
    return np.minimum(start + kernel, n) - np.maximum(start, 0)


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] | None,
    padding: tuple[int, ...],
    count_include_pad: bool,
) -> Gradients:
    windows = {"kernel": kernel, "stride": stride or kernel, "padding": padding}
    n, channels, high, wide = output.shape
    shape = (n, channels, prod(kernel), high * wide)
    flat = cotangent.reshape(shape=(n, channels, high * wide))
    if count_include_pad:
        elements = filled(flat, prod(kernel))
    else:
        elements = filled(x, 1).unfold(**windows).reshape(shape=shape).sum(axis=2, keepdims=False)
    parts = spread(flat / elements, shape, 2).reshape(shape=(n, channels * prod(kernel), high * wide))
    return (parts.fold(output_size=x.shape[2:], **windows),)
