"""A graph as text, one node a line, and back again: ``parse_graph(print_graph(g)) == g``.

    %0 = input() {"name": "x", "shape": [1, 2]} : [1, 2]
    %1 = relu(%0) : [1, 2]  # 0.ReLU
    return {"y": 1}

After ``#`` comes the node's label, written as the inside of a JSON string.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fpsem.core.errors import GraphError
from fpsem.graph.ir import Graph, Node

_LINE = re.compile(r"%(\d+) = (\w+)\(((?:%\d+(?:, )?)*)\)(?: (\{.*\}))? : (\[[\d, ]*\])(?:  # (.*))?")


def print_graph(graph: Graph) -> str:
    """One line for each node, then the outputs."""
    lines = [_print_node(index, node) for index, node in enumerate(graph.nodes)]
    return "\n".join([*lines, f"return {json.dumps(dict(graph.outputs))}"])


def _print_node(index: int, node: Node) -> str:
    inputs = ", ".join(f"%{i}" for i in node.inputs)
    attributes = f" {json.dumps(dict(node.attributes))}" if node.attributes else ""
    label = f"  # {json.dumps(node.label)[1:-1]}" if node.label else ""
    return f"%{index} = {node.op}({inputs}){attributes} : {json.dumps(list(node.shape))}{label}"


def parse_graph(text: str) -> Graph:
    """Read what ``print_graph`` wrote. Raises GraphError that names the line."""
    *lines, last = [line.lstrip() for line in text.splitlines() if line.strip()] or [""]
    if not last.startswith("return "):
        raise GraphError(f"the last line must be 'return {{...}}', not {last!r}")
    outputs = _json(last.removeprefix("return "))
    if not isinstance(outputs, dict):
        raise GraphError(f"the outputs are not an object: {last!r}")
    return Graph(tuple(_parse_node(number, line) for number, line in enumerate(lines)), outputs)


def _parse_node(number: int, line: str) -> Node:
    match = _LINE.fullmatch(line)
    if match is None or int(match[1]) != number:
        raise GraphError(f"line {number + 1} is not node %{number}: {line!r}")
    _, op, inputs, attributes, shape, label = match.groups()
    indices = tuple(int(i) for i in re.findall(r"\d+", inputs))
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in _json(attributes or "{}").items()}
    return Node(op, indices, plain, tuple(_json(shape)), _json(f'"{label or ""}"'))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise GraphError(f"not JSON: {text!r}") from None
