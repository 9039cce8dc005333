"""Why two runs differ: the first node, the first element and the first partial sum at which the bits of two domains part.

Two domains with binary32 bits run one graph on one input. The first node whose values differ is where they part. If the node's op
reduces, its reductions are run again and compared one by one; of the first that differs, the first element's terms are added once
more in each domain's own order, every partial sum noted. So the answer names the terms, and the first sum that is not the same.

What it compares is bits; NaNs count as one. Two schedules may give the same sums at a node and differ inside: that is no parting.
Steps in a wider accumulator are not noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.reduction import greatest, pairs_of, rows, total, total_of_products
from fpsem.graph.denote import evaluate, named_inputs, run
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort

_MOST_STEPS = 1 << 16
"""Longer sums are not added once more."""


@dataclass(frozen=True)
class Step:
    """One addition, multiplication or fused multiply-add of a sum.

    Args:
        operation: add, mul, fma, sub or maximum.
        operands: their binary32 codes.
        result: its binary32 code.
    """

    operation: str
    operands: tuple[str, ...]
    result: str

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(self.operands)}) = {self.result}"


@dataclass(frozen=True)
class Parting:
    """Where two readings part.

    Args:
        domains: the two, as they are told apart.
        node: the index of the node.
        name: its readable name.
        op: its op.
        element: the index of the first element that differs.
        codes: that element's two codes.
        terms: of a reduction, the element's terms: codes, or of products pairs of codes; empty where the op does not reduce.
        steps: of a reduction, what each domain does with them, step by step.
    """

    domains: tuple[str, str]
    node: int
    name: str
    op: str
    element: tuple[int, ...]
    codes: tuple[int, int]
    terms: tuple[tuple[int, ...], ...] = ()
    steps: tuple[tuple[Step, ...], tuple[Step, ...]] = ((), ())

    @property
    def first_step(self) -> int | None:
        """The first step at which the two do something else, or get something else: of equal steps, the first that only one
        has; None where nothing is known of either. Steps that one domain holds in a wider accumulator, or exactly, are not
        noted."""
        first = next((i for i, (a, b) in enumerate(zip(*self.steps)) if a != b), None)
        shorter, longer = sorted(map(len, self.steps))
        return shorter if first is None and shorter < longer else first

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return {
            "domains": list(self.domains), "node": self.node, "name": self.name, "op": self.op, "element": list(self.element),
            "codes": [f"{code:#010x}" for code in self.codes],
            "terms": [[f"{code:#010x}" for code in term] for term in self.terms],
            "steps": [[str(step) for step in steps] for steps in self.steps], "first_step": self.first_step,
        }  # fmt: skip


def parting(
    graph: Graph,
    params: Mapping[str, Any],
    inputs: Any,
    domains: tuple[ScalarDomain, ScalarDomain],
    labels: tuple[str, str] | None = None,
) -> Parting | None:
    """Where two domains with bits part, or None where all values have the same bits.

    Args:
        graph: what to compute.
        params: float32 tensors by parameter name.
        inputs: one float32 tensor when the graph has one input, else tensors by name.
        domains: the two.
        labels: how to call them; by default their names and schedules.

    Raises:
        PayloadError: a tensor does not fit.
        FpsemError: a domain cannot read the graph.
    """
    told = labels or (_told(domains[0]), _told(domains[1]))
    values: tuple[dict[int, Array], dict[int, Array]] = ({}, {})
    for domain, seen in zip(domains, values):
        run(graph, params, named_inputs(graph, inputs), domain, observe=seen.__setitem__)
    for index in range(len(graph.nodes)):
        if graph.op(index).sort is not Sort.SCALAR:
            continue
        codes = [np.asarray(domain.to_bits(seen[index])) for domain, seen in zip(domains, values)]
        differs = _differ(codes[0], codes[1])
        if differs.any():
            element = tuple(int(i) for i in np.argwhere(differs)[0])
            pair = (int(codes[0][element]), int(codes[1][element]))
            plain = Parting(told, index, graph.name_of(index), graph.nodes[index].op, element, pair)
            return _explained(plain, graph, domains, values)
    return None


def _told(domain: ScalarDomain) -> str:
    return f"{domain.name} {domain.schedule if domain.contract.scheduled else 'in an order of its own'}"


def _differ(a: Array, b: Array) -> Array:
    nans = [(codes & BINARY32.magnitude_mask) > BINARY32.overflow_code for codes in (a, b)]
    return np.asarray((a != b) & ~(nans[0] & nans[1]))


# -- reductions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reduction:
    """One that an op did: its terms along the first axis, each one or two arrays, and its result."""

    combined: Callable[..., Array]
    terms: tuple[Array, ...]
    result: Array


@dataclass(frozen=True, eq=False)
class _Watched:
    """A domain that does as the inner one does, and notes reductions, additions and multiplications."""

    inner: ScalarDomain
    reductions: list[_Reduction] = field(default_factory=list)
    steps: list[tuple[str, tuple[Array, ...], Array]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        """The reductions, by their meanings."""
        return {"sum": self._over_axes(total), "max": self._over_axes(greatest), "matmul": self._products}

    def _over_axes(self, combined: Callable[..., Array]) -> Callable[..., Array]:
        def reduced(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
            terms, shape = rows(x, axis, keepdims)
            result = combined(self.inner, list(terms))
            self.reductions.append(_Reduction(combined, (terms,), result))
            return result.reshape(shape)

        return reduced

    def _products(self, a: Array, b: Array) -> Array:
        k = a.shape[-1]
        result = total_of_products(self.inner, pairs_of(a, b))
        left = np.moveaxis(np.broadcast_to(a[..., :, None, :], (*result.shape, k)), -1, 0).reshape(k, -1)
        right = np.moveaxis(np.broadcast_to(np.swapaxes(b, -1, -2)[..., None, :, :], (*result.shape, k)), -1, 0).reshape(k, -1)
        self.reductions.append(_Reduction(_of_pairs, (left, right), result.reshape(-1)))
        return result

    def _noted(self, name: str, *operands: Array) -> Array:
        result: Array = getattr(self.inner, name)(*operands)
        self.steps.append((name, operands, result))
        return result

    def add(self, x: Array, y: Array) -> Array:
        return self._noted("add", x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return self._noted("sub", x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return self._noted("mul", x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._noted("fma", x, y, z)

    def maximum(self, x: Array, y: Array) -> Array:
        return self._noted("maximum", x, y)


def _of_pairs(domain: ScalarDomain, left: Sequence[Array], right: Sequence[Array]) -> Array:
    return total_of_products(domain, list(zip(left, right)))


def _explained(
    plain: Parting, graph: Graph, domains: tuple[ScalarDomain, ScalarDomain], values: tuple[dict[int, Array], dict[int, Array]]
) -> Parting:
    """With the terms and steps of the first reduction that differs, where there is one and both domains follow a schedule."""
    if not all(domain.contract.scheduled for domain in domains):
        return plain
    node = graph.nodes[plain.node]
    watched = tuple(_Watched(domain) for domain in domains)
    for domain, seen in zip(watched, values):
        evaluate(plain.node, node, [seen[i] for i in node.inputs], domain)
    for pair in zip(*(domain.reductions for domain in watched)):
        codes = [np.asarray(d.to_bits(r.result)).reshape(-1) for d, r in zip(domains, pair)]
        where = np.flatnonzero(_differ(codes[0], codes[1]))
        if where.size and len(pair[0].terms[0]) <= _MOST_STEPS:
            at = int(where[0])
            columns = [np.asarray(domains[0].to_bits(terms[:, at])).tolist() for terms in pair[0].terms]
            steps = tuple(_steps(domain, reduction, at) for domain, reduction in zip(domains, pair))
            return Parting(
                plain.domains, plain.node, plain.name, plain.op, plain.element, plain.codes,
                tuple(zip(*columns)), (steps[0], steps[1]),
            )  # fmt: skip
    return plain


def _steps(domain: ScalarDomain, reduction: _Reduction, at: int) -> tuple[Step, ...]:
    """One element's terms added once more, every step noted."""
    again = _Watched(domain)
    reduction.combined(again, *([row[at : at + 1] for row in terms] for terms in reduction.terms))
    return tuple(
        Step(name, tuple(_shown(domain, x) for x in operands), _shown(domain, result)) for name, operands, result in again.steps
    )


def _shown(domain: ScalarDomain, x: Array) -> str:
    return f"{int(np.asarray(domain.to_bits(x)).reshape(-1)[0]):#010x}"
