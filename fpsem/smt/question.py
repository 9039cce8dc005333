"""Questions: does a formula hold of the executions of one or more graphs, in binary32 or narrower, for every input of a region?

All graphs of a question are written out as one graph of scalars, each in its schedule, over the same inputs. So one walk reads
them in any domain, many inputs or boxes at once: codes, intervals of executions, z3 terms. The replay of a witness does not
rest on it: that runs the graphs themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from fpsem.core.codes import ordinals, ulp_distance
from fpsem.core.errors import UnsupportedError
from fpsem.core.formats import BINARY32, format_named
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.denote import Interpreter, Observer, embed_all
from fpsem.graph.ir import Graph
from fpsem.graph.scalars import ScalarRecorder, recording
from fpsem.smt.formula import Source, Truth, evaluate, sources_of
from fpsem.smt.narrow import in_format, numbers, require_narrow, rounded, within

_RUNNING, _ENCLOSING = "running the graph", "intervals of executions"

Connectives = Mapping[str, Callable[..., Any]]


class TimeIsUp(Exception):
    """A question's time has run out; the message says what took most of it."""


@dataclass
class Deadline:
    """When a question's time is up. Whatever may take long looks at it before every step and says what it is doing.

    Args:
        seconds: from now on.
        spent: seconds by what was done.
    """

    seconds: float = float("inf")
    spent: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._last = time.monotonic()
        self._end = self._last + self.seconds

    @property
    def left(self) -> float:
        """Seconds that are left; less than 0 when the time is up."""
        return self._end - time.monotonic()

    def look(self, doing: str) -> None:
        """Note that this was done since the last look. Raises TimeIsUp when no time is left."""
        now = time.monotonic()
        self.spent[doing] = self.spent.get(doing, 0.0) + now - self._last
        self._last = now
        if now >= self._end:
            longest = max(self.spent, key=lambda what: self.spent[what])
            took = f"{self.spent[longest]:.3g} s" if len(self.spent) > 1 else "all"
            raise TimeIsUp(f"no answer within {self.seconds:g} s: {longest} took {took} of it")


class Watched(Interpreter):
    """An interpreter that looks at the clock before each node, when it is made ready and when it is run.

    Args:
        graph: what to compute.
        domain: what the operations mean.
        look: what is called; what it raises ends the walk.
    """

    def __init__(self, graph: Graph, domain: ScalarDomain, look: Callable[[], Any]) -> None:
        self._look = look
        super().__init__(graph, domain)

    def _step(self, *node: Any) -> Any:
        self._look()
        return super()._step(*node)

    def interpret(self, leaves: Mapping[str, Array], observe: Observer | None = None) -> dict[str, Array]:
        """The outputs by name; see ``Interpreter``."""

        def seen(index: int, value: Array) -> None:
            self._look()
            if observe is not None:
                observe(index, value)

        return super().interpret(leaves, seen)


@dataclass(frozen=True)
class Execution:
    """A graph as it is run.

    Args:
        graph: what is computed.
        params: float32 tensors by parameter name.
        schedule: the order of its sums.
        moved: an element of an input, and the name of the input of shape () that is read in its place, where one is.
    """

    graph: Graph
    params: Mapping[str, Any]
    schedule: Schedule = Sequential()
    moved: tuple[str, tuple[int, ...], str] | None = None

    def reads(self, x: Mapping[str, Array]) -> dict[str, Array]:
        """The graph's inputs, of the question's by name."""
        inputs = {name: x[name] for name in self.graph.inputs}
        if self.moved is not None:
            name, element, other = self.moved
            inputs[name] = inputs[name].copy()
            inputs[name][element] = x[other]
        return inputs


@dataclass(frozen=True)
class Question:
    """A formula about executions.

    Args:
        executions: by the names that the formula's sources have.
        formula: what is to hold.
        inputs: the shapes of the inputs, which all executions share.
        format: of the executions: operations are those of ``fpsem.smt.narrow``, inputs are the format's numbers, constants and
            parameters are rounded to it. What the formula compares with is not: that stays binary32's.
        deadline: when its time is up; what is asked of the question then raises TimeIsUp.

    Raises:
        UnknownNameError: no such format.
        UnsupportedError: binary32 does not hold all its numbers.
    """

    executions: Mapping[str, Execution]
    formula: Truth
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    format: str = BINARY32.name
    deadline: Deadline = field(default_factory=Deadline, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_narrow(self.format)

    @cached_property
    def _written_out(self) -> tuple[Graph, Mapping[Source, tuple[int, ...]]]:
        recorder = ScalarRecorder(partial(self.deadline.look, "writing the graph out as scalars"))
        given = {name: recorder.inputs(name, shape) for name, shape in self.inputs.items()}
        places: dict[Source, tuple[int, ...]] = {}
        for key, execution in self.executions.items():
            if self.format != BINARY32.name and execution.schedule.accumulator is not None:
                raise UnsupportedError(f"schedule {execution.schedule}: sums of {self.format} are held in it")
            domain = recording(recorder, execution.schedule)
            values: dict[int, Array] = {}
            payload = embed_all("parameter", execution.graph.parameters, execution.params, domain)
            Interpreter(execution.graph, domain).interpret({**payload, **execution.reads(given)}, values.__setitem__)
            for source in (s for s in sources_of(self.formula) if s.graph == key):
                places[source] = tuple(int(i) for i in values[source.node].reshape(-1))
        outputs = {str(index): index for found in places.values() for index in found}
        return recorder.finish(outputs), places

    @property
    def scalars(self) -> Graph:
        """The graph of scalars; its inputs are elements, named ``x[0,1]``, in the order of ``inputs``."""
        return self._written_out[0]

    @property
    def places(self) -> Mapping[Source, tuple[int, ...]]:
        """Which of its nodes the formula reads, element by element."""
        return self._written_out[1]

    def truths(self, values: Mapping[int, Array], domain: ScalarDomain, connectives: Connectives) -> Any:
        """The formula, given the nodes that it reads."""
        held = {source: [values[index] for index in found] for source, found in self.places.items()}
        return evaluate(self.formula, domain, held, connectives)

    @cached_property
    def _execute(self) -> Interpreter:
        return Watched(self.scalars, in_format(IEEE32Exec(), self.format), partial(self.deadline.look, _RUNNING))

    @cached_property
    def enclose(self) -> Interpreter:
        """The graph of scalars over intervals of executions.

        Raises:
            UnsupportedError: the format has no infinities: where numbers overflow to NaN, rounding is not monotone.
        """
        _require_infinity(self.format)
        return Watched(self.scalars, in_format(INTERVALS, self.format), partial(self.deadline.look, _ENCLOSING))

    def executed(self, x: Array) -> dict[int, Array]:
        """The codes of the nodes that the formula reads, each (n,), at inputs (n, elements), float32 numbers of the format."""
        leaves = {name: np.ascontiguousarray(x[:, i]).view(np.uint32) for i, name in enumerate(self.scalars.inputs)}
        found = self._execute.interpret(leaves)
        return {int(name): np.broadcast_to(value, (len(x),)) for name, value in found.items()}

    def at_points(self, x: Array) -> Array:
        """Whether the formula holds at inputs (n, elements), float32 numbers of the format, in executions."""
        return self.holds_of(self.executed(x), len(x))

    def holds_of(self, values: Mapping[int, Array], count: int) -> Array:
        """Whether the formula holds of what ``executed`` gives at that many inputs."""
        return np.broadcast_to(np.asarray(self.truths(values, IEEE32Exec(), EXECUTED), bool), (count,))

    def on_boxes(self, lo: Array, hi: Array) -> Array:
        """Whether it holds everywhere, nowhere, or that is unknown (int8), in boxes (n, elements) with float32 ends."""
        leaves = {name: INTERVALS.between(lo[:, i], hi[:, i]) for i, name in enumerate(self.scalars.inputs)}
        found = self.enclose.interpret(leaves)
        truth = self.truths({int(name): value for name, value in found.items()}, INTERVALS, ENCLOSED)
        return np.broadcast_to(np.asarray(truth, np.int8), (len(lo),))

    def within(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """The least boxes that hold the format's numbers of boxes of float32 ends; see ``fpsem.smt.narrow.within``."""
        return within(lo, hi, self.format)

    def nearest(self, x: Array) -> Array:
        """float32 numbers rounded to the format."""
        return x if self.format == BINARY32.name else numbers(rounded(x, self.format), self.format)

    def flat(self, tensors: Mapping[str, Any]) -> Array:
        """Tensors by input name as one row of elements."""
        none = np.zeros(0, np.float32)  # of graphs that have no inputs
        return np.concatenate([none, *(np.ravel(np.asarray(tensors[name], np.float32)) for name in self.inputs)])

    def named(self, x: Array) -> dict[str, Array]:
        """A row of elements as tensors by input name."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.inputs.values()])
        parts = np.split(np.asarray(x, np.float32), ends[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(self.inputs.items(), parts)}

    def replays(self, x: Mapping[str, Array]) -> bool:
        """Whether the formula fails at an input, by running the graphs themselves."""
        held = self._held(x, lambda schedule: IEEE32Exec(schedule=schedule), _RUNNING)
        return not bool(evaluate(self.formula, IEEE32Exec(), held, EXECUTED))

    def on_box(self, box: Box) -> int:
        """Whether it holds everywhere, nowhere, or that is unknown, in a box of all elements: by the graphs themselves over
        intervals of executions, so that nothing is written out. Raises UnsupportedError as ``enclose`` does."""
        _require_infinity(self.format)
        lo, hi = map(self.named, (box.lo, box.hi))
        leaves = {name: INTERVALS.between(lo[name], hi[name]) for name in lo}
        held = self._held(leaves, partial(Interval, "binary32"), _ENCLOSING)
        return int(evaluate(self.formula, INTERVALS, held, ENCLOSED))

    def _held(
        self, x: Mapping[str, Array], domain_of: Callable[[Schedule], ScalarDomain], doing: str
    ) -> dict[Source, list[Array]]:
        """What the formula reads, of the graphs themselves over a domain."""
        held: dict[Source, list[Array]] = {}
        for key, execution in self.executions.items():
            domain, values = in_format(domain_of(execution.schedule), self.format), dict[int, Array]()
            interpreter = Watched(execution.graph, domain, partial(self.deadline.look, doing))
            interpreter(execution.params, execution.reads(x), values.__setitem__)
            held |= {s: list(values[s.node].reshape(-1)) for s in sources_of(self.formula) if s.graph == key}
        return held


def _require_infinity(format: str) -> None:
    if not format_named(format).has_infinity:
        raise UnsupportedError(f"{format} has no infinities: of its executions there are neither intervals nor terms")


INTERVALS = Interval("binary32")


def _enclosed_within(a: Array, b: Array, ulps: int) -> Array:
    lost = [outward.is_whole((x["lo"], x["hi"])) for x in (a, b)]
    nan = [np.isnan(x["lo"]) for x in (a, b)]
    (low, high), (other_low, other_high) = ([ordinals(_codes(x[end])) for end in ("lo", "hi")] for x in (a, b))
    apart = np.maximum(np.maximum(other_low - high, low - other_high), 0)
    most = np.maximum(high - other_low, other_high - low)
    known = outward.decide(most <= ulps, apart > ulps)
    both = np.where(nan[0] & nan[1], outward.TRUE, outward.FALSE)
    return np.asarray(np.where(lost[0] | lost[1], outward.UNKNOWN, np.where(nan[0] | nan[1], both, known)))


def _codes(x: Array) -> Array:
    return np.ascontiguousarray(x).view(np.uint32).reshape(np.shape(x))


def _all(*truths: Any) -> Any:
    known = np.logical_and.reduce(np.broadcast_arrays(*(truth == outward.TRUE for truth in truths)))
    failed = np.logical_or.reduce(np.broadcast_arrays(*(truth == outward.FALSE for truth in truths)))
    return outward.decide(known, failed)


def _not(truth: Any) -> Any:
    return outward.decide(truth == outward.FALSE, truth == outward.TRUE)


EXECUTED: Connectives = {
    "all": lambda *t: np.logical_and.reduce(np.broadcast_arrays(*t)),
    "any": lambda *t: np.logical_or.reduce(np.broadcast_arrays(*t)),
    "not": np.logical_not,
    "within_ulps": lambda a, b, ulps: ulp_distance(a, b) <= ulps,
}
"""Of truths of executions."""

ENCLOSED: Connectives = {
    "all": _all,
    "any": lambda *t: _not(_all(*map(_not, t))),
    "not": _not,
    "within_ulps": _enclosed_within,
}
"""Of three-valued truths of intervals."""

