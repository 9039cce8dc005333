"""Hypothesis strategies for small random graphs: chains of ops on one input, with parameters and their payload.

Ops are those of ``fpsem.graph.ops``, found by listing them: a new op without attributes is drawn as soon as it is there, any
other by its recipe in ``fpsem.testing.recipes``. Values are mostly defined: operands of roots, logarithms and quotients are
guarded seven times in eight.
Does not: draw inputs (see ``boxes`` and ``inputs_in``), several outputs, or ops that take labels or indices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from fpsem.core.errors import UnknownNameError
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape
from fpsem.graph.simplify import simplified
from fpsem.graph.trace import Recorder
from fpsem.testing.arguments import require_count
from fpsem.testing.number_line import show_numbers
from fpsem.testing.recipes import MOST_ELEMENTS, Maker, drawn_ops, put
from fpsem.testing.strategies import payloads

_SHAPES: tuple[Shape, ...] = ((1,), (2,), (3,), (2, 2), (1, 4), (3, 2), (2, 1, 3), (1, 1, 2, 3), ())


@dataclass(frozen=True, eq=False, repr=False)
class SmallGraph:
    """A graph that can be run.

    Args:
        graph: of one input ``x`` and one output.
        payload: a float32 tensor for each parameter.
        shape: the input's shape.
    """

    graph: Graph
    payload: Mapping[str, npt.NDArray[np.float32]]
    shape: Shape

    def __repr__(self) -> str:
        return "\n".join([str(self.graph), *(f"{name}: {show_numbers(tensor)}" for name, tensor in self.payload.items())])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis shows it."""
        printer.text(repr(self))


@st.composite
def small_graphs(
    draw: st.DrawFn, ops: Collection[str] | None = None, *, max_ops: int = 5, max_magnitude: float = 4.0
) -> SmallGraph:
    """Random small graphs.

    Args:
        draw: given by Hypothesis.
        ops: what to make them of; None is every op but those of ``fpsem.testing.recipes.EXCLUDED``. Recipes may put other ops
            beside these: a guard, a reshape.
        max_ops: the most ops in the chain, 1 or more.
        max_magnitude: of parameters.

    Raises:
        PayloadError: no ops.
        UnknownNameError: an op that is not there, or is excluded.
    """
    require_count("max_ops", max_ops, 1)
    known = drawn_ops()
    for name in ops or ():
        if name not in known:
            raise UnknownNameError("op of random graphs", name, known)
    chosen = draw(st.lists(st.sampled_from(sorted(ops) if ops else known), min_size=1, max_size=max_ops))
    make = Maker(draw, Recorder())
    shape = draw(st.sampled_from(_SHAPES))
    x = make.recorder.input("x", shape)
    for op in chosen:
        make.made.append(x)
        grown = put(make, op, x)
        x = grown if prod(grown.shape) <= MOST_ELEMENTS else grown.sum(axis=0)
    graph = simplified(make.recorder.nodes, {"output": x.handle})
    return SmallGraph(graph, draw(payloads(graph.parameters, max_magnitude=max_magnitude)), shape)
