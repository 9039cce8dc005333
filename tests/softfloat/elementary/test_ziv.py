"""Correct rounding of the elementary functions and their flags, judged by mpmath, which shares no code with Arb."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from fpsem.core.errors import ShapeError, UnableError, UndefinedError, UnknownNameError
from fpsem.core.exact import exponent_of, round_significand, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.arithmetic import arithmetic
from fpsem.softfloat.attributes import Attributes, Flag, NaN, Subnormals, Tininess
from fpsem.softfloat.elementary.names import BINARY, ELEMENTARY, UNARY
from fpsem.softfloat.elementary.ziv import elementary_bits, elementary_result, elementary_results, round_function

TOY8, BINARY16, BINARY64 = FORMATS["toy8"], FORMATS["binary16"], FORMATS["binary64"]
MPMATH_BITS = 1600
FAR = 6000
ONE, INF, NAN, NEGATIVE = 0x3F800000, 0x7F800000, 0x7FC00000, 0x80000000
INEXACT, UNDERFLOW, OVERFLOW = Flag.INEXACT, Flag.UNDERFLOW, Flag.OVERFLOW

IN_MPMATH: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in UNARY if hasattr(mpmath, name) and name not in ("cbrt", "exp2", "log2")},
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "exp10": lambda x: mpmath.mpf(10) ** x,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x)),
    "pow": lambda x, y: x**y,
    "atan2": mpmath.atan2,
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
}
EXACT_IN_PLACES = ("exp2", "exp10", "log2", "log10", "cbrt", "rsqrt", "pow", "hypot")
LIMITED = {"tanh": (-1, 1), "erf": (-1, 1), "expm1": (-1,), "logistic": (1,), "erfc": (2,)}


def fraction_of(value: Any) -> Fraction:
    """The number that mpmath's is; one far beyond every format where that is."""
    sign, significand, exponent, bits = value._mpf_
    if significand and abs(exponent + bits) > FAR:
        return (-1) ** sign * Fraction(2) ** (FAR if exponent > 0 else -FAR)
    return (-1) ** sign * Fraction(int(significand)) * Fraction(2) ** int(exponent)


@cache
def nearly_exact(name: str, *x: Fraction, bits: int = MPMATH_BITS) -> Fraction:
    """The function's value to about so many bits by mpmath: exact where it is a short number, and just inside of a limit."""
    with mpmath.workprec(bits + 64):
        value = fraction_of(IN_MPMATH[name](*(mpmath.mpf(a.numerator) / a.denominator for a in x)))
    if name in EXACT_IN_PLACES and value:
        short = round_to_precision(value, FORMATS["binary64"])  # far numbers have no limit above; tiny ones are not short
        return short if abs(value - short) < abs(value) * Fraction(1, 2 ** (bits - 200)) else value
    inside = Fraction(1, 2**bits)
    if name == "softplus" and value == x[0]:
        return value * (1 + inside)
    return value * (1 - inside) if x[0] and value in LIMITED.get(name, ()) else value


def real(name: str, *x: Fraction) -> bool:
    """Whether the function has a real value there."""
    if name == "pow":
        return x[0] > 0 or x[1] == 0 or (x[1].denominator == 1 and (x[0] < 0 or x[1] > 0))
    if name in ("log", "log2", "log10", "rsqrt"):
        return x[0] > 0
    least = {"log1p": Fraction(-1), "atanh": Fraction(-1), "acosh": Fraction(1), "asin": Fraction(-1), "acos": Fraction(-1)}
    if name in ("log1p", "atanh"):
        return x[0] > -1 and (name == "log1p" or x[0] < 1)
    return x[0] >= least.get(name, x[0]) and (name not in ("asin", "acos") or x[0] <= 1)


def rounded(value: Fraction, fmt: Format, mode: Attributes) -> tuple[int, int]:
    """The code of a number and its flags, each by its definition."""
    direction, negative = mode.rounding, value < 0
    code = round_to_bits(value, fmt, direction)
    largest = fmt.decode(fmt.max_finite)
    if abs(round_to_precision(value, fmt, direction)) > largest:
        saturated = fmt.max_finite | (fmt.sign_mask if negative else 0)
        return (saturated if mode.saturate else code), INEXACT | OVERFLOW
    judged = abs(value)
    if value and mode.tininess is Tininess.AFTER:
        unit = exponent_of(value) - fmt.fraction_bits
        judged = round_significand(value, unit, negative, direction) * Fraction(2) ** unit
    tiny = 0 < judged < fmt.decode(fmt.min_normal)
    if tiny and mode.flushes_outputs:
        return (fmt.sign_mask if negative else 0), INEXACT | UNDERFLOW
    if value == fmt.decode(code):
        return code, 0
    return code, INEXACT | UNDERFLOW if tiny else INEXACT


def expected(name: str, codes: tuple[int, ...], fmt: Format, mode: Attributes) -> tuple[int, int] | None:
    """The result at finite operands where it is a real number, and not a zero with a sign of its own; None elsewhere."""
    if not all(fmt.is_finite(code) for code in codes):
        return None
    x = [fmt.decode(code) for code in codes]
    if not real(name, *x) or (name == "atan2" and x[0] == 0):
        return None
    value = nearly_exact(name, *x)
    zeros = value == 0 and (name in BINARY or x[0] == 0)
    return None if zeros else rounded(value, fmt, mode)


def complaints(name: str, rows: Iterable[tuple[int, ...]], fmt: Format, mode: Attributes) -> list[str]:
    """What is wrong with the results on these operands."""
    wrong = []
    for row in rows:
        wanted = expected(name, row, fmt, mode)
        found = elementary_result(name, row, fmt, mode) if wanted else None
        if wanted != found:
            wrong.append(f"{name}{tuple(map(hex, row))} {mode.rounding.value}: {found} is not {wanted}")
    return wrong


def every(fmt: Format, operands: int = 1) -> list[tuple[int, ...]]:
    codes = range(1 << fmt.width)
    return [(x,) for x in codes] if operands == 1 else [(x, y) for x in codes for y in codes]


@pytest.mark.parametrize("name", UNARY)
def test_every_number_of_toy8_is_correctly_rounded_in_all_directions(name: str) -> None:
    for direction in Rounding:
        assert not complaints(name, every(TOY8), TOY8, Attributes(rounding=direction))


@pytest.mark.parametrize("name", UNARY)
def test_every_number_of_e5m2_is_correctly_rounded(name: str) -> None:
    e5m2 = FORMATS["e5m2"]
    assert not complaints(name, every(e5m2), e5m2, Attributes())
    assert not complaints(name, every(e5m2), e5m2, Attributes(Rounding.UPWARD, tininess=Tininess.BEFORE))


@pytest.mark.parametrize("name", UNARY)
def test_every_number_of_e4m3_is_correctly_rounded_without_infinities(name: str) -> None:
    e4m3 = FORMATS["e4m3"]
    for saturate in (False, True):
        assert not complaints(name, every(e4m3), e4m3, Attributes(saturate=saturate))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("direction", [Rounding.NEAREST_EVEN, Rounding.UPWARD, Rounding.TO_ODD])
def test_every_pair_of_toy6_is_correctly_rounded(name: str, direction: Rounding) -> None:
    toy6 = FORMATS["toy6"]
    assert not complaints(name, every(toy6, 2), toy6, Attributes(rounding=direction))


def random_codes(rng: np.random.Generator, count: int, fmt: Format) -> list[int]:
    """Codes of numbers below 2**12, of all exponents, and as many of those that functions are mostly asked at.

    mpmath's erf and exp are slow at larger arguments, where the results are limits (tested below).
    """
    anywhere = [int(code) for code in rng.integers(0, 1 << min(fmt.width, 63), count)]
    small = [code for code in anywhere if fmt.is_finite(code) and abs(fmt.decode(code)) < 2**12]
    ordinary = rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-9, 5, count)
    return small + [round_to_bits(Fraction(x), fmt) for x in ordinary.tolist()]


@pytest.mark.parametrize("name", ELEMENTARY)
@pytest.mark.parametrize("fmt", [BINARY16, BINARY32, BINARY64], ids=lambda fmt: fmt.name)
def test_random_numbers_are_correctly_rounded_in_all_directions(name: str, fmt: Format) -> None:
    rng = np.random.default_rng(2019)
    rows = list(zip(*(random_codes(rng, 12, fmt)[-20:] for _ in range(ELEMENTARY[name]))))
    if fmt is BINARY64:
        rows = [row for row in rows if all(abs(exponent_of(fmt.decode(code) or Fraction(1))) < 100 for code in row)]
    for direction in Rounding:
        assert not complaints(name, rows, fmt, Attributes(rounding=direction))


ENDS = [
    *((name, least, most) for name in ("exp", "logistic", "softplus") for least, most in ((-106, -86), (86, 90))),
    ("expm1", 86, 90),
    ("exp2", -152, -124),
    ("exp2", 125, 130),
    ("exp10", -46, -37),
    ("exp10", 37, 39),
    ("erfc", 8, 13),
    *((name, *ends) for name in ("sinh", "cosh") for ends in ((-92, -87), (87, 92))),
]


@pytest.mark.parametrize(("name", "least", "most"), ENDS)
def test_results_at_the_ends_of_the_range_of_exponents_are_correctly_rounded(name: str, least: int, most: int) -> None:
    rows = [(round_to_bits(Fraction(x), BINARY32),) for x in np.linspace(least, most, 23).tolist()]
    for direction in (Rounding.NEAREST_EVEN, Rounding.UPWARD, Rounding.TOWARD_ZERO):
        assert not complaints(name, rows, BINARY32, Attributes(rounding=direction))


def test_powers_at_the_ends_of_the_range_of_exponents_are_correctly_rounded() -> None:
    x, ys = round_to_bits(Fraction(-5, 2), BINARY32), [*range(93, 99), *range(-118, -91)]
    rows = [(x, round_to_bits(Fraction(y), BINARY32)) for y in ys]
    for direction in Rounding:
        assert not complaints("pow", rows, BINARY32, Attributes(rounding=direction))


def test_sines_of_the_largest_numbers_are_correctly_rounded() -> None:
    rows = [(code,) for code in (0x7F7FFFFF, 0xFF7FFFFF, 0x7149F2CA, 0x6A8D1234)]
    for name in ("sin", "cos", "tan"):
        assert not complaints(name, rows, BINARY32, Attributes())
    largest = [(BINARY64.max_finite,)]
    assert not complaints("sin", largest, BINARY64, Attributes())


# -- attributes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subnormals", Subnormals)
@pytest.mark.parametrize("tininess", Tininess)
def test_subnormal_results_are_flushed_where_that_is_asked_for(subnormals: Subnormals, tininess: Tininess) -> None:
    keep_inputs = Subnormals.FLUSH_OUTPUTS if subnormals is Subnormals.FLUSH else subnormals
    rows = [row for row in every(TOY8) if subnormals is Subnormals.KEEP or row[0] & TOY8.magnitude_mask >= TOY8.min_normal]
    for name in ("sin", "exp", "tanh", "logistic", "expm1", "exp2"):
        mode = Attributes(Rounding.NEAREST_AWAY, subnormals=keep_inputs, tininess=tininess)
        assert not complaints(name, rows, TOY8, mode)


def test_subnormal_operands_are_zeros_where_that_is_asked_for() -> None:
    mode = Attributes(subnormals=Subnormals.FLUSH_INPUTS)
    assert elementary_result("log", (1,), BINARY32, mode) == (NEGATIVE | INF, Flag.DIVIDE_BY_ZERO)
    assert elementary_result("rsqrt", (NEGATIVE | 1,), BINARY32, mode) == (NEGATIVE | INF, Flag.DIVIDE_BY_ZERO)
    assert elementary_result("sin", (NEGATIVE | 1,), BINARY32, mode) == (NEGATIVE, 0)
    assert elementary_result("pow", (0x7FC00000, 1), BINARY32, mode) == (ONE, 0)


@pytest.mark.parametrize("fmt", [BINARY32, FORMATS["e4m3"]], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("nan", NaN)
def test_nans_are_those_of_the_arithmetic(nan: NaN, fmt: Format) -> None:
    quiet, other, signaling = fmt.nan, fmt.sign_mask | fmt.magnitude_mask, fmt.overflow_code | (1 if fmt.has_infinity else 0)
    f, mode = arithmetic(fmt, machine="integer", nan=nan), Attributes(nan=nan)
    operands = [fmt.min_normal, quiet, other, signaling]
    for x in operands[1:]:
        wanted = [int(part[()]) for part in f.sqrt(np.array(x, fmt.dtype), with_flags=True)]
        assert [list(elementary_result(name, (x,), fmt, mode)) for name in UNARY] == [wanted] * len(UNARY)
    for x, y in [(x, y) for x in operands for y in operands][1:]:
        wanted = [int(part[()]) for part in f.div(np.array(x, fmt.dtype), np.array(y, fmt.dtype), with_flags=True)]
        assert [list(elementary_result(name, (x, y), fmt, mode)) for name in BINARY] == [wanted] * len(BINARY)
    minus_one = fmt.sign_mask | round_to_bits(Fraction(1), fmt)
    invalid = [int(part[()]) for part in f.sqrt(np.array(minus_one, fmt.dtype), with_flags=True)]
    assert list(elementary_result("log", (minus_one,), fmt, mode)) == invalid


def test_infinite_results_of_finite_operands_and_overflow_are_told_apart_by_their_flags() -> None:
    e4m3, mode = FORMATS["e4m3"], Attributes(saturate=True)
    assert elementary_result("log", (0,), e4m3, mode) == (e4m3.nan, Flag.DIVIDE_BY_ZERO)
    assert elementary_result("exp", (e4m3.max_finite,), e4m3, mode) == (e4m3.max_finite, INEXACT | OVERFLOW)
    assert elementary_result("log", (0,), BINARY32, mode) == (NEGATIVE | INF, Flag.DIVIDE_BY_ZERO)
    assert elementary_result("exp", (INF,), BINARY32, mode) == (INF, 0)
    assert elementary_result("exp", (INF - 1,), BINARY32, Attributes()) == (INF, INEXACT | OVERFLOW)


# -- limits ----------------------------------------------------------------------------------------------------------


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
    ("cosh", 1, {"nearest_even": ONE, "upward": ONE + 1, "downward": ONE}),
    ("erfc", 0x7F7FFFFF, {"nearest_even": 0, "upward": 1}),
    ("erfc", 0xFF7FFFFF, {"nearest_even": 2 * ONE - 0x3F000000, "toward_zero": 0x3FFFFFFF}),
    ("logistic", 0x7F7FFFFF, {"nearest_even": ONE, "toward_zero": ONE - 1}),
    ("logistic", 0xFF7FFFFF, {"nearest_even": 0, "upward": 1, "to_odd": 1}),
    ("softplus", 0x7F7FFFFF, {"nearest_even": INF - 1, "upward": INF, "toward_zero": INF - 1}),
    ("softplus", 0xFF7FFFFF, {"nearest_even": 0, "upward": 1}),
    ("sinh", 0xFF7FFFFF, {"nearest_even": NEGATIVE | INF, "upward": NEGATIVE | INF - 1}),
    ("cosh", 0xFF7FFFFF, {"nearest_even": INF, "toward_zero": INF - 1}),
    ("exp2", 0x7F7FFFFF, {"nearest_even": INF, "downward": INF - 1}),
    ("exp10", 0xFF7FFFFF, {"nearest_even": 0, "upward": 1}),
    ("atan", 0x7F7FFFFF, {"nearest_even": 0x3FC90FDB, "toward_zero": 0x3FC90FDA}),
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
    ("erfc", -(2**5)),
    ("erfc", 2**10),
    ("logistic", 2**10),
    ("logistic", -(2**20)),
]


@pytest.mark.parametrize(("name", "at"), THRESHOLDS)
def test_a_stand_in_rounds_as_the_values_just_before_it(name: str, at: int) -> None:
    nearer_to_zero = Fraction(at) * Fraction(99, 100)
    for direction in Rounding:
        to_binary64 = rounding(FORMATS["binary64"], direction)
        assert round_function(name, Fraction(at), to_binary64) == round_function(name, nearer_to_zero, to_binary64)


def rounding(fmt: Format, direction: Rounding) -> Callable[[Fraction], int]:
    return lambda value: round_to_bits(value, fmt, direction)


def test_powers_and_angles_beyond_the_range_know_their_side() -> None:
    big, small, minus_big = 0x7F7FFFFF, 1, 0xFF7FFFFF
    odd = 0x4B7FFFFF  # 2**24 - 1
    cases = [
        ("pow", (big, big), Rounding.NEAREST_EVEN, (INF, INEXACT | OVERFLOW)),
        ("pow", (minus_big, odd), Rounding.UPWARD, (NEGATIVE | INF - 1, INEXACT | OVERFLOW)),
        ("pow", (big, minus_big), Rounding.UPWARD, (1, INEXACT | UNDERFLOW)),
        ("pow", (minus_big, NEGATIVE | odd), Rounding.DOWNWARD, (NEGATIVE | 1, INEXACT | UNDERFLOW)),
        ("pow", (big, small), Rounding.UPWARD, (ONE + 1, INEXACT)),
        ("pow", (ONE + 1, NEGATIVE | small), Rounding.TOWARD_ZERO, (ONE - 1, INEXACT)),
        ("pow", (NEGATIVE | ONE, big), Rounding.UPWARD, (ONE, 0)),
        ("pow", (NEGATIVE | ONE, odd), Rounding.UPWARD, (NEGATIVE | ONE, 0)),
        ("atan2", (small, big), Rounding.UPWARD, (1, INEXACT | UNDERFLOW)),
        ("atan2", (NEGATIVE | small, ONE), Rounding.TOWARD_ZERO, (NEGATIVE, INEXACT | UNDERFLOW)),
        ("atan2", (small, minus_big), Rounding.NEAREST_EVEN, (0x40490FDB, INEXACT)),
        ("hypot", (big, small), Rounding.NEAREST_EVEN, (big, INEXACT)),
        ("hypot", (big, small), Rounding.UPWARD, (INF, INEXACT | OVERFLOW)),
        ("hypot", (small, small), Rounding.DOWNWARD, (1, INEXACT | UNDERFLOW)),
    ]
    for name, codes, direction, wanted in cases:
        assert elementary_result(name, codes, BINARY32, Attributes(rounding=direction)) == wanted, (name, codes)


def test_the_extremes_of_binary64_are_decided() -> None:
    top, least, mode = BINARY64.max_finite, 1, Attributes(rounding=Rounding.UPWARD)
    one = round_to_bits(Fraction(1), BINARY64)
    assert elementary_result("hypot", (one, least), BINARY64, mode) == (one + 1, INEXACT)
    assert elementary_result("cosh", (least,), BINARY64, mode) == (one + 1, INEXACT)
    assert elementary_result("sin", (least,), BINARY64, mode) == (1, INEXACT | UNDERFLOW)
    assert elementary_result("softplus", (top,), BINARY64, mode) == (BINARY64.overflow_code, INEXACT | OVERFLOW)
    assert elementary_result("erfc", (top,), BINARY64, mode) == (1, INEXACT | UNDERFLOW)
    assert elementary_result("pow", (one + 1, top), BINARY64, mode) == (BINARY64.overflow_code, INEXACT | OVERFLOW)
    assert elementary_result("atan2", (least, top), BINARY64, mode) == (1, INEXACT | UNDERFLOW)


def test_sines_of_subnormal_numbers_are_those_numbers_and_underflow() -> None:
    for name in ("sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh", "expm1", "log1p"):
        assert elementary_result(name, (5,), BINARY32, Attributes()) == (5, INEXACT | UNDERFLOW)


# -- calls -----------------------------------------------------------------------------------------------------------


def test_rational_arguments_are_rounded_too() -> None:
    third = Fraction(1, 3)
    for name in UNARY:
        if name == "acosh":
            continue
        for direction in Rounding:
            found = round_function(name, third, lambda v, d=direction: round_to_precision(v, BINARY32, d))
            assert found == round_to_precision(nearly_exact(name, third), BINARY32, direction)


def test_values_that_do_not_exist_are_undefined() -> None:
    nowhere: list[tuple[str, tuple[int, ...]]] = [
        ("log", (0,)),
        ("log", (-(10**5000),)),
        ("log1p", (-1,)),
        ("log1p", (-2,)),
        ("atanh", (1,)),
        ("acosh", (0,)),
        ("rsqrt", (0,)),
        ("pow", (0, -1)),
        ("atan2", (0, 0)),
    ]
    for name, x in nowhere:
        with pytest.raises(UndefinedError, match=name):
            round_function(name, [Fraction(number) for number in x], lambda value: value)
    with pytest.raises(UndefinedError, match="pow"):
        round_function("pow", (Fraction(-8), Fraction(1, 3)), lambda value: value)


def test_values_too_long_to_write_are_refused() -> None:
    for name in ("exp", "expm1", "exp2", "exp10", "sinh", "cosh"):
        with pytest.raises(UnableError, match=name):
            round_function(name, Fraction(2**20 + 2), lambda value: round_to_precision(value, BINARY32))
    with pytest.raises(UnableError, match="pow"):
        round_function("pow", (Fraction(3), Fraction(2**20)), lambda value: round_to_precision(value, BINARY32))


def test_unknown_functions_and_wrong_numbers_of_operands_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="tanh"):
        round_function("tahn", Fraction(1), lambda value: value)
    with pytest.raises(UnknownNameError, match="cosh"):
        elementary_bits("csoh", np.zeros(1, np.uint32), BINARY32)
    with pytest.raises(TypeError, match="pow takes 2 operands, 1"):
        round_function("pow", Fraction(1), lambda value: value)
    with pytest.raises(TypeError, match="exp takes 1 operands, 2"):
        elementary_result("exp", (0, 0), BINARY32, Attributes())
    with pytest.raises(ShapeError, match=r"\(2,\), \(3,\)"):
        elementary_results("pow", (np.zeros(2, np.uint32), np.zeros(3, np.uint32)), BINARY32, Attributes())


def test_arrays_are_the_single_results() -> None:
    rng = np.random.default_rng(7)
    x, y = (rng.integers(0, 2**16, (3, 4), dtype=np.uint16) for _ in range(2))
    for name in ("sin", "pow"):
        given = (x, y)[: ELEMENTARY[name]]
        codes, flags = elementary_results(name, given, BINARY16, Attributes())
        assert (codes.dtype, flags.dtype, codes.shape, flags.shape) == (np.uint16, np.uint8, (3, 4), (3, 4))
        for index in np.ndindex(3, 4):
            wanted = elementary_result(name, [int(operand[index]) for operand in given], BINARY16, Attributes())
            assert (codes[index], flags[index]) == wanted


def test_shape_and_dtype_follow_the_codes_and_the_format() -> None:
    codes = np.zeros((2, 0, 3), dtype=np.uint16)
    assert elementary_bits("exp", codes, FORMATS["binary16"]).shape == (2, 0, 3)
    result = elementary_bits("exp", np.array([[0, 0], [0, 0x8000]], dtype=np.uint16), FORMATS["bfloat16"])
    assert result.dtype == np.uint16
    assert result.tolist() == [[0x3F80, 0x3F80], [0x3F80, 0x3F80]]
    assert elementary_bits("cos", np.uint32(0), BINARY32).shape == ()
