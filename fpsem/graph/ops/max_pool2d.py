"""The maximum over each window of a batch of images; places on the padding never win. NaN in a window gives NaN.

x is (N, C, H, W), the result (N, C, oh, ow); the stride is the kernel where it is None. No infinity is needed: a window that
reaches over the edge sees the nearest element of its own again, for padding is at most half the kernel. The gradient goes
in equal parts to all elements of the window that reach the maximum, as op max's does; PyTorch gives it to the first of them.
Where a window holds a NaN, its parts go to the NaN and to the largest of the others.

Source: torch.nn.functional.max_pool2d.
"""

from __future__ import annotations

from math import prod

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.reduction import greatest
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor, filled, spread
from fpsem.graph.ops._windows import places, pooled, view

SPLITS_TIES = True


def shape(
    x: Shape, *, kernel: tuple[int, ...], stride: tuple[int, ...] | None = None, padding: tuple[int, ...] = (0, 0)
) -> Shape:
    return pooled(x, kernel, stride, padding)


def meaning(
    domain: ScalarDomain, x: Array, *, kernel: tuple[int, ...], stride: tuple[int, ...] | None, padding: tuple[int, ...]
) -> Array:
    counts = places(x.shape[2:], kernel, stride or kernel, padding, (1, 1))
    rows, columns = (np.arange(-p, n + p).clip(0, n - 1) for n, p in zip(x.shape[2:], padding))
    repeated = x[:, :, rows[:, None], columns]
    seen = [view(repeated, counts, k, stride or kernel, (1, 1)) for k in np.ndindex(*kernel)]
    return greatest(domain, seen)


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] | None,
    padding: tuple[int, ...],
) -> Gradients:
    windows = {"kernel": kernel, "stride": stride or kernel, "padding": padding}
    n, channels, high, wide = output.shape
    shape = (n, channels, prod(kernel), high * wide)
    seen, there = (t.unfold(**windows).reshape(shape=shape) for t in (x, filled(x, 1)))
    flat = output.reshape(shape=(n, channels, high * wide))
    mask = _unbeaten(seen, there, spread(flat, shape, 2))
    part = cotangent.reshape(shape=flat.shape) / mask.sum(axis=2, keepdims=False).maximum(1)
    parts = (spread(part, shape, 2) * mask).reshape(shape=(n, channels * prod(kernel), high * wide))
    return (parts.fold(output_size=x.shape[2:], **windows),)


def _unbeaten(seen: Tensor, there: Tensor, highest: Tensor) -> Tensor:
    """1 for each element of a window, (N, C, K, L), that is on the image and below none of the others, else 0.

    Each is compared with the others, by turning the window, and never with itself or with the maximum: enclosures do not know
    whether a number equals itself, but they know which of two that lie apart is the lesser."""
    zero = filled(there, 0)
    rivals = zero.less(there).where(seen, highest - 1)
    mask = there
    for turn in range(1, seen.shape[2]):
        turned = rivals[:, :, turn:].concat(rivals[:, :, :turn], axis=2)
        mask = seen.less(turned).where(zero, mask)
    return mask
