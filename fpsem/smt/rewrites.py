"""Rewrites that compilers, libraries and people make, as pairs of graphs: where they change the bits of a binary32 execution.

``rewrite`` asks whether both sides agree on every input of a box; each rule is true of real numbers, that of
the sentinel but for exp(-1000).

Source: Goldberg, "What every computer scientist should know about floating-point arithmetic", 1991, section on optimizers;
Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.errors import UnknownNameError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential
from fpsem.core.verdict import Verdict
from fpsem.graph.trace import Tensor, trace
from fpsem.smt.query import DEFAULT, Effort, decide
from fpsem.smt.questions import Advance, Asking, agree


@dataclass(frozen=True)
class Rewrite:
    """Two ways to write one real function.

    Args:
        says: the rule.
        left: what was written: of the inputs, and of the constant c where the rule has one.
        right: what it becomes.
        shapes: of the inputs.
    """

    says: str
    left: Callable[..., Tensor]
    right: Callable[..., Tensor]
    shapes: tuple[tuple[int, ...], ...]


_ONE, _TWO, _THREE = ((1,),), ((1,),) * 2, ((1,),) * 3

REWRITES: Mapping[str, Rewrite] = {
    "reciprocal": Rewrite("x / c = x (1 / c)", lambda c, x: x / c, lambda c, x: x * (x.constant_like(1) / c), _ONE),
    "commute": Rewrite("a + b = b + a", lambda c, a, b: a + b, lambda c, a, b: b + a, _TWO),
    "reassociate": Rewrite("(a + b) + d = a + (b + d)", lambda c, a, b, d: (a + b) + d, lambda c, a, b, d: a + (b + d), _THREE),
    "distribute": Rewrite("a (b + d) = a b + a d", lambda c, a, b, d: a * (b + d), lambda c, a, b, d: a * b + a * d, _THREE),
    "cancel": Rewrite("(x + c) - c = x", lambda c, x: (x + c) - c, lambda c, x: x * 1.0, _ONE),
    "vanish": Rewrite("x - x = 0", lambda c, x: x - x, lambda c, x: x.constant_like(0).broadcast_to((1,)), _ONE),
    "fold-negation": Rewrite("-(a - b) = b - a", lambda c, a, b: -(a - b), lambda c, a, b: b - a, _TWO),
    "square-difference": Rewrite(
        "a a - b b = (a - b) (a + b)", lambda c, a, b: a * a - b * b, lambda c, a, b: (a - b) * (a + b), _TWO
    ),
    "log-softmax": Rewrite(
        "log(softmax(x)) = log_softmax(x)", lambda c, x: x.softmax(axis=0).log(), lambda c, x: x.log_softmax(axis=0), ((3,),)
    ),
    "shift-softmax": Rewrite(
        "softmax(x + c) = softmax(x)", lambda c, x: (x + c).softmax(axis=0), lambda c, x: x.softmax(axis=0), ((3,),)
    ),
    "sentinel": Rewrite(
        "of softmax(x), x[2] less 1000: the first two = softmax(x[:2])",
        lambda c, x: x[0:2].concat(x[2:3] - 1000.0, axis=0).softmax(axis=0)[0:2],
        lambda c, x: x[0:2].softmax(axis=0),
        ((3,),),
    ),
}
"""The rules by name."""


def rewrite_named(name: str) -> Rewrite:
    """A rule by its name. Raises UnknownNameError that lists them."""
    if name not in REWRITES:
        raise UnknownNameError("rewrite", name, REWRITES)
    return REWRITES[name]


def rewrite(
    name: str, least: float, most: float, constant: float = 3.0, ulps: int = 0, schedule: Schedule | str = Sequential(), *,
    effort: Effort = DEFAULT, advance: Advance = lambda n: None, ask: Asking = decide,
) -> Verdict:  # fmt: skip
    """Both sides of a rule agree within so many ulps wherever all inputs lie between two numbers.

    Args:
        name: one of REWRITES.
        least: the lower end of every input, rounded to binary32.
        most: the upper end.
        constant: the c of the rule, where it has one.
        ulps: how many binary32 numbers may lie from one side to the other.
        schedule: the order of sums.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
        ask: what decides; see ``fpsem.smt.questions``.

    Raises:
        UnknownNameError: no such rule.
        ValueError: the ends are not finite, or the wrong way round.
    """
    rule, number = rewrite_named(name), float(np.float32(constant))

    def graph(side: Callable[..., Tensor]) -> Any:
        def model(*given: Tensor) -> Tensor:
            return side(number, *given)

        return trace(model, *rule.shapes)

    left, right = graph(rule.left), graph(rule.right)
    boxes = {
        name: Box(*(np.full(shape, end, np.float32) for end in (least, most))) for name, shape in left.inputs.items()
    }
    return agree(left, {}, right, {}, boxes, schedule, ulps, effort=effort, advance=advance, ask=ask)
