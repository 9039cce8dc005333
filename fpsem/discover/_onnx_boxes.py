"""ONNX Runtime as black boxes: one node in a model of its own, run on the CPU with one thread.

Optimisation is a choice of the session and changes the function: with it on, neighbouring nodes are fused and convolutions
take another layout.

Source: the ONNX Runtime Python API, ``SessionOptions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fpsem.core.errors import MissingExtraError, UnknownNameError
from fpsem.discover.box import BlackBox, Vector

_OPSET, _IR = 13, 7
OPTIMISATION = {"all": "ORT_ENABLE_ALL", "off": "ORT_DISABLE_ALL"}
"""The session's choices, by the words used here; "all" is ONNX Runtime's own default."""


def load_runtime() -> Any:
    """The module onnxruntime. Raises MissingExtraError where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", "onnxruntime") from None
    return onnxruntime


def session(model: bytes, optimisation: str = "all") -> Any:
    """A session on the CPU with one thread. Raises MissingExtraError, or UnknownNameError for the optimisation."""
    if optimisation not in OPTIMISATION:
        raise UnknownNameError("optimisation", optimisation, OPTIMISATION)
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, OPTIMISATION[optimisation])
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def model_of(
    nodes: Sequence[Any], inputs: Mapping[str, Sequence[int]], output: Sequence[int], stored: Mapping[str, Any] | None = None
) -> bytes:
    """A model of a few nodes, as bytes.

    Args:
        nodes: made by ``node``; the last one gives "y".
        inputs: the shape of each input, by name.
        output: the shape of "y".
        stored: the initializers.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "onnx") from None
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in inputs.items()]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, list(output))
    held = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in (stored or {}).items()]
    graph = helper.make_graph(list(nodes), "box", described, [result], held)
    opset = [helper.make_opsetid("", _OPSET)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString())


def node(op: str, inputs: Sequence[str], output: str = "y", **attributes: Any) -> Any:
    """A node. Raises MissingExtraError where onnx is not installed."""
    try:
        from onnx import helper
    except ImportError:
        raise MissingExtraError("onnx", "onnx") from None
    return helper.make_node(op, list(inputs), [output], **attributes)


def _product(op: str, n: int, shape: tuple[int, int], element: tuple[int, int]) -> Callable[..., Any]:
    """MatMul or Gemm of two inputs, one element of the result."""
    (m, p), (i, j) = shape, element
    a, b = np.ones((m, n), np.float32), np.ones((n, p), np.float32)
    run = session(model_of([node(op, "ab")], {"a": (m, n), "b": (n, p)}, (m, p))).run

    def call(row: Vector, column: Vector) -> Any:
        a[i], b[:, j] = row, column
        return run(None, {"a": a, "b": b})[0][i, j]

    return call


def _sum(n: int) -> Callable[..., Any]:
    run = session(model_of([node("ReduceSum", "a", keepdims=0)], {"a": (n,)}, ())).run
    return lambda x: run(None, {"a": x})[0]


def _convolution(n: int) -> Callable[..., Any]:
    """One row of n places under a kernel as long."""
    shape = (1, 1, 1, n)
    run = session(model_of([node("Conv", "ab")], {"a": shape, "b": shape}, (1, 1, 1, 1))).run
    return lambda x, kernel: run(None, {"a": x.reshape(shape), "b": kernel.reshape(shape)})[0]


PRODUCTS = ("onnxruntime.Gemm", "onnxruntime.MatMul")
TARGETS = ("onnxruntime.Conv", *PRODUCTS, "onnxruntime.ReduceSum")


def box(name: str, n: int, shape: tuple[int, int], element: tuple[int, int]) -> BlackBox:
    """A target by its name; n terms."""
    facts: tuple[tuple[str, Any], ...] = (("onnxruntime", load_runtime().__version__), ("threads", 1), ("optimisation", "all"))
    if name in PRODUCTS:
        facts += (("product", f"({shape[0]}, {n}) x ({n}, {shape[1]})"), ("element", str(element)))
        return BlackBox(name, n, _product(name.rpartition(".")[2], n, shape, element), 2, facts=facts)
    if name == "onnxruntime.ReduceSum":
        return BlackBox(name, n, _sum(n), facts=facts)
    return BlackBox(name, n, _convolution(n), 2, facts=facts)
