"""The windows of a batch of images as columns: (N, C, H, W) to (N, C * kh * kw, L), one column for each of L places.

Rows are in C order over (channel, kernel row, kernel column), places in C order over the output's rows and columns. Around
the image lie ``padding`` zeros (+0). Nothing is computed; the transpose is fold.

Source: torch.nn.functional.unfold (im2col).
"""

from __future__ import annotations

from math import prod

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor
from fpsem.graph.ops._windows import check_image, columns, places


def shape(
    x: Shape,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0),
    dilation: tuple[int, ...] = (1, 1),
) -> Shape:
    check_image(x)
    counts = places(x[2:], kernel, stride, padding, dilation)
    return x[0], x[1] * prod(kernel), prod(counts)


def meaning(
    domain: ScalarDomain,
    x: Array,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Array:
    seen = columns(domain, x, kernel, stride, padding, dilation)
    return seen.reshape(len(x), -1, seen.shape[-1])


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Gradients:
    return (
        cotangent.fold(output_size=x.shape[2:], kernel=kernel, stride=stride, padding=padding, dilation=dilation),
    )
