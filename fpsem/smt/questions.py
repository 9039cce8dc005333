"""Ready questions about layers and about rewrites of them, each decided as ``fpsem.smt.query`` decides any other.

All are about binary32 executions of graphs in named schedules, for every input of a region. Proved means that the statement in
the function's first line holds; a refutation has a witness that was replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.core.verdict import Proved, Verdict
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace
from fpsem.smt.directions import Direction, directions
from fpsem.smt.formula import Outputs, Values, every, within_ulps
from fpsem.smt.query import DEFAULT, Effort, decide
from fpsem.smt.question import Execution

Params = Mapping[str, Any]
Advance = Callable[[int], Any]


def _nothing(n: int) -> None:
    return None


def finite(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str = Sequential(), *, node: str | None = None,
    effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """No output, or no element of one node, is infinite or NaN.

    Args:
        graph: the graph.
        params: float32 tensors by parameter name.
        region: the inputs.
        schedule: the order of sums.
        node: an intermediate node by its label, or "%3".
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
    """

    def holds(y: Outputs) -> Any:
        return _values(y, graph, node).is_finite()

    return _ask(graph, params, region, schedule, holds, effort, advance)


def bounded(
    graph: Graph, params: Params, region: Any, least: float | None, most: float | None,
    schedule: Schedule | str = Sequential(), *, node: str | None = None, effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """Every element of the output, or of one node, lies between two numbers, ends included.

    Args:
        graph: the graph.
        params: float32 tensors by parameter name.
        region: the inputs.
        least: the lower end, rounded to binary32; None for none.
        most: the upper end.
        schedule: the order of sums.
        node: an intermediate node by its label, or "%3".
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.

    Raises:
        PayloadError: neither end is given.
    """
    if least is None and most is None:
        raise PayloadError("a bound has a lower end, an upper end, or both")

    def holds(y: Outputs) -> Any:
        values = list(_values(y, graph, node))
        return every([*(v >= least for v in values if least is not None), *(v <= most for v in values if most is not None)])

    return _ask(graph, params, region, schedule, holds, effort, advance)


def argmax_stable(
    graph: Graph, params: Params, region: Any, label: int | None = None, schedule: Schedule | str = Sequential(), *,
    center: Any = None, effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """The largest output is the one of that label, the first of equals.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        region: the inputs.
        label: a place of the output in C order; that of the execution at the centre where none is given.
        schedule: the order of sums.
        center: an input of the region; needed where there is no label.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.

    Raises:
        PayloadError: neither label nor centre is given.
    """
    if label is None:
        if center is None:
            raise PayloadError("give a label, or the centre whose label is meant")
        domain = IEEE32Exec(schedule=schedule_of(schedule))
        label = int(np.argmax(domain.to_float(run(graph, params, center, domain)).reshape(-1)))
    place = label
    return _ask(graph, params, region, schedule, lambda y: y.argmax() == place, effort, advance)


def monotone(
    graph: Graph, params: Params, region: Box | Mapping[str, Box], input: str, element: tuple[int, ...] = (),
    schedule: Schedule | str = Sequential(), *, increasing: bool = True, effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """No output decreases (increases) when that element of the input grows, all others staying where they are.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        region: the inputs: a Box, or Boxes by name.
        input: the input's name.
        element: its index.
        schedule: the order of sums.
        increasing: whether outputs shall not decrease, else shall not increase.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
    """
    order = schedule_of(schedule)
    boxes = region if isinstance(region, Mapping) else {next(iter(graph.inputs)): region}
    wanted = {Direction.CONSTANT, Direction.INCREASING if increasing else Direction.DECREASING}
    if effort.bounds:
        (found,) = directions(graph, params, boxes, input, element, order).values()
        if set(np.ravel(found)) <= wanted:
            return Proved("monotone operations: the direction of every step")
    box = boxes[input]
    moved = f"{input} moved"
    executions = {"": Execution(graph, params, order), "moved": Execution(graph, params, order, (input, element, moved))}
    place = int(np.ravel_multi_index(element, box.shape)) if box.shape else 0

    def holds(values: Mapping[str, Outputs]) -> Any:
        less, more = values[""], values["moved"]
        inputs = [v.inputs[input] if isinstance(v.inputs, dict) else v.inputs for v in (less, more)]
        grown = inputs[0][place] <= inputs[1][place]
        return grown.implies(every((a <= b) if increasing else (b <= a) for a, b in zip(less, more)))

    extended = {**boxes, moved: Box(np.asarray(box.lo[element]), np.asarray(box.hi[element]))}
    return decide(executions, extended, holds, effort, advance)


def same_in_orders(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str, other: Schedule | str, ulps: int = 0, *,
    effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """The outputs in two schedules, fused or not, differ by at most so many ulps: 0 for the same numbers.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        region: the inputs.
        schedule: an order of sums.
        other: another.
        ulps: how many binary32 numbers may lie from one result to the other; both zeros are one, and NaN is NaN.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
    """
    executions = {name: Execution(graph, params, schedule_of(order)) for name, order in (("", schedule), ("other", other))}
    return decide(executions, region, _near(ulps), effort, advance)


def agree(
    graph: Graph, params: Params, other: Graph, other_params: Params, region: Any, schedule: Schedule | str = Sequential(),
    ulps: int = 0, *, effort: Effort = DEFAULT, advance: Advance = _nothing,
) -> Verdict:  # fmt: skip
    """Two graphs, one a rewrite of the other say, give outputs that differ by at most so many ulps.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        other: with the same inputs, and an output of as many elements.
        other_params: float32 tensors by its parameters' names.
        region: the inputs.
        schedule: the order of sums in both.
        ulps: as of ``same_in_orders``.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.

    Raises:
        PayloadError: the outputs have different numbers of elements.
    """
    sizes = [len(Outputs("", g)) for g in (graph, other)]
    if sizes[0] != sizes[1]:
        raise PayloadError(f"the graphs' outputs have {sizes[0]} and {sizes[1]} elements: they cannot agree")
    order = schedule_of(schedule)
    executions = {"": Execution(graph, params, order), "other": Execution(other, other_params, order)}
    return decide(executions, region, _near(ulps), effort, advance)


def absorbed(
    weights: Box, gradients: Box, rate: float, *, effort: Effort = DEFAULT, advance: Advance = _nothing
) -> Verdict:
    """Every update is lost: ``w + rate * g`` is w, for all weights and gradients of two boxes of one shape.

    Args:
        weights: the weights w.
        gradients: the gradients g.
        rate: the learning rate, rounded to binary32.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
    """
    number = float(np.float32(rate))
    graph = trace(lambda w, g: w + g * number, weights.shape, gradients.shape)

    def holds(y: Outputs) -> Any:
        return every(new == old for new, old in zip(y, y.inputs["w"]))

    return _ask(graph, {}, {"w": weights, "g": gradients}, Sequential(), holds, effort, advance)


def _near(ulps: int) -> Callable[[Mapping[str, Outputs]], Any]:
    if isinstance(ulps, bool) or not isinstance(ulps, int) or ulps < 0:
        raise PayloadError(f"ulps are a whole number of at least 0, not {ulps!r}")
    return lambda values: every(within_ulps(a, b, ulps) for a, b in zip(values[""], values["other"]))


def _values(y: Outputs, graph: Graph, node: str | None) -> Values:
    return y if node is None else y.node(node)


def _ask(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str, holds: Callable[[Outputs], Any], effort: Effort,
    advance: Advance,
) -> Verdict:  # fmt: skip
    executions = {"": Execution(graph, params, schedule_of(schedule))}
    return decide(executions, region, lambda values: holds(values[""]), effort, advance)
