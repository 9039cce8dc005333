"""Compiled reductions are the plain meaning bit for bit: every kind of schedule, fused or not, in every accumulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fpsem.core.schedule import (
    SCHEDULES,
    Blocked,
    Compensated,
    Exact,
    Lanes,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    Tree,
    WarpTree,
)
from fpsem.domains import ErrorBound, IEEE32Exec, Interval, NumPyFloat32, RoundedReal, SymbolicFP32, _exact_loops
from fpsem.graph.ops import op_named

KINDS: list[Schedule] = [
    Sequential(), Reverse(), Pairwise(), Pairwise(leaf=3), Lanes(width=4), Lanes(width=64), WarpTree(width=4), WarpTree(width=64),
    Blocked(block=3), SplitK(parts=3), SplitK(parts=64), NumPyPairwise(), Compensated(),
]  # fmt: skip
ALL = [replace(kind, fused=fused, accumulator=held) for kind in KINDS for fused in (False, True) for held in (None, "binary64")]
ALL += [Exact(), Exact(fused=True)]
SIZES = (*range(1, 41), 100, 129, 1000)
FEW = (1, 2, 3, 7, 8, 9)


def test_every_kind_is_tried() -> None:
    assert {type(schedule) for schedule in ALL} == set(SCHEDULES.values()) - {Tree}


def codes(n: int, *shape: int) -> Any:
    """Numbers of many magnitudes, so that every order of sums has bits of its own."""
    random = np.random.default_rng(n)
    return (random.standard_normal(shape) * 2.0 ** random.integers(-12, 13, shape)).astype(np.float32).view(np.uint32)


def calls(domain: Any, n: int) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    a, b = domain.from_bits(codes(n, 2, n)), domain.from_bits(codes(n + 1, n, 3))
    yield "matmul", (a, b), {}
    yield "sum", (b,), {"axis": 0, "keepdims": False}
    yield "sum", (a,), {"axis": None, "keepdims": True}
    yield "max", (b,), {"axis": 0, "keepdims": False}


def check(domain: Any, n: int) -> None:
    for op, arrays, attributes in calls(domain, n):
        found = domain.overrides[op](*arrays, **attributes)
        expected = op_named(op).meaning(domain, *arrays, **attributes)
        assert found.shape == expected.shape
        assert np.array_equal(domain.to_bits(found), domain.to_bits(expected)), (op, n)


@pytest.mark.parametrize("schedule", ALL, ids=str)
def test_compiled_sums_of_machine_floats_are_the_plain_meaning(schedule: Schedule) -> None:
    for n in SIZES:
        check(NumPyFloat32(schedule=schedule), n)


@pytest.mark.parametrize("schedule", ALL, ids=str)
def test_compiled_sums_of_codes_are_the_plain_meaning(schedule: Schedule) -> None:
    """Over binary64 the plain meaning is of Python integers, so few sizes are tried, and all against the machine's floats."""
    bits, machine = IEEE32Exec(schedule=schedule), NumPyFloat32(schedule=schedule)
    for n in FEW if schedule.accumulator else (*FEW, 40, 100):
        check(bits, n)
    for n in SIZES:
        for (op, arrays, attributes), (_, floats, _) in zip(calls(bits, n), calls(machine, n)):
            found, other = bits.overrides[op](*arrays, **attributes), machine.overrides[op](*floats, **attributes)
            assert np.array_equal(found, machine.to_bits(other)), (op, n)


@pytest.mark.parametrize("direction", ["downward", "upward"])
@pytest.mark.parametrize("schedule", [s for s in ALL if not s.accumulator], ids=str)
def test_compiled_sums_in_other_directions_are_the_plain_meaning(schedule: Schedule, direction: str) -> None:
    for n in (2, 3, 9, 33):
        check(IEEE32Exec(direction, schedule), n)


@pytest.mark.parametrize("options", [{"rounding": "upward"}, {"nan": "x86"}, {"subnormals": "flush"}], ids=str)
def test_wide_sums_that_are_not_the_machines_are_left_to_the_plain_meaning(options: dict[str, Any]) -> None:
    assert set(IEEE32Exec(schedule=Sequential(accumulator="binary64"), **options).overrides) == {"max"}
    assert set(IEEE32Exec(schedule=Sequential(), **options).overrides) == {"max", "sum", "matmul"}


SPECIAL = np.array(
    [0, 1 << 31, 0x7F800000, 0xFF800000, 0x7FC00000, 1, 0x80000001, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000, 0xBF800000, 0x00800000],
    np.uint32,
)


@pytest.mark.parametrize("options", [{}, {"rounding": "downward"}, {"subnormals": "flush"}, {"nan": "x86"}], ids=str)
@pytest.mark.parametrize("schedule", [Exact(), Exact(fused=True)], ids=str)
@pytest.mark.parametrize("least", [0, 5])
def test_exact_sums_of_special_values_are_the_plain_meaning(schedule: Schedule, options: dict[str, Any], least: int) -> None:
    random, domain = np.random.default_rng(3), IEEE32Exec(schedule=schedule, **options)
    for n in (2, 3, 4):
        a, b = random.choice(SPECIAL[least:], (8, n)), random.choice(SPECIAL[least:], (n, 8))
        for op, arrays, attributes in (("matmul", (a, b), {}), ("sum", (b,), {"axis": 0, "keepdims": False})):
            found, expected = domain.overrides[op](*arrays, **attributes), op_named(op).meaning(domain, *arrays, **attributes)
            assert np.array_equal(found, expected)


@pytest.mark.parametrize("schedule", ALL, ids=str)
def test_every_domain_of_executions_gives_one_result(schedule: Schedule) -> None:
    """Rationals, SMT-LIB terms and intervals of points, by the plain meaning, give the compiled bits."""
    a, b = codes(5, 1, 5), codes(6, 5, 1)
    expected = NumPyFloat32(schedule=schedule).overrides["matmul"](a.view(np.float32), b.view(np.float32)).view(np.uint32)
    domains: list[Any] = [RoundedReal(schedule=schedule)]
    if not isinstance(schedule, Exact):
        domains += [SymbolicFP32(schedule=schedule), Interval("binary32", schedule)]
    for domain in domains:
        found = op_named("matmul").meaning(domain, domain.from_bits(a), domain.from_bits(b))
        assert np.array_equal(domain.to_bits(found), expected), domain.name


@pytest.mark.parametrize("schedule", ALL, ids=str)
def test_intervals_and_error_bounds_hold_the_executions(schedule: Schedule) -> None:
    random = np.random.default_rng(9)
    low = random.standard_normal((6, 9)).astype(np.float32)
    high = low + np.float32(0.25) * np.abs(low)
    points = [low, high, *(np.float32(low + random.random(low.shape) * (high - low)).clip(low, high) for _ in range(20))]
    bound = ErrorBound(schedule=schedule)
    region = bound.between(low, high)
    held: list[tuple[str, Any, Any]] = []
    for op in ("sum", "matmul"):
        arguments: tuple[Any, ...] = (region,) if op == "sum" else (region[:3], region[3:].T)
        own = bound.overrides.get(op)
        held.append((op, own(*arguments) if own else op_named(op).meaning(bound, *arguments, **told(op)), None))
        if not isinstance(schedule, Exact):
            intervals = Interval("binary32", schedule)
            box = intervals.between(low, high)
            arguments = (box,) if op == "sum" else (box[:3], box[3:].T)
            held[-1] = (*held[-1][:2], op_named(op).meaning(intervals, *arguments, **told(op)))
    machine, exact = NumPyFloat32(schedule=schedule), RoundedReal("binary64")
    for x in points:
        for op, errors, interval in held:
            y = machine.overrides[op](x) if op == "sum" else machine.overrides[op](x[:3], x[3:].T)
            real = op_named(op).meaning(exact, *operands(exact, op, x), **told(op))
            apart = np.abs(np.asarray(real - exact.from_bits(machine.to_bits(y)), dtype=np.float64))
            assert (apart <= errors["err"] * (1 + 2.0**-20)).all(), (op, apart, errors["err"])
            assert interval is None or ((interval["lo"] <= y) & (y <= interval["hi"])).all(), op


def test_the_bound_of_a_compensated_sum_is_near_that_of_the_exact_one() -> None:
    x, y = np.random.default_rng(1).standard_normal((2, 1, 50)).astype(np.float32)
    found = {}
    for schedule in (Sequential(), Compensated(), Compensated(fused=True), Exact(fused=True)):
        domain = ErrorBound(schedule=schedule)
        given = [domain.between(v, np.float32(v + np.abs(v) / 64)) for v in (x, y.T)]
        own = domain.overrides.get("matmul")
        found[str(schedule)] = float((own(*given) if own else op_named("matmul").meaning(domain, *given))["err"][0, 0])
    assert found["compensated:fused=True"] < 2 * found["exact:fused=True"]
    assert found["compensated"] < found["sequential"] / 2


def test_a_compensated_sum_that_may_overflow_on_the_way_has_no_bound() -> None:
    domain = ErrorBound(schedule=Compensated())
    x = np.full(4, 2.0**126, np.float32)
    assert domain.overrides["sum"](domain.between(x, x))["err"] == np.inf
    assert domain.overrides["sum"](domain.between(x / 16, x / 16))["err"] < 2.0**103


def told(op: str) -> dict[str, Any]:
    return {"axis": None, "keepdims": False} if op == "sum" else {}


def operands(domain: Any, op: str, x: Any) -> tuple[Any, ...]:
    made = domain.from_bits(np.ascontiguousarray(x).view(np.uint32))
    return (made,) if op == "sum" else (made[:3], made[3:].T)


@pytest.mark.parametrize("schedule", ALL, ids=str)
def test_sums_of_many_terms_take_no_list_of_steps(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = NumPyFloat32(schedule=schedule)
    x = domain.from_bits(codes(1, 70_000))
    expected = domain.overrides["sum"](x)
    monkeypatch.setattr(type(schedule), "steps", lambda self, n: steps_of_few(self, n))
    assert domain.overrides["sum"](x) == expected


def steps_of_few(schedule: Schedule, n: int) -> Any:
    assert n < 1000
    return Schedule.steps(schedule, n)


def test_many_rows_of_many_terms_are_summed_as_few_are() -> None:
    x = codes(2, 70, 3000)
    for schedule in ALL:
        domain = NumPyFloat32(schedule=schedule)
        alone = [domain.overrides["sum"](row.view(np.float32)) for row in x]
        assert np.array_equal(domain.overrides["sum"](x.view(np.float32), axis=1), np.array(alone)), schedule


def test_numpys_own_sums_are_numpy_pairwise() -> None:
    for n in (8, 127, 128, 129, 1000, 4099, 100_000):
        x = codes(n, n).view(np.float32)
        assert NumPyFloat32(schedule="numpy_pairwise").overrides["sum"](x) == np.add.reduce(x)  # type: ignore[arg-type]


@pytest.mark.parametrize("far", [2.0**-60, 2.0**-100, 2.0**-149])
def test_a_term_far_below_decides_a_tie_of_an_exact_sum(far: float) -> None:
    for make in (NumPyFloat32, IEEE32Exec):
        domain = make(schedule=Exact())
        for sign, expected in ((1, 1 + 2.0**-23), (0, 1.0), (-1, 1.0)):
            x = np.array([far * sign, 1.0, 2.0**-24], np.float32).view(np.uint32)
            found = domain.overrides["sum"](domain.from_bits(x))
            assert domain.to_bits(found).view(np.float32) == expected


def test_the_long_accumulator_is_exact_in_plain_python() -> None:
    """The loops run over Python's integers too, which cannot wrap around."""
    random = np.random.default_rng(8)
    for _ in range(50):
        x = random.integers(0, 1 << 32, (1, 12), np.uint32)
        x = np.where((x >> 23) & 0xFF == 0xFF, 0, x).astype(np.uint32)
        wide = x.view(np.float32).astype(np.float64).view(np.int64).astype(object)
        found, product = np.empty(1), np.empty((1, 1))
        _exact_loops.exact_sums(wide, 0.0, np.zeros(_exact_loops.LIMBS, object), found)
        _exact_loops.exact_products(wide, wide[:, ::-1], 0.0, np.zeros(_exact_loops.LIMBS, object), product)
        for made, schedule, op, given in (
            (found, Exact(), "sum", (x[0],)), (product, Exact(fused=True), "matmul", (x, x[:, ::-1].T)),
        ):  # fmt: skip
            domain = IEEE32Exec(schedule=schedule)
            expected = op_named(op).meaning(domain, *given, **told(op))
            with np.errstate(over="ignore"):
                assert made.astype(np.float32).view(np.uint32).ravel()[0] == np.ravel(expected)[0]
