"""The cross-correlation of images with a kernel: each output is one sum of products, to which the bias is added last.

x is (N, C, H, W), the weight (O, C / groups, kh, kw), the bias (O,), the result (N, O, oh, ow). Output channels fall into
``groups`` equal parts, each of which sees its own part of the input channels. The products are added in the domain's
schedule, in C order over (channel, kernel row, kernel column), those with the zeros of the padding among them; so an
infinite weight on the padding gives NaN. The gradient of the weight is one such sum over the N * oh * ow places.

Source: torch.nn.functional.conv2d.
"""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops._reduce import multiply
from fpsem.graph.ops._tensors import Gradients, Tensor
from fpsem.graph.ops._windows import check_image, columns, places


def shape(
    x: Shape,
    weight: Shape,
    bias: Shape | None = None,
    *,
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0),
    dilation: tuple[int, ...] = (1, 1),
    groups: int = 1,
) -> Shape:
    check_image(x)
    if len(weight) != 4:
        raise ShapeError(f"weight {weight} must be (O, C / groups, kh, kw)")
    if groups < 1 or x[1] % groups or weight[0] % groups:
        raise ShapeError(f"groups {groups} must divide the {x[1]} input and the {weight[0]} output channels")
    if weight[1] * groups != x[1]:
        raise ShapeError(
            f"x {x} has {x[1]} channels, weight {weight} in {groups} groups takes {weight[1] * groups}: "
            f"it must be (O, {x[1] // groups}, kh, kw)"
        )
    if bias is not None and bias != weight[:1]:
        raise ShapeError(f"bias {bias} must be {weight[:1]}, one number for each output channel of weight {weight}")
    return (x[0], weight[0], *places(x[2:], weight[2:], stride, padding, dilation))


def meaning(
    domain: ScalarDomain,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Array:
    kernel = weight.shape[2:]
    counts = places(x.shape[2:], kernel, stride, padding, dilation)
    seen = columns(domain, x, kernel, stride, padding, dilation)
    n, count = len(x), seen.shape[-1]
    rows = seen.reshape(n, groups, -1, count).transpose(1, 0, 3, 2).reshape(groups, n * count, -1)
    taps = weight.reshape(groups, len(weight) // groups, -1).transpose(0, 2, 1)
    summed = multiply(domain, rows, taps).transpose(1, 0, 2).reshape(n, count, -1)
    y = summed if bias is None else domain.add(summed, bias)
    return y.transpose(0, 2, 1).reshape(n, -1, *counts)


def vjp(
    cotangent: Tensor,
    output: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Gradients:
    windows = {"kernel": weight.shape[2:], "stride": stride, "padding": padding, "dilation": dilation}
    n, channels = x.shape[0], weight.shape[0]
    above = _grouped(cotangent.reshape(shape=(n, channels, -1)), groups)
    below = _grouped(x.unfold(**windows), groups)
    taps = weight.reshape(shape=(groups, channels // groups, -1))
    to_columns = (taps.transpose(axes=(0, 2, 1)) @ above).reshape(shape=(groups, below.shape[1], n, -1))
    to_x = to_columns.transpose(axes=(2, 0, 1, 3)).reshape(shape=(n, groups * below.shape[1], -1))
    to_weight = above @ below.transpose(axes=(0, 2, 1))
    gradients = to_x.fold(output_size=x.shape[2:], **windows), to_weight.reshape(shape=weight.shape)
    if bias is None:
        return gradients
    return (*gradients, above.sum(axis=2, keepdims=False).reshape(shape=bias.shape))


def _grouped(x: Tensor, groups: int) -> Tensor:
    """(N, groups * k, L) to (groups, k, N * L)."""
    n, rows, count = x.shape
    apart = x.reshape(shape=(n, groups, rows // groups, count)).transpose(axes=(1, 2, 0, 3))
    return apart.reshape(shape=(groups, rows // groups, n * count))
