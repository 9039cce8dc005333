"""Directions: which way the binary32 outputs of a graph move when one input element grows, by an argument and not by a solver.

Guarantees, of the execution IEEE32Exec (to nearest even, correctly rounded elementary functions) in the schedule given, for all
inputs of a region of which only that element is moved within its box: INCREASING is nowhere decreasing (x <= x' implies
f(x) <= f(x')), DECREASING nowhere increasing, CONSTANT both; and no output of which one of these is said is ever NaN. So, where
each element has a direction, an output is greatest and least at corners of the region. Numbers are compared, so -0 is +0.
Does not: hold for other roundings or for sums in every order; ``fpsem.smt._directed`` says why it holds, and what is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, UnknownNameError, UnsupportedError
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import check_names, check_shape, denote, named_inputs
from fpsem.graph.ir import Graph
from fpsem.smt._directed import Directed
from fpsem.smt.question import Watched


class Direction(Enum):
    """How an output moves when an input element grows."""

    CONSTANT = "does not move"
    INCREASING = "nowhere decreases"
    DECREASING = "nowhere increases"
    UNKNOWN = "may do either, or be NaN"


_CODES = np.array(list(Direction), dtype=object)
"""The direction of: may rise, plus twice may fall."""


def all_directions(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box | Mapping[str, Box],
    schedule: Schedule | str = Sequential(),
    look: Callable[[], Any] = lambda: None,
) -> dict[str, dict[str, Array]]:
    """The direction of every output element with every input element, by one walk through the graph.

    Args:
        graph: what is computed; its inputs are scalars.
        params: float32 tensors by parameter name.
        region: the inputs: a box when the graph has one input, else boxes by name.
        schedule: the order of reductions in the execution.
        look: is called before every step; what it raises ends the walk.

    Returns:
        By output name and input name an array of Direction, of the output's shape followed by the input's.

    Raises:
        PayloadError: a box or a parameter is missing, unknown, or does not fit.
        UnsupportedError: an input is of integers, or the schedule's sums have no rule here.
    """
    boxes = _boxes(graph, region)
    sizes = [prod(box.shape) for box in boxes.values()]
    starts = [0, *accumulate(sizes)]
    domain = Directed(sum(sizes), schedule_of(schedule))
    inputs = {name: domain.inputs(box, start) for (name, box), start in zip(boxes.items(), starts)}
    found = {}
    for output, value in Watched(graph, domain, look)(params, inputs).items():
        look()
        ways = _CODES[domain.codes(value)]
        found[output] = {
            name: ways[..., start : start + size].reshape((*ways.shape[:-1], *boxes[name].shape))
            for name, start, size in zip(boxes, starts, sizes)
        }
    return found


def directions(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box | Mapping[str, Box],
    input: str | None,
    element: tuple[int, ...],
    schedule: Schedule | str = Sequential(),
) -> dict[str, Array]:
    """The direction of every output element with one input element; see ``all_directions``, which also says what it raises.

    Args:
        graph: what is computed.
        params: float32 tensors by parameter name.
        region: the inputs.
        input: the input's name; None is the only one.
        element: the index of its element.
        schedule: the order of reductions in the execution.

    Returns:
        By output name an array of Direction, of the output's shape.

    Raises:
        UnknownNameError: the graph has no such input.
        PayloadError: the input has no such element.
    """
    name = _only("input", graph.inputs, input)
    if len(element) != len(graph.inputs[name]) or not all(0 <= i < n for i, n in zip(element, graph.inputs[name])):
        raise PayloadError(f"input {name!r} has shape {graph.inputs[name]}, it has no element {element}")
    found = all_directions(graph, params, region, schedule)
    return {output: _at(ways[name], element) for output, ways in found.items()}


def corner(directions: Array, box: Box, largest: bool = True) -> npt.NDArray[np.float32]:
    """The corner of a box at which an output is largest, or smallest.

    Args:
        directions: the output's Direction with each element, of the box's shape.
        box: the inputs.
        largest: which is asked for.

    Raises:
        PayloadError: the shapes differ, or a direction is UNKNOWN.
    """
    check_shape("directions", np.shape(directions), box.shape)
    if (directions == Direction.UNKNOWN).any():
        index = tuple(int(i) for i in np.argwhere(directions == Direction.UNKNOWN)[0])
        raise PayloadError(f"the direction with element {index} is unknown: no corner is known to be the one")
    upper = directions == (Direction.INCREASING if largest else Direction.DECREASING)
    return np.where(upper, box.hi, box.lo)


@dataclass(frozen=True, eq=False)
class Extremes:
    """The least and greatest value that an output element takes in executions over a region, both exact.

    Args:
        least: the least value; a zero's sign is that of this corner.
        greatest: the greatest value.
        lowest: inputs by name at which the least one is taken.
        highest: inputs by name at which the greatest one is taken.
    """

    least: np.float32
    greatest: np.float32
    lowest: Mapping[str, npt.NDArray[np.float32]]
    highest: Mapping[str, npt.NDArray[np.float32]]


def extremes(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box | Mapping[str, Box],
    schedule: Schedule | str = Sequential(),
    output: str | None = None,
    index: tuple[int, ...] = (),
) -> Extremes | None:
    """The least and greatest executed value of an output element, from two executions; None where a direction is unknown.

    Args:
        graph, params, region, schedule: as of ``all_directions``, which also says what is raised.
        output: the output's name; None is the only one.
        index: of its element.

    Raises:
        UnknownNameError: the graph has no such output.
        PayloadError: the output has no such element.
    """
    name, boxes = _only("output", graph.outputs, output), _boxes(graph, region)
    shape = graph.nodes[graph.outputs[name]].shape
    if len(index) != len(shape) or not all(0 <= i < n for i, n in zip(index, shape)):
        raise PayloadError(f"output {name!r} has shape {shape}, it has no element {index}")
    found = all_directions(graph, params, region, schedule)[name]
    ways = {of: np.asarray(table[index], dtype=object) for of, table in found.items()}
    if any((way == Direction.UNKNOWN).any() for way in ways.values()):
        return None
    domain = IEEE32Exec(schedule=schedule_of(schedule))
    ends = [{of: corner(ways[of], box, largest) for of, box in boxes.items()} for largest in (False, True)]
    least, greatest = (denote(graph, params, at, domain)[name][index].view(np.float32) for at in ends)
    return Extremes(least, greatest, *ends)


def _boxes(graph: Graph, region: Box | Mapping[str, Box]) -> dict[str, Box]:
    """The box of every input, in the graph's order."""
    if graph.integer_inputs:
        raise UnsupportedError(f"input {next(iter(graph.integer_inputs))!r} is of integers, which no box holds")
    boxes = named_inputs(graph, region)
    check_names("input", graph.inputs, boxes)
    for name, shape in graph.inputs.items():
        check_shape(f"the box of input {name!r}", boxes[name].shape, shape)
    return {name: boxes[name] for name in graph.inputs}


def _only(kind: str, names: Mapping[str, Any], given: str | None) -> str:
    if given is None and len(names) == 1:
        return next(iter(names))
    if given is None:
        raise PayloadError(f"the graph has {len(names)} {kind}s ({', '.join(names)}); say which")
    if given not in names:
        raise UnknownNameError(kind, given, names)
    return given


def _at(ways: Array, element: tuple[int, ...]) -> Array:
    """The last axes at one place."""
    outer = ways.shape[: ways.ndim - len(element)]
    return ways.reshape(*outer, -1)[..., np.ravel_multi_index(element, ways.shape[len(outer) :])] if element else ways
