"""Bounds of graphs of scalars: formulas of a few inputs, over a box and constraints, cut into parts.

Each part is bounded by the walk over the error-bound domain and by derivatives; whichever is less counts. Linear constraints also
sharpen the ranges of the nodes that are linear forms. Parts in which a constraint cannot hold are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from fpsem.analysis.first_order import Carried, FirstOrder
from fpsem.analysis.linear import LinearRange, linear_forms, linear_range
from fpsem.analysis.subdivision import Cover, largest_bound
from fpsem.analysis.walk import Walk, leaves, walk
from fpsem.analysis.witness import Witness, search
from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array
from fpsem.core.region import is_strict
from fpsem.core.schedule import Schedule
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.denote import Interpreter
from fpsem.graph.ir import Graph
from fpsem.graph.simplify import simplified


@dataclass(frozen=True)
class Formula:
    """A graph of scalars, ready to be bounded over many boxes.

    Args:
        graph: one output; every node has shape ().
        params: parameters by name.
        schedule: of the execution.
        constraints: a graph of scalars over inputs of the same names whose outputs are at least 0 in the region, above 0
            where their names are strict (``fpsem.core.region.is_strict``).
    """

    graph: Graph
    params: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule | None = None
    constraints: Graph | None = None

    @cached_property
    def shared(self) -> Graph:
        """The graph with one node for each value that is written twice: equal operations on equal floats give equal floats."""
        return simplified(self.graph.nodes, self.graph.outputs)

    @cached_property
    def _domain(self) -> ErrorBound:
        return ErrorBound() if self.schedule is None else ErrorBound(self.schedule)

    @cached_property
    def _first_order(self) -> FirstOrder:
        return FirstOrder(self.shared)

    @cached_property
    def _linear(self) -> Mapping[int, LinearRange]:
        """The nodes whose ranges linear forms sharpen: those of several inputs."""
        known = [] if self.constraints is None else _outputs(self.constraints, list(self.shared.inputs))
        forms = enumerate(linear_forms(self.shared))
        return {i: linear_range(form, known) for i, form in forms if form is not None and sum(map(bool, form[:-1])) > 1}

    def walked(self, lo: Array, hi: Array) -> Walk:
        """The walk over boxes (n, inputs)."""
        given = {name: self._domain.between(lo[:, i], hi[:, i]) for i, name in enumerate(self.shared.inputs)}
        wide = lo.astype(np.float64), hi.astype(np.float64)

        def narrowing(index: int) -> Any:
            return self._linear[index].ends(*wide) if index in self._linear else None

        return walk(self.shared, given | leaves(self.shared, self.params, self._domain), self._domain, narrowing)

    def bounds(self, lo: Array, hi: Array) -> Array:
        """A bound for each box (n, inputs): infinite where none is found, -inf where the constraints leave nothing."""
        there = self._possible(lo, hi)
        found = np.full(len(lo), -np.inf)
        if there.any():
            walked = self.walked(lo[there], hi[there])
            index = next(iter(self.shared.outputs.values()))
            found[there] = np.minimum(walked.values[index]["err"], self._carried(walked).error)
        return found

    def shares(self, lo: Array, hi: Array) -> Mapping[int, float]:
        """What each node's roundings contribute at most in one box (inputs,)."""
        carried = self._carried(self.walked(lo[None], hi[None]))
        return {index: float(np.max(part)) for index, part in carried.shares.items()}

    def _carried(self, walked: Walk) -> Carried:
        """What the nodes' roundings come to at the output; of an output that is a leaf there is only its own."""
        name, index = next(iter(self.shared.outputs.items()))
        if not self.shared.op(index).is_leaf:
            return self._first_order.carried(walked, name)
        own = walked.own[index]
        return Carried(own, {index: own} if np.any(own) else {})

    def cover(self, lo: Array, hi: Array, work: int, advance: Callable[[int], Any] = lambda n: None) -> Cover:
        """The largest bound over a box; see ``largest_bound``."""
        return largest_bound(self.bounds, lo, hi, work, advance)

    def errors(self, x: Array) -> Array:
        """How far executions at points (n, inputs) are from the real value, at least; see ``fpsem.analysis.witness``."""
        execution, real = IEEE32Exec(), Interval()  # scalars have no sums, and so no order
        found, exact = (_at(self.graph, self.params, x, domain) for domain in (execution, real))
        code = execution.to_float(np.broadcast_to(found, (len(x),)))
        lo, hi = (np.broadcast_to(exact[end], (len(x),)) for end in ("lo", "hi"))
        with np.errstate(invalid="ignore"):
            apart = np.nextafter(np.maximum(np.maximum(lo - code, code - hi), 0.0), 0.0)
        defined = np.isfinite(lo) & np.isfinite(hi)
        counts = defined & self._holds(x)
        return np.where(counts, np.where(np.isfinite(code), apart, np.inf), -np.inf)

    def witness(self, cover: Cover, seed: int = 0) -> Witness | None:
        """An input of large error, looked for where the bound is largest."""
        return search(self.errors, cover.lo, cover.hi, seed)

    def _possible(self, lo: Array, hi: Array) -> Array:
        """Whether the constraints may hold somewhere in a box, as far as their ranges and the linear forms tell."""
        if self.constraints is None:
            return np.ones(len(lo), bool)
        ends = [linear.ends(lo.astype(np.float64), hi.astype(np.float64)) for linear in self._linear.values()]
        there = [low <= high for low, high in ends]
        there += [high > 0 if strict else high >= 0 for strict, (low, high) in self._constrained(lo, hi)]
        return np.asarray(np.logical_and.reduce(there))

    def _holds(self, x: Array) -> Array:
        if self.constraints is None:
            return np.ones(len(x), bool)
        held = [low > 0 if strict else low >= 0 for strict, (low, high) in self._constrained(x, x)]
        return np.asarray(np.logical_and.reduce(held))

    def _constrained(self, lo: Array, hi: Array) -> list[tuple[bool, Any]]:
        """Of each constraint whether it is strict, and its range in each box."""
        real, names = Interval(), list(self.shared.inputs)
        assert self.constraints is not None
        given = {name: real.between(lo[:, names.index(name)], hi[:, names.index(name)]) for name in self.constraints.inputs}
        held = Interpreter(self.constraints, real).interpret(given)
        ends = {name: np.broadcast_arrays(held[name]["lo"], held[name]["hi"], lo[:, 0])[:2] for name in self.constraints.outputs}
        return [(is_strict(name), both) for name, both in ends.items()]


def is_formula(graph: Graph) -> bool:
    """Whether every node is a scalar that stays one of many when the inputs are many; and there are inputs."""
    scalars = bool(graph.inputs) and all(node.shape == () for node in graph.nodes) and not graph.integer_inputs
    return scalars and all(_is_elementwise(graph, index) for index, node in enumerate(graph.nodes) if node.inputs)


def _is_elementwise(graph: Graph, index: int) -> bool:
    """Whether an op of scalars maps rows to a row: a sum does not, and what looks along an axis takes no scalars."""
    node, row = graph.nodes[index], (3,)
    try:
        return graph.op(index).shape(*[row] * len(node.inputs), **node.attributes) == row
    except ShapeError:
        return False


def _outputs(constraints: Graph, names: list[str]) -> list[Any]:
    """The constraints that are linear forms, in the order of the inputs."""
    forms, order = linear_forms(constraints), list(constraints.inputs)
    found = [forms[i] for i in constraints.outputs.values()]
    return [(*(form[order.index(n)] if n in order else 0 for n in names), form[-1]) for form in found if form is not None]


def _at(graph: Graph, params: Mapping[str, Any], x: Array, domain: Any) -> Array:
    given = {name: domain.from_bits(np.ascontiguousarray(x[:, i]).view(np.uint32)) for i, name in enumerate(graph.inputs)}
    return Interpreter(graph, domain).interpret(given | leaves(graph, params, domain))[next(iter(graph.outputs))]
