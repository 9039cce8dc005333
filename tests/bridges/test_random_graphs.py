"""Domains against one another over random graphs, payloads, boxes, inputs in them and schedules; planted faults are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

import fpsem
from fpsem.core.codes import places
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule
from fpsem.testing import SmallGraph, boxes, inputs_in, schedules, small_graphs
from fpsem.testing.number_line import show_numbers

MOST_INFINITE = 0.25
"""The largest share of elements that may be without a finite bound or interval."""


@dataclass(frozen=True, eq=False)
class Case:
    """An execution: a graph, a box of inputs, one of these, and a schedule."""

    small: SmallGraph
    box: fpsem.Box
    x: Array
    schedule: Schedule

    def run(self, domain: Any, x: Any = None) -> Array:
        return fpsem.run(self.small.graph, self.small.payload, self.x if x is None else x, domain)

    def __repr__(self) -> str:
        named = {"x": self.x, "from": self.box.lo, "to": self.box.hi}
        return "\n".join([repr(self.small), *(f"{name}: {show_numbers(x)}" for name, x in named.items()), str(self.schedule)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@st.composite
def cases(draw: st.DrawFn, ops: tuple[str, ...] | None = None, magnitude: float = 4.0, max_ops: int = 4) -> Case:
    small = draw(small_graphs(ops, max_ops=max_ops))
    box = draw(boxes(small.shape, max_magnitude=magnitude))
    return Case(small, box, draw(inputs_in(box)), draw(schedules()))


def real_values(case: Case) -> list[tuple[Fraction, Fraction] | None]:
    """The enclosure of each element's real value, in C order; None where it is undefined, or not found to be defined."""
    domain = fpsem.Real()
    return [_enclosure(domain, scalar) for scalar in np.ravel(case.run(domain))]


def _enclosure(domain: Any, scalar: Any) -> tuple[Fraction, Fraction] | None:
    try:
        low, high = domain.enclosure(np.array([scalar], dtype=object))
    except (UndefinedError, UnableError):
        return None
    return low[0], high[0]


def meet(found: tuple[Fraction, Fraction], ends: tuple[float, float]) -> bool:
    """Whether a sharp enclosure and an interval have a number in common; compared exactly."""
    return found[1] >= ends[0] and found[0] <= ends[1]


def executed(case: Case) -> Array:
    """The codes of an execution, in C order."""
    domain = fpsem.IEEE32Exec(schedule=case.schedule)
    return np.ravel(domain.to_bits(case.run(domain)))


def check_real_in_interval(case: Case) -> list[bool]:
    """The real value lies in the interval over the box; for each element whether that says something."""
    domain = fpsem.Interval("real")
    out = np.ravel(case.run(domain, domain.box(case.box)))
    for found, ends in zip(real_values(case), out, strict=True):
        bounded = bool(np.isfinite(ends["lo"]) and np.isfinite(ends["hi"]))
        assert found is not None or not bounded, f"undefined, in {ends}"
        if found is not None:
            assert meet(found, (ends["lo"], ends["hi"])), f"{[float(v) for v in found]} not in {ends}"
    return [bool(np.isfinite(ends["lo"]) and np.isfinite(ends["hi"])) for ends in out]


def check_execution_in_interval(case: Case) -> list[bool]:
    """The executed number lies in the interval of executions; -0 is below +0, and NaN in the whole line alone, or in NaN."""
    domain = fpsem.Interval("binary32", schedule=case.schedule)
    out = np.ravel(case.run(domain, domain.box(case.box)))
    codes = executed(case)
    lows, highs = (np.ascontiguousarray(out[end]).view(np.uint32) for end in ("lo", "hi"))
    whole = np.isneginf(out["lo"]) & np.isposinf(out["hi"])
    nan = np.isnan(codes.view(np.float32))
    inside = (places(lows) <= places(codes)) & (places(codes) <= places(highs)) & ~np.isnan(out["lo"])
    good = np.where(nan, whole | np.isnan(out["lo"]), inside)
    assert good.all(), f"{show_numbers(codes)}\nnot in {out}"
    return list(np.isfinite(out["lo"]) & np.isfinite(out["hi"]))


def check_execution_within_bound(case: Case) -> list[bool]:
    """The executed number is within the bound over the box of the real value, and that within the bound's ends."""
    bound = fpsem.error_bound(case.small.graph, case.small.payload, case.box, case.schedule)
    ends = zip(*(np.ravel(part).tolist() for part in (bound.absolute, bound.lo, bound.hi)))
    for code, found, (most, lo, hi) in zip(executed(case).tolist(), real_values(case), ends, strict=True):
        if not np.isfinite(most):
            continue
        assert BINARY32.is_finite(code), f"{code:#010x} where the bound is {most}"
        assert found is not None, f"no real value where the bound is {most}"
        seen, value = BINARY32.decode(code), float(found[0])
        error = max(found[0] - seen, seen - found[1])
        assert error <= most, f"error {float(error)} is above {most}: the execution {code:#010x}, the real value {value}"
        assert meet(found, (lo, hi)), f"real value {value} outside {lo} to {hi}"
    return np.isfinite(np.ravel(bound.absolute)).tolist()


REAL, EXECUTION, BOUND = (
    "the real value is in its interval",
    "the execution is in the interval of executions",
    "the execution is within the bound of the real value",
)
CHECKS: Mapping[str, Callable[[Case], list[bool]]] = {
    REAL: check_real_in_interval,
    EXECUTION: check_execution_in_interval,
    BOUND: check_execution_within_bound,
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@given(case=cases())
def test_of_a_random_graph(check: Callable[[Case], list[bool]], case: Case) -> None:
    event("every element is bounded" if all(check(case)) else "an element is not bounded")


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_few_elements_are_without_a_bound(check: Callable[[Case], list[bool]]) -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=100, derandomize=True, database=None, phases=[Phase.generate])
    @given(case=cases())
    def tally(case: Case) -> None:
        seen.update(check(case))

    tally()
    assert seen[False] / seen.total() < MOST_INFINITE, f"{seen[False]} of {seen.total()}"


# -- planted faults ---------------------------------------------------------------------------------------------------


def found_by(check: Callable[[Case], list[bool]], among: int, ops: tuple[str, ...], **options: Any) -> bool:
    """Whether some of so many cases that are drawn from these ops, always the same, fail the check."""

    @settings(max_examples=among, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(case=cases(ops, **options))
    def holds(case: Case) -> None:
        check(case)

    try:
        holds()
    except AssertionError:
        return True
    return False


def without_error(x: Array, share: float = 0.0) -> Array:
    """A scalar of the error bound domain that claims only a share of its error."""
    out = x.copy()
    out["err"] = out["err"] * share
    return out


def plant_mul(mul: Any) -> Any:
    return lambda self, x, y: mul(self, x, without_error(y))


def plant_half_of_the_rounding(add: Any) -> Any:
    return lambda self, x, y: without_error(add(self, x, y), 0.5)


def plant_tanh(tanh: Any) -> Any:
    return lambda self, x: tanh(self, without_error(x, 0.25))


def plant_two_corners(mul: Any) -> Any:
    def two(self: Any, x: Array, y: Array) -> Array:
        out = mul(self, x, y)
        with np.errstate(all="ignore"):
            corners = x["lo"] * y["lo"], x["hi"] * y["hi"]
        out["lo"], out["hi"] = np.minimum(*corners), np.maximum(*corners)
        return out

    return two


def plant_unshifted_softmax(overrides: Any) -> Any:
    def softmax(self: Any, x: Array, axis: int) -> Array:
        weights = self.exp(x)
        total = fpsem.run(fpsem.trace(lambda w: w.sum(axis=axis, keepdims=True), x.shape), {}, weights, self)
        return self.div(weights, total)

    return property(lambda self: {**overrides.fget(self), "softmax": lambda x, axis: softmax(self, x, axis)})


SUMS = ("add", "literal")
PLANTED: Mapping[str, tuple[type, str, Callable[[Any], Any], str, tuple[str, ...], dict[str, Any]]] = {
    "a product that forgets the error of its second factor": (
        fpsem.ErrorBound, "mul", plant_mul, BOUND, ("literal", "mul"), {},
    ),
    "a sum that rounds by a quarter of an ulp": (fpsem.ErrorBound, "add", plant_half_of_the_rounding, BOUND, SUMS, {}),
    "a slope of tanh that is too small": (fpsem.ErrorBound, "tanh", plant_tanh, BOUND, (*SUMS, "tanh"), {}),
    "a product of real intervals that takes two corners": (fpsem.Interval, "mul", plant_two_corners, REAL, ("mul", "add"), {}),
    "a product of executed intervals that takes two corners": (
        fpsem.Interval, "mul", plant_two_corners, EXECUTION, ("mul", "add"), {},
    ),
    "an execution of softmax without its shift": (
        fpsem.IEEE32Exec, "overrides", plant_unshifted_softmax, BOUND, ("softmax",), {"magnitude": 200.0},
    ),
}  # fmt: skip
"""The class and its member, what takes its place, the check that must fail, and the ops that it is looked for with."""


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, member, plant, check, ops, options = PLANTED[fault]
    assert not found_by(CHECKS[check], 100, ops, **options)
    monkeypatch.setattr(owner, member, plant(vars(owner)[member]))
    assert found_by(CHECKS[check], 1000, ops, **options)
