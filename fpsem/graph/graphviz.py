"""A graph in the DOT language, for Graphviz to draw.

Source: the DOT language reference of Graphviz.
"""

from __future__ import annotations

import json

from fpsem.graph.ir import Graph, Node

_FILL = {True: "lightblue", False: "white"}


def to_dot(graph: Graph) -> str:
    """DOT source: a box for each node with its op, name and shape; leaves are filled, outputs have a double border."""
    outputs = {index: name for name, index in graph.outputs.items()}
    lines = ["digraph fpsem {", "  rankdir=TB;", '  node [shape=box, style=filled, fontname="sans-serif"];']
    for index, node in enumerate(graph.nodes):
        fill = _FILL[graph.op(index).is_leaf]
        border = 2 if index in outputs else 1
        lines.append(f"  n{index} [label={json.dumps(_label(node, outputs.get(index)))}, fillcolor={fill}, peripheries={border}];")
        lines += [f"  n{i} -> n{index};" for i in node.inputs]
    return "\n".join([*lines, "}"])


def _label(node: Node, output: str | None) -> str:
    names = [str(node.attributes.get("name", "")), node.label, f"output {output}" if output else ""]
    return "\n".join([node.op, *filter(None, names), "x".join(map(str, node.shape)) or "scalar"])
