"""Columns put back as windows, added where they overlap: (N, C * kh * kw, L) to (N, C, H, W), the transpose of unfold.

Each element is one sum in the domain's schedule over the kh * kw kernel elements in C order; a kernel element that does not
reach it from any place counts as a term +0. So a sum of -0 alone is -0 only where every kernel element reaches it. What
falls on the padding is dropped.

Source: torch.nn.functional.fold (col2im).
"""

from __future__ import annotations

from math import prod

import numpy as np

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.reduction import total
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor
from fpsem.graph.ops._windows import check_pair, framed, inside, places, view


def shape(
    x: Shape,
    *,
    output_size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0),
    dilation: tuple[int, ...] = (1, 1),
) -> Shape:
    check_pair("output_size", output_size, 1)
    counts = places(output_size, kernel, stride, padding, dilation)
    if len(x) != 3 or x[1] % prod(kernel) or x[2] != prod(counts):
        raise ShapeError(
            f"x {x} must be (N, C * {prod(kernel)}, {prod(counts)}): kernel {kernel} on {output_size} has {counts} places"
        )
    return (x[0], x[1] // prod(kernel), *output_size)


def meaning(
    domain: ScalarDomain,
    x: Array,
    *,
    output_size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Array:
    counts = places(output_size, kernel, stride, padding, dilation)
    seen = x.reshape(len(x), -1, prod(kernel), *counts)
    terms = []
    for k, element in enumerate(np.ndindex(*kernel)):
        plane = framed(domain, (*seen.shape[:2], *output_size), padding)
        view(plane, counts, element, stride, dilation)[...] = seen[:, :, k]
        terms.append(inside(plane, padding))
    return total(domain, terms)


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    *,
    output_size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Gradients:
    return (cotangent.unfold(kernel=kernel, stride=stride, padding=padding, dilation=dilation),)
