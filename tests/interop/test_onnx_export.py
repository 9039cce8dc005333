"""What is written as ONNX passes its checker, is read back to the same bits, and means what other readers say; the rest is
refused by name."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem import nn
from fpsem.core.errors import GraphError, MissingExtraError, PayloadError, UnsupportedError
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.autodiff import value_and_grad
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import Recorder, constant_tensor, trace
from fpsem.interop._onnx_rules import REFUSED, RULES
from fpsem.interop.checkpoint import load, save
from fpsem.interop.onnx_export import export_onnx

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")


def draw(*shape: int) -> Any:
    """Fixed numbers of [-2, 2], with zeros of both signs among them."""
    count = int(np.prod(shape))
    values = (2 * np.sin(np.arange(count) * 1.3 + count)).astype(np.float32)
    values[3::7], values[5::11] = 0.0, -0.0
    return values.reshape(shape)


X, Y, IMAGE = draw(2, 3), draw(2, 3) + np.float32(0.25), draw(2, 4, 5, 6)
POSITIVE, LABELS = np.abs(Y) + np.float32(0.125), np.array([2, 0])

Row = tuple[tuple[Any, ...], dict[str, Any]]

ROWS: dict[str, list[Row]] = {
    "abs": [((X,), {})],
    "add": [((X, Y), {})],
    "atan": [((X,), {})],
    "avg_pool2d": [
        ((IMAGE,), {"kernel": (2, 3)}),
        ((IMAGE,), {"kernel": (2, 2), "stride": (1, 2), "padding": (1, 0)}),
        ((IMAGE,), {"kernel": (3, 2), "padding": (1, 1), "count_include_pad": False}),
    ],
    "batch_norm": [
        ((X, Y[0], POSITIVE[0], Y[1], X[0]), {}),
        ((IMAGE, X.ravel()[:4], POSITIVE.ravel()[:4], Y.ravel()[:4]), {"eps": 0.25}),
        ((IMAGE, X.ravel()[:4], POSITIVE.ravel()[:4]), {}),
    ],
    "broadcast_to": [((X,), {"shape": (4, 2, 3)}), ((X[:, :1],), {"shape": (2, 5)}), ((np.float32(2),), {"shape": (2,)})],
    "clip": [((X,), {"low": -0.5, "high": 1.5}), ((X,), {"low": 0.0}), ((X,), {"high": -0.1})],
    "concat": [((X, Y), {}), ((X, Y[:, :1], X), {"axis": -1}), ((X,), {})],
    "constant": [((), {"shape": (2, 2), "values": ("0x1.fffffep-1", "-0x0p+0", "0x1p-149", "-inf")})],
    "conv2d": [
        ((IMAGE, draw(3, 4, 2, 3)), {}),
        ((IMAGE, draw(3, 4, 2, 2), X[0]), {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)}),
        ((IMAGE, draw(6, 2, 2, 2)), {"groups": 2}),
    ],
    "cos": [((X,), {})],
    "cross_entropy": [((X, LABELS), {}), ((X, LABELS), {"ignore_index": 0})],
    "div": [((X, POSITIVE), {})],
    "dropout": [((X, (Y > 0).astype(np.float32)), {"p": 0.3}), ((X, np.ones_like(X)), {"p": 0.0})],
    "equal": [((X, np.zeros_like(X)), {})],
    "erf": [((X,), {})],
    "exp": [((X,), {})],
    "fold": [
        ((draw(1, 4, 2),), {"output_size": (2, 3), "kernel": (2, 2)}),
        ((draw(2, 12, 12),), {"output_size": (5, 3), "kernel": (3, 2), "stride": (2, 1), "padding": (1, 1), "dilation": (1, 1)}),
    ],
    "gather": [((X, LABELS), {"axis": 1}), ((X, np.array([[1, 0, 1]])), {}), ((X, np.array(1)), {"axis": -1})],
    "gelu": [((X,), {}), ((X,), {"approximate": "tanh"})],
    "layer_norm": [
        ((X, Y[0], Y[1]), {"normalized_shape": (3,)}),
        ((X, Y[0]), {"normalized_shape": (3,), "eps": 0.5}),
        ((IMAGE,), {"normalized_shape": (5, 6)}),
    ],
    "less": [((X, Y), {})],
    "less_equal": [((X, Y), {})],
    "linear": [((X, draw(4, 3), draw(4)), {}), ((draw(5, 2, 3), draw(4, 3)), {}), ((draw(3), draw(4, 3), draw(4)), {})],
    "literal": [((), {"shape": (2, 1), "value": "-3/8"}), ((), {"shape": (), "value": "0x1p-149"})],
    "log": [((POSITIVE,), {})],
    "log_softmax": [((X,), {}), ((IMAGE,), {"axis": 1})],
    "matmul": [((X, Y.T), {}), ((draw(4, 2, 3), Y.T), {}), ((X, draw(4, 3, 2)), {}), ((draw(4, 2, 3), draw(4, 3, 2)), {})],
    "max": [((IMAGE,), {}), ((IMAGE,), {"axis": (1, -1), "keepdims": True}), ((np.float32(3),), {})],
    "max_pool2d": [((IMAGE,), {"kernel": (2, 3)}), ((IMAGE,), {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 1)})],
    "maximum": [((X, Y), {})],
    "mean": [((IMAGE,), {"axis": (0, 2)}), ((X,), {"keepdims": True}), ((np.float32(3),), {})],
    "minimum": [((X, Y), {})],
    "mse_loss": [((X, Y), {})],
    "mul": [((X, Y), {})],
    "neg": [((X,), {})],
    "one_hot": [((LABELS,), {"classes": 3}), ((np.array([[1, 0]]),), {"classes": 2, "ignore_index": -100})],
    "relu": [((X,), {})],
    "reshape": [((X,), {"shape": (3, -1)}), ((X[:1, :1],), {"shape": ()})],
    "sigmoid": [((X,), {})],
    "silu": [((X,), {})],
    "sin": [((X,), {})],
    "slice": [
        ((X,), {"starts": (1,), "stops": (2,), "steps": (1,)}),
        ((IMAGE,), {"starts": (0, -3, 1), "stops": (9, -1, 5), "steps": (1, 1, 2)}),
        ((np.float32(3),), {"starts": (), "stops": (), "steps": ()}),
    ],
    "soft_cross_entropy": [((X, np.abs(Y)), {})],
    "softmax": [((X,), {}), ((IMAGE,), {"axis": 1})],
    "softplus": [((X,), {})],
    "sqrt": [((POSITIVE,), {})],
    "sub": [((X, Y), {})],
    "sum": [((IMAGE,), {"axis": (0, 2)}), ((X,), {"axis": 1, "keepdims": True}), ((np.float32(3),), {})],
    "tan": [((X / 2,), {})],
    "tanh": [((X,), {})],
    "transpose": [((IMAGE,), {}), ((IMAGE,), {"axes": (1, 0, -1, 2)}), ((np.float32(3),), {})],
    "unfold": [
        ((IMAGE,), {"kernel": (2, 2), "padding": (1, 1)}),
        ((IMAGE,), {"kernel": (2, 3), "stride": (2, 1), "dilation": (2, 1)}),
    ],
    "unslice": [
        ((X,), {"shape": (3, 3), "starts": (1,), "stops": (3,), "steps": (1,)}),
        ((X,), {"shape": (5, 3), "starts": (-4,), "stops": (5,), "steps": (3,)}),
        ((X,), {"shape": (3, 5), "starts": (0, 0), "stops": (2, 5), "steps": (1, 2)}),
    ],
    "where": [((X, Y, POSITIVE), {})],
}
PAIRS = [pytest.param(op, row, id=f"{op}-{i}") for op, rows in ROWS.items() for i, row in enumerate(rows)]

DOMAINS = [IEEE32Exec(), NumPyFloat32()]


def graph_of(op: str, row: Row) -> tuple[Graph, dict[str, Any]]:
    """The op on inputs; truths are those of x < 0, and a result of truths chooses between two numbers."""
    recorder = Recorder()
    inputs = {f"x{i}": np.asarray(x) for i, x in enumerate(row[0])}
    tensors = []
    for i, (name, x) in enumerate(inputs.items()):
        sort = op_named(op).input_sort(i)
        tensor = recorder.input(name, x.shape, Sort.INTEGER if sort is Sort.INTEGER else Sort.SCALAR)
        tensors.append(tensor.less(tensor.constant_like(0)) if sort is Sort.TRUTH else tensor)
    result = recorder.apply(op, tuple(tensors), row[1])
    if result.sort is Sort.TRUTH:
        result = result.where(tensors[0].constant_like(1), tensors[0].constant_like(0))
    return recorder.finish({"y": result}), inputs


def bits(graph: Graph, params: dict[str, Any], inputs: dict[str, Any], domain: Any) -> dict[str, Any]:
    return {name: domain.to_bits(value) for name, value in denote(graph, params, inputs, domain).items()}


def test_every_op_is_a_leaf_or_written_or_refused_and_every_row_is_an_op() -> None:
    listed = {name for name in names() if not op_named(name).is_leaf}
    assert set(RULES) | set(REFUSED) | {"constant"} == listed
    assert not set(RULES) & set(REFUSED)
    assert set(ROWS) == set(RULES) | {"constant"}


@pytest.mark.parametrize(("op", "row"), PAIRS)
def test_what_is_written_passes_the_checker_and_is_read_back_to_the_same_bits(op: str, row: Row, tmp_path: Path) -> None:
    graph, inputs = graph_of(op, row)
    save(tmp_path / "model.onnx", graph, {})
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)
    again, params = load(tmp_path / "model.onnx")
    assert dict(again.inputs) == dict(graph.inputs)
    assert dict(again.integer_inputs) == dict(graph.integer_inputs)
    assert params == {}
    for domain in DOMAINS:
        before, after = (bits(g, {}, inputs, domain)["y"] for g in (graph, again))
        assert before.shape == after.shape
        assert np.array_equal(before, after)


@pytest.mark.parametrize(("op", "row"), PAIRS)
def test_what_is_written_means_what_the_reference_says(op: str, row: Row, float64: Any) -> None:
    graph, inputs = graph_of(op, row)
    (expected,) = reference.ReferenceEvaluator(onnx.load_model_from_string(export_onnx(graph, {}))).run(None, inputs)
    found = denote(graph, {}, inputs, float64)["y"]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("op", "row"), PAIRS)
def test_what_is_written_means_what_a_runtime_says(op: str, row: Row, float64: Any) -> None:
    runtime = pytest.importorskip("onnxruntime")
    graph, inputs = graph_of(op, row)
    session = runtime.InferenceSession(export_onnx(graph, {}), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, inputs)
    np.testing.assert_allclose(denote(graph, {}, inputs, float64)["y"], expected, rtol=1e-4, atol=1e-5)


# -- networks ----------------------------------------------------------------------------------------------------------

CNN = nn.Sequential(
    nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)
)  # fmt: skip


def payload(model: nn.Module) -> dict[str, Any]:
    """Starting parameters; variances and means that are none of the usual."""
    return {name: array + np.float32(0.25) for name, array in model.init(seed=3).items()}


def test_a_network_is_read_back_with_the_bits_and_names_of_its_parameters(tmp_path: Path) -> None:
    graph, params = CNN.lower((2, 1, 8, 8)), payload(CNN)
    params["5.bias"] = np.array([0x7FC12345, 0x80000000, 0x00000001], np.uint32).view(np.float32)
    save(tmp_path / "model.onnx.gz", graph, params)
    again, read = load(tmp_path / "model.onnx.gz")
    assert {name: array.tobytes() for name, array in read.items()} == {name: a.tobytes() for name, a in params.items()}
    assert dict(again.parameters) == {name: graph.parameters[name] for name in again.parameters}
    assert [(node.op, node.label) for node in again.nodes if node.inputs] == [
        (node.op, node.label) for node in graph.nodes if node.inputs
    ]
    domain, x = IEEE32Exec(), {"x": draw(2, 1, 8, 8)}
    assert np.array_equal(bits(graph, params, x, domain)["output"], bits(again, read, x, domain)["output"])


def test_a_gradient_is_read_back_to_the_same_bits(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 3))
    recorder = Recorder()
    x, y = recorder.input("x", (2, 1, 4, 4)), recorder.input("y", (2,), Sort.INTEGER)
    output = model.place("", x, nn.Scope(model.record(recorder)))
    graph = value_and_grad(recorder.finish({"loss": nn.CrossEntropyLoss()(output, y)}), wrt=tuple(model.parameters()), of="loss")
    save(tmp_path / "step.onnx", graph, payload(model))
    onnx.checker.check_model(onnx.load(tmp_path / "step.onnx"), full_check=True)
    again, read = load(tmp_path / "step.onnx")
    inputs = {"x": draw(2, 1, 4, 4), "y": np.array([2, -100])}
    before, after = (bits(g, p, inputs, IEEE32Exec()) for g, p in ((graph, payload(model)), (again, read)))
    assert list(before) == list(after) == list(graph.outputs)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=9))
def test_a_constant_keeps_every_bit(values: list[float]) -> None:
    graph = trace(lambda x: x + constant_tensor(x.backend, np.array(values, np.float32)), (len(values),))
    stored = onnx.load_model_from_string(export_onnx(graph, {})).graph.node[0].attribute[0].t
    assert onnx.numpy_helper.to_array(stored).tobytes() == np.array(values, np.float32).tobytes()


def test_outputs_keep_their_names_whatever_they_are(tmp_path: Path) -> None:
    def function(x: Any, relu_1: Any) -> dict[str, Any]:
        y = x.relu()
        return {"a": y, "b": y, "x": x, "c": x, "Relu_0": y + relu_1}

    graph, inputs = trace(function, (3,), (3,)), {"x": draw(3), "relu_1": draw(3)}
    save(tmp_path / "model.onnx", graph, {})
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)
    again, _ = load(tmp_path / "model.onnx")
    before, after = (bits(g, {}, inputs, NumPyFloat32()) for g in (graph, again))
    assert list(before) == list(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_the_same_model_is_the_same_bytes() -> None:
    graph, params = CNN.lower((2, 1, 8, 8)), payload(CNN)
    assert export_onnx(graph, params) == export_onnx(graph, dict(reversed(params.items())))


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_every_op_that_is_not_written_is_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    graph = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).lower((1, 2))
    params = nn.Sequential(nn.Linear(2, 2)).init()
    bad = trace(lambda x: (x.expm1() + x.pi_like()).log1p(), (2,))
    save(tmp_path / "model.onnx", graph, params)
    before = (tmp_path / "model.onnx").read_bytes()
    told = r"node %1 \(expm1\): .*; node %2 \(pi\): .*; node %4 \(log1p\): ONNX has no such function"
    with pytest.raises(UnsupportedError, match=told):
        save(tmp_path / "model.onnx", bad, {})
    assert (tmp_path / "model.onnx").read_bytes() == before


@pytest.mark.parametrize("op", REFUSED)
def test_an_op_that_onnx_cannot_say_is_refused_by_name(op: str) -> None:
    rows: dict[str, Row] = {
        "fma": ((X, Y, X), {}), "pi": ((), {"shape": (2,)}), "scatter_add": ((X, LABELS), {"size": 3})
    }  # fmt: skip
    with pytest.raises(UnsupportedError, match=rf"node %\d \({op}\): ONNX"):
        export_onnx(graph_of(op, rows.get(op, ((POSITIVE,), {})))[0], {})


def test_a_label_that_onnx_would_count_from_the_end_is_no_label_to_ignore() -> None:
    graph, _ = graph_of("one_hot", ((LABELS,), {"classes": 3, "ignore_index": -1}))
    with pytest.raises(UnsupportedError, match=r"node %1 \(one_hot\): .*ignore_index"):
        export_onnx(graph, {})


@pytest.mark.parametrize("value", ["1/10", "1e39", "0x1p-150"])
def test_a_number_that_is_none_of_binary32_is_refused(value: str) -> None:
    graph, _ = graph_of("literal", ((), {"shape": (2,), "value": value}))
    with pytest.raises(UnsupportedError, match=rf"node %0 \(literal\): .* {value} is no binary32 number"):
        export_onnx(graph, {})


def test_names_that_onnx_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(GraphError, match="outputs 'x' have the names of inputs"):
        export_onnx(trace(lambda x: {"x": x.relu()}, (2,)), {})
    with pytest.raises(GraphError, match="an empty name"):
        export_onnx(trace(lambda x: {"": x.relu()}, (2,)), {})


def test_a_payload_that_does_not_fit_is_refused_by_name() -> None:
    graph, params = CNN.lower((2, 1, 8, 8)), payload(CNN)
    with pytest.raises(PayloadError, match=r"'5\.bias' has dtype float64"):
        export_onnx(graph, params | {"5.bias": np.zeros(3)})
    with pytest.raises(PayloadError, match=r"missing: 5\.bias"):
        export_onnx(graph, {name: array for name, array in params.items() if name != "5.bias"})


def test_a_missing_library_is_told_with_its_extra(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"fpsem\[onnx\]"):
        export_onnx(*graph_of("relu", ROWS["relu"][0]))


def test_a_packed_file_is_the_plain_one_packed(tmp_path: Path) -> None:
    graph, _ = graph_of("relu", ROWS["relu"][0])
    for name in ("model.onnx", "model.onnx.gz"):
        save(tmp_path / name, graph, {})
    assert gzip.decompress((tmp_path / "model.onnx.gz").read_bytes()) == (tmp_path / "model.onnx").read_bytes()
