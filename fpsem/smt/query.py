"""Prove a property of a graph's binary32 outputs over a box, or find inputs that break it.

A refutation counts only after its witness has been replayed bit for bit in the executable domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
import z3

from fpsem.core.errors import PayloadError, UnsupportedError
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.smt.formula import Truth, evaluate, formula_of
from fpsem.smt.solver import decide

Property = Callable[[Any], Any]
"""Takes the output's scalars, a flat tuple, and gives a comparison, comparisons joined by ``&``, ``|`` and ``~``, or a list
of these that must all hold; see ``fpsem.smt.formula``."""


def prove(
    graph: Graph,
    params: Mapping[str, Any],
    region: Box,
    holds: Property,
    schedule: Schedule | str = Sequential(),
    timeout: float = 60.0,
    solver: str = "z3",
) -> Verdict:
    """Does the property hold of the binary32 execution for every input of the box?

    Args:
        graph: with one input and one output.
        params: float32 tensors by parameter name.
        region: the inputs.
        holds: the property.
        schedule: the order of reductions in the execution that the verdict is about.
        timeout: seconds for the solver.
        solver: "z3", or "bitwuzla" (which can prove but gives no witness here).

    Returns:
        Proved by the solver; Refuted with the witness "x" (float32) after it replayed; or Unknown with the reason.

    Raises:
        PayloadError: the box does not fit the graph's input, or a parameter does not fit.
        PropertyError: the property is not a formula of comparisons.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise PayloadError(
            f"a question needs one input and one output, not {len(graph.inputs)} and {len(graph.outputs)}"
        )
    (output,) = graph.outputs.values()
    formula = formula_of(holds, prod(graph.nodes[output].shape))
    domain = SymbolicFP32(schedule=schedule_of(schedule))
    x, within = _symbols(domain, region)
    try:
        outputs = run(graph, params, x, domain).reshape(-1)
    except UnsupportedError as error:
        return Unknown(str(error))
    wanted = evaluate(formula, domain, outputs, (_all, z3.Or, z3.Not))
    answer = decide(_all(*within, z3.Not(wanted)), solver, timeout)
    if answer.status == "unsat":
        return Proved(answer.solver, answer.seconds)
    if answer.model is None:
        return Unknown(
            f"{answer.solver} answered {answer.status} after {answer.seconds:.1f} s of {timeout:g}", answer.seconds
        )
    witness = domain.to_bits(_evaluate(answer.model, x)).view(np.float32)
    if _replays(graph, params, witness, region, formula, domain.schedule):
        return Refuted({"x": witness}, answer.solver, answer.seconds)
    return Unknown(f"the witness of {answer.solver} did not replay", answer.seconds)


def _symbols(domain: SymbolicFP32, region: Box) -> tuple[Array, list[Any]]:
    """The box as terms: a constant where it is a point, else a variable between its ends."""
    low, high = (domain.from_bits(end.view(np.uint32)) for end in (region.lo, region.hi))
    free = domain.symbols("x", region.shape)
    x = np.where(region.fixed, low, free)
    within = [z3.And(z3.fpLEQ(low[i], x[i]), z3.fpLEQ(x[i], high[i])) for i in map(tuple, np.argwhere(~region.fixed))]
    return x, within


def _all(*truths: Any) -> Any:
    """Their conjunction; z3.And of one truth is that truth, wrapped where a solver's text form would not have it."""
    return truths[0] if len(truths) == 1 else z3.And(*truths)


def _evaluate(model: Any, x: Array) -> Array:
    out = np.empty(x.shape, dtype=object)
    for index, term in np.ndenumerate(x):
        out[index] = model.eval(term, model_completion=True)
    return out


def _replays(
    graph: Graph, params: Mapping[str, Any], witness: Array, region: Box, formula: Truth, schedule: Schedule
) -> bool:
    """Whether the witness is in the box and the executable semantics breaks the property there."""
    domain = IEEE32Exec(schedule=schedule)
    outputs = run(graph, params, witness, domain).reshape(-1)
    holds = evaluate(formula, domain, outputs, (lambda *t: all(t), lambda *t: any(t), lambda t: not t))
    return region.contains(witness) and not bool(holds)
