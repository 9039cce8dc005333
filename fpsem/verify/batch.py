"""One graph for many inputs: a graph of a single row rewritten for n rows, where its ops keep rows apart.

Guarantees: row i of every node of the new graph is that node of the old one on row i alone, by the ops' own meanings: each op
here works row by row along the first axis. A graph with any other use of that axis is not rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fpsem.core.errors import FpsemError
from fpsem.graph.ir import Graph, Node, make_node
from fpsem.graph.op import Shape, Sort

_ELEMENTWISE = {
    "abs", "add", "clip", "div", "erf", "exp", "expm1", "gelu", "log", "log1p", "maximum", "minimum", "mul", "neg", "relu",
    "sigmoid", "silu", "softplus", "sqrt", "sub", "tanh",
}  # fmt: skip
_ROWS_FIRST = {"avg_pool2d", "conv2d", "linear", "max_pool2d", "unfold"}
"""Ops whose first input holds rows and whose others are shared by them."""


def batched(graph: Graph, rows: int) -> Graph | None:
    """The graph for so many rows, with the same node indices; None where it does not keep its first axis for rows."""
    if rows == 1:
        return graph
    nodes: list[Node] = []
    moving: set[int] = set()
    for index, node in enumerate(graph.nodes):
        depends = [i in moving for i in node.inputs]
        if node.op != "input" and not any(depends):
            nodes.append(node)
            continue
        attributes = _attributes(graph, node, depends, rows)
        if attributes is None or node.shape[:1] != (1,):
            return None
        try:
            made = make_node(node.op, node.inputs, *_operands(nodes, graph, node), attributes, node.label, index)
        except FpsemError:
            return None
        if made.shape != (rows, *node.shape[1:]):
            return None
        moving.add(index)
        nodes.append(made)
    return Graph(tuple(nodes), graph.outputs)


def _operands(nodes: list[Node], graph: Graph, node: Node) -> tuple[tuple[Shape, ...], tuple[Sort, ...]]:
    return tuple(nodes[i].shape for i in node.inputs), tuple(graph.op(i).sort for i in node.inputs)


def _attributes(graph: Graph, node: Node, depends: list[bool], rows: int) -> Mapping[str, Any] | None:
    """The op's attributes for so many rows; None where it does not keep rows apart."""
    given: dict[str, Any] = dict(node.attributes)
    first_only = depends[:1] == [True] and not any(depends[1:])
    if node.op == "input":
        return {**given, "shape": (rows, *given["shape"][1:])}
    if node.op in _ELEMENTWISE:
        return given if all(depends) else None
    if node.op in _ROWS_FIRST:
        return given if first_only else None
    if node.op == "matmul":
        return given if first_only and len(graph.nodes[node.inputs[1]].shape) == 2 else None
    if node.op == "reshape":
        return {**given, "shape": (rows, *given["shape"][1:])} if given["shape"][:1] in ((1,), (-1,)) else None
    if node.op == "transpose":
        return given if given["axes"] and given["axes"][0] == 0 else None
    return None
