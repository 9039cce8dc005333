"""A graph in the DOT language, for Graphviz to draw.

Source: the DOT language reference of Graphviz.
"""

from __future__ import annotations

import json

from fpsem.graph.ir import Graph, Node

_FILL = {True: "lightblue", False: "white"}


def to_dot(graph: Graph) -> str:
    """DOT source: a box for each node with its op, name and shape; leaves are filled, outputs have a double border."""
    lines = ["digraph fpsem {", "  rankdir=TB;", '  node [shape=box, style=filled, fontname="sans-serif"];']
    for index, node in enumerate(graph.nodes):
        outputs = [name for name, i in graph.outputs.items() if i == index]
        label = json.dumps(_label(node, outputs), ensure_ascii=False)
        fill, border = _FILL[graph.op(index).is_leaf], 2 if outputs else 1
        lines.append(f"  n{index} [label={label}, fillcolor={fill}, peripheries={border}];")
        lines += [f"  n{i} -> n{index};" for i in node.inputs]
    return "\n".join([*lines, "}"])


def _label(node: Node, outputs: list[str]) -> str:
    names = [str(node.attributes.get("name", "")), node.label, *(f"output {name}" for name in outputs)]
    return "\n".join([node.op, *filter(None, names), "x".join(map(str, node.shape)) or "scalar"])
