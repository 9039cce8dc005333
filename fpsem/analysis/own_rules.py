"""Ops of several steps that have rules of their own, each sharpened by what the steps themselves give.

The bound of a step sees ranges of its operands, not that they come from one another: that weights add up to 1, that a number is
in its own mean. Each rule's file says what it sees, and its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from fpsem.analysis import layer_norm_rule, slope_rule, softmax_rule
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.schedule import AnyOrder, wider_accumulator
from fpsem.domains import _error_rules as rules
from fpsem.domains.error_bound import ErrorBound
from fpsem.graph.denote import evaluate
from fpsem.graph.ir import Node


def _scores(rule: Callable[[Array, int], Array], domain: ErrorBound, node: Node, x: Array) -> Array | None:
    axis: Any = node.attributes["axis"]
    if not _adds_in_trees(domain):
        return None
    return np.moveaxis(rule(np.moveaxis(x, axis, -1), domain.schedule.height(x.shape[axis])), -1, axis)


def _layer_norm(domain: ErrorBound, node: Node, x: Array, *parameters: Array) -> Array | None:
    if not _adds_in_trees(domain):
        return None
    attributes: Mapping[str, Any] = node.attributes
    rows = x.reshape(*x.shape[: x.ndim - len(attributes["normalized_shape"])], -1)
    height = domain.schedule.height(rows.shape[-1])
    y = layer_norm_rule.standardized(rows, attributes["eps"], height).reshape(x.shape)
    for parameter, operation in zip(parameters, (domain.mul, domain.add)):
        y = operation(y, parameter)
    return y


def _elementwise(domain: ErrorBound, node: Node, x: Array) -> Array | None:
    own = evaluate(0, node, [domain.executed(x)], domain)
    return slope_rule.by_slope(node, x, own)


def _adds_in_trees(domain: ErrorBound) -> bool:
    """Whether sums are trees of binary32 additions."""
    tree = domain.schedule.has_tree or isinstance(domain.schedule, AnyOrder)
    return tree and wider_accumulator(domain.schedule, BINARY32) is None


RULES: Mapping[str, Callable[..., Array | None]] = {
    "softmax": partial(_scores, softmax_rule.softmax),
    "log_softmax": partial(_scores, softmax_rule.log_softmax),
    "layer_norm": _layer_norm,
    **dict.fromkeys(("gelu", "sigmoid", "silu", "softplus"), _elementwise),
}
"""The rules by op, each of the domain, the node and its inputs; None where it says nothing of the domain's schedule."""


def bounded(index: int, node: Node, inputs: list[Any], domain: ErrorBound) -> Array:
    """The rows of a node: what its steps give, sharpened by the op's own rule."""
    derived = evaluate(index, node, inputs, domain)
    own = RULES[node.op](domain, node, *inputs) if node.op in RULES else None
    return derived if own is None else np.where(np.isfinite(own["err"]), rules.sharper(derived, own), derived)
