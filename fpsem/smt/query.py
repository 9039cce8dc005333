"""Prove a property of graphs' binary32 outputs over a region, or find inputs that break it.

The cheapest argument that suffices answers: the graphs themselves over intervals of executions and at a few inputs, every input
where they are few, intervals on boxes that are cut where they must be, and then solvers, who are told the ranges. A refutation
counts only after its witness has been replayed bit for bit in the executable domain, by running the graphs themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fpsem.core.errors import PayloadError, UnsupportedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.domains import _outward as outward
from fpsem.graph.denote import check_names, check_shape
from fpsem.graph.ir import Graph
from fpsem.smt.corners import at_corners
from fpsem.smt.encoding import Encoding
from fpsem.smt.enumeration import enumerated
from fpsem.smt.formula import Outputs, Truth, formula_of
from fpsem.smt.portfolio import Limits, Query, ask, installed
from fpsem.smt.question import Deadline, Execution, Question, TimeIsUp
from fpsem.smt.regions import Part, parts_of
from fpsem.smt.solver import require
from fpsem.smt.splitting import split, with_zeros

Property = Callable[[Any], Any]
"""Takes the outputs' scalars and gives a comparison, comparisons joined by ``&``, ``|``, ``~`` and ``implies``, or a list of
these that must all hold; see ``fpsem.smt.formula``."""


@dataclass(frozen=True)
class Effort:
    """How a question is decided, and what it may cost.

    Args:
        seconds: for the whole question.
        memory: bytes, for all solvers together.
        solvers: which to ask; all that are installed where none is named.
        confirm: whether a second solver must agree.
        bounds: whether executions of all inputs, at corners and on intervals may answer, before solvers are asked.
        inputs: up to how many inputs are all executed.
        boxes: how many boxes intervals may look at.
        refinements: how often elementary functions may be made finer.
    """

    seconds: float = 60.0
    memory: int = 4 << 30
    solvers: tuple[str, ...] = ()
    confirm: bool = False
    bounds: bool = True
    inputs: int = 1 << 18
    boxes: int = 2_000_000
    refinements: int = 200


DEFAULT = Effort()


def prove(
    graph: Graph,
    params: Mapping[str, Any],
    region: Any,
    holds: Property,
    schedule: Schedule | str = Sequential(),
    timeout: float = 60.0,
    solver: str | Sequence[str] = (),
    *,
    confirm: bool = False,
    bounds: bool = True,
    memory: int = 4 << 30,
    advance: Callable[[int], Any] = lambda n: None,
    format: str = BINARY32.name,
) -> Verdict:
    """Does the property hold of the binary32 execution, or of one in a narrower format, for every input of the region?

    Args:
        graph: the graph.
        params: float32 tensors by parameter name.
        region: the inputs: a Box, a Ball, a Union or a Such; Boxes and Balls by name where there are several inputs.
        holds: the property.
        schedule: the order of reductions in the execution that the verdict is about, fused or not.
        timeout: seconds for the whole question.
        solver: "z3", "bitwuzla", "cvc5", several of them, or all that are installed.
        confirm: whether a second solver must agree with the first.
        bounds: whether executions of all inputs, at corners and on intervals may answer, before solvers are asked.
        memory: bytes, for all solvers together.
        advance: is told how many more inputs or boxes were looked at.
        format: of the execution; inputs are the format's numbers of the region. See ``fpsem.smt.narrow``.

    Returns:
        Proved, by whom and by which argument; Refuted with a witness by input name (float32) after it replayed; or Unknown with
        the reason.

    Raises:
        PayloadError: the region does not fit the graph's inputs, or a parameter does not fit.
        PropertyError: the property is not a formula of comparisons.
        UnknownNameError: no such solver or format.
        UnsupportedError: binary32 does not hold all numbers of the format.
        MissingExtraError: a solver that is named is not installed.
    """
    solvers = (solver,) if isinstance(solver, str) else tuple(solver)
    effort = Effort(timeout, memory, solvers, confirm, bounds)
    execution = Execution(graph, params, schedule_of(schedule))
    return decide({"": execution}, region, lambda values: holds(values[""]), effort, advance, format=format)


def decide(
    executions: Mapping[str, Execution],
    region: Any,
    holds: Callable[[Mapping[str, Outputs]], Any],
    effort: Effort = DEFAULT,
    advance: Callable[[int], Any] = lambda n: None,
    *,
    format: str = BINARY32.name,
) -> Verdict:
    """Does a property of several executions on the same inputs hold for every input of the region?

    Args:
        executions: by name. The inputs are those of all of them, by name.
        region: the inputs.
        holds: the property of their values by the same names.
        effort: what it may cost.
        advance: is told how many more inputs or boxes were looked at.
        format: of all executions.
    """
    inputs = _inputs(executions.values())
    for solver in effort.solvers:
        require(solver)
    for execution in executions.values():
        check_names("parameter", execution.graph.parameters, execution.params)
        for name, shape in execution.graph.parameters.items():
            check_shape(f"parameter {name!r}", np.shape(execution.params[name]), shape)
    values = _outputs(executions)
    formula = formula_of(holds, values)
    start, said, unknown = time.monotonic(), list[str](), None
    deadline = Deadline(effort.seconds)
    for part in parts_of(region, inputs):
        question = Question(executions, _under(part, formula, values), inputs, format, deadline)
        try:
            verdict = _decided(question, part, replace(effort, seconds=deadline.left), advance)
        except (UnsupportedError, TimeIsUp) as error:
            verdict = Unknown(str(error))
        if isinstance(verdict, Refuted):
            return replace(verdict, seconds=time.monotonic() - start)
        if isinstance(verdict, Proved):
            said.append(verdict.by)
        else:
            unknown = unknown or verdict.reason
    if unknown is not None:
        return Unknown(unknown, time.monotonic() - start)
    return Proved("; ".join(dict.fromkeys(said)), time.monotonic() - start)


def _outputs(executions: Mapping[str, Execution]) -> dict[str, Outputs]:
    """What a property is given: the values of each graph, by its name."""
    return {name: Outputs(name, execution.graph) for name, execution in executions.items()}


def _inputs(executions: Iterable[Execution]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for execution in executions:
        if execution.graph.integer_inputs:
            raise PayloadError(f"inputs that are integers cannot be asked about: {', '.join(execution.graph.integer_inputs)}")
        moved = {} if execution.moved is None else {execution.moved[2]: ()}
        for name, shape in {**execution.graph.inputs, **moved}.items():
            check_shape(f"input {name!r}", shape, found.setdefault(name, shape))
    return found


def _under(part: Part, formula: Truth, values: Mapping[str, Outputs]) -> Truth:
    """The formula, where the region's relations hold."""
    for relation in part.relations:
        formula = formula_of(relation, next(iter(values.values())).inputs).implies(formula)
    return formula


def _decided(question: Question, part: Part, effort: Effort, advance: Callable[[int], Any]) -> Verdict:
    start = time.monotonic()
    lo, hi = _ends(question, part)
    if not (lo <= hi).all():
        return Proved(f"no number of {question.format} lies in the region", time.monotonic() - start)
    box = Box(lo, hi)
    if effort.bounds:
        if (verdict := _by_graphs(question, box, start)) is not None:
            return verdict
        if (verdict := enumerated(question, lo, hi, effort.inputs, effort.seconds / 4, advance)) is not None:
            return verdict
        proved, witness = at_corners(question, lo, hi) if question.format == BINARY32.name else (False, None)
        if witness is not None:
            return _refuted(question, box, witness, "an execution at a corner", start)
        if proved:
            return Proved("monotone operations: executions at corners", time.monotonic() - start)
        found = split(question, lo, hi, effort.seconds / 4, effort.boxes, advance)
        if found.witness is not None:
            return _refuted(question, box, found.witness, "an execution", start)
        if not len(found.lo):
            boxes = f"{found.looked_at} box{'es' if found.looked_at > 1 else ''}"
            return Proved(f"monotone operations: intervals of {question.format} executions on {boxes}", time.monotonic() - start)
        if len(found.lo) < _FEW_LEFT:
            lo, hi = found.hull
    return _by_solvers(question, lo, hi, effort, start)


def _by_graphs(question: Question, box: Box, start: float) -> Verdict | None:
    """What the graphs themselves tell, however large they are: one pass of intervals, and executions at three inputs."""
    truth = int(outward.UNKNOWN)
    with suppress(UnsupportedError):
        truth = question.on_box(box)
    if truth == outward.TRUE:
        return Proved(f"monotone operations: intervals of {question.format} executions on 1 box", time.monotonic() - start)
    middle = np.clip(question.nearest((box.lo / 2 + box.hi / 2).astype(np.float32)), box.lo, box.hi)
    for x in (middle, box.lo, box.hi):
        if question.replays(question.named(x)):
            return _refuted(question, box, x, "an execution", start)
    return None


_FEW_LEFT = 64
"""Of so many undecided boxes solvers are asked about the hull; of more, about the whole region."""


def _refuted(question: Question, box: Box, x: Array, by: str, start: float) -> Verdict:
    witness = question.named(x)
    if not box.contains(x):
        return Unknown(f"the witness of {by} lies outside the region", time.monotonic() - start)
    if question.replays(witness):
        return Refuted(witness, by, time.monotonic() - start)
    return Unknown(f"the witness of {by} did not replay", time.monotonic() - start)


def _by_solvers(question: Question, lo: Array, hi: Array, effort: Effort, start: float) -> Verdict:
    solvers = effort.solvers or installed()
    encoding = Encoding(question, lo, hi, effort.bounds)
    for refined in range(effort.refinements):
        query = encoding.query
        answer = ask(query, solvers, Limits(question.deadline.left, effort.memory), effort.confirm)
        by = " and ".join([answer.solver, *answer.confirmed_by])
        if answer.status == "unsat":
            told = f"{by}, {refined} refinements of elementary functions" if encoding.applications else by
            return Proved(told, time.monotonic() - start)
        if answer.status != "sat" or answer.values is None:
            return Unknown(answer.reason, time.monotonic() - start)
        verdict = _refuted(question, Box(lo, hi), encoding.inputs(answer.values), by, start)
        if isinstance(verdict, Refuted) or not encoding.refine(answer.values):
            return verdict
        question.deadline.look("asking solvers")
    return Unknown(f"no answer after {effort.refinements} refinements of elementary functions", time.monotonic() - start)


def fails(
    executions: Mapping[str, Execution], holds: Callable[[Mapping[str, Outputs]], Any], *, format: str = BINARY32.name
) -> Callable[[Mapping[str, Array]], bool]:
    """Whether a property of executions fails at an input, float32 arrays by name: by running the graphs themselves."""
    return Question(executions, formula_of(holds, _outputs(executions)), _inputs(executions.values()), format).replays


def smtlib_of(
    executions: Mapping[str, Execution],
    region: Any,
    holds: Callable[[Mapping[str, Outputs]], Any],
    *,
    format: str = BINARY32.name,
) -> Query:
    """The question as SMT-LIB text: satisfiable where the property fails somewhere; of a region of one box.

    Raises:
        PayloadError: the region has several boxes.
    """
    inputs, values = _inputs(executions.values()), _outputs(executions)
    parts = list(parts_of(region, inputs))
    if len(parts) != 1:
        raise PayloadError(f"a region of {len(parts)} boxes has as many questions: export each")
    question = Question(executions, _under(parts[0], formula_of(holds, values), values), inputs, format)
    return Encoding(question, *_ends(question, parts[0])).query


def _ends(question: Question, part: Part) -> tuple[Array, Array]:
    lo, hi = (question.flat({name: getattr(box, end) for name, box in part.boxes.items()}) for end in ("lo", "hi"))
    return question.within(*with_zeros(lo, hi))
