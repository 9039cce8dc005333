"""Every op against an answer of its own, over float64; and every shape rule's refusals, with their remedies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import GraphError, ShapeError
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


def tanh_gelu(v: float) -> float:
    return 0.5 * v * (1 + math.tanh(0.7978845608028654 * (v + 0.044715 * v**3)))


ROWS: dict[str, list[Row]] = {
    "abs": [Row((A,), np.abs(A))],
    "add": [Row((A, B), A.astype(float) + B)],
    "broadcast_to": [
        Row((BIAS,), np.array([BIAS] * 3), {"shape": (3, 2)}),
        Row((np.float32(2.5),), np.full((2, 1), 2.5), {"shape": (2, 1)}),
        Row((A[:, :1],), np.repeat(A[:, :1], 4, axis=1), {"shape": (3, 4)}),
    ],
    "concat": [
        Row((A, B), np.vstack([A, B])),
        Row((A, B[:, :1], A), np.hstack([A, B[:, :1], A]), {"axis": -1}),
    ],
    "constant": [Row((), np.array([0.5, -2.0]), {"shape": (2,), "values": ("0x1p-1", "-0x1p+1")})],
    "equal": [Row((A, -A), A == -A), Row((A, A), np.ones((3, 4)))],
    "div": [Row((A, P), A.astype(float) / P)],
    "erf": [Row((A,), each(math.erf, A))],
    "exp": [Row((A,), each(math.exp, A))],
    "gelu": [
        Row((A,), each(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))), A)),
        Row((A,), each(tanh_gelu, A), {"approximate": "tanh"}),
    ],
    "linear": [
        Row((A, W), A.astype(float) @ W.T),
        Row((A, W, BIAS), A.astype(float) @ W.T + BIAS),
        Row((A[0], W, BIAS), A[0].astype(float) @ W.T + BIAS),
        Row((CUBE, W, BIAS), CUBE.astype(float) @ W.T + BIAS),
    ],
    "less": [Row((A, B), A < B)],
    "less_equal": [Row((A, B), A <= B)],
    "log": [Row((P,), each(math.log, P))],
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
    "maximum": [Row((A, B), np.maximum(A, B))],
    "mean": [Row((A,), A.astype(float).mean()), Row((CUBE,), CUBE.mean(axis=(2, 0), dtype=float), {"axis": (2, 0)})],
    "minimum": [Row((A, B), np.minimum(A, B))],
    "mul": [Row((A, B), A.astype(float) * B)],
    "neg": [Row((A,), -A)],
    "relu": [Row((A,), np.maximum(A, 0))],
    "pi": [Row((), np.full((2,), np.pi), {"shape": (2,)})],
    "reshape": [Row((A,), A.reshape(2, 6), {"shape": (2, -1)}), Row((A[:1, :1],), A[0, 0], {"shape": ()})],
    "sigmoid": [Row((A,), each(lambda v: 1 / (1 + math.exp(-v)), A))],
    "silu": [Row((A,), each(lambda v: v / (1 + math.exp(-v)), A))],
    "slice": [
        Row((A,), A[1:], {"starts": (1,), "stops": (9,), "steps": (1,)}),
        Row((A,), A[-2:-1, 0:4:3], {"starts": (-2, 0), "stops": (-1, 4), "steps": (1, 3)}),
    ],
    "softmax": [Row((A,), softmax(A, -1)), Row((CUBE,), softmax(CUBE, 1), {"axis": 1})],
    "softplus": [Row((A,), each(lambda v: math.log1p(math.exp(v)), A))],
    "sqrt": [Row((P,), each(math.sqrt, P))],
    "sub": [Row((A, B), A.astype(float) - B)],
    "sum": [
        Row((A,), A.astype(float).sum()),
        Row((CUBE,), CUBE.sum(axis=(0, 1), keepdims=True), {"axis": (0, 1), "keepdims": True}),
        Row((CUBE,), CUBE.sum(axis=-1), {"axis": -1}),
    ],
    "tanh": [Row((A,), each(math.tanh, A))],
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
ELEMENTWISE = ("add", "div", "equal", "less", "less_equal", "maximum", "minimum", "mul", "sub")
REDUCTIONS = ("max", "mean", "sum")
REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    *((op, (S, T), {}, "broadcast_to or reshape") for op in ELEMENTWISE),
    *((op, (S,), {"axis": 2}, "axis 2 does not exist") for op in (*REDUCTIONS, "softmax", "log_softmax")),
    *((op, (S,), {"axis": (0, -2)}, "names a dimension twice") for op in REDUCTIONS),
    ("broadcast_to", (S,), {"shape": (2, 4)}, "matched from the last, each equal or 1"),
    ("broadcast_to", (S,), {"shape": (3,)}, "does not broadcast"),
    ("concat", (), {}, "at least one tensor"),
    ("concat", (S, T), {}, "differ outside axis 0"),
    ("concat", (S, (2, 3, 1)), {}, "differ outside axis 0"),
    ("constant", (), {"shape": (2,), "values": ("0x1p0",)}, "do not fill"),
    ("linear", (S, S[::-1]), {}, "looks transposed"),
    ("linear", (S, (4, 5)), {}, r"must be \(out, in\)"),
    ("linear", (S, (4, 3), (3,)), {}, "one number for each row"),
    ("linear", ((), (4, 3)), {}, "needs a last dimension"),
    ("matmul", (S, S), {}, "transpose one of them"),
    ("matmul", (S, (3,)), {}, r"reshape a vector to \(1, k\) or \(k, 1\)"),
    ("matmul", ((2, *S), (3, *T)), {}, "use broadcast_to"),
    ("reshape", (S,), {"shape": (4,)}, "do not fill"),
    ("reshape", (S,), {"shape": (-1, -1)}, "at most one -1"),
    ("reshape", (S,), {"shape": (-1, 0)}, "do not fill"),
    ("slice", (S,), {"starts": (0,), "stops": (1, 2), "steps": (1,)}, "one for each of the first axes"),
    ("slice", (S,), {"starts": (0,), "stops": (1,), "steps": (-1,)}, "must be positive"),
    ("slice", (S,), {"starts": (1,), "stops": (1,), "steps": (1,)}, "is empty"),
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
