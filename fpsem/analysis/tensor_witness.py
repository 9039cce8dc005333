"""Inputs at which a graph of tensors, run on floats, is far from its real value: how tight a bound is, and that it is no lie.

Guarantees: the input lies in the box, and the error that is returned is at most the one there: the real value is enclosed at the
point, and what counts is how far the execution lies outside of the enclosure. An enclosure as wide as a sixteenth of the error,
or of half a unit in the last place of the value, is made anew by a sharper domain; one that stays wide makes the error that is
returned less, never more. Nothing is promised about how near it is to the largest.

The search: random points, corners, and the corners that the derivatives of output elements point at, where what is added is
largest; then moves of the best. The best of these goes by last bits against the derivative: the real value moves a little at
every step, the sums on floats stay where they are for as long as every term is rounded to what it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from math import inf, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.bound import EVALUATIONS
from fpsem.core.errors import UnableError, UndefinedError, UnsupportedError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.region import Box
from fpsem.core.schedule import AnyOrder, Schedule, Sequential, schedule_or_any
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.domains.real import Real
from fpsem.graph import autodiff
from fpsem.graph.denote import Interpreter, embed_all, embed_inputs, run
from fpsem.graph.ir import Graph

Floats = npt.NDArray[np.float32]

_SHARP, _UNIT = 1 / 16, 2.0**-25
"""An enclosure is sharp when it is narrower than the first part of the error, or of the second part of the value."""
_INWARD = range(4, 26, 2)
"""How far inward of such corners is looked: these powers of 1/2 of the box."""
_DRAWN = 0.3
"""How many of the moves draw elements again."""
_FINEST = 30
"""Moves are shorter than the box by powers of 1/2 up to this one."""


@dataclass(frozen=True)
class TensorWitness:
    """An input.

    Args:
        x: float32 tensors by input name, in the boxes.
        error: the largest distance of an output element from its real value there, rounded down; infinite where the execution
            is not finite and the real value is.
    """

    x: Mapping[str, Floats]
    error: float


def tensor_witness(
    graph: Graph,
    params: Mapping[str, Any],
    boxes: Mapping[str, Box],
    given: Mapping[str, Any],
    schedule: Schedule | str = Sequential(),
    *,
    seed: int = 0,
    points: int = 40,
    evaluations: int = EVALUATIONS,
    seconds: float = inf,
    advance: Callable[[int], Any] = lambda n: None,
) -> TensorWitness | None:
    """Look for a large error in a box.

    Args:
        graph: with one output.
        params: float32 tensors by parameter name.
        boxes: where to look, for each input of scalars.
        given: what the other inputs hold: integers.
        schedule: the order of reductions in the execution; "any" is looked at in the sequential one, which is one of them.
        seed: what is drawn depends on.
        points: how many of the evaluations are points of the whole box, before the best of them is moved.
        evaluations: how often the graph is run at most, each time on floats and in enclosures.
        seconds: after how long no more is begun; only without this limit are two searches alike.
        advance: is told, after each evaluation, how many there were.

    Returns:
        The best input; None where no real value could be enclosed, or the evaluations are none.

    Raises:
        PayloadError: a tensor does not fit the graph.
    """
    order = schedule_or_any(schedule)
    trial = _Trial(graph, params, boxes, given, Sequential() if isinstance(order, AnyOrder) else order)
    search = _Search(trial, np.random.default_rng(seed), evaluations, time.monotonic() + seconds, advance)
    search.scatter(points)
    search.climb()
    return None if search.best is None else TensorWitness(trial.named(search.best.x), trial.settled(search.best))


@dataclass(frozen=True)
class _Seen:
    """A point that counts: (n,) elements of all inputs, its error, at which element and on which side of the real value."""

    x: Floats
    error: float
    element: int
    side: float
    is_sharp: bool


class _Trial:
    """A graph, ready to be run on floats and in enclosures at points of a box."""

    def __init__(
        self, graph: Graph, params: Mapping[str, Any], boxes: Mapping[str, Box], given: Mapping[str, Any], schedule: Schedule
    ) -> None:
        self.graph, self.params, self.boxes, self.given = graph, params, boxes, given
        self.names = [name for name in graph.inputs if name in boxes]
        self.sizes = [prod(boxes[name].shape) for name in self.names]
        self.lo, self.hi = (self._flat({name: getattr(boxes[name], end) for name in self.names}) for end in ("lo", "hi"))
        self.fixed = self.lo.view(np.uint32) == self.hi.view(np.uint32)
        ((self.output, index),) = graph.outputs.items()
        self.shape = graph.nodes[index].shape
        self._execution = IEEE32Exec(schedule=schedule)
        self._execute = _ready(graph, params, self._execution)
        self._enclose = [_ready(graph, params, domain) for domain in (Interval(fast=True), Interval())]
        self._derive = _ready(autodiff.vjp(graph, self.names), params, NumPyFloat32())

    def _flat(self, tensors: Mapping[str, Array]) -> Floats:
        return np.concatenate([np.zeros(0, np.float32), *(np.ravel(tensors[name]) for name in self.names)])

    def within(self, x: Array) -> Floats:
        """The nearest floats of the box; where an element is fixed, its code."""
        return np.asarray(np.where(self.fixed, self.lo, np.clip(x, self.lo, self.hi).astype(np.float32)))

    def named(self, x: Array) -> dict[str, Array]:
        """The tensors of a point."""
        parts = np.split(x, np.cumsum(self.sizes)[:-1])
        return {name: part.reshape(self.boxes[name].shape) for name, part in zip(self.names, parts)}

    def at(self, x: Floats) -> _Seen | None:
        """What is seen at a point; None where it does not count."""
        leaves, seen = {**self.given, **self.named(x)}, None
        y = self._floats(leaves)
        for enclose in self._enclose:
            held = enclose(leaves)[self.output].reshape(-1)
            seen = _seen(x, y, held["lo"], held["hi"])
            if seen is not None and seen.is_sharp:
                break
        return seen

    def settled(self, seen: _Seen) -> float:
        """The error of a point, by exact arithmetic where the enclosures were not sharp."""
        if seen.is_sharp:
            return seen.error
        leaves = {**self.given, **self.named(seen.x)}
        try:
            real = Real()
            ends = real.enclosure(np.ravel(run(self.graph, self.params, leaves, real)))
        except (UndefinedError, UnableError, UnsupportedError):
            return seen.error
        lo, hi = (np.array([outward.around(value)[side] for value in end]) for side, end in enumerate(ends))
        exact = _seen(seen.x, self._floats(leaves), lo, hi)
        return seen.error if exact is None else max(seen.error, exact.error)

    def _floats(self, leaves: Mapping[str, Any]) -> Array:
        return np.ravel(self._execution.to_float(self._execute(leaves)[self.output]))

    def slope(self, x: Floats, element: int) -> Array:
        """The signs of the derivatives of an element of the output by the inputs; 0 where there is none."""
        one = np.zeros(self.shape, np.float32)
        one.reshape(-1)[element] = 1
        found = self._derive({**self.given, **self.named(x), f"cotangent.{self.output}": one})
        slope = self._flat({name: found[f"vjp.{name}"] for name in self.names})
        return np.asarray(np.sign(np.where(np.isfinite(slope), slope, 0)))


class _Search:
    """The best point so far, and what is left to be spent."""

    def __init__(
        self, trial: _Trial, rng: np.random.Generator, evaluations: int, end: float, advance: Callable[[int], Any]
    ) -> None:
        self.trial, self.rng, self.evaluations, self.end, self.advance = trial, rng, evaluations, end, advance
        self.lo, self.hi = trial.lo.astype(np.float64), trial.hi.astype(np.float64)
        self.width, self.free = self.hi - self.lo, np.flatnonzero(~trial.fixed)
        self.best: _Seen | None = None
        self.done = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be spent, or a larger error cannot be."""
        most = self.evaluations if len(self.free) else min(1, self.evaluations)
        spent = self.done >= most or time.monotonic() >= self.end
        return spent or (self.best is not None and self.best.error == inf)

    def look(self, x: Array) -> bool:
        """Whether a point is better than the best was."""
        if self.is_over:
            return False
        seen = self.trial.at(self.trial.within(x))
        self.done += 1
        self.advance(self.done)
        better = seen is not None and (self.best is None or seen.error > self.best.error)
        self.best = seen if better else self.best
        return better

    def scatter(self, points: int) -> None:
        """Look at the centre, at corners that derivatives point at and inward of them, then at corners and points at random."""
        self.look(self.lo / 2 + self.hi / 2)
        elements = self.rng.permutation(prod(self.trial.shape))[:points]
        for element, side in product(elements, (1, -1)):
            if self.done >= points // 2 or self.is_over:
                break
            x, slope = self.corner(element, side)
            for power in _INWARD if slope.any() else ():
                self.look(x - side * slope * self.width * 2.0**-power)
        while self.done < points and not self.is_over:
            part = self.rng.random(self.lo.shape)
            self.look(self.lo + self.width * (np.round(part) if self.rng.random() < 0.3 else part))

    def corner(self, element: int, side: int) -> tuple[Array, Array]:
        """A corner where an element of the output is large, or for side -1 small, and its slope there: one input at a time."""
        x = self.trial.within(self.lo + self.width * self.rng.random(self.lo.shape))
        of = np.repeat(np.arange(len(self.trial.sizes)), self.trial.sizes)
        for i in range(len(self.trial.sizes)):
            slope = side * self.trial.slope(x, element)
            x = np.where(of == i, np.where(slope > 0, self.trial.hi, np.where(slope < 0, self.trial.lo, x)), x)
        return x, self.trial.slope(x, element)

    def climb(self) -> None:
        """Move the best point until nothing is left to be spent."""
        slope, likely = None, np.ones(_FINEST)
        while not self.is_over and self.best is not None:
            best = self.best
            if slope is None:
                slope = self.trial.slope(best.x, best.element)
                slope = np.where(slope == 0, self.rng.choice([-1, 1], slope.shape), slope)
            power = int(self.rng.choice(_FINEST, p=likely / likely.sum()))
            better = self.look(self.near(best, slope, power))
            likely[power] = min(8.0, likely[power] * 2) if better else max(0.25, likely[power] * 0.9)
            slope = None if better else slope

    def near(self, best: _Seen, slope: Array, power: int) -> Array:
        """A neighbour of the best point: some elements, in a row or anywhere, drawn again or moved against the slope."""
        n, free = len(best.x), self.free
        count = max(1, round(len(free) * 2.0 ** -self.rng.integers(0, len(free).bit_length())))
        start = int(self.rng.integers(len(free)))
        chosen = np.roll(free, start) if self.rng.random() < 0.5 else self.rng.permutation(free)
        which = np.zeros(n, bool)
        which[chosen[:count]] = True
        part = self.rng.random(n)
        if self.rng.random() < _DRAWN:
            part = np.round(part) if self.rng.random() < 0.5 else part
            return np.where(which, self.lo + self.width * part, best.x)
        size = 1 if self.rng.random() < 0.5 else 2 * part
        return best.x - np.where(which, best.side * slope * size * self.width * 2.0**-power, 0)


def _seen(x: Floats, y: Array, lo: Array, hi: Array) -> _Seen | None:
    """The largest error of a point: floats y, the real values between lo and hi; None where no real value is known."""
    known = np.isfinite(lo) & np.isfinite(hi)
    if not known.any():
        return None
    with np.errstate(invalid="ignore"):
        apart = np.nextafter(np.maximum(np.maximum(lo - y, y - hi), 0.0), 0.0)
    apart = np.where(known, np.where(np.isfinite(y), apart, inf), -inf)
    i = int(np.argmax(apart))
    is_sharp = hi[i] - lo[i] <= _SHARP * max(apart[i], _UNIT * abs(lo[i]))
    return _Seen(x, float(apart[i]), i, -1.0 if y[i] < lo[i] else 1.0, bool(is_sharp))


def _ready(graph: Graph, params: Mapping[str, Any], domain: ScalarDomain) -> Callable[[Mapping[str, Any]], dict[str, Array]]:
    """A graph over a domain with its parameters, a function of the inputs."""
    interpreter = Interpreter(graph, domain)
    parameters = embed_all("parameter", graph.parameters, params, domain)
    return lambda leaves: interpreter.interpret({**parameters, **embed_inputs(graph, leaves, domain)})
