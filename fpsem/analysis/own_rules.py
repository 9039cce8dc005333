"""Ops of several steps that have rules of their own, each sharpened by what the steps themselves give.

The bound of a step sees ranges of its operands, not that they come from one another: that weights add up to 1, that a number is
in its own mean. Each rule's file says what it sees, and its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fpsem.analysis import attention_rule, layer_norm_rule, slope_rule, softmax_rule
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.schedule import AnyOrder, wider_accumulator
from fpsem.domains import _error_rules as rules
from fpsem.domains.error_bound import ErrorBound
from fpsem.graph.denote import evaluate
from fpsem.graph.ir import Graph, Node


@dataclass(frozen=True, eq=False)
class At:
    """A node that is bounded.

    Args:
        graph: the graph.
        index: of the node.
        held: what the nodes before it hold.
        domain: the domain, which has the schedule.
    """

    graph: Graph
    index: int
    held: Sequence[Any]
    domain: ErrorBound

    @property
    def node(self) -> Node:
        """The node itself."""
        return self.graph.nodes[self.index]

    def steps(self, *inputs: Array) -> Array:
        """What the steps of the op give."""
        return np.asarray(evaluate(self.index, self.node, list(inputs), self.domain))

    def height(self, terms: int) -> int | None:
        """Of the tree of binary32 additions that adds so many terms; None where sums are held otherwise."""
        schedule = self.domain.schedule
        tree = schedule.has_tree or isinstance(schedule, AnyOrder)
        return schedule.height(terms) if tree and wider_accumulator(schedule, BINARY32) is None else None


def _scores(rule: Callable[[Array, int], Array], at: At, x: Array) -> Array | None:
    axis: Any = at.node.attributes["axis"]
    height = at.height(x.shape[axis])
    return None if height is None else np.moveaxis(rule(np.moveaxis(x, axis, -1), height), -1, axis)


def _layer_norm(at: At, x: Array, *parameters: Array) -> Array | None:
    attributes: Mapping[str, Any] = at.node.attributes
    rows = x.reshape(*x.shape[: x.ndim - len(attributes["normalized_shape"])], -1)
    height = at.height(rows.shape[-1])
    if height is None:
        return None
    y = layer_norm_rule.standardized(rows, attributes["eps"], height).reshape(x.shape)
    for parameter, operation in zip(parameters, (at.domain.mul, at.domain.add)):
        y = operation(y, parameter)
    return y


def _elementwise(at: At, x: Array) -> Array | None:
    return slope_rule.by_slope(at.node, x, at.steps(at.domain.executed(x)))


def _attention(at: At, weights: Array, values: Array) -> Array | None:
    """A product whose left operand is a softmax along the last axis. Weights without any error may be the floats alone."""
    maker, height = at.graph.nodes[at.node.inputs[0]], at.height(weights.shape[-1])
    if height is None or maker.op != "softmax" or maker.attributes["axis"] not in (-1, weights.ndim - 1):
        return None
    own = at.steps(*map(at.domain.executed, (weights, values)))["err"]
    moved = softmax_rule.total_error(at.held[maker.inputs[0]], height) if weights["err"].any() else None
    return attention_rule.attention(weights, values, moved, height, own)


RULES: Mapping[str, Callable[..., Array | None]] = {
    "softmax": partial(_scores, softmax_rule.softmax),
    "log_softmax": partial(_scores, softmax_rule.log_softmax),
    "layer_norm": _layer_norm,
    "matmul": _attention,
    **dict.fromkeys(("gelu", "sigmoid", "silu", "softplus"), _elementwise),
}
"""The rules by op, each of where it is and its inputs; None where it says nothing of them or of the domain's schedule."""


def bounded(at: At, inputs: Sequence[Array]) -> Array:
    """The rows of a node: what its steps give, sharpened by the op's own rule.

    Args:
        at: the node.
        inputs: what is held of its inputs, or of their floats alone.
    """
    derived, rule = at.steps(*inputs), RULES.get(at.node.op)
    own = None if rule is None else rule(at, *inputs)
    return derived if own is None else np.where(np.isfinite(own["err"]), rules.sharper(derived, own), derived)
