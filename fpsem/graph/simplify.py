"""Graphs without what they do not need: nodes that no output reads, and nodes that say the same again.

Every value that is left is computed as before, by the same operations in the same order, so nothing changes in any domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fpsem.graph.ir import Graph, Node
from fpsem.graph.ops import op_named


def simplified(nodes: Sequence[Node], outputs: Mapping[str, int]) -> Graph:
    """The graph of the leaves, and of one node for each value that the outputs depend on.

    Args:
        nodes: in an order in which inputs come first.
        outputs: node index by output name.
    """
    needed = _needed(nodes, outputs.values())
    kept: list[Node] = []
    known: dict[object, int] = {}
    place: dict[int, int] = {}
    for index in needed:
        node = nodes[index]
        inputs = tuple(place[i] for i in node.inputs)
        says = (node.op, inputs, tuple(node.attributes.items()))
        if says not in known:
            known[says] = len(kept)
            kept.append(Node(node.op, inputs, node.attributes, node.shape, node.label))
        place[index] = known[says]
    return Graph(tuple(kept), {name: place[index] for name, index in outputs.items()})


def _needed(nodes: Sequence[Node], outputs: Iterable[int]) -> list[int]:
    """The indices of the leaves and of what the outputs depend on, in order."""
    wanted = set(outputs)
    for index in range(len(nodes) - 1, -1, -1):
        if index in wanted:
            wanted.update(nodes[index].inputs)
    return [index for index, node in enumerate(nodes) if index in wanted or op_named(node.op).is_leaf]
