"""Errors carried to the outputs by derivatives, so that an error that reaches an output on several ways counts once.

Let an execution's node i have the exact result of its op on its inputs, plus r_i. Scale all r_i by t from 0 (the real values) to
1 (the execution): an output moves by the sum of r_i times its derivative by node i, at some t. All nodes' values stay within
their running error bounds of the real ones, so derivatives over these ranges bound the sum; nothing of higher order is left out.
Through a choice whose truth is not known nothing is carried so: its whole error counts as its own.

Source: the mean value theorem; Solovyev et al., "Rigorous estimation of floating-point round-off errors with symbolic Taylor
expansions", 2019, whose remainder of second order this form has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from fpsem.analysis.walk import Walk
from fpsem.core.protocol import Array
from fpsem.domains._error_rules import around, plus, times
from fpsem.domains.interval import Interval
from fpsem.graph import autodiff
from fpsem.graph.denote import Interpreter
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort

_REAL = Interval(fast=True)


@dataclass(frozen=True)
class Carried:
    """What reaches one element of an output.

    Args:
        error: the sum of the shares.
        shares: by node, what its roundings contribute at most.
    """

    error: Any
    shares: Mapping[int, Any]


class FirstOrder:
    """The derivatives of a graph's outputs by its nodes, ready to be asked for many regions.

    Args:
        graph: the graph.

    Raises:
        GraphError: an op on the way has no derivative.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.stop = frozenset(i for i in range(len(graph.nodes)) if not _is_followed(graph, i))
        self._adjoints = Interpreter(autodiff.adjoints(graph, self.stop), _REAL)

    def carried(self, walked: Walk, output: str, element: int | None = None) -> Carried:
        """What reaches an output.

        Args:
            walked: what the nodes hold.
            output: the output's name.
            element: its element in C order; None where nodes are scalars of many regions, and so is what is returned.
        """
        found = self._adjoints.interpret({**_ranges(self.graph, walked), **self._seeds(output, element)})
        shares: dict[int, Any] = {}
        for name, adjoint in found.items():
            index = int(name.removeprefix("adjoint."))
            own = walked.values[index]["err"] if index in self.stop else walked.own[index]
            part = times(np.maximum(np.abs(adjoint["lo"]), np.abs(adjoint["hi"])), own)
            if np.any(part):
                shares[index] = part if element is None else _total(part)
        return Carried(reduce(plus, shares.values(), np.zeros(())), shares)

    def _seeds(self, output: str, element: int | None) -> dict[str, Array]:
        seeds = {}
        for name, index in self.graph.outputs.items():
            one = np.zeros(prod(self.graph.nodes[index].shape), np.float32)
            if name == output:
                one[element or 0] = 1
            seeds[f"cotangent.{name}"] = _REAL.from_bits(one.view(np.uint32).reshape(self.graph.nodes[index].shape))
        return seeds


def _is_followed(graph: Graph, index: int) -> bool:
    """Whether a derivative carries errors through a node: not through choices, nor where ties are split."""
    op = graph.op(index)
    chooses = any(op.input_sort(i) is Sort.TRUTH for i in range(len(graph.nodes[index].inputs)))
    return op.is_leaf or not (chooses or op.splits_ties or not op.has_derivative)


def _ranges(graph: Graph, walked: Walk) -> dict[str, Array]:
    """What the values of nodes stay in between the real ones and the execution's."""
    held = {}
    for index, value in enumerate(walked.values):
        sort = graph.op(index).sort
        if sort is Sort.SCALAR:
            held[f"value.{index}"] = _REAL.between(*around(value))
        elif sort is Sort.INTEGER:
            held[f"value.{index}"] = value
    return held


def _total(parts: Any) -> Any:
    """At least the sum of all elements, which are not negative: n additions lose no more than n last bits."""
    total = np.sum(parts)
    return times(total, 1 + np.size(parts) * 2.0**-52)


