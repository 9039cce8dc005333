"""Graphs of tensors as graphs of scalars: every element of every value a node of shape (), every sum written out in its order.

Guarantees: each node is what the graph's meaning gives at that element, by the same operations on the same operands, so in every
domain of one format the values are those of the graph in the schedule. What is computed twice is one node.

It is the graph interpreted over one more domain, whose scalars are the indices of nodes. Sums that are held in another format
have no nodes (UnsupportedError).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, cast

import numpy as np

from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, Accumulator, Array, ScalarDomain, own_accumulator
from fpsem.core.schedule import Schedule
from fpsem.graph.ir import Graph, Node, make_node
from fpsem.graph.ops import op_named

_OPS = (*ARITHMETIC, *ELEMENTARY, *COMPARISONS)
"""The primitives that are ops of the same name."""


@dataclass
class ScalarRecorder:
    """Writes nodes of shape () down, equal ones once.

    Args:
        look: is called before each new node; what it raises ends the writing.
    """

    look: Callable[[], Any] = lambda: None
    nodes: list[Node] = field(default_factory=list)
    known: dict[object, int] = field(default_factory=dict)

    def apply(self, op: str, *inputs: int, **attributes: Any) -> int:
        """The index of a node."""
        key = (op, inputs, tuple(attributes.items())) if attributes else (op, inputs)
        index = self.known.get(key)
        if index is None:
            self.look()
            index = len(self.nodes)
            sorts = tuple([op_named(self.nodes[i].op).sort for i in inputs])
            self.nodes.append(make_node(op, inputs, ((),) * len(inputs), sorts, attributes, "", index))
            self.known[key] = index
        return index

    def inputs(self, name: str, shape: tuple[int, ...]) -> Array:
        """An input for each element, named ``name[i,j]``. Raises UnsupportedError where an input has that name already."""
        made, before = np.empty(shape, np.int64), len(self.nodes)
        for count, index in enumerate(np.ndindex(shape), before):
            element = f"{name}[{','.join(map(str, index))}]" if index else name
            made[index] = self.apply("input", name=element, shape=())
            if made[index] != count:
                raise UnsupportedError(f"two inputs have elements called {element!r}: give them other names")
        return made

    def finish(self, outputs: Mapping[str, int]) -> Graph:
        """The graph of what was recorded."""
        return Graph.of_made(self.nodes, outputs)


def recording(recorder: ScalarRecorder, schedule: Schedule) -> ScalarDomain:
    """The domain whose scalars are indices of the recorder's nodes."""
    return cast(ScalarDomain, _Recording(recorder, schedule))


@dataclass(frozen=True, eq=False)
class _Recording:
    recorder: ScalarRecorder
    schedule: Schedule

    name = "recording"
    overrides: Mapping[str, Callable[..., Array]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if name in _OPS:
            return lambda *operands: self._each(name, *operands)
        if name.startswith("_"):
            raise AttributeError(name)
        return self._refuse(name)

    def _each(self, op: str, *operands: Array) -> Array:
        apply = np.frompyfunc(partial(self.recorder.apply, op), len(operands), 1)
        return np.asarray(apply(*operands), np.int64)

    def _refuse(self, name: str) -> Callable[..., Array]:
        def refuse(*operands: Any) -> Array:
            raise UnsupportedError(f"{name} is no operation of a graph of scalars")

        return refuse

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return self._each("where", truth, x, y)

    def constant(self, values: Array) -> Array:
        literal = np.frompyfunc(lambda v: self.recorder.apply("literal", shape=(), value=str(Fraction(v))), 1, 1)
        return np.asarray(literal(values), np.int64)

    def pi(self) -> Array:
        return np.asarray(self.recorder.apply("pi", shape=()), np.int64)

    def from_bits(self, bits: Array) -> Array:
        with np.errstate(invalid="ignore"):
            numbers = np.ascontiguousarray(bits).reshape(np.shape(bits)).view(np.float32).astype(np.float64)
        constant = np.frompyfunc(lambda v: self.recorder.apply("constant", shape=(), values=(float(v).hex(),)), 1, 1)
        return np.asarray(constant(numbers), np.int64)

    def accumulator(self, format: str) -> Accumulator:
        """Sums are held in the scalars' own format. Raises UnsupportedError for any other."""
        if format != "binary32":
            raise UnsupportedError(f"schedule {self.schedule}: graphs of scalars hold no sums in {format}")
        return own_accumulator(cast(ScalarDomain, self))
