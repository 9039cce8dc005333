"""Verdicts never contradict executions: random small graphs and properties, in narrow formats and in binary32.

What is held to be true here is computed apart from the code that is judged: each step by the format's own softfloat arithmetic,
each property by numpy's comparisons of doubles. In a narrow format every input is run; in binary32 every input of a tiny box, and
thousands of a wide one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from fpsem.core.formats import format_named
from fpsem.core.protocol import Array
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace
from fpsem.smt import query, worker
from fpsem.smt.corners import at_corners
from fpsem.smt.enumeration import enumerated
from fpsem.smt.formula import Outputs, every, formula_of
from fpsem.smt.narrow import in_format, numbers
from fpsem.smt.portfolio import Limits, Query
from fpsem.smt.query import Effort
from fpsem.smt.question import Execution, Question
from fpsem.smt.solver import Answer, is_installed
from fpsem.smt.splitting import split, with_zeros
from fpsem.softfloat import arithmetic
from fpsem.testing.strategies import codes, schedules

NARROW = ("toy6", "toy8", "e5m2")
ALL = settings().max_examples
SOME = max(5, ALL // 4)
"""Examples of what asks solvers; twice as many of what runs every input."""

FASTEST = "bitwuzla" if is_installed("bitwuzla") else "z3"

ARITY = {
    "add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "maximum": 2, "minimum": 2, "relu": 1, "abs": 1, "neg": 1,
    "where": 4, "fma": 3, "sum": 3,
}  # fmt: skip
FUNCTIONS = ("exp", "expm1", "log", "log1p", "sin", "tanh")
CHEAP = tuple(sorted(set(ARITY) - {"div", "sqrt", "fma"}))
"""Ops that solvers decide fast in binary32."""
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A question: steps are ops with the places of their operands among inputs, constants and earlier steps; three values are
    outputs; the property is nested tuples; ends are codes of the format, of each input."""

    format: str
    ends: tuple[tuple[int, int], ...]
    constants: tuple[int, ...]
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[int, int, int]
    schedule: Schedule
    property: tuple[Any, ...]

    @property
    def box(self) -> Box:
        lo, hi = (numbers(np.array(end, format_named(self.format).dtype), self.format) for end in zip(*self.ends))
        return Box(lo, hi)

    @property
    def graph(self) -> Graph:
        def traced(x: Any) -> Any:
            given = numbers(np.array(self.constants, format_named(self.format).dtype), self.format)
            values = [x[i : i + 1] for i in range(len(self.ends))]
            values += [values[0].constant_like(float(value)) for value in given]
            for op, places in self.steps:
                values.append(_traced(op, [values[place] for place in places]))
            a, b, c = (values[place] for place in self.outputs)
            return a.concat(b, c, axis=0)

        return trace(traced, (len(self.ends),))

    @property
    def question(self) -> Question:
        graph = self.graph
        formula = formula_of(lambda y: _formula(self.property, y), Outputs("", graph))
        return Question({"": Execution(graph, {}, self.schedule)}, formula, {"x": self.box.shape}, self.format)

    def holds(self, x: Array) -> Array:
        """Whether the property holds at inputs (n, inputs), float32."""
        values = _executed(self, x)
        doubles = [numbers(values[place], self.format).astype(np.float64) for place in self.outputs]
        return np.broadcast_to(_truth(self.property, doubles), len(x))

    def decide(self, **effort: Any) -> Verdict:
        execution = Execution(self.graph, {}, self.schedule)
        return query.decide(
            {"": execution}, self.box, lambda y: _formula(self.property, y[""]), Effort(**effort), format=self.format
        )


def _traced(op: str, operands: list[Any]) -> Any:
    if op == "where":
        return operands[0].less(operands[1]).where(*operands[2:])
    if op == "sum":
        return operands[0].concat(*operands[1:], axis=0).sum(axis=0, keepdims=True)
    return operands[0].apply(op, *operands[1:])


def _executed(case: Case, x: Array) -> list[Array]:
    f = format_named(case.format)
    own = arithmetic(f.name)
    values = [arithmetic("binary32").convert(np.ascontiguousarray(x[:, i]).view(np.uint32), f) for i in range(x.shape[1])]
    values += [np.full(len(x), code, f.dtype) for code in case.constants]
    for op, places in case.steps:
        values.append(np.asarray(_step(case, own, op, [values[place] for place in places]), f.dtype))
    return values


def _step(case: Case, own: Any, op: str, operands: list[Array]) -> Array:
    if op == "where":
        return np.where(own.less(*operands[:2]), operands[2], operands[3])
    if op == "relu":
        return own.maximum(operands[0], np.zeros_like(operands[0]))
    wide = [numbers(operand, case.format).view(np.uint32) for operand in operands]
    if op in ("fma", *FUNCTIONS):  # binary32's, rounded once more
        return arithmetic("binary32").convert(getattr(arithmetic("binary32"), op)(*wide), case.format)
    if op == "sum":
        rows = np.stack(wide)
        summed = trace(lambda x: x.sum(axis=0), rows.shape)
        made = run(summed, {}, rows, in_format(IEEE32Exec(schedule=case.schedule), case.format))
        return arithmetic("binary32").convert(made, case.format)
    return getattr(own, op)(*operands)


def _formula(p: tuple[Any, ...], y: Any) -> Any:
    match p:
        case ("compare", how, a, ("constant", value)):
            return COMPARED[how](y[a], value)
        case ("compare", how, a, b):
            return COMPARED[how](y[a], y[b])
        case ("is_finite", a):
            return y[a].is_finite()
        case ("is_nan", a):
            return y[a].is_nan()
        case ("argmax", place):
            return y.argmax() == place
        case ("not", q):
            return ~_formula(q, y)
        case ("implies", q, r):
            return _formula(q, y).implies(_formula(r, y))
        case ("all", q, r):
            return every([_formula(q, y), _formula(r, y)])
    raise AssertionError(p)


def _truth(p: tuple[Any, ...], y: list[Array]) -> Array:
    match p:
        case ("compare", how, a, ("constant", value)):
            return COMPARED[how](y[a], value)
        case ("compare", how, a, b):
            return COMPARED[how](y[a], y[b])
        case ("is_finite", a):
            return np.isfinite(y[a])
        case ("is_nan", a):
            return np.isnan(y[a])
        case ("argmax", place):
            lost = np.logical_or.reduce([np.isnan(value) for value in y])
            return ~lost & (np.argmax(np.stack(y), axis=0) == place)
        case ("not", q):
            return ~_truth(q, y)
        case ("implies", q, r):
            return ~_truth(q, y) | _truth(r, y)
        case ("all", q, r):
            return _truth(q, y) & _truth(r, y)
    raise AssertionError(p)


# -- what is drawn ---------------------------------------------------------------------------------------------------


@st.composite
def cases(
    draw: st.DrawFn, formats: tuple[str, ...], ops: tuple[str, ...] = tuple(ARITY), least: int = 1, tiny: bool = False
) -> Case:
    """Questions; of a tiny box each input has a few codes."""
    format = draw(st.sampled_from(formats))
    finite = _finite(format)
    ends = tuple(_ordered(draw, format, finite, tiny) for _ in range(draw(st.integers(1, 2))))
    constants = tuple(draw(st.lists(finite, max_size=2)))
    steps: list[tuple[str, tuple[int, ...]]] = []
    first = len(ends) + len(constants)
    for _ in range(draw(st.integers(least, 4))):
        op, known = draw(st.sampled_from(ops)), first + len(steps)
        steps.append((op, tuple(draw(st.integers(0, known - 1)) for _ in range(ARITY.get(op, 1)))))
    last = first + len(steps) - 1
    outputs = (last, draw(st.integers(0, last)), draw(st.integers(0, last)))
    case = Case(format, ends, constants, tuple(steps), outputs, draw(schedules(3)), ())
    return replace(case, property=draw(_properties(_bounds(case))))


def _finite(format: str) -> st.SearchStrategy[int]:
    """Codes of numbers: of a narrow format any of them, in binary32 those where rounding goes wrong."""
    f = format_named(format)
    if format not in NARROW:
        return codes(format, allow_nan=False, allow_infinity=False)
    return st.integers(-1 - f.max_finite, f.max_finite).map(lambda place: f.sign_mask | (-1 - place) if place < 0 else place)


def _ordered(draw: st.DrawFn, format: str, finite: st.SearchStrategy[int], tiny: bool) -> tuple[int, int]:
    f = format_named(format)
    if tiny:
        code = draw(finite)
        wider = min((code & f.magnitude_mask) + draw(st.sampled_from((0, 1, 5, 30))), f.max_finite)
        return _sorted(f, code, wider | draw(st.sampled_from((code & f.sign_mask,) if wider > 30 else (0, f.sign_mask))))
    return _sorted(f, draw(finite), draw(finite))


def _sorted(f: Any, a: int, b: int) -> tuple[int, int]:
    low, high = sorted((a, b), key=lambda code: (f.decode(code), not code & f.sign_mask))
    return low, high


def _bounds(case: Case) -> list[float]:
    """Numbers to compare the first output with: those that it reaches at some inputs, and their neighbours."""
    reached = numbers(_executed(case, points(case, 1000))[case.outputs[0]], case.format).astype(np.float64)
    finite = reached[np.isfinite(reached)]
    if not len(finite):
        return [0.0, 1.0]
    reached = np.unique(finite)
    some = reached[np.linspace(0, len(reached) - 1, 7).astype(int)].astype(np.float32)
    with np.errstate(over="ignore", under="ignore"):
        beside = [np.nextafter(some[[0, -1]], np.float32(side)) for side in (-np.inf, np.inf)]
    return [0.0, *(float(value) for value in np.concatenate([some, *beside]) if np.isfinite(value))]


def _properties(bounds: list[float]) -> st.SearchStrategy[tuple[Any, ...]]:
    output = st.integers(0, 2)
    constant = st.tuples(st.just("constant"), st.sampled_from(bounds))
    against = st.tuples(st.just("compare"), st.sampled_from(list(COMPARED)), st.just(0), constant)
    facts = st.one_of(
        against,
        against,
        st.tuples(st.just("compare"), st.sampled_from(list(COMPARED)), output, output),
        st.tuples(st.sampled_from(("is_finite", "is_nan")), output),
        st.tuples(st.just("argmax"), output),
    )
    truth = facts | st.tuples(st.just("not"), facts)
    return truth | st.tuples(st.sampled_from(("implies", "all")), truth, truth)


def inputs(case: Case) -> Array:
    """All inputs of the case's box."""
    spans = [np.arange(first, last + 1) for first, last in _spans(case)]
    grids = np.meshgrid(*spans, indexing="ij")
    return np.stack([_at(grid.ravel(), case.format) for grid in grids], axis=1)


def points(case: Case, count: int) -> Array:
    """Inputs of the case's box: near its corners, near the zeros, and anywhere between."""
    rng, columns = np.random.default_rng(0), []
    for first, last in _spans(case):
        near = rng.integers(0, min(4, last - first + 1), count)
        kinds = [first + near, last - near, np.clip(near - 2, first, last), *rng.integers(first, last + 1, (2, count))]
        columns.append(_at(np.choose(rng.integers(0, len(kinds), count), kinds), case.format))
    return np.stack(columns, axis=1)


def _spans(case: Case) -> list[tuple[int, int]]:
    """Places of each input's ends, -0 at -1 and +0 at 0: of ends that are two codes, one that is a zero brings the other."""
    f, spans = format_named(case.format), []
    for low, high in case.ends:
        first, last = (-1 - (code & f.magnitude_mask) if code & f.sign_mask else code for code in (low, high))
        spans.append((first, last) if first == last else (-1 if first == 0 else first, 0 if last == -1 else last))
    return spans


def _at(places: Array, format: str) -> Array:
    f = format_named(format)
    return numbers(np.where(places < 0, f.sign_mask | (-1 - places), places).astype(f.dtype), format)


# -- what must hold --------------------------------------------------------------------------------------------------


def ask_here(asked: Query, solvers: Any, limits: Limits, confirm: bool = False) -> Answer:
    """The first solver, in this process: a process of its own would take longer than the questions."""
    (solver, *_) = solvers
    reply = worker.solve(solver, asked.text, limits.seconds)
    return Answer(reply.status, solver, 0.0, values=reply.values if reply.status == "sat" else None, reason=reply.reason)


@pytest.fixture(autouse=True, scope="module")
def _asked_here() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query, "ask", ask_here)
        yield


def check(case: Case, verdict: Verdict | None, x: Array, what: str) -> None:
    """Whether a verdict agrees with executions at those inputs; a refutation, with one at its witness."""
    event(f"{what}, {case.format}: {type(verdict).__name__}")
    match verdict:
        case Proved():
            broken = x[~case.holds(x)]
            assert not len(broken), f"{what} proved what fails at {broken[0]}"
        case Refuted(witness=witness):
            row = witness["x"][None]
            assert case.box.contains(row[0]), f"{what} refuted outside the box, at {row[0]}"
            assert not case.holds(row)[0], f"{what} refuted what holds at {row[0]}"
        case Unknown(reason=reason):
            assert "did not replay" not in reason, f"{what}: {reason}"


def check_enumeration(case: Case) -> None:
    x = inputs(case)
    verdict = enumerated(case.question, case.box.lo, case.box.hi)
    check(case, verdict, x, "enumeration")
    assert isinstance(verdict, Proved if case.holds(x).all() else Refuted)


def check_boxes(case: Case, x: Array) -> None:
    """What intervals tell of boxes between two of the inputs, proved and refuted alike."""
    rng, holds = np.random.default_rng(0), case.holds(x)
    pairs = x[rng.integers(0, len(x), (2, 30))]
    pairs[:, 0] = x[[0, -1]]
    lo, hi = with_zeros(pairs.min(axis=0), pairs.max(axis=0))
    for low, high, truth in zip(lo, hi, case.question.on_boxes(lo, hi)):
        box = Box(low, high)
        inside = np.where(box.fixed, x.view(np.uint32) == low.view(np.uint32), (low <= x) & (x <= high)).all(axis=1)
        if truth != outward.UNKNOWN:
            wrong = x[inside & (holds != (truth == outward.TRUE))]
            assert not len(wrong), f"intervals told {truth == outward.TRUE} of a box from {low} to {high}, wrong at {wrong[0]}"


def check_intervals(case: Case, x: Array, boxes: int = 400) -> None:
    check_boxes(case, x)
    found = split(case.question, case.box.lo, case.box.hi, 10.0, boxes)
    kind = "Refuted" if found.witness is not None else "Unknown" if len(found.lo) else "Proved"
    event(f"intervals, {case.format}: {kind}")
    if found.witness is not None:
        assert case.box.contains(found.witness)
        assert not case.holds(found.witness[None])[0], f"intervals refuted what holds at {found.witness}"
        return
    for row in x[~case.holds(x)]:
        left = ((found.lo <= row) & (row <= found.hi)).all(axis=1).any()
        assert left, f"intervals proved what fails at {row}"


def check_corners(case: Case, x: Array) -> None:
    proved, witness = at_corners(case.question, case.box.lo, case.box.hi)
    verdict = Refuted({"x": witness}) if witness is not None else Proved("") if proved else Unknown("")
    check(case, verdict, x, "corners")


def check_solver(case: Case, x: Array, lemmas: bool, seconds: float = 2.0, solver: str = "z3") -> None:
    effort = {"bounds": True, "inputs": 0, "boxes": 0} if lemmas else {"bounds": False}
    verdict = case.decide(**effort, seconds=seconds, solvers=(solver,))
    check(case, verdict, x, "a solver told ranges" if lemmas else "a solver")


@settings(max_examples=2 * SOME)
@given(cases(NARROW))
def test_intervals_and_enumeration_agree_with_every_execution(case: Case) -> None:
    check_enumeration(case)
    check_intervals(case, inputs(case))


@settings(max_examples=SOME)
@given(cases(NARROW), st.booleans())
def test_a_solver_agrees_with_every_execution(case: Case, lemmas: bool) -> None:
    check_solver(case, inputs(case), lemmas)


@settings(max_examples=SOME)
@given(cases((*NARROW, "binary32"), (*CHEAP, *FUNCTIONS * 3)), st.booleans())
def test_no_verdict_on_elementary_functions_contradicts_executions(case: Case, lemmas: bool) -> None:
    x = points(case, 2000)
    check_intervals(case, x)
    check_solver(case, x, lemmas, 0.7, FASTEST if case.format == "binary32" else "z3")


@settings(max_examples=ALL)
@given(cases(("binary32",)))
def test_in_binary32_no_verdict_contradicts_thousands_of_executions(case: Case) -> None:
    x = points(case, 4000)
    check_corners(case, x)
    check_intervals(case, x)


@settings(max_examples=ALL)
@given(cases(("binary32",), tiny=True))
def test_on_a_tiny_box_of_binary32_no_verdict_contradicts_any_execution(case: Case) -> None:
    x = inputs(case)
    check_corners(case, x)
    check_intervals(case, x)
    check_enumeration(case)


@settings(max_examples=SOME)
@given(cases(("binary32",), CHEAP), st.booleans())
def test_in_binary32_no_solver_contradicts_thousands_of_executions(case: Case, lemmas: bool) -> None:
    check_solver(case, points(case, 4000), lemmas, 0.5, FASTEST)


@pytest.mark.parametrize(("op", "ends"), [("log", (-3, 2)), ("log1p", (-3, 2)), ("log", (-3, -2)), ("sin", (1, 1e30))])
@pytest.mark.parametrize("format", ["binary32", "bfloat16"])
def test_no_solver_proves_that_a_function_undefined_somewhere_is_defined(op: str, ends: tuple[float, float], format: str) -> None:
    graph = trace(lambda x: (x * x if op == "sin" else x).apply(op), (2,))
    lo, hi = (np.full(2, end, np.float32) for end in ends)
    for holds in (lambda y: ~(y[""][0].is_nan() & y[""][1].is_nan()), lambda y: ~y[""][1].is_nan()):
        effort = Effort(bounds=False, seconds=10.0, solvers=("z3",))
        verdict = query.decide({"": Execution(graph, {})}, Box(lo, hi), holds, effort, format=format)
        assert isinstance(verdict, Refuted)


# -- what is planted is found ----------------------------------------------------------------------------------------


def contradicted(look: Callable[[Case], None], formats: tuple[str, ...], op: str) -> str:
    """What is said of the first contradiction among some hundred cases; nothing where there is none.

    It is kept, not raised: a case is run again when it fails, and another witness of a wrong term may happen to replay.
    """
    found: list[str] = []

    @settings(max_examples=400, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(cases(formats, (op, "sub", "maximum")))
    def search(case: Case) -> None:
        try:
            if not found:
                look(case)
        except AssertionError as error:
            found.append(str(error))

    search()
    return "".join(found)


def _on_every_input(case: Case) -> None:
    check_boxes(case, inputs(case))


def test_an_interval_product_that_forgets_corners_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Interval, x: Array, y: Array) -> Array:
        with np.errstate(all="ignore"):
            ends = [np.asarray(x[end] * y[end]) for end in ("lo", "hi")]
        return self._pack((np.fmin(*ends), np.fmax(*ends)))

    monkeypatch.setattr(Interval, "mul", wrong)
    assert contradicted(_on_every_input, NARROW, "mul").startswith("intervals")


@pytest.mark.parametrize("format", ["toy8", "binary32"])
def test_a_term_of_a_difference_that_is_wrong_is_contradicted(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    solver = FASTEST if format == "binary32" else "z3"

    def look(case: Case) -> None:
        check_solver(case, points(case, 2000), False, solver=solver)

    monkeypatch.setattr(SymbolicFP32, "sub", lambda self, x, y: self.add(x, y))
    assert contradicted(look, (format,), "sub").startswith("a solver")


def test_an_interval_root_that_forgets_nan_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Interval.sqrt
    monkeypatch.setattr(Interval, "sqrt", lambda self, x: root(self, self.abs(x)))
    assert contradicted(_on_every_input, ("toy8",), "sqrt").startswith("intervals")
