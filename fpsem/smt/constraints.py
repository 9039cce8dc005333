"""Questions about the inputs that satisfy constraints over the reals: a graph of scalars, each of whose outputs is at least 0,
or above 0 where its name is strict (``fpsem.core.region.is_strict``).

Guarantees: what is proved holds for every input of the boxes that satisfies the constraints as real numbers; a witness satisfies
them, which is enclosed there and not computed in binary32.
How: intervals and solvers are told what binary32 shows of the constraints where they hold: a comparison, if both of its sides are
exact; else the rounded difference is no further below 0 than its error bound; else nothing. A witness that satisfies that much
and not surely the constraints themselves is none: then one is looked for where binary32 shows the constraints to hold.
Does not: decide whether a constraint of irrational numbers holds with equality; such a witness does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.region import Box, is_strict
from fpsem.core.verdict import Refuted, Unknown, Verdict
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.real import Real
from fpsem.graph.denote import Interpreter, denote
from fpsem.graph.ir import Graph
from fpsem.smt.formula import Outputs, Truth, every, formula_of
from fpsem.smt.query import DEFAULT, Effort, decide
from fpsem.smt.question import Execution

Executions = Mapping[str, Execution]
Property = Callable[[Mapping[str, Outputs]], Any]

_LONGEST = 200
"""Characters of an operation that is told in full."""


def decide_where(
    constraints: Graph,
    executions: Executions,
    region: Mapping[str, Box],
    holds: Property,
    effort: Effort = DEFAULT,
    advance: Callable[[int], Any] = lambda n: None,
    *,
    format: str = BINARY32.name,
) -> Verdict:
    """Does a property of executions hold for every input of boxes that satisfies constraints?

    With its first argument given it is what ``fpsem.smt.questions`` takes as ``ask``.

    Args:
        constraints: each output is at least 0 over the reals, above 0 where its name is strict. Its inputs have shape () and
            are among the executions'. Of an execution one of whose inputs is moved they hold there too.
        executions: by name.
        region: boxes by input name.
        holds: the property of the executions' values by the same names.
        effort: what it may cost.
        advance: is told how many more inputs or boxes were looked at.
        format: of all executions.
    """
    start = time.monotonic()
    verdict = decide(*relaxed(constraints, executions, region, holds, format), effort, advance, format=format)
    if not isinstance(verdict, Refuted) or surely_hold(constraints, executions, verdict.witness):
        return verdict
    left = replace(effort, seconds=max(0.01, effort.seconds - (time.monotonic() - start)))
    again = decide(*_inside(constraints, executions, region, holds, format), left, advance, format=format)
    seconds = time.monotonic() - start
    if isinstance(again, Refuted) and surely_hold(constraints, executions, again.witness):
        return replace(again, seconds=seconds)
    why = f": {again.reason}" if isinstance(again, Unknown) else ""
    said = "it fails at an input of the box that does not surely satisfy the constraints; no other was found"
    return Unknown(said + why, seconds)


def relaxed(
    constraints: Graph, executions: Executions, region: Mapping[str, Box], holds: Property, format: str = BINARY32.name
) -> tuple[Executions, Mapping[str, Box], Property]:
    """The question without constraints that is asked in the place of one with them: what proves it proves the other.

    Args:
        constraints: as of ``decide_where``.
        executions: by name.
        region: boxes by input name.
        holds: the property.
        format: of all executions.

    Returns:
        What ``decide`` and ``smtlib_of`` take: executions, region and property.
    """
    return _told(constraints, executions, region, holds, format, _Comparison.follows)


def _inside(
    constraints: Graph, executions: Executions, region: Mapping[str, Box], holds: Property, format: str
) -> tuple[Executions, Mapping[str, Box], Property]:
    """The question where binary32 shows the constraints to hold, or to hold about: what refutes it may refute the other."""
    return _told(constraints, executions, region, holds, format, _Comparison.suffices)


def surely_hold(constraints: Graph, executions: Executions, x: Mapping[str, Array]) -> bool:
    """Whether the constraints hold over the reals at an input, float32 by name, as each execution reads it."""
    real = Real()
    try:
        for reading in _readings(constraints, executions).values():
            outputs = denote(constraints, {}, reading.reads(x), real)
            least = {name: real.enclosure(value)[0] for name, value in outputs.items()}
            if not all((end > 0 if is_strict(name) else end >= 0).all() for name, end in least.items()):
                return False
    except (UndefinedError, UnableError):
        return False
    return True


# -- constraints as comparisons in binary32 --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Comparison:
    """What an execution shows of a constraint.

    Args:
        difference: the constraint's node, at least 0 over the reals.
        strict: whether it is above 0.
        sides: where it is a difference of nodes whose executions are exact these two, the greater first.
        apart: how far its execution may be from the real value, a binary32 number; infinite where that is unknown.
    """

    difference: int
    strict: bool
    sides: tuple[int, int] | None
    apart: float

    def follows(self, values: Outputs) -> Truth | None:
        """What holds of the execution wherever the constraint does; None where nothing is known."""
        return None if self.sides is None and self.apart == inf else self._compared(values, -self.apart)

    def suffices(self, values: Outputs) -> Truth | None:
        """Where the constraint holds; of an unknown error, where it may."""
        return self._compared(values, 0.0 if self.apart == inf else self.apart)

    def _compared(self, values: Outputs, end: float) -> Truth:
        """The greater side and the lesser one, or the difference and an end, by >=; by > where the constraint is strict."""
        greater, *lesser = (values.node(f"%{index}")[0] for index in self.sides or (self.difference,))
        least = lesser[0] if lesser else end
        return greater > least if self.strict else greater >= least


def _told(
    constraints: Graph,
    executions: Executions,
    region: Mapping[str, Box],
    holds: Property,
    format: str,
    says: Callable[[_Comparison, Outputs], Truth | None],
) -> tuple[Executions, Mapping[str, Box], Property]:
    """The question under what the comparisons say, their graph being one more execution for each way to read the inputs."""
    readings = _readings(constraints, executions)
    known = {key: list(_comparisons(constraints, _boxes(region, reading), format)) for key, reading in readings.items()}

    def under(values: Mapping[str, Outputs]) -> Truth:
        said = [says(comparison, values[key]) for key, found in known.items() for comparison in found]
        given = [truth for truth in said if truth is not None]
        formula = formula_of(holds, {key: values[key] for key in executions})
        return every(given).implies(formula) if given else formula

    return {**executions, **readings}, region, under


def _readings(constraints: Graph, executions: Executions) -> dict[str, Execution]:
    """The constraints as executions by names of their own, one for each way in which executions read the inputs."""
    found: dict[str, Execution] = {}
    read = (execution.moved for execution in executions.values())
    for moved in dict.fromkeys(moved if moved is not None and moved[0] in constraints.inputs else None for moved in read):
        key = f"constraints {len(found)}"
        while key in executions:
            key += "'"
        found[key] = Execution(constraints, {}, moved=moved)
    return found


def _boxes(region: Mapping[str, Box], reading: Execution) -> dict[str, Box]:
    """The box of each input as it is read."""
    moved = {} if reading.moved is None else {reading.moved[0]: region[reading.moved[2]]}
    return {name: region[name] for name in reading.graph.inputs} | moved


def _comparisons(constraints: Graph, boxes: Mapping[str, Box], format: str) -> Iterator[_Comparison]:
    """What is known of each output in those boxes. Error bounds are binary32's: in other formats only inputs are exact."""
    domain, rows = ErrorBound(), dict[int, Array]()
    Interpreter(constraints, domain).interpret({name: domain.box(boxes[name]) for name in constraints.inputs}, rows.__setitem__)
    nodes = constraints.nodes

    def error(index: int) -> float:
        if format == BINARY32.name:
            return float(rows[index]["err"])
        return 0.0 if nodes[index].op == "input" else inf

    for name, index in constraints.outputs.items():
        strict = is_strict(name)
        sides = nodes[index].inputs if nodes[index].op == "sub" else ()
        if len(sides) == 2 and not any(map(error, sides)):
            yield _Comparison(index, strict, (sides[0], sides[1]), 0.0)
        else:
            yield _Comparison(index, strict, None, _above(error(index)))


def _above(error: float) -> float:
    """A binary32 number that is no less; infinite where there is none far from overflow."""
    return float(np.nextafter(np.float32(error), np.float32(inf))) if error < 2.0**BINARY32.emax else inf


# -- in words --------------------------------------------------------------------------------------------------------------


_SYMBOLS = {"add": "+", "sub": "-", "neg": "-", "mul": "*", "div": "/", "abs": "fabs", "minimum": "fmin", "maximum": "fmax"}


def in_words(constraints: Graph) -> tuple[str, ...]:
    """Each constraint as FPCore writes it; what is long is told by its operation alone."""
    said: list[str] = []
    for node in constraints.nodes:
        leaf = node.attributes.get("name", node.attributes.get("value", "PI"))
        said.append(_applied(_SYMBOLS.get(node.op, node.op), *(said[i] for i in node.inputs)) if node.inputs else str(leaf))

    def told(name: str, index: int) -> str:
        node = constraints.nodes[index]
        greater, less = (said[i] for i in node.inputs) if node.op == "sub" else (said[index], "0")
        return _applied("<" if is_strict(name) else "<=", less, greater)

    return tuple(told(name, index) for name, index in constraints.outputs.items())


def _applied(head: str, *operands: str) -> str:
    text = f"({head} {' '.join(operands)})"
    return text if len(text) <= _LONGEST else f"({head} ...)"
