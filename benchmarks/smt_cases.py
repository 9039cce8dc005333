"""What benchmarks/smt.py asks: dot products, small networks, digits, rewrites and elementary functions, each with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import fpsem
from fpsem import nn
from fpsem.core.region import Box
from fpsem.core.schedule import Sequential
from fpsem.core.verdict import Verdict
from fpsem.domains import _outward as outward
from fpsem.graph.ir import Graph
from fpsem.smt.encoding import Encoding
from fpsem.smt.formula import Outputs, every, formula_of, within_ulps
from fpsem.smt.portfolio import Query
from fpsem.smt.query import Effort, decide
from fpsem.smt.question import Execution, Question
from fpsem.smt.questions import absorbed, agree, argmax_stable, bounded, finite, monotone, same_in_orders

FOLDER = Path(__file__).parents[1] / "examples" / "digits"
GREATEST = float(np.finfo(np.float32).max)
PIXELS = {"in the middle": (27, 28, 35, 36), "at the rim": (2, 5, 58, 61)}
"""Which four of the 64 are free, row by row."""


@dataclass(frozen=True)
class Asked:
    """A question about a box.

    Args:
        name: what the report calls it.
        question: the formula and the executions it is about.
        box: the inputs, in one row of elements.
        answer: the known one, "proved" or "refuted"; empty where none is known beforehand.
    """

    name: str
    question: Question
    box: Box
    answer: str = ""

    def decide(self, effort: Effort) -> Verdict:
        """By all that a question is decided by."""
        lo, hi = (self.question.named(end) for end in (self.box.lo, self.box.hi))
        region = {name: Box(lo[name], hi[name]) for name in lo}
        return decide(self.question.executions, region, lambda _: self.question.formula, effort)


@dataclass(frozen=True)
class Ready:
    """A ready question: decided with the effort that is given."""

    name: str
    answer: str
    decide: Callable[[Effort], Verdict]


def asked(name: str, answer: str, executions: Mapping[str, Execution], box: Box, holds: Callable[..., Any]) -> Asked:
    """A question about executions on inputs of one box; the property takes their outputs in order."""
    values = {key: Outputs(key, execution.graph) for key, execution in executions.items()}
    (shapes,) = {tuple(execution.graph.inputs.items()) for execution in executions.values()}
    question = Question(executions, formula_of(lambda held: holds(*held.values()), values), dict(shapes))
    return Asked(name, question, Box(box.lo.reshape(-1), box.hi.reshape(-1)), answer)


def encoded(case: Asked, lemmas: bool) -> Query:
    """The question as text for solvers, with or without what intervals know."""
    return Encoding(case.question, case.box.lo, case.box.hi, lemmas).query


def box(lo: Any, hi: Any) -> Box:
    """A box of numbers rounded to binary32."""
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


def cube(shape: tuple[int, ...], radius: float) -> Box:
    """All within so much of 0."""
    return box(np.full(shape, -radius), np.full(shape, radius))


# -- dot products ----------------------------------------------------------------------------------------------------


def dot(terms: int) -> list[Asked]:
    """Can a dot product with x in [-1, 1] exceed its greatest executed value, 1.01 times that, or reach it?"""
    weights = np.random.default_rng(0).standard_normal(terms).astype(np.float32)
    graph = fpsem.trace(lambda x: (x * weights).sum(), (terms,))
    at = np.sign(weights).astype(np.float32)
    most = fpsem.run(graph, {}, at, fpsem.IEEE32Exec()).view(np.float32).item()
    ways: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
        ("> max", "proved", lambda y: y[0] <= most),
        ("> 1.01 max", "proved", lambda y: y[0] <= float(np.float32(1.01 * most))),
        (">= max", "refuted", lambda y: y[0] < most),
    )
    executions, region = {"": Execution(graph, {})}, cube((terms,), 1)
    return [asked(f"dot {terms} {name}", answer, executions, region, holds) for name, answer, holds in ways]


# -- networks --------------------------------------------------------------------------------------------------------


def network(widths: tuple[int, ...], seed: int) -> tuple[Graph, dict[str, Any]]:
    """A ReLU network whose weights and biases are N(0, 1)."""
    rng, layers, params = np.random.default_rng(seed), list[nn.Module](), dict[str, Any]()
    for i, (before, after) in enumerate(pairwise(widths)):
        params[f"{2 * i}.weight"] = rng.standard_normal((after, before)).astype(np.float32)
        params[f"{2 * i}.bias"] = rng.standard_normal(after).astype(np.float32)
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).lower((1, widths[0])), params


def networks(widths: tuple[int, ...], seed: int, radii: tuple[str, ...]) -> Iterator[Asked]:
    """Does the margin keep its sign about 0? At radii where one pass of intervals does not tell, or where it does not.

    ``sound``: the largest radius, about, at which one pass proves; ``broken``: the least at which a random attack succeeds.
    """
    graph, params = network(widths, seed)
    shape = (1, widths[0])
    y = fpsem.run(graph, params, np.zeros(shape, np.float32), fpsem.IEEE32Exec()).view(np.float32)[0]
    top = int(y.argmax())
    signed: Callable[[Any], Any] = (lambda v: v[0] > 0) if y[0] > 0 else (lambda v: v[0] < 0)
    holds = signed if len(y) == 1 else lambda v: every(v[top] > v[i] for i in range(len(y)) if i != top)
    case = asked("", "", {"": Execution(graph, params)}, cube(shape, 1), holds)
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.choice((-1.0, 1.0), (4096, widths[0])), rng.uniform(-1, 1, (4096, widths[0]))])
    undecided: Callable[[float], bool] = lambda r: bool(case.question.on_boxes(*_ends(widths[0], r))[0] != outward.TRUE)  # noqa: E731
    fails: Callable[[float], bool] = lambda r: not case.question.at_points((points * r).astype(np.float32)).all()  # noqa: E731
    sound, broken = least(undecided), least(fails)
    sizes = {"1.2 sound": 1.2 * sound, "between": (sound * broken) ** 0.5, "1.1 broken": 1.1 * broken, "2 broken": 2 * broken}
    for told in radii:
        name = f"{'-'.join(map(str, widths))} seed {seed}, radius {sizes[told]:.4f} = {told}"
        answer = "refuted" if told.endswith("broken") else ""
        yield replace(case, name=name, box=cube((widths[0],), sizes[told]), answer=answer)


def _ends(width: int, radius: float) -> tuple[Any, Any]:
    at = cube((1, width), radius)
    return at.lo, at.hi


def least(fails: Callable[[float], bool]) -> float:
    """The least radius up to 8 at which something fails, about, by bisection."""
    low, high = 0.0, 8.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high


def digits(labels: tuple[int, ...]) -> Iterator[Ready]:
    """Does the digits classifier keep its class, four pixels being anything from black to white?"""
    graph, params = fpsem.load(FOLDER / "digits.json")
    with np.load(FOLDER / "images.npz") as held:
        images, known = held["images"], held["labels"]
    for label in labels:
        image = images[np.flatnonzero(known == label)[0]].reshape(1, 64)
        for where, free in PIXELS.items():
            lo, hi = image.copy(), image.copy()
            lo[0, free], hi[0, free] = 0, 1
            ask = partial(argmax_stable, graph, params, Box(lo, hi), center=image)
            yield Ready(f"a {label}, four pixels {where}", "", lambda effort, ask=ask: ask(effort=effort))  # type: ignore[misc]


# -- ready questions -------------------------------------------------------------------------------------------------


def monotone_relu() -> Ready:
    """relu(0.73 x + 0.1) over all finite x."""
    graph = fpsem.trace(lambda x: (x * 0.73 + 0.1).relu(), (1,))
    whole = box([-GREATEST], [GREATEST])
    name = "relu(0.73 x + 0.1) rises over all finite x"
    return Ready(name, "proved", lambda effort: monotone(graph, {}, whole, "x", (0,), effort=effort))


def _same(name: str, answer: str, one: Callable[..., Any], other: Callable[..., Any], lo: float, hi: float) -> Ready:
    names = one.__code__.co_varnames[: one.__code__.co_argcount]
    graphs = [fpsem.trace(f, *((1,) for _ in names)) for f in (one, other)]
    at = box([lo], [hi])
    region = at if len(names) == 1 else dict.fromkeys(names, at)
    return Ready(name, answer, lambda effort: agree(graphs[0], {}, graphs[1], {}, region, effort=effort))


def rewrites() -> Iterator[Ready]:
    """Ready questions of every kind; the answers follow from IEEE 754, or have a witness that was replayed."""
    yield _same("x/3 = x*(1/3)", "refuted", lambda x: x / 3.0, lambda x: x * (x.constant_like(1) / 3.0), -1e30, 1e30)
    yield _same("x/4 = x*(1/4)", "proved", lambda x: x / 4.0, lambda x: x * 0.25, -1e30, 1e30)
    yield _same("x/10 = x*(1/10)", "refuted", lambda x: x / 10.0, lambda x: x * (x.constant_like(1) / 10.0), -1e30, 1e30)
    yield _same("x-x = x*0", "proved", lambda x: x - x, lambda x: x * 0.0, -GREATEST, GREATEST)
    yield _same("(a+b)+c = a+(b+c)", "refuted", lambda a, b, c: (a + b) + c, lambda a, b, c: a + (b + c), -2, 2)
    yield _same("a*(b+c) = a*b+a*c", "refuted", lambda a, b, c: a * (b + c), lambda a, b, c: a * b + a * c, -2, 2)
    yield _same("(a+b)*c = c*(b+a)", "proved", lambda a, b, c: (a + b) * c, lambda a, b, c: c * (b + a), -2, 2)
    yield from _orders()
    rate = box([1], [2])
    yield Ready("w + 1e-3 g = w, |g| <= 1e-5", "proved", lambda e: absorbed(rate, box([-1e-5], [1e-5]), 1e-3, effort=e))
    yield Ready("w + 1e-3 g = w, |g| <= 1e-4", "refuted", lambda e: absorbed(rate, box([-1e-4], [1e-4]), 1e-3, effort=e))
    masked = fpsem.trace(lambda x: (x - 1000.0).exp(), (1,))
    for most, answer in ((800, "proved"), (900, "refuted")):
        at = box([-most], [most])
        yield Ready(f"exp(x-1000) = 0, |x| <= {most}", answer, partial(_bounded, masked, at, 0, 0))
    norm = fpsem.trace(lambda x: (x * x).sum().sqrt(), (4,))
    yield Ready("norm of 4 finite, |x| <= 9e18", "proved", lambda e: finite(norm, {}, cube((4,), 9e18), effort=e))
    yield Ready("norm of 4 finite, |x| <= 1e19", "refuted", lambda e: finite(norm, {}, cube((4,), 1e19), effort=e))


def _bounded(graph: Graph, at: Box, least: float, most: float, effort: Effort) -> Verdict:
    return bounded(graph, {}, at, least, most, effort=effort)


def _orders() -> Iterator[Ready]:
    """Sums in two orders, and fused beside separate."""
    total, terms = fpsem.trace(lambda x: x.sum(), (3,)), fpsem.trace(lambda x, y: x @ y, (1, 2), (2, 1))
    positive = {"x": box([[0.5, 0.5]], [[2, 2]]), "y": box([[0.5], [0.5]], [[2], [2]])}
    for name, answer, graph, region, other, ulps in (
        ("3 terms in [-1,1], reversed, the same", "refuted", total, cube((3,), 1), "reverse", 0),
        ("3 terms in [1/2,2], reversed, 1 ulp", "", total, box([0.5] * 3, [2] * 3), "reverse", 1),
        ("2 products in [1/2,2], fused, the same", "refuted", terms, positive, "sequential:fused=True", 0),
        ("2 products in [1/2,2], fused, 1 ulp", "", terms, positive, "sequential:fused=True", 1),
    ):
        ask = partial(same_in_orders, graph, {}, region, "sequential", other, ulps)
        yield Ready(name, answer, lambda effort, ask=ask: ask(effort=effort))  # type: ignore[misc]


def elementary() -> Iterator[Ready]:
    """Bounds of sigmoids and of several functions."""
    sigmoid = fpsem.trace(lambda x: 1 / (1 + (-x).exp()), (1,))
    yield Ready("sigmoid in [0.0066, 0.9934], |x| <= 5", "", partial(_bounded, sigmoid, cube((1,), 5), 0.0066, 0.9934))
    gates = fpsem.trace(lambda x: (1 / (1 + (x[0] - x[1]).exp())) + (1 / (1 + (x[1] * 2.0).exp())), (2,))
    yield Ready("two sigmoids' sum in [0.1, 1.9], |x| <= 1", "", partial(_bounded, gates, cube((2,), 1), 0.1, 1.9))
    mixed = fpsem.trace(lambda x: x.tanh() * 1.5 - x.exp() * 0.25 + x.sin(), (1,))
    for most in (1.3044, 1.305, 1.4):
        name = f"1.5 tanh x - exp x / 4 + sin x <= {most}, |x| <= 1"
        yield Ready(name, "", partial(_bounded, mixed, cube((1,), 1), None, most))


# -- what lemmas do --------------------------------------------------------------------------------------------------


def texts() -> Iterator[Asked]:
    """Questions of several kinds, for the two texts: raw, and with lemmas."""
    three = {"a": (1,), "b": (1,), "c": (1,)}

    def pair(name: str, answer: str, one: Any, other: Any, lo: float, hi: float, ulps: int = 0, **orders: Any) -> Asked:
        graphs = [fpsem.trace(f, *three.values()) for f in (one, other)]
        executions = {key: Execution(g, {}, orders.get(key, Sequential())) for key, g in zip(("one", "other"), graphs)}
        return asked(name, answer, executions, cube((3,), 1) if lo == -hi else box([lo] * 3, [hi] * 3), _near(ulps))

    fused: Callable[..., Any] = lambda a, b, c: a.fma(b, c)  # noqa: E731
    yield pair("a*b+c fused within 1 ulp, [1/2,2]", "proved", lambda a, b, c: a * b + c, fused, 0.5, 2, 1)
    yield pair("a*b+c fused the same, [1/2,2]", "refuted", lambda a, b, c: a * b + c, fused, 0.5, 2)
    yield pair("distributivity, [-1,1]", "refuted", lambda a, b, c: a * (b + c), lambda a, b, c: a * b + a * c, -1, 1)
    yield pair("associativity, [-1,1]", "refuted", lambda a, b, c: (a + b) + c, lambda a, b, c: a + (b + c), -1, 1)
    graph, params = network((2, 4, 1), 0)
    least_, most = (float(f(_net_values(graph, params))) for f in (np.min, np.max))
    executions, region = {"": Execution(graph, params)}, cube((1, 2), 1)
    yield asked("2-4-1 <= sampled max + 0.5", "", executions, region, lambda y: y[0] <= most + 0.5)
    yield asked("2-4-1 <= sampled max - 0.001", "refuted", executions, region, lambda y: y[0] <= most - 0.001)
    yield asked("2-4-1 >= sampled min - 0.5", "", executions, region, lambda y: y[0] >= least_ - 0.5)


def _net_values(graph: Graph, params: Mapping[str, Any]) -> Any:
    points = np.random.default_rng(2).uniform(-1, 1, (256, 1, 2)).astype(np.float32)
    return np.array([fpsem.run(graph, params, x, fpsem.IEEE32Exec()).view(np.float32) for x in points])


def _near(ulps: int) -> Callable[..., Any]:
    return lambda one, other: every(within_ulps(a, b, ulps) for a, b in zip(one, other))
