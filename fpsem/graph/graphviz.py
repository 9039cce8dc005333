"""A graph in the DOT language, for Graphviz to draw.

Source: the DOT language reference of Graphviz.
"""

from __future__ import annotations

import json

from fpsem.graph.ir import Graph

_FILL = {True: "lightblue", False: "white"}


def to_dot(graph: Graph) -> str:
    """DOT source: a box for each node with its op, name and shape; leaves are filled, outputs have a double border."""
    drawn = set(graph.outputs.values())
    lines = ["digraph fpsem {", "  rankdir=TB;", '  node [shape=box, style=filled, fontname="sans-serif"];']
    for index, node in enumerate(graph.nodes):
        label = json.dumps("\n".join(node_lines(graph, index)), ensure_ascii=False)
        fill, border = _FILL[graph.op(index).is_leaf], 2 if index in drawn else 1
        lines.append(f"  n{index} [label={label}, fillcolor={fill}, peripheries={border}];")
        lines += [f"  n{i} -> n{index};" for i in node.inputs]
    return "\n".join([*lines, "}"])


def node_lines(graph: Graph, index: int) -> list[str]:
    """What a drawing says in a node's box: its op; its name, its label and the outputs that it is; its shape last."""
    node = graph.nodes[index]
    outputs = [f"output {name}" for name, i in graph.outputs.items() if i == index]
    names = [str(node.attributes.get("name", "")), node.label, *outputs]
    return [node.op, *filter(None, names), "x".join(map(str, node.shape)) or "scalar"]
