"""Multiplication by powers of two and the exponent as a number, against exact rationals."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from fpsem.core.exact import exponent_of, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.testing.operands import columns

INEXACT, UNDERFLOW, OVERFLOW, DIVIDE_BY_ZERO, INVALID = 1, 2, 4, 8, 16
INT32 = np.iinfo(np.int32)


def scaled(code: int, n: int, f: Format, direction: Rounding) -> int:
    if not f.is_finite(code):
        return f.nan if f.is_nan(code) else code
    limited = max(-(1 << 12), min(n, 1 << 12))  # far enough in every format
    return round_to_bits(f.decode(code) * Fraction(2) ** limited, f, direction, negative_zero=bool(code & f.sign_mask))


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize(("name", "machine"), [("toy6", "integer"), ("e4m3", "integer"), ("e5m2", "numba")])
def test_every_code_of_a_narrow_format_by_every_power_that_matters(name: str, machine: str, direction: Rounding) -> None:
    f = FORMATS[name]
    powers = [*range(-2 * f.bias - 8, 2 * f.bias + 9), INT32.min, INT32.max]
    rows = [(code, n) for code in range(1 << f.width) for n in powers[:: 1 if f.width < 8 else 5]]
    codes, ns = np.array([c for c, _ in rows], f.dtype), np.array([n for _, n in rows], np.int32)
    found = arithmetic(f, machine).scale_b(codes, ns, rounding=direction)
    assert found.tolist() == [scaled(code, n, f, direction) for code, n in rows]


@pytest.mark.parametrize("name", ["binary32", "binary64"])
def test_wide_formats_scale_as_exact_rationals_do(name: str) -> None:
    f, rng = FORMATS[name], np.random.default_rng(1)
    codes = rng.integers(0, 1 << f.width, 1_000, dtype=np.uint64).astype(f.dtype)
    ns = rng.integers(-2 * f.bias, 2 * f.bias, 1_000, dtype=np.int32)
    found = arithmetic(f, "numba").scale_b(codes, ns)
    assert found.tolist() == [scaled(code, n, f, Rounding.NEAREST_EVEN) for code, n in zip(codes.tolist(), ns.tolist())]


@pytest.mark.parametrize("name", ["toy6", "binary32", "binary64"])
def test_the_most_extreme_powers_overflow_and_underflow(name: str) -> None:
    f = FORMATS[name]
    for code in (1, f.min_normal, f.max_finite):
        found = arithmetic(f).scale_b(code, np.array([INT32.min, INT32.max], np.int32), with_flags=True)
        assert [r.tolist() for r in found] == [[0, f.overflow_code], [INEXACT | UNDERFLOW, INEXACT | OVERFLOW]]


def test_a_signaling_nan_is_invalid() -> None:
    for found in (arithmetic().scale_b(0x7F800001, 0, with_flags=True), arithmetic().log_b(0x7F800001, with_flags=True)):
        assert [int(r) for r in found] == [BINARY32.nan, INVALID]


def test_a_result_that_rounds_up_to_the_smallest_normal_number_underflows() -> None:
    for tininess in ("after", "before"):  # an exact 24-bit significand below the smallest normal number is tiny by both rules
        found = arithmetic(tininess=tininess).scale_b(0x00FFFFFF, -1, with_flags=True)
        assert [int(r) for r in found] == [BINARY32.min_normal, INEXACT | UNDERFLOW]


def exponent(code: int, f: Format, direction: Rounding) -> int:
    if not f.is_finite(code):
        return f.nan if f.is_nan(code) else f.overflow_code
    if not code & f.magnitude_mask:
        return f.sign_mask | f.overflow_code if f.has_infinity else f.nan
    return round_to_bits(Fraction(exponent_of(f.decode(code))), f, direction)


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", ["toy6", "toy8", "e4m3", "e5m2", "bfloat16"])
def test_the_exponent_of_every_code_of_a_narrow_format(name: str, direction: Rounding) -> None:
    f = FORMATS[name]
    codes = np.arange(1 << f.width, dtype=np.uint32).astype(f.dtype)[:: 1 if f.width <= 8 else 61]
    found = arithmetic(f, "integer" if f.width < 8 else None).log_b(codes, rounding=direction)
    assert found.tolist() == [exponent(code, f, direction) for code in codes.tolist()]


def test_an_exponent_that_a_narrow_format_does_not_hold_is_inexact() -> None:
    e5m2 = arithmetic("e5m2")
    code, flags = e5m2.log_b(round_to_bits(Fraction(2) ** 13, e5m2.format), with_flags=True)
    assert (e5m2.format.decode(int(code)), int(flags)) == (12, INEXACT)


def test_exponents_of_binary32_are_those_of_frexp() -> None:
    (codes,) = columns(1, 20_000, seed=2)
    x = codes.view(np.float32)
    kept = np.isfinite(x) & (x != 0)
    found = arithmetic().log_b(codes[kept]).view(np.float32)
    assert found.tolist() == [math.frexp(v)[1] - 1 for v in x[kept].tolist()]


def test_the_exponent_of_zero_divides_by_zero() -> None:
    code, flags = arithmetic().log_b(np.array([0, 0x80000000, 0x7F800000, 0xFF800000], np.uint32), with_flags=True)
    assert [hex(c) for c in code.tolist()] == ["0xff800000", "0xff800000", "0x7f800000", "0x7f800000"]
    assert flags.tolist() == [DIVIDE_BY_ZERO, DIVIDE_BY_ZERO, 0, 0]
