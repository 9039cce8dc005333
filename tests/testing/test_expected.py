from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fpsem.core.exact import round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary.ziv import elementary_bits
from fpsem.testing.expected import arithmetic_code, bracket, cast_code, comparison, settled
from fpsem.testing.operands import columns, corner_codes, is_finite

HARDWARE = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt}
ORDERS = {"less": np.less, "less_equal": np.less_equal, "equal": np.equal}
TOY = FORMATS["toy8"]


@pytest.mark.parametrize("name", HARDWARE)
def test_arithmetic_codes_are_those_of_the_hardware(name: str) -> None:
    operands = columns(ARITHMETIC[name], 500, seed=3)
    with np.errstate(all="ignore"):
        wanted = HARDWARE[name](*(codes.view(np.float32) for codes in operands))
    got = np.array([arithmetic_code(name, row) for row in zip(*(codes.tolist() for codes in operands))], np.uint32)
    wanted_bits = np.where(np.isnan(wanted), np.uint32(BINARY32.nan), wanted.view(np.uint32))
    assert np.array_equal(got, wanted_bits)


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_are_those_of_the_hardware(name: str) -> None:
    x, y = columns(2, 500, seed=4)
    wanted = ORDERS[name](x.view(np.float32), y.view(np.float32))
    assert [comparison(name, row) for row in zip(x.tolist(), y.tolist())] == wanted.tolist()


@pytest.mark.parametrize("direction", Rounding)
def test_exact_cancellation_is_minus_zero_only_downward(direction: Rounding) -> None:
    one, sign = TOY.bias << TOY.fraction_bits, TOY.sign_mask
    cancelled = sign if direction is Rounding.DOWNWARD else 0
    assert arithmetic_code("add", (one, one | sign), direction, TOY) == cancelled
    assert arithmetic_code("sub", (one, one), direction, TOY) == cancelled
    assert arithmetic_code("fma", (one, one, one | sign), direction, TOY) == cancelled
    assert arithmetic_code("add", (sign, 0), direction, TOY) == cancelled
    assert arithmetic_code("add", (sign, sign), direction, TOY) == sign
    assert arithmetic_code("sub", (sign, 0), direction, TOY) == sign
    assert arithmetic_code("mul", (sign, one), direction, TOY) == sign
    assert arithmetic_code("sqrt", (sign,), direction, TOY) == sign


def test_minimum_and_maximum_order_the_zeros() -> None:
    sign = BINARY32.sign_mask
    assert arithmetic_code("minimum", (0, sign)) == arithmetic_code("minimum", (sign, 0)) == sign
    assert arithmetic_code("maximum", (0, sign)) == arithmetic_code("maximum", (sign, 0)) == 0


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", ELEMENTARY)
def test_settled_elementary_values_are_those_of_zivs_loop(name: str, direction: Rounding) -> None:
    codes = columns(1, 30, seed=5, special=False)[0]
    codes = codes[is_finite(codes) & (np.abs(codes.view(np.float32)) < 80) & (codes & np.uint32(0x7FFFFFFF) != 0)]
    wanted = elementary_bits(name, codes, BINARY32, direction).tolist()
    for code, want in zip(codes.tolist(), wanted):
        got = settled(name, [BINARY32.decode(code)], lambda x: round_to_bits(x, BINARY32, direction))
        assert got == want or (got is None and not BINARY32.is_finite(want)) or (got in (0, 1 << 31) and want == 0)


def test_brackets_are_tight_and_undefined_values_have_none() -> None:
    two = Fraction(2)
    low, high = bracket("sqrt", [two]) or (two, two)
    assert low < high
    assert low * low < 2 < high * high
    assert high - low < Fraction(1, 2**390)
    assert bracket("sqrt", [Fraction(9, 4)]) == (Fraction(3, 2), Fraction(3, 2))
    for name, operands in {"sqrt": [-two], "div": [two, Fraction(0)], "log": [-two], "log1p": [Fraction(-1)]}.items():
        assert bracket(name, operands) is None, name


@pytest.mark.parametrize("direction", [Rounding.UPWARD, Rounding.DOWNWARD, Rounding.TOWARD_ZERO, Rounding.TO_ODD])
@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_functions_that_approach_one_are_rounded_as_numbers_below_it(name: str, direction: Rounding) -> None:
    got = settled(name, [Fraction(2) ** 100], lambda x: round_to_precision(x, BINARY32, direction))
    assert got == (1 if direction is Rounding.UPWARD else 1 - Fraction(1, 2**24))


def test_casts_are_those_of_numpy_for_binary16() -> None:
    codes = columns(1, 500, seed=6)[0]
    with np.errstate(all="ignore"):
        wanted = codes.view(np.float32).astype(np.float16).astype(np.float32)
    for code, value, bits in zip(codes.tolist(), wanted.tolist(), wanted.view(np.uint32).tolist()):
        got = cast_code(code, FORMATS["binary16"])
        assert got == bits or (BINARY32.is_nan(got) and np.isnan(value))


def test_casts_to_a_format_without_infinity_overflow_to_nan() -> None:
    e4m3 = FORMATS["e4m3"]
    assert cast_code(BINARY32.overflow_code, e4m3) == cast_code(BINARY32.max_finite, e4m3) == BINARY32.nan


def test_corners_hold_both_signs_of_every_extreme() -> None:
    corners = set(corner_codes(BINARY32))
    one = round_to_bits(Fraction(1), BINARY32)
    expected = {0, 1, BINARY32.min_normal - 1, BINARY32.min_normal, one - 1, one, one + 1, BINARY32.max_finite}
    expected |= {BINARY32.overflow_code}
    assert corners >= expected | {code | BINARY32.sign_mask for code in expected} | {BINARY32.nan}
    assert all(BINARY32.is_finite(code) for code in corner_codes(BINARY32, special=False))


@pytest.mark.parametrize("arity", [1, 2, 3])
def test_operands_are_reproducible_and_of_every_kind(arity: int) -> None:
    first, again, other = (columns(arity, 300, seed) for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other))
    for codes in first:
        magnitude = codes & np.uint32(BINARY32.magnitude_mask)
        assert (magnitude == 0).any()
        assert ((magnitude > 0) & (magnitude < BINARY32.min_normal)).any()
        assert (magnitude > BINARY32.overflow_code).any()
        assert codes.dtype == np.uint32


def test_a_limit_keeps_both_corners_and_random_rows() -> None:
    limited = columns(2, 300, seed=9, limit=20)
    assert [len(codes) for codes in limited] == [20, 20]
    assert all(is_finite(codes).all() for codes in columns(2, 300, seed=9, special=False))
