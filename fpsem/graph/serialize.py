"""A graph as JSON, format ``fpsem.ir.v1``, and back: exact, since its numbers are integers or hexadecimal floats.

Reading checks everything: a file that is not what it says raises FileFormatError, never a half-made graph.
"""

from __future__ import annotations

from typing import Any

from fpsem.core.errors import FileFormatError, FpsemError
from fpsem.graph.ir import Graph, Node

FORMAT = "fpsem.ir.v1"


def to_json(graph: Graph) -> dict[str, Any]:
    """A plain dictionary for ``json.dumps``."""
    return {"format": FORMAT, "nodes": [_node_to_json(node) for node in graph.nodes], "outputs": dict(graph.outputs)}


def _node_to_json(node: Node) -> dict[str, Any]:
    attributes = {k: list(v) if isinstance(v, tuple) else v for k, v in node.attributes.items()}
    optional = {"attributes": attributes} if attributes else {}
    label = {"label": node.label} if node.label else {}
    return {"op": node.op, "inputs": list(node.inputs), **optional, "shape": list(node.shape), **label}


def from_json(data: Any) -> Graph:
    """The inverse of ``to_json``. Raises FileFormatError that says what is wrong and where."""
    _require(isinstance(data, dict) and data.get("format") == FORMAT, f"not a graph of format {FORMAT!r}")
    _require(isinstance(data.get("nodes"), list), "'nodes' is not a list")
    _require(isinstance(data.get("outputs"), dict), "'outputs' is not an object")
    nodes = tuple(_node_from_json(index, item) for index, item in enumerate(data["nodes"]))
    try:
        return Graph(nodes, data["outputs"])
    except FpsemError as error:
        raise FileFormatError(str(error)) from error


def _node_from_json(index: int, item: Any) -> Node:
    where = f"node %{index}"
    _require(isinstance(item, dict) and isinstance(item.get("op"), str), f"{where} is not an object with an 'op'")
    for key in ("inputs", "shape"):
        _require(_are_integers(item.get(key)), f"{where}: {key!r} is not a list of integers")
    attributes, label = item.get("attributes", {}), item.get("label", "")
    _require(isinstance(attributes, dict), f"{where}: 'attributes' is not an object")
    _require(isinstance(label, str), f"{where}: 'label' is not a string")
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in attributes.items()}
    return Node(item["op"], tuple(item["inputs"]), plain, tuple(item["shape"]), label)


def _are_integers(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) is int for v in value)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise FileFormatError(message)
