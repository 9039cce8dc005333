"""The layers of an ONNX model, and how ONNX Runtime adds in each kind: a model of one layer as a black box.

A layer is a product of rows with a stored matrix, with or without a stored bias. Its black box has a term for each product and
one for the bias; weights are stored, as in the model, because the runtime packs stored weights and then adds otherwise.

Source: https://onnx.ai/onnx/operators/, MatMul, Gemm and Add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fpsem.core.errors import MissingExtraError
from fpsem.discover import _onnx_boxes
from fpsem.discover.box import BlackBox, Vector
from fpsem.discover.revealing import Revealed, reveal_box
from fpsem.graph.ir import Graph, Node
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
    """
    ops = _op_types(model)
    recorder, made, layers = Recorder(), dict[int, Tensor](), dict[Layer, None]()
    for index, node in enumerate(graph.nodes):
        made[index] = _record(recorder, graph, node, made, lambda layer: layers.setdefault(layer), ops)
    outputs = {name: made[i].handle for name, i in graph.outputs.items()}
    return simplified(recorder.nodes, outputs), tuple(layers)


def _record(
    recorder: Recorder,
    graph: Graph,
    node: Node,
    made: Mapping[int, Tensor],
    note: Callable[[Layer], None],
    ops: Mapping[str, str],
) -> Tensor:
    """A node again; a product is noted when it is met with its bias, or when no bias follows."""
    if node.op == "add":
        for product, other in (node.inputs, node.inputs[::-1]):
            bias = _bias(graph, other)
            if _is_product(graph, product) and bias is not None and _uses(graph, product) == 1:
                x, weight = graph.nodes[product].inputs
                note(_layer(graph, graph.nodes[product], True, ops))
                with_rows = recorder.apply("transpose", (made[weight],), {})
                return recorder.apply("linear", (made[x], with_rows, made[bias]), {}, node.label)
    if node.op == "linear" and graph.nodes[node.inputs[1]].op == "parameter":
        note(_layer(graph, node, len(node.inputs) == 3, ops))
    elif node.op == "matmul" and _is_product(graph, graph.nodes.index(node)) and not _is_joined(graph, graph.nodes.index(node)):
        note(_layer(graph, node, False, ops))
    return recorder.apply(node.op, tuple(made[i] for i in node.inputs), node.attributes, node.label)
