"""Windows: the parts of an image that a kernel sees, one for each place that it is put down at.

An image is (N, C, H, W). A kernel of (kh, kw) elements, ``dilation`` apart, is put down every ``stride`` elements on the image
inside a frame of ``padding`` zeros; there are L = oh * ow places and K = kh * kw elements, both in C order.
"""

from __future__ import annotations

from math import prod

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import number

Pair = tuple[int, ...]


def check_pair(name: str, pair: Pair, least: int) -> None:
    """Raises ShapeError unless it is two numbers, for height and width, none below the least."""
    if len(pair) != 2 or min(pair) < least:
        raise ShapeError(f"{name} {pair} must be two numbers, for height and width, of at least {least}")


def check_image(x: Shape) -> None:
    """Raises ShapeError unless the shape is that of a batch of images."""
    if len(x) != 4:
        raise ShapeError(f"x {x} must be (N, C, H, W); reshape one image to (1, C, H, W)")


def places(image: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> tuple[int, int]:
    """How many places the kernel is put down at, in height and width.

    Raises:
        ShapeError: an attribute is not two numbers in range, or the kernel is larger than the padded image.
    """
    for name, pair, least in (("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)):
        check_pair(name, pair, least)
    padded = tuple(n + 2 * p for n, p in zip(image, padding))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    if any(r > n for r, n in zip(reach, padded)):
        raise ShapeError(f"kernel {kernel} reaches over {reach}, more than the padded image {padded}: use a smaller one or pad")
    high, wide = ((n - r) // s + 1 for n, r, s in zip(padded, reach, stride))
    return high, wide


def pooled(x: Shape, kernel: Pair, stride: Pair | None, padding: Pair) -> Shape:
    """The shape after pooling. Raises ShapeError; padding beyond half the kernel could leave a window without an element."""
    check_image(x)
    shape = (*x[:2], *places(x[2:], kernel, stride or kernel, padding, (1, 1)))
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise ShapeError(f"padding {padding} must be at most half of kernel {kernel}")
    return shape


def framed(domain: ScalarDomain, shape: Shape, padding: Pair) -> Array:
    """An array of +0 for images of this shape, with their frame."""
    n, c, high, wide = shape
    framed: Array = np.broadcast_to(number(domain, 0), (n, c, high + 2 * padding[0], wide + 2 * padding[1])).copy()
    return framed


def inside(padded: Array, padding: Pair) -> Array:
    """The image within its frame, as a view."""
    high, wide = (n - p for n, p in zip(padded.shape[2:], padding))
    return padded[:, :, padding[0] : high, padding[1] : wide]


def view(padded: Array, counts: Pair, element: Pair, stride: Pair, dilation: Pair) -> Array:
    """What one element of the kernel sees from every place: a view of (N, C, oh, ow)."""
    rows, columns = (slice(d * k, d * k + s * (n - 1) + 1, s) for d, k, s, n in zip(dilation, element, stride, counts))
    return padded[:, :, rows, columns]


def columns(domain: ScalarDomain, x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Array:
    """What each element of the kernel sees from each place: (N, C, K, L), +0 where it sees the frame."""
    counts = places(x.shape[2:], kernel, stride, padding, dilation)
    padded = framed(domain, x.shape, padding)
    inside(padded, padding)[...] = x
    seen = np.stack([view(padded, counts, k, stride, dilation) for k in np.ndindex(*kernel)], axis=2)
    return seen.reshape(*x.shape[:2], prod(kernel), prod(counts))
