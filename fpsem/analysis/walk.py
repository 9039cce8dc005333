"""A graph over the error-bound domain, node by node: what each holds, and what its own roundings add.

Guarantees: of each node, the rows of ``fpsem.domains.error_bound``; and how far the node's result on floats is from the exact
result of the node on the same floats. Does not carry errors from node to node; see ``fpsem.analysis.first_order``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.analysis.own_rules import At, bounded
from fpsem.core.protocol import Array
from fpsem.domains.error_bound import ErrorBound
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort

Ends = tuple[Any, Any]
Narrowing = Callable[[int], Ends | None]
"""Ends that the real value of a node is known to lie between, where anything is known."""


@dataclass(frozen=True)
class Walk:
    """What the nodes hold.

    Args:
        values: the rows; truths or integers where a node has these.
        own: of each node of scalars how much its own roundings add at most; None for the others.
    """

    values: tuple[Array, ...]
    own: tuple[Any, ...]


def walk(graph: Graph, given: Mapping[str, Array], domain: ErrorBound, narrowing: Narrowing = lambda index: None) -> Walk:
    """Walk through a graph.

    Args:
        graph: the graph; where all its nodes have shape (), inputs may be arrays, one element for each of many regions.
        given: rows of the inputs and parameters by name, and integers.
        domain: the domain, which has the schedule.
        narrowing: what is known of real values otherwise.
    """
    values: list[Array] = []
    own: list[Any] = []
    for index, node in enumerate(graph.nodes):
        op = graph.op(index)
        if op.is_leaf:
            values.append(given[str(node.attributes["name"])])
            own.append(0.0 if op.sort is Sort.SCALAR else None)
            continue
        inputs = [values[i] for i in node.inputs]
        at = At(graph, index, values, domain)
        value = bounded(at, inputs)
        if op.sort is not Sort.SCALAR:
            values.append(value)
            own.append(None)
            continue
        scalars = [i for i, position in enumerate(node.inputs) if graph.op(position).sort is Sort.SCALAR]
        if any(inputs[i]["err"].any() for i in scalars):
            settled = [domain.executed(x) if i in scalars else x for i, x in enumerate(inputs)]
            settled = _same(inputs, settled)
            own.append(bounded(at, settled)["err"])
        else:
            own.append(value["err"])
        ends = narrowing(index)
        values.append(value if ends is None else domain.narrowed(value, *ends))
    return Walk(tuple(values), tuple(own))


def _same(inputs: list[Array], settled: list[Array]) -> list[Array]:
    """What was one array is one array again: a square is seen by it."""
    first = {id(x): i for i, x in reversed(list(enumerate(inputs)))}
    return [settled[first[id(x)]] for x in inputs]


def leaves(graph: Graph, given: Mapping[str, Any], domain: ErrorBound) -> dict[str, Array]:
    """Parameters, float32 or codes, as rows."""
    return {name: domain.from_bits(np.ascontiguousarray(x).view(np.uint32).reshape(np.shape(x))) for name, x in given.items()}
