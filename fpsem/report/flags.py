"""Which exceptions a model raises, and at which node: the status flags of one bit-exact run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import Interpreter, named_inputs
from fpsem.graph.ir import Graph
from fpsem.softfloat.raised import Raised, names


@dataclass(frozen=True)
class NodeFlags:
    """The exceptions of one node.

    Args:
        node: its index.
        name: its readable name.
        op: its op.
        flags: by the standard's names.
    """

    node: int
    name: str
    op: str
    flags: tuple[str, ...]


def raised_flags(
    graph: Graph, payload: Mapping[str, Any], inputs: Any, schedule: Schedule | str = Sequential()
) -> list[NodeFlags]:
    """The nodes that raise an exception, in order, in binary32 to nearest even.

    What depends on no input or parameter is computed beforehand, and its exceptions are not told.

    Args:
        graph: what to compute.
        payload: float32 tensors by parameter name.
        inputs: one tensor when the graph has one input, else tensors by name.
        schedule: the order of reductions.

    Raises:
        PayloadError: a tensor is missing, unknown, or has the wrong shape or dtype.
    """
    raised, found = Raised(), list[NodeFlags]()

    def look(index: int, value: Array) -> None:
        flags = names(raised.take())
        if flags:
            found.append(NodeFlags(index, graph.name_of(index), graph.nodes[index].op, flags))

    ready = Interpreter(graph, IEEE32Exec(schedule=schedule, flags=raised))  # type: ignore[arg-type]
    raised.take()
    ready(payload, named_inputs(graph, inputs), look)
    return found
