"""Small random graphs: compositions of steps from (3, 3) tensors to (3, 3) tensors, with a box of inputs and points in it.

The steps keep clear of poles and of huge exponents, so that most values exist and are enclosed by bounded intervals; how many
are is for a check to say. Graphs that use every op are ``real_ieee32``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Blocked, Lanes, Pairwise, Reverse, Schedule, Sequential
from fpsem.graph.ir import Graph
from fpsem.graph.ops import op_named
from fpsem.graph.trace import Tensor, trace

SHAPE = (3, 3)
DEPTH = 4
"""How many steps a graph has."""

SCHEDULES: tuple[Schedule, ...] = (
    Sequential(), Sequential(fused=True), Reverse(), Pairwise(), Lanes(width=2), Blocked(block=2, fused=True),
)  # fmt: skip

Step = Callable[[Tensor, Tensor], Tensor]


def _spread(x: Tensor) -> Tensor:
    return x.broadcast_to(SHAPE)


ALGEBRA: Mapping[str, Step] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (abs(y) + 1),
    "neg": lambda x, y: -x,
    "minimum": lambda x, y: x.minimum(y),
    "maximum": lambda x, y: x.maximum(y / 3),
    "relu": lambda x, y: x.relu(),
    "where": lambda x, y: x.less(y).where(x, y * y),
    "transpose": lambda x, y: x.T - y,
    "sum": lambda x, y: _spread(x.sum(axis=1, keepdims=True)),
    "matmul": lambda x, y: x @ y,
}
"""Steps whose values at rational numbers are rational."""

FUNCTIONS: Mapping[str, Step] = {
    "sqrt": lambda x, y: abs(x).sqrt(),
    "exp": lambda x, y: x.clip(low=-9.0, high=4.0).exp(),
    "expm1": lambda x, y: x.clip(low=-9.0, high=4.0).expm1(),
    "log": lambda x, y: (abs(x) + 1).log(),
    "log1p": lambda x, y: (x * x).log1p(),
    "sin": lambda x, y: x.sin(),
    "cos": lambda x, y: x.cos(),
    "tan": lambda x, y: x.clip(low=-1.5, high=1.5).tan(),
    "atan": lambda x, y: x.atan(),
    "tanh": lambda x, y: x.tanh(),
    "erf": lambda x, y: x.erf(),
    "pi": lambda x, y: x * x.pi_like(),
    "mean": lambda x, y: _spread(x.mean(axis=0, keepdims=True)),
    "sigmoid": lambda x, y: x.sigmoid(),
    "softplus": lambda x, y: x.softplus(),
    "softmax": lambda x, y: x.softmax(axis=1),
    "layer_norm": lambda x, y: x.layer_norm(normalized_shape=(3,)),
}
"""Other steps."""

STEPS: Mapping[str, Step] = {**ALGEBRA, **FUNCTIONS}


class Sample(NamedTuple):
    """A graph, the names of its steps, inputs that lie in a box, and an order of sums.

    Args:
        graph: with one input and one output, both of SHAPE.
        steps: what it is made of.
        box: a point, or some ulps to a thousandth wide.
        points: float32 arrays in the box.
        schedule: one of SCHEDULES.
    """

    graph: Graph
    steps: str
    box: Box
    points: tuple[Array, ...]
    schedule: Schedule


def ops_of(steps: Mapping[str, Step]) -> tuple[str, ...]:
    """The ops that graphs made of these steps use, but for leaves."""
    graphs = [trace(step, SHAPE, SHAPE) for step in steps.values()]
    return tuple(sorted({node.op for graph in graphs for node in graph.nodes if not op_named(node.op).is_leaf}))


def composed(steps: Mapping[str, Step], names: tuple[str, ...]) -> Graph:
    """The graph in which each step takes the values of the two before it, the input at first."""

    def model(x: Tensor) -> Tensor:
        last = now = x
        for name in names:
            last, now = now, steps[name](now, last)
        return now

    return trace(model, SHAPE)


def samples(count: int, seed: int, steps: Mapping[str, Step] = STEPS, depth: int = DEPTH) -> Iterator[Sample]:
    """Random graphs, each step of the table in turn the last one of some graph.

    Args:
        count: how many.
        seed: what they are drawn from.
        steps: the table of steps.
        depth: how many steps each graph has.
    """
    rng, table = np.random.default_rng([seed, count]), tuple(steps)
    for i in range(count):
        names = (*(str(name) for name in rng.choice(table, depth - 1)), table[i % len(table)])
        x = (rng.standard_normal(SHAPE) * 10.0 ** rng.integers(-3, 2)).astype(np.float32)
        wide = np.float32(rng.choice([0, 2.0**-22, 2.0**-10]))
        box = Box(x, x + abs(x) * wide)
        inside = np.clip(x + (box.hi - x) * rng.random(SHAPE, dtype=np.float32), x, box.hi)
        schedule = SCHEDULES[int(rng.integers(len(SCHEDULES)))]
        yield Sample(composed(steps, names), " ".join(names), box, (box.lo, box.hi, inside), schedule)
