"""The rule of elementwise ops made of several steps: errors are carried by the derivative of the whole.

What an op's own steps round by is that of its meaning on the floats; how far the exact op moves from the floats to the real
values is at most its largest derivative between them, from the op's own reverse rule over intervals. So is how far it goes
beyond its values at the ends of a range, which are its ends where the derivative has one sign.

Source: the mean value theorem.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.domains import _error_rules as rules
from fpsem.domains import _outward as outward
from fpsem.domains.interval import Interval
from fpsem.graph import autodiff
from fpsem.graph.denote import Interpreter, evaluate
from fpsem.graph.ir import Node
from fpsem.graph.trace import trace

_REAL = Interval()


def by_slope(node: Node, x: Array, own: Array) -> Array:
    """The rows of an elementwise op that has one derivative everywhere.

    Args:
        node: with the op.
        x: its operand.
        own: the rows of the op on the floats.
    """
    gradient = _gradient(node.op, tuple(node.attributes.items()))
    (slope,) = gradient.interpret(dict.fromkeys(gradient.graph.inputs, _REAL.between(*rules.both(x)))).values()
    down, up = (np.broadcast_to(np.maximum(end, 0), x.shape) for end in (-slope["lo"], slope["hi"]))
    err = rules.plus(rules.times(np.maximum(down, up), x["err"]), own["err"])
    left, right = (evaluate(0, node, [_REAL.between(end, end)], _REAL) for end in rules.real_ends(x))
    wide = np.maximum(outward.up(x["hi"] - x["lo"]), 0)
    with np.errstate(all="ignore"):
        low = np.maximum(outward.down(left["lo"] - rules.times(down, wide)), outward.down(right["lo"] - rules.times(up, wide)))
        high = np.minimum(outward.up(left["hi"] + rules.times(up, wide)), outward.up(right["hi"] + rules.times(down, wide)))
    return rules.settled((low, high), rules.float_ends(own), err, own["grid"])


@lru_cache(maxsize=64)
def _gradient(name: str, attributes: tuple[tuple[str, Any], ...]) -> Interpreter:
    return Interpreter(autodiff.grad(trace(lambda x: getattr(x, name)(**dict(attributes)), ())), _REAL)
