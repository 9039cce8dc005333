"""Ready questions about layers and about rewrites of them, each decided as ``fpsem.smt.query`` decides any other.

All are about binary32 executions of graphs in named schedules, for every input of a region. Proved means that the statement in
the function's first line holds; a refutation has a witness that was replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError, UnknownNameError, UnsupportedError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.core.verdict import Proved, Verdict
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import check_shape, run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace
from fpsem.smt.directions import Direction, directions
from fpsem.smt.formula import Outputs, Values, every, within_ulps
from fpsem.smt.query import DEFAULT, Effort, decide
from fpsem.smt.question import Execution
from fpsem.smt.regions import parts_of

Params = Mapping[str, Any]
Advance = Callable[[int], Any]
Asking = Callable[..., Verdict]
"""What is given the executions, the region, the property, the effort and ``advance``; ``fpsem.smt.query.decide`` is one.
Of binary32 executions: those of other formats have other directions."""


def _nothing(n: int) -> None:
    return None


def finite(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str = Sequential(), *, node: str | None = None,
    effort: Effort = DEFAULT, advance: Advance = _nothing, ask: Asking = decide,
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
        ask: what decides it.
    """

    def holds(y: Outputs) -> Any:
        return _values(y, graph, node).is_finite()

    return _ask(graph, params, region, schedule, holds, effort, advance, ask)


def bounded(
    graph: Graph, params: Params, region: Any, least: float | None, most: float | None,
    schedule: Schedule | str = Sequential(), *, node: str | None = None, effort: Effort = DEFAULT, advance: Advance = _nothing,
    ask: Asking = decide,
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
        ask: what decides it.

    Raises:
        PayloadError: neither end is given.
    """
    if least is None and most is None:
        raise PayloadError("a bound has a lower end, an upper end, or both")

    def holds(y: Outputs) -> Any:
        values = list(_values(y, graph, node))
        return every([*(v >= least for v in values if least is not None), *(v <= most for v in values if most is not None)])

    return _ask(graph, params, region, schedule, holds, effort, advance, ask)


def argmax_stable(
    graph: Graph, params: Params, region: Any, label: int | None = None, schedule: Schedule | str = Sequential(), *,
    center: Any = None, effort: Effort = DEFAULT, advance: Advance = _nothing, ask: Asking = decide,
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
        ask: what decides it.

    Raises:
        PayloadError: neither label nor centre is given.
    """
    if label is None:
        if center is None:
            raise PayloadError("give a label, or the centre whose label is meant")
        label = label_at(graph, params, center, schedule)
    place = label
    return _ask(graph, params, region, schedule, lambda y: y.argmax() == place, effort, advance, ask)


def label_at(graph: Graph, params: Params, x: Any, schedule: Schedule | str = Sequential()) -> int:
    """The place of the largest output, the first of equals, of the binary32 execution at an input."""
    places, domain = len(Outputs("", graph)), IEEE32Exec(schedule=schedule_of(schedule))
    return int(np.argmax(domain.to_float(run(graph, params, x, domain)).reshape(places)))


def monotone(
    graph: Graph, params: Params, region: Box | Mapping[str, Box], input: str, element: tuple[int, ...] = (),
    schedule: Schedule | str = Sequential(), *, increasing: bool = True, effort: Effort = DEFAULT, advance: Advance = _nothing,
    ask: Asking = decide,
) -> Verdict:  # fmt: skip
    """No output decreases (increases) when that element of the input grows, all others staying where they are.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        region: the inputs: a Box or a Ball, or these by name.
        input: the input's name.
        element: its index.
        schedule: the order of sums.
        increasing: whether outputs shall not decrease, else shall not increase.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
        ask: what decides it.

    Raises:
        UnknownNameError: the graph has no such input.
        PayloadError: the input has no such element, or the region is not one box.
    """
    order, boxes = schedule_of(schedule), _one_box(graph, region)
    if input not in boxes:
        raise UnknownNameError("input", input, boxes)
    box = boxes[input]
    if len(element) != len(box.shape) or not all(0 <= i < n for i, n in zip(element, box.shape)):
        raise PayloadError(f"input {input!r} has shape {box.shape}, it has no element {element}")
    if effort.bounds and _steps_rise(graph, params, boxes, input, element, order, increasing):
        return Proved("monotone operations: the direction of every step")
    moved = f"{input} moved"
    while moved in boxes:
        moved += "'"
    executions = {"": Execution(graph, params, order), "moved": Execution(graph, params, order, (input, element, moved))}
    place = int(np.ravel_multi_index(element, box.shape)) if box.shape else 0

    def holds(values: Mapping[str, Outputs]) -> Any:
        less, more = values[""], values["moved"]
        inputs = [v.inputs[input] if isinstance(v.inputs, dict) else v.inputs for v in (less, more)]
        grown = inputs[0][place] <= inputs[1][place]
        return grown.implies(every((a <= b) if increasing else (b <= a) for a, b in zip(less, more)))

    extended = {**boxes, moved: Box(np.asarray(box.lo[element]), np.asarray(box.hi[element]))}
    return ask(executions, extended, holds, effort, advance)


def same_in_orders(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str, other: Schedule | str, ulps: int = 0, *,
    effort: Effort = DEFAULT, advance: Advance = _nothing, ask: Asking = decide,
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
        ask: what decides it.
    """
    executions = {name: Execution(graph, params, schedule_of(order)) for name, order in (("", schedule), ("other", other))}
    return ask(executions, region, _near(ulps), effort, advance)


def agree(
    graph: Graph, params: Params, other: Graph, other_params: Params, region: Any, schedule: Schedule | str = Sequential(),
    ulps: int = 0, *, effort: Effort = DEFAULT, advance: Advance = _nothing, ask: Asking = decide,
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
        ask: what decides it.

    Raises:
        PayloadError: the outputs have different numbers of elements.
    """
    sizes = [len(Outputs("", g)) for g in (graph, other)]
    if sizes[0] != sizes[1]:
        raise PayloadError(f"the graphs' outputs have {sizes[0]} and {sizes[1]} elements: they cannot agree")
    order = schedule_of(schedule)
    executions = {"": Execution(graph, params, order), "other": Execution(other, other_params, order)}
    return ask(executions, region, _near(ulps), effort, advance)


def absorbed(
    weights: Box, gradients: Box, rate: float, *, effort: Effort = DEFAULT, advance: Advance = _nothing, ask: Asking = decide
) -> Verdict:
    """Every update is lost: ``w + rate * g`` is w, for all weights and gradients of two boxes of one shape.

    Args:
        weights: the weights w.
        gradients: the gradients g.
        rate: the learning rate, rounded to binary32.
        effort: what the answer may cost.
        advance: is told how many more boxes were looked at.
        ask: what decides it.

    Raises:
        PayloadError: the rate is no finite number of binary32, or the boxes have different shapes.
    """
    with np.errstate(over="ignore", under="ignore"):
        number = float(np.float32(rate))
    if not np.isfinite(number):
        raise PayloadError(f"a rate is a finite binary32 number, not {rate!r}")
    check_shape("the box of the gradients", gradients.shape, weights.shape)
    graph = trace(lambda w, g: w + g * number, weights.shape, gradients.shape)

    def holds(y: Outputs) -> Any:
        return every(new == old for new, old in zip(y, y.inputs["w"]))

    return _ask(graph, {}, {"w": weights, "g": gradients}, Sequential(), holds, effort, advance, ask)


def _one_box(graph: Graph, region: Any) -> Mapping[str, Box]:
    """The boxes by input name of a region that is one box. Raises PayloadError."""
    parts = list(parts_of(region, graph.inputs))
    if len(parts) != 1 or parts[0].relations:
        raise PayloadError("this is asked of one box, not of a union or of inputs in a relation")
    return parts[0].boxes


def _steps_rise(
    graph: Graph, params: Params, boxes: Mapping[str, Box], input: str, element: tuple[int, ...], order: Schedule, rise: bool
) -> bool:
    """Whether every operation is known to move the one output that way, or not at all."""
    places = len(Outputs("", graph))
    try:
        (found,) = directions(graph, params, boxes, input, element, order).values()
    except UnsupportedError:  # of this order of sums
        return False
    wanted = {Direction.CONSTANT, Direction.INCREASING if rise else Direction.DECREASING}
    return set(np.reshape(found, places)) <= wanted


def _near(ulps: int) -> Callable[[Mapping[str, Outputs]], Any]:
    return lambda values: every(within_ulps(a, b, ulps) for a, b in zip(values[""], values["other"]))


def _values(y: Outputs, graph: Graph, node: str | None) -> Values:
    return y if node is None else y.node(node)


def _ask(
    graph: Graph, params: Params, region: Any, schedule: Schedule | str, holds: Callable[[Outputs], Any], effort: Effort,
    advance: Advance, ask: Asking,
) -> Verdict:  # fmt: skip
    executions = {"": Execution(graph, params, schedule_of(schedule))}
    return ask(executions, region, lambda values: holds(values[""]), effort, advance)
