"""The layers of an ONNX model, and how ONNX Runtime adds in each kind: a model of one layer as a black box.

A layer is a product of rows with a stored matrix, with or without a stored bias. Its black box has a term for each product and
one for the bias; weights are stored, as in the model, because the runtime packs stored weights and then adds otherwise.

Source: https://onnx.ai/onnx/operators/, MatMul, Gemm and Add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fpsem.core.errors import FileFormatError, MissingExtraError
from fpsem.discover import _onnx_boxes
from fpsem.discover.box import BlackBox, Vector
from fpsem.discover.revealing import Revealed, reveal_box
from fpsem.graph.ir import Graph
from fpsem.graph.simplify import simplified
from fpsem.graph.trace import Recorder, Tensor

_SESSIONS = 64
"""Models of one layer that are kept: probes ask a few of them again and again."""


@dataclass(frozen=True)
class Layer:
    """One kind of layer.

    Args:
        op: "MatMul" or "Gemm"; a MatMul with a bias is followed by Add.
        rows: m of the product (m, k) x (k, p).
        k: its products.
        columns: its p.
        has_bias: whether a bias is added.
        is_transposed: whether a Gemm reads its weights as (p, k).
    """

    op: str
    rows: int
    k: int
    columns: int
    has_bias: bool
    is_transposed: bool = False

    @property
    def shape(self) -> tuple[int, int, int, bool]:
        """What a graph shows of it."""
        return self.rows, self.k, self.columns, self.has_bias

    @property
    def terms(self) -> int:
        """Terms of one output."""
        return self.k + self.has_bias

    def __str__(self) -> str:
        bias = " + bias" if self.has_bias else ""
        return f"{self.op} ({self.rows}, {self.k}) x ({self.k}, {self.columns}){bias}"

    def model(self, weight: Any, bias: Any) -> bytes:
        """The model of one layer; the weight is (k, p)."""
        joined = self.op == "Gemm"
        node, nodes = _onnx_boxes.node, []
        if joined:
            names = ["x", "w", "b"] if self.has_bias else ["x", "w"]
            nodes = [node("Gemm", names, transB=int(self.is_transposed))]
        else:
            nodes = [node("MatMul", ["x", "w"], "t" if self.has_bias else "y")]
            nodes += [node("Add", ["t", "b"])] if self.has_bias else []
        stored = {"w": weight.T if joined and self.is_transposed else weight, **({"b": bias} if self.has_bias else {})}
        return _onnx_boxes.model_of(nodes, {"x": (self.rows, self.k)}, (self.rows, self.columns), stored)


def layer_box(layer: Layer, optimisation: str) -> BlackBox:
    """The black box: every output of a layer whose rows are equal and whose columns are equal."""

    @lru_cache(maxsize=_SESSIONS)
    def session(weights: bytes, bias: bytes) -> Any:
        column = np.frombuffer(weights, np.float32)
        weight = np.repeat(column[:, None], layer.columns, axis=1)
        return _onnx_boxes.session(layer.model(weight, np.repeat(np.frombuffer(bias, np.float32), layer.columns)), optimisation)

    def call(a: Vector, b: Vector) -> Any:
        bias = a[layer.k :] * b[layer.k :]
        rows = np.repeat(a[None, : layer.k], layer.rows, axis=0)
        return session(b[: layer.k].tobytes(), bias.tobytes()).run(None, {"x": rows})[0]

    facts = (("onnxruntime", _onnx_boxes.load_runtime().__version__), ("threads", 1), ("optimisation", optimisation))
    return BlackBox(f"onnxruntime {layer}", layer.terms, call, 2, layer.rows * layer.columns, facts=facts)


def reveal_layer(layer: Layer, optimisation: str = "all", vectors: int = 20) -> Revealed:
    """How the runtime adds in a layer."""
    return reveal_box(layer_box(layer, optimisation), vectors)


def joined(graph: Graph, model: bytes) -> tuple[Graph, tuple[Layer, ...]]:
    """The graph with each product by a parameter and the bias added to it as one ``linear``, and the kinds of its layers.

    No value changes in any domain: ``linear`` is that product, to which the bias is added last.

    Args:
        graph: as ``fpsem.load`` gives it.
        model: the file that it came from.
    """
    ops, sums = _op_types(model), _biased_products(graph)
    products = {product for product, _ in sums.values()}
    recorder, made, layers = Recorder(), dict[int, Tensor](), dict[Layer, None]()
    for index, node in enumerate(graph.nodes):
        inputs = tuple(made[i] for i in node.inputs)
        if index in sums:
            product, bias = sums[index]
            x, weight = (made[i] for i in graph.nodes[product].inputs)
            layers[_layer(graph, product, True, ops)] = None
            made[index] = recorder.apply("linear", (x, recorder.apply("transpose", (weight,), {}), made[bias]), {}, node.label)
            continue
        if index not in products and _is_layer(graph, index):
            layers[_layer(graph, index, len(inputs) == 3, ops)] = None
        made[index] = recorder.apply(node.op, inputs, node.attributes, node.label)
    return simplified(recorder.nodes, {name: made[i].handle for name, i in graph.outputs.items()}), tuple(layers)


def _biased_products(graph: Graph) -> dict[int, tuple[int, int]]:
    """For each addition of a bias to a product that nothing else reads: that product, and the parameter that is the bias."""
    uses = Counter(i for node in graph.nodes for i in node.inputs) + Counter(graph.outputs.values())
    found = {}
    for index, node in enumerate(graph.nodes):
        for product, other in (node.inputs, node.inputs[::-1]) if node.op == "add" else ():
            bias = _source(graph, other)
            is_one = graph.nodes[product].op == "matmul" and _is_layer(graph, product) and uses[product] == 1
            if is_one and graph.nodes[bias].op == "parameter" and graph.nodes[bias].shape == node.shape[-1:]:
                found[index] = (product, bias)
    return found


def _source(graph: Graph, index: int) -> int:
    """What a node repeats, or itself."""
    node = graph.nodes[index]
    return node.inputs[0] if node.op == "broadcast_to" else index


def _is_layer(graph: Graph, index: int) -> bool:
    """Whether a node is a product of rows with a parameter."""
    node = graph.nodes[index]
    if node.op not in ("linear", "matmul") or graph.nodes[node.inputs[1]].op != "parameter":
        return False
    return len(graph.nodes[node.inputs[0]].shape) == 2


def _layer(graph: Graph, index: int, has_bias: bool, ops: Mapping[str, str]) -> Layer:
    """The kind of a product; the file says whether it is a Gemm or a MatMul."""
    node = graph.nodes[index]
    (rows, k), columns = graph.nodes[node.inputs[0]].shape, node.shape[-1]
    is_transposed = node.op == "linear"
    return Layer(ops.get(node.label, "Gemm" if is_transposed else "MatMul"), rows, k, columns, has_bias, is_transposed)


def _op_types(model: bytes) -> dict[str, str]:
    """The op type of each product of the file, by the label that its node has in the graph."""
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx", "onnx") from None
    try:
        nodes = onnx.load_model_from_string(model).graph.node
    except Exception as error:
        raise FileFormatError(f"not an ONNX model: {error}") from None
    return {n.name or n.output[0]: n.op_type for n in nodes if n.op_type in ("Gemm", "MatMul")}
