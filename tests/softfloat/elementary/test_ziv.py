"""Correct rounding of the elementary functions, judged by mpmath, which shares no code with Arb."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from fpsem.core.errors import UnableError, UndefinedError, UnknownNameError
from fpsem.core.exact import round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.rounding import Rounding
from fpsem.softfloat.elementary.ziv import elementary_bits, round_function

TOY8 = FORMATS["toy8"]
MPMATH_BITS = 1600
ONE, INF, NAN, NEGATIVE = 0x3F800000, 0x7F800000, 0x7FC00000, 0x80000000


def fraction_of(value: Any) -> Fraction:
    sign, significand, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(significand)) * Fraction(2) ** int(exponent)


@cache
def nearly_exact(name: str, x: Fraction, bits: int = MPMATH_BITS) -> Fraction:
    """The function's value to ``bits`` bits by mpmath. Where it fills up to a limit, a number just inside of it."""
    with mpmath.workprec(bits + 32):
        value = fraction_of(getattr(mpmath, name)(mpmath.mpf(x.numerator) / x.denominator))
    if abs(value) == 1 and x != 0:
        return value * (1 - Fraction(1, 2**bits))
    return value


def expected(name: str, code: int, fmt: Format, direction: Rounding) -> int | None:
    """The code of the result at finite arguments where it is a number; None elsewhere."""
    if not fmt.is_finite(code):
        return None
    x = fmt.decode(code)
    if (name == "log" and x <= 0) or (name == "log1p" and x <= -1):
        return None
    odd_at_zero = name not in ("exp", "log", "cos")
    negative_zero = odd_at_zero and x == 0 and bool(code & fmt.sign_mask)
    return round_to_bits(nearly_exact(name, x), fmt, direction, negative_zero=negative_zero)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_every_number_of_toy8_is_correctly_rounded_in_all_directions(name: str) -> None:
    codes = np.arange(256, dtype=np.uint8)
    for direction in Rounding:
        results = elementary_bits(name, codes, TOY8, direction)
        wanted = [expected(name, int(code), TOY8, direction) for code in codes]
        wrong = [
            f"{name}({int(c):#04x}) {direction.value}: {int(r):#04x} is not {w:#04x}"
            for c, r, w in zip(codes, results, wanted, strict=True)
            if w is not None and w != r
        ]
        assert not wrong


@pytest.mark.parametrize("name", ELEMENTARY)
def test_every_number_of_e4m3_is_correctly_rounded_without_infinities(name: str) -> None:
    fmt = FORMATS["e4m3"]
    codes = np.arange(256, dtype=np.uint8)
    results = elementary_bits(name, codes, fmt)
    for code, result in zip(codes.tolist(), results.tolist(), strict=True):
        wanted = expected(name, code, fmt, Rounding.NEAREST_EVEN)
        assert result == (fmt.nan if wanted is None else wanted)


def random_codes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Codes of all exponents, and as many of the numbers between 2**-13 and 2**7 that functions are mostly asked at."""
    anywhere = rng.integers(0, 2**32, count, dtype=np.uint32)
    ordinary = (rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-13, 7, count)).astype(np.float32).view(np.uint32)
    return np.concatenate([anywhere, ordinary])


@pytest.mark.parametrize("name", ELEMENTARY)
def test_random_binary32_numbers_are_correctly_rounded(name: str) -> None:
    rng = np.random.default_rng(2019)
    for direction in (Rounding.NEAREST_EVEN, Rounding.UPWARD, Rounding.TO_ODD):
        codes = random_codes(rng, 300)
        if name in ("log", "log1p"):
            codes &= np.uint32(BINARY32.magnitude_mask)
        for code, result in zip(
            codes.tolist(), elementary_bits(name, codes, BINARY32, direction).tolist(), strict=True
        ):
            wanted = expected(name, code, BINARY32, direction) if abs_below(code, 2**12) else None
            assert wanted is None or wanted == result, f"{name}({code:#010x}) {direction.value}: {result:#010x}"


def abs_below(code: int, limit: int) -> bool:
    """mpmath's erf and exp are slow at larger arguments, where the results are limits (tested below)."""
    return BINARY32.is_finite(code) and abs(BINARY32.decode(code)) < limit


def test_sin_and_cos_of_the_largest_numbers_are_correctly_rounded() -> None:
    codes = np.array([0x7F7FFFFF, 0xFF7FFFFF, 0x7149F2CA, 0x6A8D1234], dtype=np.uint32)
    for name in ("sin", "cos"):
        results = elementary_bits(name, codes, BINARY32)
        assert results.tolist() == [expected(name, int(code), BINARY32, Rounding.NEAREST_EVEN) for code in codes]


# argument -> result, for exp expm1 log log1p sin cos tanh erf in this order
SPECIAL = {
    0: (ONE, 0, NEGATIVE | INF, 0, 0, ONE, 0, 0),
    NEGATIVE: (ONE, NEGATIVE, NEGATIVE | INF, NEGATIVE, NEGATIVE, ONE, NEGATIVE, NEGATIVE),
    INF: (INF, INF, INF, INF, NAN, NAN, ONE, ONE),
    NEGATIVE | INF: (0, NEGATIVE | ONE, NAN, NAN, NAN, NAN, NEGATIVE | ONE, NEGATIVE | ONE),
    NAN: (NAN,) * 8,
    0xFFFFFFFF: (NAN,) * 8,
    0x7F800001: (NAN,) * 8,
}


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize(("argument", "results"), SPECIAL.items(), ids=lambda v: hex(v) if isinstance(v, int) else "")
def test_special_values_are_those_of_the_protocol(argument: int, results: tuple[int, ...], direction: Rounding) -> None:
    given = np.array([argument], dtype=np.uint32)
    found = [int(elementary_bits(name, given, BINARY32, direction)[0]) for name in ELEMENTARY]
    assert list(map(hex, found)) == list(map(hex, results))


def test_logarithms_are_zero_at_one_and_infinite_at_their_pole_and_nan_below() -> None:
    codes = np.array([ONE, NEGATIVE | 1, NEGATIVE | ONE], dtype=np.uint32)
    for direction in Rounding:
        assert elementary_bits("log", codes, BINARY32, direction).tolist() == [0, NAN, NAN]
    below = np.array([NEGATIVE | ONE, NEGATIVE | ONE + 1], dtype=np.uint32)
    assert elementary_bits("log1p", below, BINARY32).tolist() == [NEGATIVE | INF, NAN]


LIMITS: list[tuple[str, int, dict[str, int]]] = [
    ("exp", 0x7F7FFFFF, {"nearest_even": INF, "toward_zero": INF - 1, "upward": INF, "to_odd": INF - 1}),
    ("exp", 0xFF7FFFFF, {"nearest_even": 0, "toward_zero": 0, "upward": 1, "to_odd": 1}),
    ("expm1", 0xFF7FFFFF, {"nearest_even": 0xBF800000, "upward": 0xBF7FFFFF, "downward": 0xBF800000}),
    ("tanh", 0x7F7FFFFF, {"nearest_even": ONE, "downward": ONE - 1, "upward": ONE, "to_odd": ONE - 1}),
    ("erf", 0xFF7FFFFF, {"nearest_even": NEGATIVE | ONE, "upward": NEGATIVE | ONE - 1, "downward": NEGATIVE | ONE}),
    ("tanh", NEGATIVE | 1, {"nearest_even": NEGATIVE | 1, "toward_zero": NEGATIVE, "upward": NEGATIVE}),
    ("sin", 1, {"nearest_even": 1, "toward_zero": 0, "upward": 1, "downward": 0}),
    ("cos", 1, {"nearest_even": ONE, "toward_zero": ONE - 1, "to_odd": ONE - 1}),
    ("exp", 1, {"nearest_even": ONE, "upward": ONE + 1, "to_odd": ONE + 1, "downward": ONE}),
]


@pytest.mark.parametrize(("name", "argument", "results"), LIMITS)
def test_values_next_to_a_limit_know_their_side(name: str, argument: int, results: dict[str, int]) -> None:
    for direction, wanted in results.items():
        found = elementary_bits(name, np.array([argument], dtype=np.uint32), BINARY32, Rounding(direction))
        assert hex(found[0]) == hex(wanted), direction


THRESHOLDS = [
    ("exp", -(2**20)),
    ("expm1", -(2**10)),
    ("tanh", 2**9),
    ("tanh", -(2**9)),
    ("erf", 2**5),
    ("erf", -(2**5)),
]


@pytest.mark.parametrize(("name", "at"), THRESHOLDS)
def test_a_stand_in_rounds_as_the_values_just_before_it(name: str, at: int) -> None:
    nearer_to_zero = Fraction(at) * Fraction(99, 100)
    for direction in Rounding:
        to_binary64 = rounding(FORMATS["binary64"], direction)
        assert round_function(name, Fraction(at), to_binary64) == round_function(name, nearer_to_zero, to_binary64)


def rounding(fmt: Format, direction: Rounding) -> Callable[[Fraction], int]:
    return lambda value: round_to_bits(value, fmt, direction)


def test_rational_arguments_are_rounded_too() -> None:
    third = Fraction(1, 3)
    for name in ELEMENTARY:
        for direction in Rounding:
            found = round_function(name, third, lambda v, d=direction: round_to_precision(v, BINARY32, d))
            assert found == round_to_precision(nearly_exact(name, third), BINARY32, direction)


def test_values_that_do_not_exist_are_undefined() -> None:
    for name, x in (("log", 0), ("log", -(10**400)), ("log1p", -1), ("log1p", -2)):
        with pytest.raises(UndefinedError, match=name):
            round_function(name, Fraction(x), lambda value: value)


def test_values_too_long_to_write_are_refused() -> None:
    for name in ("exp", "expm1"):
        with pytest.raises(UnableError, match=name):
            round_function(name, Fraction(2**20 + 1), lambda value: round_to_precision(value, BINARY32))


def test_unknown_functions_are_named() -> None:
    with pytest.raises(UnknownNameError, match="tanh"):
        round_function("tahn", Fraction(1), lambda value: value)
    with pytest.raises(UnknownNameError, match="cosh"):
        elementary_bits("cosh", np.zeros(1, np.uint32), BINARY32)


def test_shape_and_dtype_follow_the_codes_and_the_format() -> None:
    codes = np.zeros((2, 0, 3), dtype=np.uint16)
    assert elementary_bits("exp", codes, FORMATS["binary16"]).shape == (2, 0, 3)
    result = elementary_bits("exp", np.array([[0, 0], [0, 0x8000]], dtype=np.uint16), FORMATS["bfloat16"])
    assert result.dtype == np.uint16
    assert result.tolist() == [[0x3F80, 0x3F80], [0x3F80, 0x3F80]]
    assert elementary_bits("cos", np.uint32(0), BINARY32).shape == ()
