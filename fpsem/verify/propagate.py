"""Interval propagation: what every node may be over a box, and by how much a class wins at the least.

Over the reals, where the output is a ``linear`` of a hidden node, the margin of class c over class j is bounded through that
layer at once, as ``sum_k (W_ck - W_jk) h_k + (b_c - b_j)`` in sequence, each step rounded outward: the two rows see the same h.
Otherwise it is the lower end of output c minus the upper end of output j.

Source: Gowal et al., "On the effectiveness of interval bound propagation for training verifiably robust models", 2018,
section 3 (elision of the last layer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.core.protocol import Array
from fpsem.core.reduction import total_of_products
from fpsem.domains.interval import Interval
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph

REAL = Interval()


@dataclass(frozen=True)
class Way:
    """How a graph's margins are bounded.

    Args:
        graph: one input; one output, a row of classes for each row of the input.
        output: the node of the output.
        folded: whether the last layer's rows are subtracted first.
        nodes: the nodes that the margins need and that depend on the input, in order.
    """

    graph: Graph
    output: int
    folded: bool
    nodes: tuple[int, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs of the output's node."""
        return self.graph.nodes[self.output].inputs

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.graph.nodes[self.output].shape[-1]


def way_of(graph: Graph, semantics: str) -> Way:
    """How a graph's margins are bounded. Raises PayloadError for a graph that does not map one input to classes."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        found = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise PayloadError(f"robustness is of one input and one output, this graph has {found}")
    (output,) = graph.outputs.values()
    shape = graph.nodes[output].shape
    if not shape or shape[-1] < 2:
        raise PayloadError(f"robustness is of an output with a number for each of two or more classes, not of shape {shape}")
    moving: set[int] = set()
    for index, node in enumerate(graph.nodes):
        if node.op == "input" or moving & set(node.inputs):
            moving.add(index)
    last = graph.nodes[output]
    folded = semantics == "real" and last.op == "linear" and not moving & set(last.inputs[1:])
    needed = set(last.inputs) if folded else {output}
    for index in reversed(range(len(graph.nodes))):
        needed |= set(graph.nodes[index].inputs) if index in needed else set()
    return Way(graph, output, folded, tuple(sorted(needed & moving)))


@dataclass(frozen=True, eq=False)
class Bounds:
    """What was found.

    Args:
        enclosures: for each node of the way, intervals of its value, with a row for each row of the box.
        margins: (rows, classes) doubles: at least so much the label's output is above the class's; infinite at the label.
        bounded: for each row, whether every enclosure is finite, so that nothing on the way may be undefined.
    """

    enclosures: Mapping[int, Array]
    margins: npt.NDArray[np.float64]
    bounded: npt.NDArray[np.bool_]


def propagate(way: Way, params: Mapping[str, Any], box: tuple[Array, Array], labels: Array, domain: Interval) -> Bounds:
    """Bound every node and margin over a box.

    Args:
        way: of the graph.
        params: float32 tensors by parameter name.
        box: lower and upper ends, in the shape of the graph's input.
        labels: (rows,) the class that ought to win in each row.
        domain: the intervals.
    """
    (name,) = way.graph.inputs
    kept: dict[int, Array] = {}
    wanted = {*way.nodes, way.output, *way.inputs}

    def observe(index: int, value: Array) -> None:
        if index in wanted:
            kept[index] = value

    denote(way.graph, params, {name: domain.between(*box)}, domain, observe)
    rows = prod(way.graph.nodes[way.output].shape[:-1])
    lower = _folded(kept, way, labels, domain) if way.folded else _apart(kept[way.output].reshape(rows, -1), labels)
    lower[np.arange(rows), labels] = np.inf
    enclosures = {index: kept[index] for index in way.nodes}
    finite = [np.isfinite(x["lo"]) & np.isfinite(x["hi"]) for x in enclosures.values()]
    return Bounds(enclosures, lower, np.logical_and.reduce([part.reshape(rows, -1).all(axis=1) for part in finite]))


def _folded(kept: Mapping[int, Array], way: Way, labels: Array, domain: Interval) -> npt.NDArray[np.float64]:
    hidden, weight, *bias = (kept[index] for index in way.inputs)
    hidden = hidden.reshape(len(labels), 1, -1)
    apart = domain.sub(weight[labels][:, None], weight[None])
    pairs = [(hidden[..., k], apart[..., k]) for k in range(hidden.shape[-1])]
    total = total_of_products(domain, pairs)
    for b in bias:
        total = domain.add(total, domain.sub(b[labels][:, None], b[None]))
    return np.where(np.isfinite(total["hi"]), total["lo"], np.nan)


def _apart(y: Array, labels: Array) -> npt.NDArray[np.float64]:
    """Lower end minus upper end, rounded down to binary64; NaN where they are not finite."""
    own = np.take_along_axis(y["lo"].astype(np.float64), labels[:, None], axis=1)
    others = y["hi"].astype(np.float64)
    good = np.isfinite(own) & np.isfinite(others)
    own, others = (np.where(good, x, 0.0) for x in (own, others))
    return np.where(good, REAL.sub(REAL.between(own, own), REAL.between(others, others))["lo"], np.nan)
