"""A priori error bounds of graphs: numbers, for a region and an order of sums, and an input that shows how tight they are.

Formulas, whose nodes are all scalars, are bounded part by part of the region (``fpsem.analysis.scalars``). Graphs of tensors are
walked once; of outputs with few elements the errors are carried by derivatives too, whichever bound is less counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fpsem.analysis.affine import real_ranges
from fpsem.analysis.first_order import Carried, FirstOrder
from fpsem.analysis.scalars import Formula, is_formula
from fpsem.analysis.walk import Walk, leaves, walk
from fpsem.core.bound import WORK, Bound, NodeBound
from fpsem.core.errors import GraphError, PayloadError
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_or_any
from fpsem.domains.error_bound import ErrorBound
from fpsem.graph.denote import check_names, check_shape, embed_inputs, named_inputs
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort

_FEW = 64
"""The most elements of an output to which errors are carried one by one."""


def error_bound(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box | Any,
    schedule: Schedule | str = Sequential(),
    *,
    constraints: Graph | None = None,
    work: int = WORK,
    witness: bool = False,
    advance: Callable[[int], Any] = lambda n: None,
) -> Bound:
    """How far the binary32 execution of a graph may be from its real value.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        region: a Box of inputs, or one input: float32, or uint32 codes; by name where there are several inputs.
        schedule: the order of reductions in the execution; "any" for a bound that holds for every order.
        constraints: of formulas: a graph of scalars over inputs of the same names whose outputs are at least 0 in the region,
            above 0 where their names are strict (``fpsem.core.region.is_strict``).
        work: how many parts of the region a formula is bounded over at most, about; at least 1.
        witness: whether to look for an input with a large error.
        advance: is told how many more parts were bounded, or inputs looked at.

    Raises:
        PayloadError: the region, a parameter or the constraints do not fit the graph, or the graph has several outputs.
        ValueError: the region holds anything but finite binary32 numbers, or nothing within the constraints; work is below 1.
    """
    if len(graph.outputs) != 1:
        raise PayloadError(f"a bound is of one output, this graph has {len(graph.outputs)}: {', '.join(graph.outputs)}")
    if work < 1:
        raise ValueError(f"work is {work}: a bound needs at least 1 part of the region")
    if constraints is not None:
        _check_constraints(graph, constraints)
    order = schedule_or_any(schedule)
    given = region if isinstance(region, Mapping) else named_inputs(graph, {} if not graph.inputs else region)
    check_names("input", graph.inputs, given)
    boxes = {name: _box(given[name]) for name in graph.inputs if name not in graph.integer_inputs}
    for name, box in boxes.items():
        check_shape(f"input {name!r}", box.shape, graph.inputs[name])
    told = region if isinstance(region, Box) else next(iter(boxes.values())) if len(boxes) == 1 else boxes
    if is_formula(graph):
        return _of_formula(Formula(graph, params, order, constraints), boxes, told, work, witness, advance)
    bound = _of_tensors(graph, params, given, boxes, told, ErrorBound(order))
    if not witness:
        return bound
    from fpsem.analysis.tensor_witness import tensor_witness  # balls are a heavy import

    found = tensor_witness(graph, params, boxes, given, order, advance=lambda count: advance(1))
    return bound if found is None else replace(bound, witness=found.x, observed=found.error)


def _check_constraints(graph: Graph, constraints: Graph) -> None:
    """Raises PayloadError where they are not scalars over inputs of a formula."""
    if not is_formula(graph):
        raise PayloadError("constraints are of formulas; this graph has nodes that are no scalars, or none that are inputs")
    for index, node in enumerate(constraints.nodes):
        check_shape(f"constraints: {constraints.name_of(index)!r}", node.shape, ())
    if unknown := [name for name in constraints.inputs if name not in graph.inputs]:
        raise PayloadError(f"constraints: the formula has no input {', '.join(unknown)}; it has {', '.join(graph.inputs)}")
    if constraints.parameters or not is_formula(constraints):
        raise PayloadError("constraints: expected a graph of operations on scalars, without parameters, sums or integers")


def _box(given: Any) -> Box:
    return given if isinstance(given, Box) else Box(given, given)


def _of_formula(
    formula: Formula, boxes: Mapping[str, Box], region: Any, work: int, witness: bool, advance: Callable[[int], Any]
) -> Bound:
    sides = [(boxes[name].lo, boxes[name].hi) for name in formula.shared.inputs]
    lo, hi = np.array(sides, np.float32).T
    cover = formula.cover(lo, hi, work, advance)
    if cover.bound == -np.inf:
        raise ValueError("the region is empty: the constraints leave nothing of the box")
    walked = formula.walked(lo[None], hi[None])
    out = walked.values[next(iter(formula.shared.outputs.values()))]
    shares = formula.shares(cover.lo[0], cover.hi[0])
    found = formula.witness(cover) if witness else None
    return Bound(
        np.array(cover.bound),
        np.broadcast_to(out["lo"], (1,))[0],
        np.broadcast_to(out["hi"], (1,))[0],
        region,
        formula.schedule or Sequential(),
        nodes=_nodes(formula.shared, walked),
        contributors=_ranked(formula.shared, shares),
        witness=None if found is None else dict(zip(formula.shared.inputs, found.x)),
        observed=None if found is None else found.error,
    )


def _of_tensors(
    graph: Graph, params: Mapping[str, Any], given: Mapping[str, Any], boxes: Mapping[str, Box], region: Any, domain: ErrorBound
) -> Bound:
    check_names("parameter", graph.parameters, params)
    for name, shape in graph.parameters.items():
        check_shape(f"parameter {name!r}", np.shape(params[name]), shape)
    held = {name: domain.box(boxes[name]) if name in boxes else given[name] for name in graph.inputs}
    inputs = embed_inputs(graph, held, domain)
    integers = {name: inputs[name] for name in graph.integer_inputs}
    narrowing = real_ranges(graph, params, boxes, integers).get
    walked = walk(graph, inputs | leaves(graph, params, domain), domain, narrowing)
    out = walked.values[next(iter(graph.outputs.values()))]
    errors, shares = np.array(out["err"]), dict[int, float]()
    if errors.size <= _FEW and not all(box.fixed.all() for box in boxes.values()):
        for element, carried in enumerate(_carried(graph, walked, errors.size)):
            errors.reshape(-1)[element] = min(errors.reshape(-1)[element], float(carried.error))
            shares |= {i: max(shares.get(i, 0.0), float(part)) for i, part in carried.shares.items()}
    return Bound(
        errors,
        np.array(out["lo"]),
        np.array(out["hi"]),
        region,
        domain.schedule,
        nodes=_nodes(graph, walked),
        contributors=_ranked(graph, shares),
    )


def _carried(graph: Graph, walked: Walk, elements: int) -> list[Carried]:
    try:
        first_order = FirstOrder(graph)
    except GraphError:
        return []
    return [first_order.carried(walked, next(iter(graph.outputs)), element) for element in range(elements)]


def _nodes(graph: Graph, walked: Walk) -> tuple[NodeBound, ...]:
    held = [(index, walked.values[index]) for index in range(len(graph.nodes)) if graph.op(index).sort is Sort.SCALAR]
    return tuple(
        NodeBound(
            graph.name_of(index), graph.nodes[index].op, graph.nodes[index].shape,
            float(x["lo"].min()), float(x["hi"].max()), float(x["err"].max()), float(np.max(walked.own[index])),
        )
        for index, x in held if x.size
    )  # fmt: skip


def _ranked(graph: Graph, shares: Mapping[int, float]) -> tuple[tuple[str, float], ...]:
    return tuple((graph.name_of(index), share) for index, share in sorted(shares.items(), key=lambda item: -item[1]))
