"""Every op against an answer of its own, over float64; and every shape rule's refusals, with their remedies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import GraphError, ShapeError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.rounding import rounding_named
from fpsem.graph.denote import denote
from fpsem.graph.op import Sort
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import Recorder, Tensor

A = np.array([[-2.5, -0.75, 0.0, 0.5], [1.0, 3.25, -8.0, 20.0], [0.125, -0.0, 4.0, -30.0]], np.float32)
B = np.array([[1.5, 0.25, -2.0, 4.0], [-1.0, 3.25, 8.0, -0.5], [2.0, 1.0, -4.0, 16.0]], np.float32)
P = np.abs(B)
W = np.arange(8, dtype=np.float32).reshape(2, 4) / 4 - 1
BIAS = np.array([0.5, -3.0], np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 11
IMAGES = ((np.arange(60) * 7) % 23 - 11).astype(np.float32).reshape(1, 3, 4, 5) / 4
TAPS = ((np.arange(24) * 5) % 13 - 6).astype(np.float32).reshape(2, 3, 2, 2) / 2
LABELS = np.array([3, 0, 3])


@dataclass(frozen=True)
class Row:
    """An op on some inputs, and what numpy and the math module say; an input that must be a truth is "x is positive"."""

    inputs: tuple[Any, ...]
    expected: Any
    attributes: dict[str, Any] = field(default_factory=dict)


def each(function: Any, x: Any) -> Any:
    return np.vectorize(function, otypes=[float])(x.astype(float))


def softmax(x: Any, axis: int) -> Any:
    weights = np.exp(x.astype(float) - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def windows(x: Any, *kernel: int) -> Any:
    """(N, C, oh, ow, kh, kw), stride 1."""
    return np.lib.stride_tricks.sliding_window_view(x.astype(float), kernel, axis=(2, 3))


def framed(x: Any, value: float = 0) -> Any:
    return np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=value)


def standard(x: Any, mean: Any, variance: Any) -> Any:
    return (x.astype(float) - mean) / np.sqrt(variance + np.float32(1e-5))


def tanh_gelu(v: float) -> float:
    return 0.5 * v * (1 + math.tanh(0.7978845608028654 * (v + 0.044715 * v**3)))


ROWS: dict[str, list[Row]] = {
    "abs": [Row((A,), np.abs(A))],
    "add": [Row((A, B), A.astype(float) + B)],
    "atan": [Row((A,), each(math.atan, A))],
    "avg_pool2d": [
        Row((IMAGES,), windows(IMAGES, 2, 3).mean(axis=(4, 5)), {"kernel": (2, 3), "stride": (1, 1)}),
        Row((IMAGES,), windows(framed(IMAGES), 2, 2).mean(axis=(4, 5))[:, :, ::2, ::2], {"kernel": (2, 2), "padding": (1, 1)}),
        Row(
            (IMAGES,),
            np.nanmean(windows(framed(IMAGES, np.nan), 3, 2), axis=(4, 5))[:, :, ::2],
            {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1), "count_include_pad": False},
        ),
    ],
    "batch_norm": [
        Row((A, B[0], P[1]), standard(A, B[0], P[1])),
        Row((CUBE, B[0, :3], P[1, :3], A[2, :3]), standard(CUBE, B[0, :3, None], P[1, :3, None]) * A[2, :3, None]),
        Row((A, B[0], P[1], A[0], A[2]), standard(A, B[0], P[1]) * A[0] + A[2]),
    ],
    "broadcast_to": [
        Row((BIAS,), np.array([BIAS] * 3), {"shape": (3, 2)}),
        Row((np.float32(2.5),), np.full((2, 1), 2.5), {"shape": (2, 1)}),
        Row((A[:, :1],), np.repeat(A[:, :1], 4, axis=1), {"shape": (3, 4)}),
    ],
    "clip": [
        Row((A,), A.clip(-0.75, 3.25), {"low": -0.75, "high": 3.25}),
        Row((A,), A.clip(min=1.0), {"low": 1.0}),
        Row((A,), A.clip(max=-1.5), {"high": -1.5}),
    ],
    "concat": [
        Row((A, B), np.vstack([A, B])),
        Row((A, B[:, :1], A), np.hstack([A, B[:, :1], A]), {"axis": -1}),
    ],
    "constant": [Row((), np.array([0.5, -2.0]), {"shape": (2,), "values": ("0x1p-1", "-0x1p+1")})],
    "conv2d": [
        Row((IMAGES, TAPS), np.einsum("nchwij,ocij->nohw", windows(IMAGES, 2, 2), TAPS)),
        Row(
            (IMAGES, TAPS, BIAS),
            np.einsum("nchwij,ocij->nohw", windows(framed(IMAGES), 2, 2), TAPS)[:, :, ::2] + BIAS[:, None, None],
            {"stride": (2, 1), "padding": (1, 1)},
        ),
    ],
    "cos": [Row((A,), each(math.cos, A))],
    "cross_entropy": [
        Row((A, LABELS), -np.log(softmax(A, -1))[[0, 1, 2], LABELS].mean()),
        Row((A, LABELS), -np.log(softmax(A, -1))[1, 0], {"ignore_index": 3}),
        Row((A, LABELS * 0 - 100), 0),
    ],
    "dropout": [
        Row((A, (B > 0).astype(np.float32)), np.where(B > 0, A * 2.0, 0)),
        Row((A, (B > 0).astype(np.float32)), np.where(B > 0, A / 0.75, 0), {"p": 0.25}),
    ],
    "equal": [Row((A, -A), A == -A), Row((A, A), np.ones((3, 4)))],
    "div": [Row((A, P), A.astype(float) / P)],
    "erf": [Row((A,), each(math.erf, A))],
    "exp": [Row((A,), each(math.exp, A))],
    "expm1": [Row((A,), each(math.expm1, A))],
    "fma": [Row((A, B, P), A.astype(float) * B + P)],
    "fold": [
        Row(
            (np.arange(1, 17, dtype=np.float32).reshape(1, 4, 4),),
            [[[[1, 2 + 5, 6], [3 + 9, 4 + 7 + 10 + 13, 8 + 14], [11, 12 + 15, 16]]]],
            {"output_size": (3, 3), "kernel": (2, 2)},
        ),
        Row(
            (np.arange(1, 5, dtype=np.float32).reshape(1, 2, 2),),
            [[[[1], [3], [2], [4]]]],
            {"output_size": (4, 1), "kernel": (2, 1), "stride": (2, 1)},
        ),
    ],
    "gather": [
        Row((A, np.array([2, 0, 2])), A[[2, 0, 2]]),
        Row((A, np.array([[3, 0], [1, 1]])), A[:, [[3, 0], [1, 1]]], {"axis": -1}),
        Row((BIAS, np.array(1)), BIAS[1]),
    ],
    "gelu": [
        Row((A,), each(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))), A)),
        Row((A,), each(tanh_gelu, A), {"approximate": "tanh"}),
    ],
    "layer_norm": [
        Row((A,), standard(A, A.mean(1, float, keepdims=True), A.var(1, float, keepdims=True)), {"normalized_shape": (4,)}),
        Row(
            (CUBE, A, B),
            standard(CUBE, CUBE.mean((1, 2), keepdims=True), CUBE.var((1, 2), keepdims=True)) * A + B,
            {"normalized_shape": (3, 4)},
        ),
    ],
    "linear": [
        Row((A, W), A.astype(float) @ W.T),
        Row((A, W, BIAS), A.astype(float) @ W.T + BIAS),
        Row((A[0], W, BIAS), A[0].astype(float) @ W.T + BIAS),
        Row((CUBE, W, BIAS), CUBE.astype(float) @ W.T + BIAS),
    ],
    "less": [Row((A, B), A < B)],
    "less_equal": [Row((A, B), A <= B)],
    "literal": [
        Row((), np.full((2, 1), 0.1), {"shape": (2, 1), "value": "1/10"}),
        Row((), -0.0013, {"shape": (), "value": "-.13e-2"}),
        Row((), [0.1875], {"shape": (1,), "value": "0x1.8p-3"}),
    ],
    "log": [Row((P,), each(math.log, P))],
    "log1p": [Row((P,), each(math.log1p, P))],
    "log_softmax": [Row((A,), np.log(softmax(A, -1))), Row((A,), np.log(softmax(A, 0)), {"axis": 0})],
    "matmul": [
        Row((A, B.T), A.astype(float) @ B.T),
        Row((CUBE, W.T), CUBE.astype(float) @ W.T),
        Row((CUBE, CUBE.transpose(0, 2, 1)), CUBE.astype(float) @ CUBE.transpose(0, 2, 1)),
        Row((A, CUBE.transpose(0, 2, 1)), A.astype(float) @ CUBE.transpose(0, 2, 1)),
    ],
    "max": [
        Row((A,), A.max()),
        Row((CUBE,), CUBE.max(axis=(0, 2)), {"axis": (0, 2)}),
        Row((A,), A.max(axis=1, keepdims=True), {"axis": -1, "keepdims": True}),
    ],
    "max_pool2d": [
        Row((IMAGES,), windows(IMAGES, 2, 2).max(axis=(4, 5))[:, :, ::2, ::2], {"kernel": (2, 2)}),
        Row(
            (IMAGES,),
            windows(framed(IMAGES, -np.inf), 3, 2).max(axis=(4, 5))[:, :, ::2],
            {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1)},
        ),
    ],
    "maximum": [Row((A, B), np.maximum(A, B))],
    "mean": [Row((A,), A.astype(float).mean()), Row((CUBE,), CUBE.mean(axis=(2, 0), dtype=float), {"axis": (2, 0)})],
    "minimum": [Row((A, B), np.minimum(A, B))],
    "mse_loss": [Row((A, B), np.square(A.astype(float) - B).mean())],
    "mul": [Row((A, B), A.astype(float) * B)],
    "neg": [Row((A,), -A)],
    "one_hot": [
        Row((LABELS,), np.eye(4)[LABELS], {"classes": 4}),
        Row((np.array([[1, -1]]),), [[[0, 1], [0, 0]]], {"classes": 2, "ignore_index": -1}),
    ],
    "relu": [Row((A,), np.maximum(A, 0))],
    "pi": [Row((), np.full((2,), np.pi), {"shape": (2,)})],
    "reshape": [Row((A,), A.reshape(2, 6), {"shape": (2, -1)}), Row((A[:1, :1],), A[0, 0], {"shape": ()})],
    "scatter_add": [
        Row((A, LABELS), np.stack([A[1], A[1] * 0, A[1] * 0, A[0] + A[2]]), {"size": 4}),
        Row((A, np.array([[0, 1, 1, 1], [0] * 4, [2] * 4])), [A[0, 0] + A[1].sum(), A[0, 1:].sum(), A[2].sum()], {"size": 3}),
        Row((A, np.array([1, 1, 0, 1])), np.stack([A[:, 2], A[:, :2].sum(1) + A[:, 3]], 1), {"size": 2, "axis": -1}),
    ],
    "sigmoid": [Row((A,), each(lambda v: 1 / (1 + math.exp(-v)), A))],
    "silu": [Row((A,), each(lambda v: v / (1 + math.exp(-v)), A))],
    "sin": [Row((A,), each(math.sin, A))],
    "slice": [
        Row((A,), A[1:], {"starts": (1,), "stops": (9,), "steps": (1,)}),
        Row((A,), A[-2:-1, 0:4:3], {"starts": (-2, 0), "stops": (-1, 4), "steps": (1, 3)}),
    ],
    "soft_cross_entropy": [Row((A, P), -(P * np.log(softmax(A, -1))).sum(axis=1).mean())],
    "softmax": [Row((A,), softmax(A, -1)), Row((CUBE,), softmax(CUBE, 1), {"axis": 1})],
    "softplus": [Row((A,), each(lambda v: math.log1p(math.exp(v)), A))],
    "sqrt": [Row((P,), each(math.sqrt, P))],
    "sub": [Row((A, B), A.astype(float) - B)],
    "sum": [
        Row((A,), A.astype(float).sum()),
        Row((CUBE,), CUBE.sum(axis=(0, 1), keepdims=True), {"axis": (0, 1), "keepdims": True}),
        Row((CUBE,), CUBE.sum(axis=-1), {"axis": -1}),
    ],
    "tan": [Row((A,), each(math.tan, A))],
    "tanh": [Row((A,), each(math.tanh, A))],
    "unfold": [
        Row((IMAGES,), windows(IMAGES, 2, 3).transpose(0, 1, 4, 5, 2, 3).reshape(1, 18, 9), {"kernel": (2, 3)}),
        Row(
            (IMAGES,),
            windows(framed(IMAGES), 3, 3)[:, :, ::3, ::2, ::2, ::2].transpose(0, 1, 4, 5, 2, 3).reshape(1, 12, 6),
            {"kernel": (2, 2), "stride": (3, 2), "padding": (1, 1), "dilation": (2, 2)},
        ),
    ],
    "unslice": [
        Row((A[:1],), np.vstack([np.zeros((2, 4)), A[:1]]), {"shape": (3, 4), "starts": (2,), "stops": (3,), "steps": (1,)}),
        Row((A[0, :2],), [A[0, 0], 0, A[0, 1]], {"shape": (3,), "starts": (0,), "stops": (3,), "steps": (2,)}),
    ],
    "where": [Row((A, B, P), np.where(A > 0, B, P))],
    "transpose": [Row((CUBE,), CUBE.T), Row((CUBE,), CUBE.transpose(1, 0, 2), {"axes": (1, 0, -1)})],
}  # fmt: skip


def test_every_op_has_a_row_and_every_row_an_op() -> None:
    listed = {name for name in names() if not op_named(name).is_leaf}
    assert not listed - set(ROWS), "ops without a row here"
    assert not set(ROWS) - listed, "rows without an op"


def operand(recorder: Recorder, name: str, x: Any, sort: Sort) -> Tensor:
    """An input of the sort that the op takes; truths are those of 0 < x."""
    tensor = recorder.input(name, x.shape, Sort.INTEGER if sort is Sort.INTEGER else Sort.SCALAR)
    return tensor.constant_like(0).less(tensor) if sort is Sort.TRUTH else tensor


@pytest.mark.parametrize(
    ("op", "row"), [pytest.param(op, row, id=f"{op}-{i}") for op, rows in ROWS.items() for i, row in enumerate(rows)]
)
def test_an_op_means_what_numpy_says(op: str, row: Row, float64: Any) -> None:
    recorder = Recorder()
    arrays = {f"x{i}": np.asarray(x) for i, x in enumerate(row.inputs)}
    tensors = tuple(operand(recorder, name, x, op_named(op).input_sort(i)) for i, (name, x) in enumerate(arrays.items()))
    result = recorder.apply(op, tensors, row.attributes)
    if result.sort is Sort.TRUTH:
        result = result.where(tensors[0].constant_like(1), tensors[0].constant_like(0))
    graph = recorder.finish({"y": result})
    found = denote(graph, {}, arrays, float64)["y"]
    assert found.shape == np.shape(row.expected) == graph.nodes[-1].shape
    np.testing.assert_allclose(found, row.expected, rtol=2e-7, atol=1e-8)


S, T = (2, 3), (3, 2)
IMAGE, KERNEL = (1, 2, 4, 5), (6, 2, 3, 3)
ELEMENTWISE = ("add", "div", "equal", "less", "less_equal", "maximum", "minimum", "mul", "sub")
REDUCTIONS = ("max", "mean", "sum")
REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    *((op, (S, T), {}, "broadcast_to or reshape") for op in ELEMENTWISE),
    ("fma", (S, S, T), {}, "broadcast_to or reshape"),
    *((op, (S,), {"axis": 2}, "axis 2 does not exist") for op in (*REDUCTIONS, "softmax", "log_softmax")),
    *((op, (S,), {"axis": (0, -2)}, "names a dimension twice") for op in REDUCTIONS),
    ("avg_pool2d", (IMAGE,), {"kernel": (5, 1)}, r"reaches over \(5, 1\), more than the padded image \(4, 5\)"),
    ("avg_pool2d", (IMAGE,), {"kernel": (2, 2), "padding": (1, 2)}, "must be at most half of kernel"),
    ("avg_pool2d", (IMAGE[1:],), {"kernel": (2, 2)}, r"reshape one image to \(1, C, H, W\)"),
    ("batch_norm", (S, (3,), (2,)), {}, r"variance \(2,\), .* where given each must be \(3,\)"),
    ("batch_norm", ((3,), (3,), (3,)), {}, r"must be \(N, C, \.\.\.\)"),
    ("broadcast_to", (S,), {"shape": (2, 4)}, "matched from the last, each equal or 1"),
    ("broadcast_to", (S,), {"shape": (3,)}, "does not broadcast"),
    ("concat", (), {}, "at least one tensor"),
    ("concat", (S, T), {}, "differ outside axis 0"),
    ("concat", (S, (2, 3, 1)), {}, "differ outside axis 0"),
    ("constant", (), {"shape": (2,), "values": ("0x1p0",)}, "do not fill"),
    ("conv2d", (IMAGE, (6, 2, 7, 3)), {"padding": (1, 0)}, r"reaches over \(7, 3\), more than the padded image \(6, 5\)"),
    ("conv2d", (IMAGE, KERNEL), {"dilation": (2, 1)}, r"reaches over \(5, 3\)"),
    ("conv2d", (IMAGE, KERNEL), {"groups": 3}, "groups 3 must divide the 2 input and the 6 output channels"),
    ("conv2d", (IMAGE, (3, 1, 3, 3)), {"groups": 2}, "must divide"),
    ("conv2d", (IMAGE, KERNEL), {"groups": 0}, "must divide"),
    ("conv2d", (IMAGE, KERNEL), {"groups": 2}, r"has 2 channels, weight .* takes 4: it must be \(O, 1, kh, kw\)"),
    ("conv2d", (IMAGE, (6, 2, 3)), {}, r"must be \(O, C / groups, kh, kw\)"),
    ("conv2d", (IMAGE, KERNEL, (2,)), {}, "one number for each output channel"),
    ("conv2d", (IMAGE, KERNEL), {"stride": (1,)}, r"stride \(1,\) must be two numbers"),
    ("conv2d", (IMAGE, KERNEL), {"padding": (0, -1)}, "of at least 0"),
    ("dropout", (S, T), {}, "broadcast_to or reshape"),
    ("fold", ((1, 8, 6),), {"output_size": (4, 4), "kernel": (2, 2)}, r"must be \(N, C \* 4, 9\)"),
    ("fold", ((1, 6, 9),), {"output_size": (4, 4), "kernel": (2, 2)}, r"must be \(N, C \* 4, 9\)"),
    ("fold", ((1, 8, 9),), {"output_size": (4,), "kernel": (2, 2)}, "output_size"),
    ("layer_norm", (S,), {"normalized_shape": (2,)}, r"must end in normalized_shape \(2,\)"),
    ("layer_norm", (S,), {"normalized_shape": ()}, "must not be empty"),
    ("layer_norm", (S, (3,), (2,)), {"normalized_shape": (3,)}, r"bias \(2,\) must have"),
    ("linear", (S, S[::-1]), {}, "looks transposed"),
    ("linear", (S, (4, 5)), {}, r"must be \(out, in\)"),
    ("linear", (S, (4, 3), (3,)), {}, "one number for each row"),
    ("linear", ((), (4, 3)), {}, "needs a last dimension"),
    ("matmul", (S, S), {}, "transpose one of them"),
    ("matmul", (S, (3,)), {}, r"reshape a vector to \(1, k\) or \(k, 1\)"),
    ("matmul", ((2, *S), (3, *T)), {}, "use broadcast_to"),
    ("max_pool2d", (IMAGE,), {"kernel": (4, 6)}, "reaches over"),
    ("max_pool2d", (IMAGE,), {"kernel": (3, 3), "padding": (2, 0)}, "must be at most half of kernel"),
    ("max_pool2d", (IMAGE,), {"kernel": (0, 3)}, "of at least 1"),
    ("mse_loss", (S, T), {}, "broadcast_to or reshape"),
    ("reshape", (S,), {"shape": (4,)}, "do not fill"),
    ("reshape", (S,), {"shape": (-1, -1)}, "at most one -1"),
    ("reshape", (S,), {"shape": (-1, 0)}, "do not fill"),
    ("slice", (S,), {"starts": (0,), "stops": (1, 2), "steps": (1,)}, "one for each of the first axes"),
    ("slice", (S,), {"starts": (0,), "stops": (1,), "steps": (-1,)}, "must be positive"),
    ("slice", (S,), {"starts": (1,), "stops": (1,), "steps": (1,)}, "is empty"),
    ("soft_cross_entropy", (S, T), {}, r"must both be \(N, C\)"),
    ("unfold", (S,), {"kernel": (1, 1)}, r"must be \(N, C, H, W\)"),
    ("unfold", (IMAGE,), {"kernel": (1, 1), "dilation": (0, 1)}, "dilation"),
    ("unslice", (S,), {"shape": (4, 3), "starts": (0,), "stops": (3,), "steps": (1,)}, "does not fit the slice"),
    ("transpose", (S,), {"axes": (0, 0)}, "each of the 2 dimensions"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "shapes", "attributes", "told"), REFUSALS)
def test_a_shape_that_does_not_fit_is_refused_with_its_remedy(
    op: str, shapes: tuple[Any, ...], attributes: dict[str, Any], told: str
) -> None:
    recorder = Recorder()
    tensors = tuple(recorder.input(f"x{i}", shape) for i, shape in enumerate(shapes))
    with pytest.raises(ShapeError, match=told) as refusal:
        recorder.apply(op, tensors, attributes, label="here")
    assert f"node %{len(shapes)} ({op}, 'here')" in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "told"), [(("one",), "hexadecimal"), (("0x1.00000001p0",), "binary32"), (("0x1p999999",), "hexadecimal")]
)
def test_a_constant_holds_binary32_numbers_only(values: tuple[str, ...], told: str) -> None:
    with pytest.raises(GraphError, match=told):
        Recorder().apply("constant", (), {"shape": (1,), "values": values})


@pytest.mark.parametrize("value", ["0.1", "111/100", "0x1.99999ap-4", "-3.5E7", "+.5", "0x.8P1", "1e-10000"])
def test_a_literal_is_the_exact_number_rounded_once(value: str) -> None:
    exact = Fraction(float.fromhex(value)) if "0x" in value else Fraction(value)
    graph = fpsem.trace(lambda x: x.backend.apply("literal", (), {"shape": (2,), "value": value}), ())
    x, real = np.float32(0), fpsem.Real()
    assert [list(end) for end in real.enclosure(fpsem.run(graph, {}, x, real))] == [[exact] * 2] * 2
    for direction in ("nearest_even", "upward"):
        found = fpsem.run(graph, {}, x, fpsem.IEEE32Exec(rounding=direction))
        assert found.tolist() == [round_to_bits(exact, BINARY32, rounding_named(direction))] * 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((value, "is no number") for value in ("", "x", "1 ", "1_0", "0x", "0x.p1", "1/0", "1/-2", "1.5/2", "inf", "nan", ".")),
        *((value, "an exponent must be within 10000") for value in ("1e10001", "1e-999999999999", "0x1p10001")),
        ("1" * 20_001, "longer than 20000"),
    ],
)
def test_a_literal_that_is_no_number_or_a_hostile_one_is_refused(value: str, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        Recorder().apply("literal", (), {"shape": (), "value": value})


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "told"),
    [
        ("clip", 1, {}, "low or high must be given"),
        ("clip", 1, {"low": 1.0, "high": 0.5}, "low 1.0 must not be above high 0.5"),
        ("dropout", 2, {"p": 1.0}, "p 1.0 must be at least 0 and below 1"),
        ("dropout", 2, {"p": -0.5}, "below 1"),
        ("layer_norm", 1, {"normalized_shape": (3,), "eps": -1.0}, "eps -1.0 must not be negative"),
        ("batch_norm", 3, {"eps": -1.0}, "must not be negative"),
    ],
)
def test_an_attribute_out_of_its_range_is_refused(op: str, inputs: int, attributes: dict[str, Any], told: str) -> None:
    recorder = Recorder()
    shapes = [(2, 3), (3,), (3,)] if op == "batch_norm" else [(2, 3)] * inputs
    with pytest.raises(GraphError, match=told):
        recorder.apply(op, tuple(recorder.input(f"x{i}", shape) for i, shape in enumerate(shapes)), attributes)


def test_gelu_refuses_an_unknown_approximation() -> None:
    recorder = Recorder()
    with pytest.raises(GraphError, match="'none' or 'tanh'"):
        recorder.input("x", (1,)).gelu(approximate="erf")


def test_truths_and_scalars_do_not_mix() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    truth = x.less(x)
    with pytest.raises(GraphError, match="input 1 must be scalars, not truths"):
        x + truth
    with pytest.raises(GraphError, match="input 0 must be truths"):
        x.where(x, x)
    with pytest.raises(GraphError, match=r"is of truths .*outputs are scalars"):
        recorder.finish({"y": truth})
