"""Executions in narrow formats: binary32's operations rounded once more are the format's own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import Array, exact_array
from fpsem.core.region import Box
from fpsem.core.schedule import Reverse, Schedule, Sequential
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.real import Real
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.smt.narrow import InFormat, in_format, numbers, rounded, within
from fpsem.smt.query import prove
from fpsem.softfloat import arithmetic

SMALL = ("toy6", "toy8", "e5m2", "e4m3")


def same(a: Array, b: Array) -> Array:
    """float32 arrays, bit by bit; any NaN is one."""
    return (a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))


def agree(format: str, op: str, *operands: Array) -> Array:
    """Where the domain in the format gives what the format's own arithmetic gives."""
    wide = [numbers(operand, format).view(np.uint32) for operand in operands]
    made = getattr(InFormat(IEEE32Exec(), format), op)(*wide).view(np.float32)
    return same(made, numbers(getattr(arithmetic(format), op)(*operands), format))


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "minimum", "maximum"])
@pytest.mark.parametrize("format", SMALL)
def test_on_all_pairs_of_a_small_format_each_operation_is_the_formats_own(format: str, op: str) -> None:
    codes = np.arange(1 << FORMATS[format].width).astype(FORMATS[format].dtype)
    x, y = (grid.ravel() for grid in np.meshgrid(codes, codes))
    assert agree(format, op, x, y).all()


@pytest.mark.parametrize("op", ["sqrt", "neg", "abs"])
@pytest.mark.parametrize("format", [*SMALL, "binary16", "bfloat16"])
def test_on_all_codes_of_a_format_each_operation_is_the_formats_own(format: str, op: str) -> None:
    assert agree(format, op, np.arange(1 << FORMATS[format].width).astype(FORMATS[format].dtype)).all()


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div"])
@pytest.mark.parametrize("format", ["binary16", "bfloat16"])
def test_on_many_pairs_of_a_half_each_operation_is_the_formats_own(format: str, op: str) -> None:
    x, y = np.random.default_rng(0).integers(0, 1 << 16, (2, 200_000)).astype(np.uint16)
    assert agree(format, op, x, y).all()


def test_bfloat16_products_and_quotients_that_are_subnormal_are_rounded_once() -> None:
    f, rng = FORMATS["bfloat16"], np.random.default_rng(0)
    x, y = rng.integers(0, f.max_finite, (2, 1 << 20)).astype(np.uint16)
    for op in ("mul", "div"):
        result = getattr(arithmetic("bfloat16"), op)(x, y)
        small = (result & f.magnitude_mask) < f.min_normal
        assert small.sum() > 50_000
        assert agree("bfloat16", op, x[small], y[small]).all()


def test_a_product_of_tf32_that_is_subnormal_may_be_rounded_twice() -> None:
    f, rng = FORMATS["tf32"], np.random.default_rng(0)
    fractions = rng.integers(0, f.implicit_bit, (2, 1 << 18))
    x, y = (np.array([[63], [59]]) << f.fraction_bits | fractions).astype(f.dtype)  # products about 2**-132
    wrong = ~agree("tf32", "mul", x, y)
    products = np.abs(numbers(x, "tf32").astype(np.float64) * numbers(y, "tf32"))
    assert wrong.any()
    assert (products[wrong] < 2.0**f.emin).all()


def test_the_fused_operation_is_binary32s_rounded_once_more() -> None:
    toy = InFormat(IEEE32Exec(), "toy8")
    one, some = (np.float32([value]).view(np.uint32) for value in (1, 1.125))
    assert toy.fma(some, some, one).view(np.float32) == 2.25  # 2.265625
    assert toy.exp(one).view(np.float32) == 2.75


def test_constants_are_rounded_once() -> None:
    just_above = Fraction(17, 16) + Fraction(1, 1 << 40)  # binary32's nearest is a midpoint of toy8's grid
    for domain in (IEEE32Exec(), Interval("binary32"), SymbolicFP32()):
        toy = in_format(domain, "toy8")
        assert toy.to_float(toy.constant(exact_array([just_above, Fraction(17, 16), 10**9]))).tolist() == [1.125, 1, np.inf]
        assert toy.to_float(toy.pi()) == 3.25
        assert toy.to_float(toy.from_bits(np.float32([1.07, -0.0]).view(np.uint32))).tolist() == [1.125, 0]


def test_in_binary32_the_domain_is_itself() -> None:
    domain = IEEE32Exec()
    assert in_format(domain, "binary32") is domain


def test_what_is_no_narrow_format_or_no_domain_of_executions_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        InFormat(IEEE32Exec(), "toy7")
    with pytest.raises(UnsupportedError, match="binary32 must hold all its numbers"):
        InFormat(IEEE32Exec(), "binary64")
    for domain in (Real(), IEEE32Exec(rounding="upward")):
        with pytest.raises(UnsupportedError, match="domains of binary32 executions"):
            InFormat(domain, "toy8")


@pytest.mark.parametrize(("schedule", "total"), [(Sequential(), 1.0), (Reverse(), 1.125)])
def test_sums_are_held_in_the_format_in_their_order(schedule: Schedule, total: float) -> None:
    values = np.float32([1, 0.0625, 0.0625])
    domain = InFormat(IEEE32Exec(schedule=schedule), "toy8")
    assert run(trace(lambda x: x.sum(), (3,)), {}, values, domain).view(np.float32) == total


def test_the_numbers_of_a_format_in_a_box_lie_between_its_ends_rounded_inward() -> None:
    lo, hi = np.float32([1.01, -1.01, -1e-9, 1e-9, 1e9]), np.float32([1.9, 1.01, 1e-9, 2e-9, 2e9])
    low, high = within(lo, hi, "toy8")
    assert low[:3].tolist() == [1.125, -1, 0]
    assert np.signbit(low[2])
    assert high[:3].tolist() == [1.875, 1, 0]
    assert (low <= high).tolist() == [True, True, True, False, False]
    assert within(lo, hi, BINARY32.name) == (lo, hi)


def box(lo: Any, hi: Any) -> Box:
    return Box(np.array(lo, np.float32), np.array(hi, np.float32))


ABSORBED = trace(lambda x: (x + 1.0) - 1.0, (1,))


@pytest.mark.parametrize("bounds", [True, False])
def test_a_question_is_of_the_format_that_is_named(bounds: bool) -> None:
    def verdict(lo: float, holds: Any, format: str) -> Any:
        return prove(ABSORBED, {}, box([lo], [0.03]), holds, format=format, bounds=bounds, solver="z3")

    assert isinstance(verdict(0.01, lambda y: y[0] > 0, "binary32"), Proved)
    assert isinstance(verdict(0.01, lambda y: y[0] > 0, "bfloat16"), Proved)
    assert isinstance(verdict(0.001, lambda y: y[0] > 0, "bfloat16"), Refuted)
    assert isinstance(verdict(0.01, lambda y: y[0] == 0, "toy8"), Proved)


@pytest.mark.parametrize("bounds", [True, False])
def test_a_witness_is_a_number_of_the_format(bounds: bool) -> None:
    square = trace(lambda x: x * x, (1,))
    for format in ("toy8", "binary16"):
        verdict = prove(square, {}, box([0.3], [2.9]), lambda y: y[0] < 7.5, format=format, bounds=bounds, solver="z3")
        assert isinstance(verdict, Refuted)
        witness = verdict.witness["x"]
        assert numbers(rounded(witness, format), format) == witness
        assert 0.3 <= witness[0] <= 2.9


def test_what_a_formula_compares_with_is_not_rounded_to_the_format() -> None:
    same = trace(lambda x: x * 1.0, (1,))
    for bounds in (True, False):
        verdict = prove(same, {}, box([1], [1.2]), lambda y: y[0] < 1.13, format="toy8", bounds=bounds, solver="z3")
        assert isinstance(verdict, Proved)


@pytest.mark.parametrize("bounds", [True, False])
def test_a_region_without_numbers_of_the_format_is_said_to_hold_none(bounds: bool) -> None:
    verdict = prove(ABSORBED, {}, box([1.01], [1.02]), lambda y: y[0] > 5, format="toy8", bounds=bounds)
    assert isinstance(verdict, Proved)
    assert verdict.by == "no number of toy8 lies in the region"


def test_a_format_without_infinities_is_enumerated_and_else_unknown() -> None:
    square = trace(lambda x: x * x, (1,))
    region = box([-300], [300])
    assert isinstance(prove(square, {}, region, lambda y: y[0] >= 0, format="e4m3"), Refuted)
    assert isinstance(prove(square, {}, region, lambda y: y[0].is_nan() | (y[0] >= 0), format="e4m3"), Proved)
    verdict = prove(square, {}, region, lambda y: y[0] >= 0, format="e4m3", bounds=False)
    assert isinstance(verdict, Unknown)
    assert "e4m3 has no infinities" in verdict.reason


def test_sums_held_in_another_format_are_unknown_with_the_reason() -> None:
    total = trace(lambda x: x.sum(), (2,))
    verdict = prove(total, {}, box([0, 0], [1, 1]), lambda y: y[0] < 4, Sequential(accumulator="binary32"), format="bfloat16")
    assert isinstance(verdict, Unknown)
    assert "sums of bfloat16" in verdict.reason


@pytest.mark.parametrize("format", ["toy7", "binary64"])
def test_a_format_that_cannot_be_asked_about_is_refused(format: str) -> None:
    with pytest.raises((UnknownNameError, UnsupportedError)):
        prove(ABSORBED, {}, box([0], [1]), lambda y: y[0] > 0, format=format)
