"""ONNX models mean what ONNX's own reference evaluator says; what is not read is refused before anything runs."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import FileFormatError, FpsemError, MissingExtraError, PayloadError, UnsupportedError
from fpsem.graph.denote import denote
from fpsem.interop._onnx_ops import CONVERTERS
from fpsem.interop.checkpoint import load
from fpsem.interop.onnx import load_onnx

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
helper, numpy_helper, FLOAT = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT


def draw(*shape: int) -> Any:
    """Fixed numbers of [-1, 1]."""
    count = int(np.prod(shape))
    return (np.sin(np.arange(count) * 1.7 + count) * 1.0).astype(np.float32).reshape(shape)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def model(
    nodes: Sequence[Any], shape: Sequence[Any] | None, stored: dict[str, Any], opset: int = 13, elem: int = FLOAT
) -> Any:
    """A model from "x" to "y" with these initializers."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", elem, shape)],
        [helper.make_tensor_value_info("y", FLOAT, [])],  # nobody reads this shape
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def written(folder: Path, made: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def check_against_reference(path: Path, made: Any, domain: Any, tolerance: float = 1e-5) -> None:
    """Run one input both ways."""
    graph, params = load_onnx(path)
    ((name, shape),) = graph.inputs.items()
    x = draw(*shape)
    expected = reference.ReferenceEvaluator(made).run(None, {name: x})
    found = denote(graph, params, {name: x}, domain)
    for value, wanted in zip(found.values(), expected, strict=True):
        assert value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, rtol=tolerance, atol=tolerance)


IMAGE = (2, 4, 5, 6)

Case = tuple[str, tuple[int, ...], dict[str, Any], dict[str, Any], int]
"""Op type, shape of x, initializers that follow x among the inputs, attributes, operator set."""

CASES: list[Case] = [
    ("Add", (2, 3), {"b": draw(3)}, {}, 13),
    ("Add", (3, 1), {"b": draw(2, 1, 4)}, {}, 7),
    ("Concat", (2, 3), {"b": draw(2, 1), "c": draw(2, 2)}, {"axis": -1}, 13),
    ("Div", (2, 3), {"b": draw(2, 1) + 3}, {}, 13),
    ("Flatten", (2, 3, 4), {}, {}, 13),
    ("Flatten", (2, 3, 4), {}, {"axis": 0}, 9),
    ("Flatten", (2, 3, 4), {}, {"axis": 3}, 13),
    ("Flatten", (2, 3, 4), {}, {"axis": -1}, 13),
    ("Flatten", (2, 3), {}, {}, 13),
    ("Gemm", (2, 3), {"w": draw(4, 3), "b": draw(4)}, {"transB": 1}, 13),
    ("Gemm", (2, 3), {"w": draw(4, 3)}, {"transB": 1}, 13),
    ("Gemm", (2, 3), {"w": draw(3, 4), "b": draw(4)}, {}, 13),
    ("Gemm", (2, 3), {"w": draw(3, 4)}, {}, 11),
    ("Gemm", (2, 3), {"w": draw(4, 3), "b": draw(2, 1)}, {"transB": 1}, 13),
    ("Gemm", (2, 3), {"w": draw(4, 3), "b": draw(1)}, {"transB": 1}, 13),
    ("Gemm", (2, 3), {"w": draw(4, 3), "b": np.float32(2.5)}, {"transB": 1}, 13),
    ("Gemm", (3, 2), {"w": draw(3, 4), "b": draw(2, 4)}, {"transA": 1, "alpha": 0.5, "beta": -2.0}, 13),
    ("Gemm", (3, 2), {"w": draw(4, 3), "b": draw(4)}, {"transA": 1, "transB": 1, "alpha": 0.3}, 13),
    ("Gemm", (2, 3), {"w": draw(4, 3), "b": draw(4)}, {"transB": 1, "beta": 0.0}, 13),
    ("Identity", (2, 3), {}, {}, 13),
    ("MatMul", (2, 3), {"w": draw(3, 4)}, {}, 13),
    ("MatMul", (3,), {"w": draw(3, 4)}, {}, 13),
    ("MatMul", (2, 3), {"w": draw(3)}, {}, 13),
    ("MatMul", (3,), {"w": draw(3)}, {}, 13),
    ("MatMul", (5, 2, 3), {"w": draw(3, 4)}, {}, 13),
    ("MatMul", (5, 1, 2, 3), {"w": draw(6, 3, 4)}, {}, 13),
    ("MatMul", (3,), {"w": draw(5, 3, 4)}, {}, 13),
    ("Mul", (2, 3), {"b": draw(2, 3)}, {}, 13),
    ("Mul", (2, 3), {"b": np.float32(0.5)}, {}, 13),
    ("Relu", (2, 3), {}, {}, 13),
    ("Reshape", (2, 3, 4), {"s": ints(0, -1)}, {}, 13),
    ("Reshape", (2, 3, 4), {"s": ints(4, 6)}, {}, 13),
    ("Reshape", (2, 3), {"s": ints(6)}, {}, 14),
    ("Reshape", (2, 3), {"s": ints(-1, 2)}, {"allowzero": 1}, 14),
    ("Sigmoid", (2, 3), {}, {}, 13),
    ("Slice", (4, 5), {"s": ints(1), "e": ints(3)}, {}, 13),
    ("Slice", (4, 5), {"s": ints(-2), "e": ints(2**63 - 1), "a": ints(1)}, {}, 13),
    ("Slice", (4, 5), {"s": ints(1, 0), "e": ints(9, -1), "a": ints(-1, 0), "k": ints(2, 3)}, {}, 13),
    ("Slice", (4, 5), {"s": np.int32([1]), "e": np.int32([3])}, {}, 10),
    ("Slice", (4, 5), {}, {"starts": [1], "ends": [3], "axes": [1]}, 9),
    ("Slice", (4, 5), {}, {"starts": [1, -2], "ends": [3, 100]}, 9),
    ("Softmax", (2, 3, 4), {}, {}, 13),
    ("Softmax", (2, 3, 4), {}, {"axis": 1}, 13),
    ("Softmax", (2, 3), {}, {}, 11),
    ("Softmax", (2, 3, 4), {}, {"axis": 2}, 11),
    ("Sub", (2, 3), {"b": draw(1, 3)}, {}, 13),
    ("Tanh", (2, 3), {}, {}, 13),
    ("Transpose", (2, 3, 4), {}, {}, 13),
    ("Transpose", (2, 3, 4), {}, {"perm": [1, 2, 0]}, 13),
    ("Abs", (2, 3), {}, {}, 13),
    ("Cos", (2, 3), {}, {}, 13),
    ("Erf", (2, 3), {}, {}, 13),
    ("Exp", (2, 3), {}, {}, 13),
    ("Log", (1,), {}, {}, 13),
    ("Neg", (2, 3), {}, {}, 13),
    ("Sin", (2, 3), {}, {}, 13),
    ("Tan", (2, 3), {}, {}, 13),
    ("Atan", (2, 3), {}, {}, 13),
    ("Softplus", (2, 3), {}, {}, 13),
    ("Sqrt", (1,), {}, {}, 13),
    ("Gelu", (2, 3), {}, {}, 20),
    ("Gelu", (2, 3), {}, {"approximate": "tanh"}, 20),
    ("LogSoftmax", (2, 3, 4), {}, {"axis": 1}, 13),
    ("Max", (2, 3), {"b": draw(3), "c": draw(2, 1)}, {}, 13),
    ("Max", (2, 3), {}, {}, 13),
    ("Min", (2, 3), {"b": draw(2, 3)}, {}, 8),
    ("Clip", (2, 3), {"a": np.float32(-0.5), "b": np.float32(0.25)}, {}, 13),
    ("Clip", (2, 3), {"a": np.float32(0.5), "b": np.float32(0.25)}, {}, 13),
    ("Clip", (2, 3), {"a": np.float32(-np.inf), "b": np.float32(0.25)}, {}, 13),
    ("Clip", (2, 3), {"a": np.float32(0.1)}, {}, 11),
    ("Clip", (2, 3), {}, {}, 11),
    ("Clip", (2, 3), {}, {"min": -0.3, "max": 0.6}, 7),
    ("Clip", (2, 3), {}, {}, 7),
    ("Dropout", (2, 3), {}, {"ratio": 0.4}, 7),
    ("Dropout", (2, 3), {"r": np.float32(0.4), "t": np.array(False)}, {}, 13),
    ("Expand", (2, 1), {"s": ints(4, 1, 3)}, {}, 13),
    ("Expand", (2, 3), {"s": ints(1)}, {}, 13),
    ("Pad", (2, 3), {"p": ints(1, 0, 2, 3)}, {}, 13),
    ("Pad", (2, 3), {"p": ints(1, 2), "v": np.float32(0), "a": ints(-1)}, {}, 18),
    ("Pad", (2, 3), {"p": ints(0, 0, 0, 0)}, {"mode": "constant"}, 11),
    ("Gather", (4, 5), {"i": ints(3, 1, 2, -1, 0)}, {}, 13),
    ("Gather", (4, 5), {"i": ints(0, 2, 4, 1, 3, 1).reshape(2, 3)}, {"axis": 1}, 13),
    ("Gather", (8, 2), {"i": ints(0, 2, 5, 7, 7, 6)}, {}, 13),
    ("Gather", (4, 5), {"i": np.array(-2)}, {"axis": -1}, 13),
    ("Squeeze", (1, 3, 1), {}, {}, 13),
    ("Squeeze", (1, 3, 1), {"a": ints(-1)}, {}, 13),
    ("Squeeze", (1, 3, 1), {}, {"axes": [0]}, 11),
    ("Unsqueeze", (2, 3), {"a": ints(0, -1)}, {}, 13),
    ("Unsqueeze", (2, 3), {}, {"axes": [1]}, 11),
    ("ReduceMax", (2, 3, 4), {}, {"axes": [1, -1]}, 13),
    ("ReduceMean", (2, 3, 4), {}, {"axes": [1], "keepdims": 0}, 13),
    ("ReduceMean", (2, 3, 4), {"a": ints(1, 2)}, {}, 18),
    ("ReduceSum", (2, 3, 4), {}, {}, 13),
    ("ReduceSum", (2, 3, 4), {"a": ints()}, {"noop_with_empty_axes": 1}, 13),
    ("ReduceSum", (2, 3, 4), {"a": ints(-1)}, {"keepdims": 0}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3)}, {}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3), "b": draw(3)}, {"pads": [1, 2, 1, 2], "strides": [2, 1]}, 11),
    ("Conv", IMAGE, {"w": draw(6, 2, 2, 2)}, {"group": 2, "dilations": [2, 1], "kernel_shape": [2, 2]}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3)}, {"pads": [1, 0, 0, 2]}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3)}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3)}, {"auto_pad": "SAME_LOWER"}, 13),
    ("Conv", IMAGE, {"w": draw(3, 4, 2, 3)}, {"auto_pad": "VALID"}, 13),
    ("MaxPool", IMAGE, {}, {"kernel_shape": [2, 3], "strides": [2, 1]}, 12),
    ("MaxPool", IMAGE, {}, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, 12),
    ("MaxPool", IMAGE, {}, {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, 12),
    ("AveragePool", IMAGE, {}, {"kernel_shape": [2, 2]}, 11),
    ("AveragePool", IMAGE, {}, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, 11),
    ("AveragePool", IMAGE, {}, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, 11),
    ("AveragePool", IMAGE, {}, {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1], "count_include_pad": 1}, 11),
    ("GlobalAveragePool", IMAGE, {}, {}, 13),
    ("GlobalMaxPool", IMAGE, {}, {}, 13),
    ("Col2Im", (1, 8, 6), {"i": ints(3, 4), "b": ints(2, 2)}, {}, 18),
    ("BatchNormalization", IMAGE, {"s": draw(4), "b": draw(4), "m": draw(4), "v": draw(4) ** 2}, {}, 15),
    ("BatchNormalization", (2, 3), {"s": draw(3), "b": draw(3), "m": draw(3), "v": draw(3) ** 2}, {"epsilon": 0.1}, 15),
    ("LayerNormalization", (2, 3, 4), {"s": draw(4), "b": draw(4)}, {}, 17),
    ("LayerNormalization", (2, 3, 4), {"s": draw(3, 4)}, {"axis": 1, "epsilon": 0.1}, 17),
]

CHOOSERS = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
"""Ops of truths, which Where takes."""

ON_INTEGERS: dict[str, tuple[list[Any], dict[str, Any], Any]] = {
    "Gather": ([helper.make_node("Gather", ["w", "x"], ["y"], axis=1)], {"w": draw(2, 3)}, ints(2, 0)),
    "OneHot": (
        [helper.make_node("OneHot", ["x", "d", "v"], ["y"])], {"d": np.array(3), "v": np.float32([0, 1])}, ints(2, 0),
    ),
    "SoftmaxCrossEntropyLoss": (
        [helper.make_node("SoftmaxCrossEntropyLoss", ["w", "x"], ["y"], ignore_index=1)], {"w": draw(3, 3)}, ints(2, 1, 0),
    ),
}  # fmt: skip
"""Ops of an integer input: nodes, initializers, the input."""


def case_model(case: Case) -> Any:
    op, shape, stored, attributes, opset = case
    node = helper.make_node(op, ["x", *stored], ["y"], name=f"the {op}", **attributes)
    return model([node], shape, stored, opset)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[4]}")
def test_an_op_means_what_the_reference_says(case: Case, tmp_path: Path, float64: Any) -> None:
    made = case_model(case)
    check_against_reference(written(tmp_path, made), made, float64)


def test_every_op_that_is_read_has_a_case_and_every_case_an_op() -> None:
    tested = {case[0] for case in CASES} | {"Constant", "Where", *CHOOSERS, *ON_INTEGERS}
    assert not set(CONVERTERS) - tested, "converters without a case"
    assert not tested - set(CONVERTERS), "cases without a converter"


@pytest.mark.parametrize("op", CHOOSERS)
def test_a_comparison_chooses_as_the_reference_says(op: str, tmp_path: Path, float64: Any) -> None:
    nodes = [helper.make_node(op, ["x", "b"], ["t"]), helper.make_node("Where", ["t", "x", "c"], ["y"])]
    made = model(nodes, (2, 3), {"b": draw(2, 3) * np.float32([1, 0.5, 2]), "c": draw(3)}, 16)
    check_against_reference(written(tmp_path, made), made, float64)


@pytest.mark.parametrize("op", ON_INTEGERS)
def test_an_integer_input_is_an_input_of_integers(op: str, tmp_path: Path, float64: Any) -> None:
    nodes, stored, x = ON_INTEGERS[op]
    for elem, dtype in ((onnx.TensorProto.INT64, np.int64), (onnx.TensorProto.INT32, np.int32)):
        made = model(nodes, x.shape, stored, 13, elem)
        graph, params = load_onnx(written(tmp_path, made))
        assert dict(graph.integer_inputs) == {"x": x.shape}
        (expected,) = reference.ReferenceEvaluator(made).run(None, {"x": x.astype(dtype)})
        np.testing.assert_allclose(denote(graph, params, {"x": x}, float64)["y"], expected, rtol=1e-6)


def test_a_negative_pad_takes_elements_away(tmp_path: Path, float64: Any) -> None:
    made = model([helper.make_node("Pad", ["x", "p"], ["y"])], (3, 4), {"p": ints(-1, 2, 1, -1)}, 13)
    found = denote(*load_onnx(written(tmp_path, made)), {"x": draw(3, 4)}, float64)["y"]
    assert np.array_equal(found, np.pad(draw(3, 4)[1:, :-1], ((0, 1), (2, 0))))


def test_bounds_and_shapes_leave_no_node_behind(tmp_path: Path) -> None:
    bounds = {"a": np.float32(-0.5), "b": np.float32(0.25)}
    constants = [helper.make_node("Constant", [], [n], value=numpy_helper.from_array(np.array(v))) for n, v in bounds.items()]
    for nodes, stored in ((constants, {}), ([], bounds)):
        made = model([*nodes, helper.make_node("Clip", ["x", "a", "b"], ["y"])], (2,), stored)
        graph, params = load_onnx(written(tmp_path, made))
        assert [node.op for node in graph.nodes] == ["input", "clip"]
        assert params == {}


def test_regular_indices_are_one_slice(tmp_path: Path) -> None:
    made = model([helper.make_node("Gather", ["x", "i"], ["y"])], (9, 2), {"i": ints(1, 4, 7)})
    assert [node.op for node in load_onnx(written(tmp_path, made))[0].nodes] == ["input", "slice"]


def test_softmax_before_operator_set_13_runs_over_all_later_axes(tmp_path: Path, float64: Any) -> None:
    path = written(tmp_path, model([helper.make_node("Softmax", ["x"], ["y"])], (2, 3, 4), {}, 11))
    found = denote(*load_onnx(path), {"x": draw(2, 3, 4)}, float64)["y"]
    weights = np.exp(draw(2, 3, 4).astype(float))
    np.testing.assert_allclose(found, weights / weights.sum(axis=(1, 2), keepdims=True), rtol=1e-6)


@pytest.mark.parametrize(
    "attributes",
    [
        {"value": numpy_helper.from_array(draw(2, 3))},
        {"value": numpy_helper.from_array(np.array(0.25, np.float32))},
        {"value_float": 0.1},
        {"value_floats": [0.1, 2.0, 3.0]},
    ],
)
def test_a_constant_of_floats_is_a_constant(attributes: dict[str, Any], tmp_path: Path, float64: Any) -> None:
    nodes = [helper.make_node("Constant", [], ["c"], **attributes), helper.make_node("Mul", ["x", "c"], ["y"])]
    made = model(nodes, (2, 3), {})
    check_against_reference(written(tmp_path, made), made, float64)
    assert load_onnx(tmp_path / "model.onnx")[1] == {}


@pytest.mark.parametrize("attributes", [{"value_ints": [3, -1]}, {"value": numpy_helper.from_array(ints(3, 2))}])
def test_a_constant_of_integers_is_a_shape(attributes: dict[str, Any], tmp_path: Path, float64: Any) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], **attributes),
        helper.make_node("Identity", ["c"], ["d"]),
        helper.make_node("Reshape", ["x", "d"], ["y"]),
    ]
    made = model(nodes, (2, 3), {})
    check_against_reference(written(tmp_path, made), made, float64)


GEMM = helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first", transB=1)
RELU = helper.make_node("Relu", ["h"], ["y"], name="second")
NETWORK = {"w": draw(4, 3), "b": draw(4), "unread": draw(7)}


def test_initializers_become_parameters_and_names_become_labels(tmp_path: Path) -> None:
    graph, params = load_onnx(written(tmp_path, model([GEMM, RELU], ("N", 3), NETWORK)))
    assert [(node.op, node.label) for node in graph.nodes if node.inputs] == [("linear", "first"), ("relu", "second")]
    assert dict(graph.inputs) == {"x": (1, 3)}
    assert dict(graph.parameters) == {"w": (4, 3), "b": (4,)}
    assert list(graph.outputs) == ["y"]
    assert all(np.array_equal(params[name], NETWORK[name]) and params[name].dtype == np.float32 for name in "wb")


def test_the_open_first_dimension_is_the_batch(tmp_path: Path) -> None:
    for shape in (("N", 3), (None, 3)):
        path = written(tmp_path, model([GEMM, RELU], shape, NETWORK))
        assert dict(load_onnx(path, batch=5)[0].inputs) == {"x": (5, 3)}
    path = written(tmp_path, model([GEMM, RELU], (2, 3), NETWORK))
    assert dict(load_onnx(path, batch=5)[0].inputs) == {"x": (2, 3)}


def test_an_initializer_that_is_an_input_too_is_a_parameter(tmp_path: Path) -> None:
    made = model([GEMM, RELU], (1, 3), NETWORK)
    made.graph.input.append(helper.make_tensor_value_info("w", FLOAT, (4, 3)))
    assert list(load_onnx(written(tmp_path, made))[0].inputs) == ["x"]


def test_a_nameless_node_is_labelled_by_its_output(tmp_path: Path) -> None:
    path = written(tmp_path, model([helper.make_node("Relu", ["x"], ["y"])], (1,), {}))
    assert load_onnx(path)[0].nodes[-1].label == "y"


def test_a_packed_file_is_read_and_load_knows_both_names(tmp_path: Path) -> None:
    path = written(tmp_path, model([GEMM, RELU], (1, 3), NETWORK))
    packed = tmp_path / "model.onnx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert load(packed)[0] == load(path)[0] == load_onnx(path)[0]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_every_op_that_is_not_read_is_told_at_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Ceil", ["x"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
        helper.make_node("Floor", ["b"], ["y"], name="three"),
    ]
    with pytest.raises(UnsupportedError, match=r"model\.onnx: not read: Ceil \('one'\), Floor \('three'\); .*Relu"):
        load_onnx(written(tmp_path, model(nodes, (2,), {})))


def test_an_op_of_another_operator_set_is_not_ours(tmp_path: Path) -> None:
    made = model([helper.make_node("Relu", ["x"], ["y"], name="r", domain="com.example")], (2,), {})
    made.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(UnsupportedError, match=r"Relu \('r'\)"):
        load_onnx(written(tmp_path, made))


def outside() -> Any:
    made = model([GEMM, RELU], (1, 3), NETWORK)
    onnx.external_data_helper.set_external_data(made.graph.initializer[0], "../../secret")
    made.graph.initializer[0].ClearField("raw_data")
    return made


def outside_constant() -> Any:
    tensor = numpy_helper.from_array(draw(3), "c")
    onnx.external_data_helper.set_external_data(tensor, "../../secret")
    tensor.ClearField("raw_data")
    nodes = [helper.make_node("Constant", [], ["c"], value=tensor), helper.make_node("Add", ["x", "c"], ["y"])]
    return model(nodes, (3,), {})


def twice() -> Any:
    made = model([GEMM, RELU], (1, 3), NETWORK)
    made.graph.initializer.append(numpy_helper.from_array(2 * draw(4, 3), "w"))
    return made


def node(op: str, *inputs: str, **attributes: Any) -> list[Any]:
    return [helper.make_node(op, ["x", *inputs], ["y"], name="it", **attributes)]


Refusal = tuple[Any, type[FpsemError], str]

STEPS = {"s": ints(2), "e": ints(0), "a": ints(0), "k": ints(-1)}
WINDOW = {"kernel_shape": [2, 2]}
STATISTICS = {"s": draw(4), "b": draw(4), "m": draw(4), "v": draw(4) ** 2}
INT64 = onnx.TensorProto.INT64
TEXT, INTEGER = (
    helper.make_node("Constant", [], ["y"], **value) for value in ({"value_string": "a"}, {"value_int": 3})
)

BAD_TENSORS: dict[str, Refusal] = {
    "float64": (model([GEMM, RELU], (1, 3), NETWORK | {"w": draw(4, 3).astype("d")}), PayloadError, "'w'.* float64"),
    "float16": (model([GEMM, RELU], (1, 3), NETWORK | {"b": draw(4).astype("e")}), PayloadError, "'b'.* float16"),
    "integers": (model(node("Add", "b"), (3,), {"b": ints(1, 2, 3)}), PayloadError, "'b'.* int64, but Add"),
    "float64 input": (model(node("Relu"), (3,), {}, elem=onnx.TensorProto.DOUBLE), PayloadError, "input 'x'"),
    "integer output": (model([INTEGER], (3,), {}), PayloadError, "'y' has dtype int64"),
    "outside": (outside(), UnsupportedError, "data of w lies outside the file"),
    "outside constant": (outside_constant(), UnsupportedError, "data of c lies outside the file"),
    "text": (model([TEXT], (3,), {}), UnsupportedError, r"Constant \('y'\): only tensors and numbers"),
}
NOT_READ: dict[str, Refusal] = {
    "open width": (model(node("Relu"), (1, "W"), {}), UnsupportedError, "input 'x': its shape is open"),
    "old operators": (model(node("Relu"), (3,), {}, opset=6), UnsupportedError, "operator set 6; 7 is the oldest"),
    "steps": (model(node("Slice", *STEPS), (3,), STEPS), UnsupportedError, r"Slice \('it'\): steps \[-1\]; only pos"),
    "late shape": (model(node("Reshape", "x"), (3,), {}), UnsupportedError, r"Reshape \('it'\): the shape must be"),
}
TWO_OUTPUTS = [helper.make_node("MaxPool", ["x"], ["h", "i"], name="it", **WINDOW), helper.make_node("Relu", ["i"], ["y"])]
LAYERS: dict[str, Refusal] = {
    "1-d conv": (model(node("Conv", "w"), (1, 2, 5), {"w": draw(3, 2, 2)}), UnsupportedError, r"Conv \('it'\): .*only images"),
    "ceil": (model(node("MaxPool", **WINDOW, strides=[2, 2], ceil_mode=1), IMAGE, {}), UnsupportedError, "'it'.: ceil_mode"),
    "uneven maximum": (model(node("MaxPool", **WINDOW, pads=[1, 0, 0, 0]), IMAGE, {}), UnsupportedError, "equal ones only"),
    "uneven mean": (model(node("AveragePool", **WINDOW, pads=[1, 0, 0, 0]), IMAGE, {}), UnsupportedError, "equal ones only"),
    "dilated": (model(node("MaxPool", **WINDOW, dilations=[2, 1]), IMAGE, {}), UnsupportedError, "dilations other than 1"),
    "deep pads": (model(node("AveragePool", **WINDOW, pads=[2, 2, 2, 2]), IMAGE, {}), UnsupportedError, "half the kernel"),
    "places": (model(TWO_OUTPUTS, IMAGE, {}, elem=FLOAT), UnsupportedError, r"MaxPool \('it'\): only its first output"),
    "training": (
        model(node("BatchNormalization", *STATISTICS, training_mode=1), IMAGE, STATISTICS, 15),
        UnsupportedError, r"BatchNormalization \('it'\): training_mode",
    ),
    "dropping": (
        model(node("Dropout", "r", "t"), (3,), {"r": np.float32(0.5), "t": np.array(True)}),
        UnsupportedError, r"Dropout \('it'\): training_mode",
    ),
    "filled": (model(node("Pad", "p", "v"), (3,), {"p": ints(1, 1), "v": np.float32(2)}), UnsupportedError, "constant \\+0"),
    "mirrored": (model(node("Pad", "p", mode="reflect"), (3,), {"p": ints(1, 1)}), UnsupportedError, "mode 'reflect'"),
    "scattered": (
        model(node("Gather", "i"), (3,), {"i": np.tile(ints(2, 1), 5000)}), UnsupportedError, "5001 runs; at most 4096",
    ),
    "index": (model(node("Gather", "i"), (3,), {"i": ints(1, 3)}), FileFormatError, r"'it' \(Gather\): indices \[1, 3\]"),
    "integer sum": (model(node("Add", "x"), (3,), {}, elem=INT64), UnsupportedError, r"Add \('it'\): it is read for scalars"),
    "condition": (model(node("Where", "x", "x"), (3,), {}, elem=FLOAT), UnsupportedError, r"Where \('it'\): the condition"),
}  # fmt: skip
ILL_FORMED: dict[str, Refusal] = {
    "no shape": (model(node("Relu"), None, {}), FileFormatError, "'shape' of 'type' is required"),
    "twice": (twice(), FileFormatError, "w initializer name is not unique"),
    "undefined": (model(node("Add", "b"), (3,), {}), FileFormatError, "input 'b' of node"),
    "shapes": (model(node("Add", "b"), (3,), {"b": draw(2)}), FileFormatError, r"'it' \(Add\): .*do not broadcast"),
    "weights": (model([GEMM, RELU], (1, 4), NETWORK), FileFormatError, r"'first' \(Gemm\): .*has 4 features"),
    "0 kept": (model(node("Reshape", "s"), (3,), {"s": ints(3, 0)}), FileFormatError, "does not have"),
    "axis": (model(node("Flatten", axis=3), (3,), {}), FileFormatError, "axis 3 does not exist"),
    "no axis": (model(node("Slice", "s", "e", "a"), (3,), {**STEPS, "a": ints(1)}), FileFormatError, r"not \[1\]"),
}
REFUSED = BAD_TENSORS | NOT_READ | LAYERS | ILL_FORMED


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_read_is_refused_by_name(case: str, tmp_path: Path) -> None:
    made, error, told = REFUSED[case]
    with pytest.raises(error, match=rf"model\.onnx: .*({told})"):
        load_onnx(written(tmp_path, made))


def test_a_missing_library_is_told_with_its_extra(tmp_path: Path, monkeypatch: Any) -> None:
    path = written(tmp_path, model([GEMM, RELU], (1, 3), NETWORK))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"fpsem\[onnx\]"):
        load_onnx(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.onnx"):
        load(tmp_path / "none.onnx")


# -- hostile files -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


WHOLE = model([GEMM, RELU], (1, 3), NETWORK).SerializeToString()


def test_a_file_that_is_cut_short_is_refused(one_folder: Path) -> None:
    path = one_folder / "cut.onnx"
    for cut in range(len(WHOLE) - 1):
        path.write_bytes(WHOLE[:cut])
        with pytest.raises(FpsemError, match=r"cut\.onnx"):
            load_onnx(path)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), min_size=1, max_size=3))
def test_flipped_bytes_give_a_model_or_a_refusal(one_folder: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, flip in flips:
        data[at] ^= flip
    path = one_folder / "flipped.onnx"
    path.write_bytes(data)
    try:
        graph, params = load_onnx(path)
        assert {name: array.shape for name, array in params.items()} == dict(graph.parameters)
    except FpsemError as error:
        if "flipped.onnx" not in str(error):
            raise


@given(st.binary(max_size=200))
def test_any_bytes_give_a_refusal(one_folder: Path, data: bytes) -> None:
    path = one_folder / "any.onnx"
    path.write_bytes(data)
    with pytest.raises(FpsemError, match=r"any\.onnx"):
        load_onnx(path)
