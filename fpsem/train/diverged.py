"""Who was first: the node whose value is the first one of a graph that is not finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort


def first_non_finite(graph: Graph, payload: Mapping[str, Any], inputs: Mapping[str, Any], domain: ScalarDomain) -> str:
    """The first node with a value that is infinite or NaN, in words; empty where there is none.

    Args:
        graph: what was run.
        payload: its parameters.
        inputs: its inputs.
        domain: where it was run.
    """
    found: list[str] = []

    def look(index: int, value: Array) -> None:
        if found or graph.op(index).sort is not Sort.SCALAR:
            return
        numbers = domain.to_float(np.asarray(value)).reshape(graph.nodes[index].shape)
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            place, node = tuple(int(i) for i in bad[0]), graph.nodes[index]
            called = f"{node.op}, {graph.name_of(index)!r}"
            found.append(f"{numbers[place]} at {list(place)} of node %{index} ({called})")

    denote(graph, payload, inputs, domain, look)
    return found[0] if found else ""
