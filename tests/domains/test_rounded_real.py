"""The rounded reals: binary32 of the machine where nothing overflows, and correct rounding everywhere."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Any

import mpmath
import numpy as np
import pytest

from fpsem.core.errors import UnableError, UndefinedError, UnknownNameError
from fpsem.core.exact import round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import ELEMENTARY, Array, exact_array
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Pairwise, Sequential
from fpsem.domains.rounded_real import RoundedReal
from fpsem.softfloat.elementary.ziv import elementary_bits
from fpsem.testing import check_domain


@pytest.fixture
def rounded() -> RoundedReal:
    return RoundedReal()


def numbers(domain: RoundedReal, *values: Any) -> Array:
    return domain.constant(exact_array(list(values)))


def ordinary_codes(seed: int, count: int = 1000) -> Array:
    """Numbers between 2**-40 and 2**40 of either sign: no operation on two of them meets a limit of binary32."""
    rng = np.random.default_rng(seed)
    return (rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-40, 40, count)).astype(np.float32).view(np.uint32)


def subnormal_codes(seed: int, count: int = 1000) -> Array:
    """Numbers below 2**-120 of either sign."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 8 << 23, count, dtype=np.uint32) | rng.integers(0, 2, count, dtype=np.uint32) << 31


def as_floats(codes: Array) -> Array:
    return codes.view(np.float32)


# -- the contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["nearest_even", "upward"])
def test_the_domain_keeps_its_contract(direction: str) -> None:
    check_domain(RoundedReal(rounding=direction), samples=40, rounding=direction)


def test_format_direction_and_schedule_are_checked_at_once() -> None:
    with pytest.raises(UnknownNameError, match="binary32"):
        RoundedReal("binary33")
    with pytest.raises(UnknownNameError, match="upward"):
        RoundedReal(rounding="upwards")
    assert RoundedReal(FORMATS["toy8"], Rounding.UPWARD, Pairwise()).schedule == Pairwise()
    assert RoundedReal().schedule == Sequential()
    assert RoundedReal().refine([]) is None


# -- arithmetic ------------------------------------------------------------------------------------------------------


OPERATIONS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "minimum": np.minimum, "maximum": np.maximum,
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_ordinary_numbers_give_what_numpys_float32_gives(rounded: RoundedReal, name: str) -> None:
    a, b = ordinary_codes(1), ordinary_codes(2)
    found = rounded.to_bits(getattr(rounded, name)(rounded.from_bits(a), rounded.from_bits(b)))
    assert found.tolist() == OPERATIONS[name](as_floats(a), as_floats(b)).view(np.uint32).tolist()


def test_roots_are_those_of_numpys_float32(rounded: RoundedReal) -> None:
    magnitudes = np.concatenate([ordinary_codes(3), subnormal_codes(4)]) & np.uint32(BINARY32.magnitude_mask)
    found = rounded.to_bits(rounded.sqrt(rounded.from_bits(magnitudes)))
    assert found.tolist() == np.sqrt(as_floats(magnitudes)).view(np.uint32).tolist()


@pytest.mark.parametrize("name", ["add", "sub"])
def test_subnormal_sums_are_those_of_numpys_float32(rounded: RoundedReal, name: str) -> None:
    a, b = subnormal_codes(5), subnormal_codes(6)
    found = getattr(rounded, name)(rounded.from_bits(a), rounded.from_bits(b))
    assert rounded.to_float(found).tolist() == OPERATIONS[name](as_floats(a), as_floats(b)).astype(float).tolist()


@pytest.mark.parametrize("direction", Rounding)
def test_roots_are_correctly_rounded_in_all_directions(direction: Rounding) -> None:
    fmt = FORMATS["toy8"]
    domain = RoundedReal("toy8", direction)
    exact = [Fraction(n, d) for n in range(1, 60) for d in (1, 3, 16, 1024)]
    squares = [fmt.decode(code) ** 2 for code in range(1, 100)]
    halfway = [((fmt.decode(code) + fmt.decode(code + 1)) / 2) ** 2 for code in range(1, 100)]
    for x in exact + squares + halfway:
        (root,) = domain.sqrt(np.array([x], dtype=object))
        assert root == round_to_precision(close_root(x), fmt, direction)


def close_root(x: Fraction) -> Fraction:
    """The root where it is rational, else mpmath's at 200 bits."""
    top, bottom = isqrt(x.numerator), isqrt(x.denominator)
    if Fraction(top * top, bottom * bottom) == x:
        return Fraction(top, bottom)
    with mpmath.workprec(200):
        _, significand, exponent, _ = mpmath.sqrt(mpmath.mpf(x.numerator) / x.denominator)._mpf_
    return Fraction(int(significand)) * Fraction(2) ** int(exponent)


def test_fused_products_round_once(rounded: RoundedReal) -> None:
    a = 1 + Fraction(1, 2**12)
    x, minus = numbers(rounded, a), numbers(rounded, -(1 + Fraction(1, 2**11)))
    assert rounded.fma(x, x, minus).tolist() == [Fraction(1, 2**24)]
    assert rounded.add(rounded.mul(x, x), minus).tolist() == [0]


def test_directions_bracket_the_exact_result() -> None:
    down, up = (RoundedReal(rounding=direction) for direction in ("downward", "upward"))
    a, b = (RoundedReal().from_bits(ordinary_codes(seed, 200)) for seed in (7, 8))
    for name, exact in (("add", a + b), ("mul", a * b), ("div", a / b)):
        low, high = getattr(down, name)(a, b), getattr(up, name)(a, b)
        assert all(l <= e <= h for l, e, h in zip(low, exact, high, strict=True))  # noqa: E741
        assert all((l == h) == (l == e) for l, e, h in zip(low, exact, high, strict=True))  # noqa: E741


def test_nothing_overflows(rounded: RoundedReal) -> None:
    largest = rounded.from_bits(np.array([BINARY32.max_finite], dtype=np.uint32))
    square = rounded.mul(largest, largest)
    assert rounded.div(square, largest).tolist() == largest.tolist()
    assert rounded.to_bits(square).tolist() == [0x7F800000]
    assert rounded.to_float(rounded.mul(numbers(rounded, -1), numbers(rounded, 2**2000))).tolist() == [-np.inf]


def test_signs_and_magnitudes_are_exact_in_every_direction() -> None:
    domain = RoundedReal(rounding="upward")
    x = domain.from_bits(ordinary_codes(9, 50))
    assert domain.neg(x).tolist() == [-value for value in x]
    assert domain.abs(x).tolist() == [abs(value) for value in x]


# -- elementary ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_equal_those_on_bits(name: str) -> None:
    codes = np.random.default_rng(10).uniform(0.01, 20, 60).astype(np.float32).view(np.uint32)
    for direction in (Rounding.NEAREST_EVEN, Rounding.UPWARD, Rounding.TO_ODD):
        domain = RoundedReal(rounding=direction)
        found = domain.to_bits(getattr(domain, name)(domain.from_bits(codes)))
        assert found.tolist() == elementary_bits(name, codes, BINARY32, direction).tolist()


def test_exponentials_beyond_the_format_are_numbers(rounded: RoundedReal) -> None:
    (value,) = rounded.exp(numbers(rounded, 1000))
    assert value == round_to_precision(value, BINARY32)
    assert 2**1442 < value < 2**1443
    assert rounded.exp(numbers(rounded, -(10**30))).tolist() == [0]


# -- undefined -------------------------------------------------------------------------------------------------------


UNDEFINED: list[tuple[str, tuple[int, ...]]] = [
    ("div", (1, 0)), ("div", (0, 0)), ("sqrt", (-1,)), ("log", (0,)), ("log", (-1,)), ("log1p", (-1,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operands"), UNDEFINED)
def test_operations_without_a_value_are_named(rounded: RoundedReal, name: str, operands: tuple[int, ...]) -> None:
    with pytest.raises(UndefinedError, match=name):
        getattr(rounded, name)(*(numbers(rounded, operand) for operand in operands))


def test_values_too_long_to_write_are_refused(rounded: RoundedReal) -> None:
    with pytest.raises(UnableError, match="exp"):
        rounded.exp(numbers(rounded, 10**7))


def test_infinities_and_nans_are_refused_by_index(rounded: RoundedReal) -> None:
    for code in (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001):
        with pytest.raises(UndefinedError, match=rf"element \[1\] is .*{code:#010x}"):
            rounded.from_bits(np.array([0, code], dtype=np.uint32))


# -- formats ---------------------------------------------------------------------------------------------------------


def test_narrow_formats_round_what_they_embed() -> None:
    codes = ordinary_codes(11, 300)
    bfloat16 = FORMATS["bfloat16"]
    narrow = RoundedReal("bfloat16")
    exact = RoundedReal().from_bits(codes)
    expected = [round_to_precision(value, bfloat16) for value in exact]
    assert narrow.from_bits(codes).tolist() == expected == narrow.constant(exact).tolist()
    assert RoundedReal().cast(exact, "bfloat16").tolist() == expected
    assert RoundedReal("binary64").from_bits(codes).tolist() == exact.tolist()


def test_casts_are_to_nearest_whatever_the_direction() -> None:
    x = np.array([1 + Fraction(1, 2**20)], dtype=object)
    assert RoundedReal(rounding="upward").cast(x, "bfloat16").tolist() == [1]


def test_bits_of_wider_numbers_are_rounded_to_nearest() -> None:
    wide = RoundedReal("binary64", "upward")
    third = wide.div(numbers(wide, 1), numbers(wide, 3))
    assert wide.to_bits(third).tolist() == [round_to_bits(Fraction(1, 3), BINARY32)]
    assert wide.to_bits(numbers(wide, 0)).tolist() == [0]
    assert wide.to_float(third).tolist() == [np.nextafter(1 / 3, 1)]


# -- order and choice ------------------------------------------------------------------------------------------------


def test_truths_are_bools_and_choose(rounded: RoundedReal) -> None:
    x, y = numbers(rounded, 1, 2, 3), numbers(rounded, 2, 2, 2)
    assert rounded.less(x, y).tolist() == [True, False, False]
    assert rounded.less_equal(x, y).tolist() == [True, True, False]
    assert rounded.equal(x, y).tolist() == [False, True, False]
    assert rounded.less(x, y).dtype == rounded.less(x[0], y[0]).dtype == bool
    assert rounded.select(rounded.less(x, y), x, numbers(rounded, 7)).tolist() == [1, 7, 7]
    assert rounded.is_nan(x).tolist() == [False] * 3
    assert rounded.is_finite(x).tolist() == [True] * 3


def test_scalars_without_axes_stay_arrays(rounded: RoundedReal) -> None:
    x = rounded.from_bits(np.array(0x40000000, dtype=np.uint32))
    out = rounded.select(rounded.less(x, x), x, rounded.mul(x, x))
    assert out.shape == ()
    assert rounded.to_bits(out).tolist() == 0x40800000
    lo, hi = rounded.enclosure(out)
    assert lo[()] == hi[()] == 4
