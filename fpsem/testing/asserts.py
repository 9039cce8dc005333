"""Assertions for users' tests: so many ulps apart at most, and within a bound of the real value.

A failure names the element, the bits of both numbers, their decimal and hexadecimal notation, how far they are apart and how
far they may be. What is compared with the real value is compared exactly, over rationals.
Does not: compute bounds; ``fpsem.error_bound`` gives them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.bound import Bound
from fpsem.core.codes import ulp_distance
from fpsem.core.errors import PayloadError, ScheduleError, UnableError, UndefinedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.core.region import Box
from fpsem.core.schedule import AnyOrder, Schedule, wider_accumulator
from fpsem.domains.real import Real
from fpsem.graph.denote import check_names, check_shape, integers, named_inputs, run
from fpsem.graph.ir import Graph
from fpsem.testing.arguments import require_count, require_domain, require_instance
from fpsem.testing.number_line import SHARES, between, show_number

_SHOWN = 5
"""Elements that a message writes out; the rest are counted."""


def assert_ulps(actual: Any, expected: Any, most: int = 1) -> None:
    """Assert that two arrays of binary32 numbers are at most so many units in the last place apart, element by element.

    Distances are counted in numbers of binary32, so that both zeros are one, the largest number is one from infinity, and any
    two NaNs are equal; a NaN is far from every number.

    Args:
        actual: float32 numbers or uint32 codes, one or an array of them.
        expected: likewise, of the same shape.
        most: the distance that is allowed, 0 or more.

    Raises:
        AssertionError: an element is further off, or the shapes differ; the message shows the first elements that are.
        PayloadError: an argument of another dtype, or a distance that is no whole number of 0 or more.
    """
    require_count("most", most)
    got, want = _codes("actual", actual), _codes("expected", expected)
    if got.shape != want.shape:
        raise AssertionError(f"shapes differ: {got.shape} against {want.shape} that was expected")
    distance = ulp_distance(got, want)
    _fail(
        f"more than {most} ulp{'s' * (most != 1)} from what was expected",
        got.size,
        (
            f"{_name(at)}: {show_number(int(got[at]))}, expected {show_number(int(want[at]))}: {_ulps(int(distance[at]))}"
            for at in map(tuple, np.argwhere(distance > most))
        ),
    )


def assert_within_bound(
    bound: Bound,
    graph: Graph,
    params: Mapping[str, Any],
    x: Any,
    domain: ScalarDomain,
    *,
    samples: int = 20,
    seed: int = 0,
    allow_infinite: bool = False,
) -> float:
    """Assert that an execution of a graph is within a bound of its real value, and the real value within the bound's ends.

    Args:
        bound: what ``fpsem.error_bound(graph, params, region, schedule)`` gives.
        graph: the one that the bound is of, with one output.
        params: float32 tensors by parameter name.
        x: one input, float32 or uint32 codes; or a Box, of which both ends and ``samples`` more inputs are tried. By name where
            the graph has several inputs; those that are integers must be what the bound was made for.
        domain: the execution on trial: one whose scalars are binary32 numbers, in the bound's schedule; where that is "any", in
            any tree of binary32 additions, fused or not.
        samples: how many inputs of a box, 0 or more.
        seed: what these are drawn from, 0 or more.
        allow_infinite: whether elements without a finite bound are passed over; else they fail, since they say nothing.

    Returns:
        The largest observed error divided by its bound, over elements whose bound is neither 0 nor infinite: how tight it is.

    Raises:
        AssertionError: an error is above its bound, a real value outside its ends, or a bound infinite.
        PayloadError: an input of another name, shape or dtype than the graph's, or outside the region that the bound is for; a
            bound of another graph; a graph of several outputs; a negative number of samples or seed.
        ScheduleError: the domain adds in an order that the bound is not for.
        TypeError: no bound, graph or domain where one is expected.
    """
    require_instance("bound", bound, Bound)
    require_instance("graph", graph, Graph)
    require_domain(domain)
    require_count("samples", samples)
    require_count("seed", seed)
    _require_schedule(bound.schedule, domain.schedule)
    regions = _regions(bound, graph)
    tightest = 0.0
    for index, given in enumerate(_inputs(_given(graph, x), samples, seed)):
        for name, region in regions.items():
            if not region.contains(given[name]):
                raise PayloadError(f"input {name!r}, sample {index}, lies outside the region that the bound is for ({region})")
        tightest = max(tightest, _check_input(bound, graph, params, given, domain, allow_infinite))
    return tightest


def _require_schedule(bound: Schedule, domain: Schedule) -> None:
    """Raises ScheduleError, with the reason, unless a bound for the one order holds for executions in the other."""
    if domain == bound:
        return
    told = f"the bound is for schedule {bound}, the domain adds in {domain}"
    if not isinstance(bound, AnyOrder):
        raise ScheduleError(f"{told}: it says nothing")
    if not domain.has_tree:
        raise ScheduleError(f"{told}, which is no tree of additions: it says nothing")
    if wider_accumulator(domain, BINARY32) is not None:
        raise ScheduleError(f"{told}, whose sums are held in {domain.accumulator}, not in binary32: it says nothing")


def _regions(bound: Bound, graph: Graph) -> Mapping[str, Box]:
    """The bound's boxes by input name. Raises PayloadError unless it can be a bound of the graph."""
    if len(graph.outputs) != 1:
        raise PayloadError(f"a bound is of one output, this graph has {len(graph.outputs)}: {', '.join(graph.outputs)}")
    names = [name for name in graph.inputs if name not in graph.integer_inputs]
    if isinstance(bound.region, Mapping):
        regions = bound.region
    elif len(names) == 1:
        regions = {names[0]: bound.region}
    else:
        raise PayloadError(f"the bound is of a graph with one input, this one has {len(names)}: {', '.join(names)}")
    if set(regions) != set(names):
        told = (", ".join(part) or "none" for part in (regions, names))
        raise PayloadError("the bound is of another graph: its inputs are {}, this graph's {}".format(*told))
    for name, region in regions.items():
        check_shape(f"the bound is of another graph: its input {name!r}", region.shape, graph.inputs[name])
    shape = graph.nodes[next(iter(graph.outputs.values()))].shape
    check_shape("the bound is of another graph: its output", np.shape(bound.absolute), shape)
    return regions


def _given(graph: Graph, x: Any) -> dict[str, Any]:
    """What to try, by input name: a Box, or an array. Raises PayloadError that names each that does not fit."""
    named = named_inputs(graph, x)
    check_names("input", graph.inputs, named)
    given: dict[str, Any] = {}
    for name, shape in graph.inputs.items():
        value, what = named[name], f"input {name!r}"
        if name in graph.integer_inputs:
            given[name] = integers(what, value, shape)
            continue
        given[name] = value if isinstance(value, Box) else _codes(what, value).view(np.float32)
        check_shape(what, given[name].shape, shape)
    return given


def _inputs(given: Mapping[str, Any], samples: int, seed: int) -> list[dict[str, Array]]:
    """The inputs to try: the one that was given, or the ends of its boxes and some in between, their corners among them."""
    if not any(isinstance(value, Box) for value in given.values()):
        return [dict(given)]
    rng = np.random.default_rng(seed)
    columns = [
        _points(value, samples, rng) if isinstance(value, Box) else [value] * (2 + samples) for value in given.values()
    ]
    return [dict(zip(given, row)) for row in zip(*columns)]


def _points(box: Box, samples: int, rng: np.random.Generator) -> list[npt.NDArray[np.float32]]:
    """The ends of a box, then so many of its points, half of them corners."""
    corners = [rng.integers(0, 2, box.shape) * SHARES for _ in range(samples // 2)]
    inner = [rng.integers(0, SHARES + 1, box.shape) for _ in range(samples - samples // 2)]
    return [box.lo, box.hi, *(between(box, shares) for shares in (*corners, *inner))]


def _check_input(
    bound: Bound, graph: Graph, params: Mapping[str, Any], x: Mapping[str, Array], domain: ScalarDomain, allow_infinite: bool
) -> float:
    codes = np.asarray(domain.to_bits(run(graph, params, x, domain)))
    reals = _enclosures(graph, params, x)
    rows = [_Row(bound, at, int(codes[at]), reals.get(at)) for at in np.ndindex(codes.shape)]
    found = [(row, trouble) for row in rows if (trouble := row.trouble(allow_infinite))]
    _fail(f"{domain.name} is not within the bound of the real value", len(rows), (f"{row.told}: {why}" for row, why in found))
    return max((row.tightness for row in rows), default=0.0)


class _Row:
    """One element: what was executed, the real value's enclosure (None where it has none), and the bound."""

    def __init__(self, bound: Bound, at: tuple[int, ...], code: int, real: tuple[Fraction, Fraction] | None) -> None:
        self.at, self.code, self.real = at, code, real
        self.bound, self.lo, self.hi = (float(np.asarray(part)[at]) for part in (bound.absolute, bound.lo, bound.hi))

    @property
    def error(self) -> Fraction | None:
        """How far the execution is from the real value, at least; None where it is infinitely far, or not known."""
        if self.real is None or not BINARY32.is_finite(self.code):
            return None
        seen = BINARY32.decode(self.code)
        return max(self.real[0] - seen, seen - self.real[1], Fraction(0))

    @property
    def tightness(self) -> float:
        """The error divided by the bound."""
        known = self.error is not None and 0 < self.bound < math.inf
        return float(self.error / Fraction(self.bound)) if known and self.error is not None else 0.0

    @property
    def told(self) -> str:
        """The element, its bits, and the real value."""
        real = "undefined" if self.real is None else f"{float(self.real[0])!r}"
        return f"{_name(self.at)}: {show_number(self.code)}, real value {real}"

    def trouble(self, allow_infinite: bool) -> str:
        """What is wrong; empty where nothing is."""
        if not math.isfinite(self.bound):
            return "" if allow_infinite else f"the bound is {self.bound}, which says nothing"
        if self.error is None:
            return f"no finite error, bound {_number(self.bound)}"
        if self.error > Fraction(self.bound):
            return f"error {_number(float(self.error))} is above the bound {_number(self.bound)}"
        assert self.real is not None
        if self.real[1] < self.lo or self.real[0] > self.hi:
            return f"the real value is outside the bound's ends {_number(self.lo)} to {_number(self.hi)}"
        return ""


def _enclosures(
    graph: Graph, params: Mapping[str, Any], x: Mapping[str, Array]
) -> dict[tuple[int, ...], tuple[Fraction, Fraction]]:
    """The real value of each element of the output that has one."""
    real = Real()
    scalars = run(graph, params, x, real)
    found = {}
    for at in np.ndindex(np.shape(scalars)):
        try:
            low, high = real.enclosure(np.asarray(scalars[at], dtype=object))
        except (UndefinedError, UnableError):
            continue
        found[at] = (low.item(), high.item())
    return found


def _codes(what: str, x: Any) -> npt.NDArray[np.uint32]:
    array = np.asarray(x)
    if array.dtype.kind == "O":
        raise PayloadError(f"{what} is of class {type(x).__name__}, expected one array of float32 numbers or uint32 codes")
    if array.dtype not in (np.float32, np.uint32):
        raise PayloadError(f"{what} has dtype {array.dtype}, expected float32 numbers or uint32 codes; round it yourself")
    return np.ascontiguousarray(array).view(np.uint32).reshape(array.shape)


def _fail(what: str, elements: int, lines: Iterable[str]) -> None:
    told = list(lines)
    if told:
        rest = [f"and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
        raise AssertionError("\n  ".join([f"{len(told)} of {elements} elements: {what}", *told[:_SHOWN], *rest]))


def _name(at: tuple[int, ...]) -> str:
    return f"element {[int(i) for i in at]}"


def _number(x: float) -> str:
    return f"{x!r} ({x.hex()})"


def _ulps(distance: int) -> str:
    return "one of them is NaN" if distance == 1 << BINARY32.width else f"{distance} ulps apart"
