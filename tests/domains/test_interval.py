"""Interval: every point of a box keeps its real values inside, or its executions; and no end is wider than it must be."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.bridges.real_ieee32 import MODELS
from fpsem.core.errors import UnableError, UndefinedError, UnknownNameError, UnsupportedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.rounding import Rounding
from fpsem.domains import _outward as outward
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.ops import op_named

DOMAIN, REAL = fpsem.Interval(), fpsem.Real()


def inside(low: Any, value: Any, high: Any) -> bool:
    return bool((low <= value).all() and (value <= high).all())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("width", [0.0, 0.01, 0.5])
def test_the_real_value_of_every_sampled_input_lies_in_the_enclosure_of_its_box(
    model: Callable[[Any], Any], width: float
) -> None:
    rng = np.random.default_rng(0)
    center = rng.standard_normal((4, 9)).astype(np.float32)
    region = fpsem.Box(center - np.float32(width), center + np.float32(width))
    graph = fpsem.trace(model, center.shape)
    found = fpsem.run(graph, {}, DOMAIN.box(region), DOMAIN)
    low, high = (np.frompyfunc(lambda v: Fraction(v) if np.isfinite(v) else v, 1, 1)(found[end]) for end in ("lo", "hi"))
    for share in (0.0, 1.0, *rng.uniform(0, 1, 3)):
        x = (region.lo + np.float32(share) * (region.hi - region.lo)).clip(region.lo, region.hi)
        assert inside(low, REAL.enclosure(fpsem.run(graph, {}, x, REAL))[0], high)


def test_an_enclosure_of_a_point_is_narrow() -> None:
    x = np.array([[0.5, -1.25, 3.0]], np.float32)
    found = fpsem.run(fpsem.trace(lambda x: x.softmax(axis=1).log(), x.shape), {}, x, DOMAIN)
    assert (found["hi"] - found["lo"] < 1e-13).all()


def test_what_may_be_undefined_is_the_whole_line_and_has_no_enclosure() -> None:
    box = DOMAIN.box(fpsem.Box(np.float32([-1]), np.float32([1])))
    one = DOMAIN.constant(np.array([1], dtype=object))
    pole, zero = DOMAIN.div(one, box), DOMAIN.sub(one, one)
    for undefined in (pole, DOMAIN.sqrt(box), DOMAIN.log(box), DOMAIN.mul(pole, zero)):
        assert undefined["lo"].item() == -np.inf
        assert undefined["hi"].item() == np.inf
        with pytest.raises(UndefinedError, match=r"element \[0\] may be undefined"):
            DOMAIN.enclosure(undefined)


def test_truths_have_three_values_and_an_unknown_choice_is_the_hull() -> None:
    low, high = (DOMAIN.box(fpsem.Box(np.float32([a]), np.float32([b]))) for a, b in ((0, 1), (2, 3)))
    assert DOMAIN.less(low, high).item() == outward.TRUE
    assert DOMAIN.less(high, low).item() == outward.FALSE
    assert DOMAIN.less(low, low).item() == outward.UNKNOWN
    assert DOMAIN.equal(low, low).item() == outward.UNKNOWN
    assert DOMAIN.select(DOMAIN.less(low, low), low, high).item() == (0.0, 3.0)
    assert DOMAIN.select(DOMAIN.less(low, high), low, high).item() == (0.0, 1.0)


def test_bits_are_read_where_the_interval_decides_them() -> None:
    x = np.array([0.1, -3.5], np.float32)
    assert DOMAIN.to_bits(DOMAIN.from_bits(x.view(np.uint32))).tolist() == x.view(np.uint32).tolist()
    with pytest.raises(UnableError, match="stands for many numbers"):
        DOMAIN.to_bits(DOMAIN.box(fpsem.Box(x, x + 1)))


# -- real values: tight ends -------------------------------------------------------------------------------------------

CORNERS = [
    *(0.0, -0.0, 1.0, -1.0, 1 + 2.0**-52, 1 - 2.0**-53, 1 / 3, 0.1, 2.0**53 + 2, 1e16, 3.0),
    *(2.0**-1074, 2.0**-1022, 3 * 2.0**-1074, 1e-200, -1e-160, 1.1e-154, 2.0**-960, 2.0**-970 * 1.1),
    *(1.7976931348623157e308, -1.7976931348623157e308, 1e200, 2.0**995 * 1.3, 1.3e154, 2.0**970 * 1.7, 2.0**1023),
]
EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": lambda a, b, c: a * b + c,
}


def operands(arity: int) -> Any:
    """Doubles that over- and underflow, tie and cancel, and ordinary ones; columns."""
    rng = np.random.default_rng(arity)
    ordinary = rng.standard_normal((300, arity)) * np.exp2(rng.integers(-60, 60, (300, arity)))
    wild = rng.standard_normal((300, arity)) * np.exp2(rng.integers(-1074, 1000, (300, arity)).astype(float))
    corners = np.array(list(product(CORNERS, repeat=arity)) if arity < 3 else rng.choice(CORNERS, (400, 3)))
    return np.concatenate([ordinary, wild, corners]).T


def directed(x: Fraction) -> tuple[float, float]:
    """x rounded down and up to binary64, by the fifteen lines that everything is judged against."""
    f = FORMATS["binary64"]
    codes = [np.uint64(round_to_bits(x, f, direction)).view(np.float64) for direction in (Rounding.DOWNWARD, Rounding.UPWARD)]
    return float(codes[0]), float(codes[1])


@pytest.mark.parametrize("name", EXACT)
def test_the_ends_of_an_operation_on_points_are_the_exact_result_rounded_down_and_up(name: str) -> None:
    columns = operands(3 if name == "fma" else 2)
    columns = columns[:, columns[1] != 0] if name == "div" else columns
    found = getattr(DOMAIN, name)(*(DOMAIN.between(x, x) for x in columns))
    wanted = [directed(EXACT[name](*map(Fraction, row))) for row in columns.T.tolist()]
    assert found.tolist() == wanted


@pytest.mark.parametrize("name", EXACT)
def test_the_ends_of_an_operation_on_intervals_are_the_least_and_greatest_exact_results_rounded(name: str) -> None:
    arity = 3 if name == "fma" else 2
    rng = np.random.default_rng(7)
    low, wide = rng.standard_normal((arity, 500)), rng.standard_exponential((arity, 500)) * 2.0**-3
    low[1] = np.abs(low[1]) + 0.1 if name == "div" else low[1]
    found = getattr(DOMAIN, name)(*(DOMAIN.between(x, x + w) for x, w in zip(low, wide)))
    ends = np.stack([low, low + wide], axis=1).transpose(2, 0, 1).tolist()
    results = [[EXACT[name](*corner) for corner in product(*([Fraction(v) for v in pair] for pair in row))] for row in ends]
    assert found.tolist() == [(directed(min(values))[0], directed(max(values))[1]) for values in results]


def test_the_ends_of_a_square_root_are_the_exact_root_rounded_down_and_up() -> None:
    x = np.abs(operands(1)[0])
    found = DOMAIN.sqrt(DOMAIN.between(x, x))
    for value, low, high in zip(map(Fraction, x.tolist()), found["lo"].tolist(), found["hi"].tolist()):
        assert Fraction(low) ** 2 <= value <= Fraction(high) ** 2
        assert (low == high) == (Fraction(low) ** 2 == value)
        assert high in (low, math.nextafter(low, math.inf))


def test_a_constant_is_rounded_down_and_up() -> None:
    values = [Fraction(1, 3), Fraction(-1, 10), Fraction(2**60 + 1), Fraction(1, 2**1080), Fraction(-(2**1024))]
    assert DOMAIN.constant(np.array(values, dtype=object)).tolist() == [directed(value) for value in values]


def test_what_is_undefined_stays_so_through_choices_of_the_lesser_and_greater() -> None:
    for domain in (DOMAIN, fpsem.Interval("binary32")):
        root = domain.sqrt(domain.between(np.float32([-1]), np.float32([1])))
        one = domain.constant(np.array([1], dtype=object))
        clipped = domain.maximum(domain.minimum(root, one), domain.neg(one))
        for x in (clipped, domain.minimum(domain.abs(root), one), domain.neg(root)):
            with pytest.raises(UndefinedError, match=r"element \[0\] may be undefined"):
                domain.enclosure(x)
        assert domain.less_equal(one, root).item() == outward.UNKNOWN
        assert domain.is_nan(root).item() == outward.UNKNOWN


def test_ends_that_are_no_numbers_of_the_semantics_are_refused() -> None:
    for lo, hi in (([1.0], [0.5]), ([np.nan], [1.0])):
        with pytest.raises(ValueError, match=r"element \[0\]: no ends"):
            DOMAIN.between(np.array(lo), np.array(hi))
    with pytest.raises(ValueError, match="float32"):
        fpsem.Interval("binary32").between(np.array([0.1]), np.array([0.2]))


def test_real_sums_have_no_schedule_and_semantics_have_two_names() -> None:
    with pytest.raises(UnsupportedError, match="takes no schedule"):
        fpsem.Interval(schedule="pairwise")
    with pytest.raises(UnknownNameError, match="unknown semantics 'binary64'"):
        fpsem.Interval("binary64")


# -- binary32 executions -----------------------------------------------------------------------------------------------

SCHEDULES = ("sequential", "reverse", "pairwise:fused", "lanes:width=3,fused", "blocked:block=2")


REDUCTIONS: list[Callable[[Any], Any]] = [
    lambda x: ((x @ x.T) - 1).maximum(x @ x.T * 0.5).sum(axis=0),
    lambda x: (x.sum(axis=1) / (x * x + 0.5).mean(axis=1)).neg().abs(),
    lambda x: (x * 1e30) @ (x.abs() * 1e9).T,
]
OTHERS: list[Callable[[Any], Any]] = [
    lambda x: (x.abs() + 0.25).sqrt().log() + x.tanh() - x.expm1().minimum(x.sin()),
    lambda x: x.relu().less(x.cos()).where(x.erf(), x.sigmoid()),
    *MODELS,
]


@pytest.mark.parametrize(("model", "schedule"), [*product(REDUCTIONS, SCHEDULES), *product(OTHERS, SCHEDULES[-2:-1])])
def test_every_sampled_execution_lies_between_the_ends_of_its_box(model: Callable[[Any], Any], schedule: str) -> None:
    domain, execution = fpsem.Interval("binary32", schedule), fpsem.IEEE32Exec(schedule=schedule)
    rng = np.random.default_rng(1)
    center = rng.standard_normal((4, 9)).astype(np.float32)
    graph = fpsem.trace(model, center.shape)
    for width in (0.0, 2.0**-20, 0.25):
        region = fpsem.Box(center - np.float32(width), center + np.float32(width))
        found = fpsem.run(graph, {}, domain.box(region), domain)
        whole = np.isneginf(found["lo"]) & np.isposinf(found["hi"])
        for share in (0.0, 1.0, *rng.uniform(0, 1, (1, 4, 9))):
            x = (region.lo + np.float32(share) * (region.hi - region.lo)).clip(region.lo, region.hi).astype(np.float32)
            y = fpsem.run(graph, {}, x, execution).view(np.float32)
            assert (whole | ((found["lo"] <= y) & (y <= found["hi"])) | (np.isnan(found["lo"]) & np.isnan(y))).all()
        if width == 0:
            same = domain.to_bits(found) == y.view(np.uint32)
            assert (same | (np.isnan(y) & np.isnan(found["lo"]))).all()


def test_the_ends_of_one_operation_are_reached_by_executions() -> None:
    domain, rng = fpsem.Interval("binary32"), np.random.default_rng(3)
    low = rng.standard_normal((3, 200)).astype(np.float32)
    high = low + rng.standard_exponential((3, 200)).astype(np.float32)
    boxes, bits = [domain.between(*ends) for ends in zip(low, high)], (low.view(np.uint32), high.view(np.uint32))
    for name, arity in {"add": 2, "mul": 2, "sub": 2, "fma": 3}.items():
        results = [
            getattr(fpsem.IEEE32Exec(), name)(*(bits[end][i] for i, end in enumerate(corner))).view(np.float32)
            for corner in product((0, 1), repeat=arity)
        ]
        found = getattr(domain, name)(*boxes[:arity])
        assert (found["lo"] == np.min(results, axis=0)).all()
        assert (found["hi"] == np.max(results, axis=0)).all()


def test_a_sum_fused_or_not_and_in_another_order_has_other_ends() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 40)).astype(np.float32)
    graph = fpsem.trace(lambda x: x @ x.T, x.shape)
    found = {fpsem.run(graph, {}, x, fpsem.Interval("binary32", schedule)).tobytes() for schedule in SCHEDULES}
    assert len(found) > 2


def test_overflow_is_an_infinite_end_and_what_may_be_nan_the_whole_line() -> None:
    domain = fpsem.Interval("binary32")
    most = BINARY32.decode(BINARY32.max_finite)
    big = domain.between(np.float32([1]), np.float32([most]))
    doubled = domain.add(big, big)
    assert doubled.item() == (2.0, np.inf)
    with pytest.raises(UndefinedError, match=r"element \[0\]"):
        domain.enclosure(doubled)
    lost = domain.sub(doubled, doubled)
    assert lost.item() == (-np.inf, np.inf)
    assert domain.is_finite(doubled).item() == domain.is_nan(lost).item() == outward.UNKNOWN


def test_a_box_about_zero_holds_both_zeros() -> None:
    domain = fpsem.Interval("binary32")
    box = domain.box(fpsem.Box(np.float32([0]), np.float32([1])))
    assert np.signbit(box["lo"]).all()
    one = domain.constant(np.array([1], dtype=object))
    assert domain.div(one, box).item() == (-np.inf, np.inf)


def test_a_fast_product_of_matrices_holds_the_exact_one_and_is_hardly_wider() -> None:
    rng = np.random.default_rng(3)
    low = [rng.standard_normal(shape) for shape in ((3, 40), (40, 5))]
    plain, fast = Interval(), Interval(fast=True)
    for width in (0.0, 0.125):
        a, b = (plain.between(x, x + width * abs(x)) for x in low)
        exact, found = op_named("matmul").meaning(plain, a, b), fast.overrides["matmul"](a, b)
        assert ((found["lo"] <= exact["hi"]) & (found["hi"] >= exact["lo"])).all()
        if width:
            assert ((found["lo"] <= exact["lo"] + 1e-12) & (found["hi"] >= exact["hi"] - 1e-12)).all()
        points = [Fraction(float(x)) * Fraction(float(y)) for x, y in zip(low[0][0], low[1][:, 0])]
        assert Fraction(float(found["lo"][0, 0])) <= sum(points) <= Fraction(float(found["hi"][0, 0]))
        assert (found["hi"] - found["lo"] <= 1.5 * (exact["hi"] - exact["lo"]) + 1e-12).all()


def test_what_may_be_anything_times_zero_is_not_nan_alone() -> None:
    d = Interval("binary32")
    whole = d.sqrt(d.box(fpsem.Box(np.float32([-1]), np.float32([4]))))
    zero, one, infinite = (d.from_bits(np.array([code], np.uint32)) for code in (0, 0x3F800000, BINARY32.overflow_code))
    for result in (d.mul(whole, zero), d.mul(zero, whole), d.fma(whole, zero, one), d.div(whole, infinite)):
        assert outward.is_whole((result["lo"], result["hi"])).all()


@pytest.mark.parametrize("format", ["e4m3", "e5m2", "bfloat16"])
def test_a_cast_holds_the_casts_of_members_where_they_overflow_too(format: str) -> None:
    domain, exact = Interval("binary32"), IEEE32Exec()
    ends = np.array([-3e38, -1000, -465, -464, -448, -1, -0.0, 0.0, 2**-12, 1, 448, 463, 464, 465, 1000, 3e38], np.float32)
    for i, lo in enumerate(ends):
        for hi in ends[i:]:
            (held,) = domain.cast(domain.between(np.array([lo]), np.array([hi])), format)
            members = ends[(lo <= ends) & (ends <= hi)]
            found = exact.cast(members.view(np.uint32), format).view(np.float32)
            whole, alone = np.isneginf(held["lo"]) and np.isposinf(held["hi"]), np.isnan(held["lo"])
            inside = (held["lo"] <= found) & (found <= held["hi"])
            assert (np.isnan(found) if alone else whole | inside).all(), (lo, hi, held, found)
