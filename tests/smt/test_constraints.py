"""Constraints over the reals: what is proved holds where they do, and a witness satisfies them, to the last bit."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.region import Box
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.graph.trace import trace
from fpsem.smt import constraints, questions
from fpsem.smt.constraints import decide_where, in_words, relaxed, surely_hold
from fpsem.smt.query import fails
from fpsem.smt.question import Execution


def ends(lo: float, hi: float) -> Box:
    return Box(np.float32(lo), np.float32(hi))


def constraint(text: str, *arguments: str) -> Any:
    """The constraints of a precondition, which bounds no argument."""
    from fpsem.interop.fpcore import Core, read_fpcore

    (core,) = read_fpcore(f"(FPCore ({' '.join(arguments)}) :pre {text} x)", "text")
    assert isinstance(core, Core)
    assert core.constraints is not None
    return core.constraints


SUM = trace(lambda x, y: x + y, (), ())
TENTH = constraint("(<= 1/10 (+ x y))", "x", "y")
DOUBLE = constraint("(<= x (* 2 y))", "x", "y")


def never(values: Any) -> Any:
    """A property that fails everywhere, so that what is left of the question is its constraints."""
    return ~values[""].inputs["x"].is_finite()


def never_of_one(values: Any) -> Any:
    """The same, of executions of one input."""
    return ~values[""].inputs.is_finite()


def shown(graph: Any, boxes: Any, format: str = "binary32") -> tuple[Any, Any]:
    """Whether binary32 shows the constraints to hold perhaps, and surely, at an input."""
    execution = {"": Execution(SUM, {})}
    asked = [build(graph, execution, boxes, never, format) for build in (relaxed, constraints._inside)]
    return tuple(fails(executions, holds, format=format) for executions, _, holds in asked)  # type: ignore[return-value]


# -- soundness -------------------------------------------------------------------------------------------------------


@given(st.floats(-1, 1, width=32), st.integers(-4, 4))
def test_binary32_excludes_no_input_that_satisfies_a_rounded_constraint(x: float, steps: int) -> None:
    y = np.float32(Fraction(1, 10) - Fraction(x))
    y = np.float32(y + steps * np.spacing(y))
    perhaps, surely = shown(TENTH, {"x": ends(-1, 1), "y": ends(-2, 2)})
    point = {"x": np.float32(x), "y": y}
    holds = Fraction(x) + Fraction(float(y)) >= Fraction(1, 10)
    assert perhaps(point) or not holds
    assert holds or not surely(point)
    assert surely_hold(TENTH, {"": Execution(SUM, {})}, point) == holds


ALWAYS = constraint("(<= x (- (+ x 1/3) 1/3))", "x")
"""Holds over the reals, and in binary32 for some numbers only."""


@given(st.floats(0, 1, width=32))
def test_rounding_excludes_nothing_of_a_constraint_that_always_holds(x: float) -> None:
    perhaps, surely = shown(ALWAYS, {"x": ends(0, 1), "y": ends(0, 1)})
    point = {"x": np.float32(x), "y": np.float32(0)}
    assert perhaps(point)
    assert not surely(point)


@given(st.floats(50, 100, width=32))
def test_an_input_that_is_moved_has_the_error_bound_of_its_own_box(x: float) -> None:
    moved = {"": Execution(trace(lambda x: x + 0.0, ()), {}, moved=("x", (), "z"))}
    thrice = constraint("(<= (* 3 (* x 1/3)) x)", "x")
    executions, _, holds = relaxed(thrice, moved, {"x": ends(0, 2**-10), "z": ends(50, 100)}, never_of_one)
    assert fails(executions, holds)({"x": np.zeros((), np.float32), "z": np.float32(x)})


@given(st.floats(1, 4, width=32), st.integers(-2, 2))
def test_a_comparison_of_exact_sides_is_exact(y: float, steps: int) -> None:
    x = np.float32(2 * y)
    x = np.float32(x + steps * np.spacing(x))
    perhaps, surely = shown(DOUBLE, {"x": ends(0, 16), "y": ends(1, 4)})
    point = {"x": x, "y": np.float32(y)}
    assert perhaps(point) == surely(point) == (float(x) <= 2 * y)


def test_doubles_are_not_exact_where_the_format_is_narrow() -> None:
    perhaps, _ = shown(DOUBLE, {"x": ends(0, 16), "y": ends(1, 4)}, "e5m2")
    assert perhaps({"x": np.float32(16), "y": np.float32(1)})  # nothing is known, so nothing is excluded
    ordered, _ = shown(constraint("(<= x y)", "x", "y"), {"x": ends(0, 16), "y": ends(1, 4)}, "e5m2")
    assert not ordered({"x": np.float32(16), "y": np.float32(1)})


def test_a_constraint_that_may_be_undefined_or_overflow_excludes_nothing() -> None:
    for text in ("(<= (log x) y)", "(<= x (* 1e30 (* y 1e30)))", "(<= (/ 1 x) y)"):
        perhaps, _ = shown(constraint(text, "x", "y"), {"x": ends(-1, 1), "y": ends(1, 2)})
        assert perhaps({"x": np.float32(1), "y": np.float32(1)})
        assert perhaps({"x": np.float32(-1), "y": np.float32(1)})


# -- verdicts --------------------------------------------------------------------------------------------------------


QUOTIENT = trace(lambda x, y: 1 / (x + y), (), ())
UNIT = {"x": ends(0, 1), "y": ends(0, 1)}


BEFORE = constraint("(< x y)", "x", "y")
DIFFERENCE = trace(lambda x, y: y - x, (), ())


@pytest.mark.parametrize(("text", "x", "strictly"), [
    ("(< x 1/2)", 0.5, False), ("(<= x 1/2)", 0.5, True), ("(< (* 2 x) 1)", 0.5, False), ("(> (* 2 x) 1)", 0.5, False),
    ("(< (* 2 x) 1)", 0.25, True), ("(> (* 2 x) 1)", 0.75, True),
])  # fmt: skip
def test_an_edge_that_is_left_out_satisfies_nothing(text: str, x: float, strictly: bool) -> None:
    held = constraint(f"(let ([t (+ x 0)]) {text.replace('x', 't')})", "x")
    assert surely_hold(held, {"": Execution(IDENTITY, {})}, {"x": np.float32(x)}) == strictly


@given(st.floats(0, 1, width=32), st.integers(-1, 1))
def test_a_strict_comparison_of_exact_sides_is_exact(x: float, steps: int) -> None:
    y = np.float32(x) + np.float32(steps) * np.spacing(np.float32(x))
    perhaps, surely = shown(BEFORE, {"x": ends(0, 1), "y": ends(-1, 2)})
    point = {"x": np.float32(x), "y": y}
    assert perhaps(point) == surely(point) == (x < float(y)) == surely_hold(BEFORE, {"": Execution(SUM, {})}, point)


def test_a_strict_constraint_that_is_rounded_excludes_nothing_that_satisfies_it() -> None:
    above = constraint("(< 1/10 (+ x y))", "x", "y")
    perhaps, surely = shown(above, {"x": ends(-1, 1), "y": ends(-2, 2)})
    near = {"x": np.float32(0), "y": np.float32(0.1)}  # 1.5e-9 above a tenth
    assert perhaps(near)
    assert not surely(near)
    assert surely_hold(above, {"": Execution(SUM, {})}, near)


def test_what_fails_at_an_edge_alone_holds_where_the_edge_is_left_out() -> None:
    positive = partial(questions.bounded, DIFFERENCE, {}, UNIT, np.finfo(np.float32).smallest_subnormal.item(), None)
    at = positive(ask=partial(decide_where, constraint("(<= x y)", "x", "y")))
    assert isinstance(at, Refuted)
    assert at.witness["x"] == at.witness["y"]
    assert isinstance(positive(ask=partial(decide_where, BEFORE)), Proved)


def test_what_fails_in_the_box_alone_holds_within_the_constraint() -> None:
    assert isinstance(questions.finite(QUOTIENT, {}, UNIT), Refuted)
    assert isinstance(questions.finite(QUOTIENT, {}, UNIT, ask=partial(decide_where, TENTH)), Proved)


def test_a_witness_satisfies_the_constraint() -> None:
    found = questions.bounded(QUOTIENT, {}, UNIT, None, 5, ask=partial(decide_where, TENTH))
    assert isinstance(found, Refuted)
    x, y = (Fraction(float(found.witness[name])) for name in "xy")
    assert Fraction(1, 10) <= x + y < Fraction(1, 5)


FAR = constraint("(<= 1/2 (- (+ x 1024) 1024))", "x")
IDENTITY = trace(lambda x: x + 0.0, ())


def test_another_witness_is_looked_for_where_the_first_is_within_rounding_of_the_constraint() -> None:
    found = questions.bounded(IDENTITY, {}, {"x": ends(0.499, 0.501)}, 1, None, ask=partial(decide_where, FAR))
    assert isinstance(found, Refuted)
    assert found.witness["x"] >= 0.5


def test_inputs_that_may_be_none_of_the_constraint_refute_nothing() -> None:
    found = questions.bounded(IDENTITY, {}, {"x": ends(0.49999, 0.4999999)}, 1, None, ask=partial(decide_where, FAR))
    assert isinstance(found, Unknown)
    assert "does not surely satisfy the constraints" in found.reason


def test_a_constraint_that_is_undefined_at_a_witness_does_not_hold_there() -> None:
    logarithm, inverse = constraint("(<= (log x) 4)", "x"), trace(lambda x: 1 / (x + 1), ())
    found = questions.finite(inverse, {}, {"x": ends(-1, -1 + 2**-24)}, ask=partial(decide_where, logarithm))
    assert isinstance(found, Unknown)


def test_an_input_that_is_moved_satisfies_the_constraint_too() -> None:
    distance, few = trace(lambda x, y: abs(x - y), (), ()), ends(1, 1 + 2**-20)
    ordered = partial(decide_where, constraint("(<= x y)", "x", "y"))
    boxes = {"x": few, "y": few}
    assert isinstance(questions.monotone(distance, {}, boxes, "x", increasing=False), Refuted)
    assert isinstance(questions.monotone(distance, {}, boxes, "x", increasing=False, ask=ordered), Proved)
    found = questions.monotone(distance, {}, boxes, "x", ask=ordered)
    assert isinstance(found, Refuted)
    assert found.witness["x"] < found.witness["x moved"] <= found.witness["y"]


def test_in_a_narrow_format_a_witness_satisfies_the_constraint() -> None:
    boxes = {"x": ends(-1, 1), "y": ends(-1, 1)}
    found = questions.bounded(SUM, {}, boxes, None, -1, ask=partial(decide_where, DOUBLE, format="e5m2"))
    assert isinstance(found, Refuted)
    assert found.witness["x"] <= 2 * found.witness["y"]


# -- in words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["(< x (* 2 y))", "(< 0 (+ x y))",
     "(<= x (* 2 y))", "(<= (+ x 1/10) (fabs (/ x y)))", "(<= (sqrt x) (fmin (- y) PI))", "(<= 0 (- (* x x) y))"],
)  # fmt: skip
def test_a_constraint_is_told_as_fpcore_writes_it(text: str) -> None:
    assert in_words(constraint(text, "x", "y")) == (text,)


def test_a_constraint_that_repeats_itself_is_told_shortly() -> None:
    twice = "[x (* x x)] " * 60
    (said,) = in_words(constraint(f"(let* ({twice}) (<= x y))", "x", "y"))
    assert len(said) < 500
