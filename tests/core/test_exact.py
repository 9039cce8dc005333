from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.exact import exponent_of, pi_bracket, round_pi, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.testing.strategies import codes

TOYS = [FORMATS[name] for name in ("toy6", "toy8", "e4m3", "e5m2")]
DIRECTED = [Rounding.TOWARD_ZERO, Rounding.UPWARD, Rounding.DOWNWARD, Rounding.TO_ODD]


def grid(fmt: Format) -> list[tuple[Fraction, int]]:
    """Every nonnegative number of the format with its code, and the next one if the exponent went on."""
    numbers = [(fmt.decode(code), code) for code in range(fmt.max_finite + 1)]
    top = numbers[-1][0]
    return [*numbers, (top + Fraction(2) ** (fmt.emax - fmt.fraction_bits), fmt.max_finite + 1)]


def by_definition(x: Fraction, fmt: Format, direction: Rounding) -> int:
    """The defining inequality of each direction, over all numbers of the format in turn."""
    numbers, magnitude, negative = grid(fmt), abs(x), x < 0
    low = max((pair for pair in numbers if pair[0] <= magnitude), default=None)
    high = min((pair for pair in numbers if pair[0] >= magnitude), default=None)
    outward, inward = high or (None, fmt.max_finite + 1), low
    assert inward is not None
    chosen = choice(magnitude, negative, inward, outward, direction)
    if chosen > fmt.max_finite:
        to_infinity = {Rounding.TOWARD_ZERO: False, Rounding.TO_ODD: False}.get(direction, True)
        if direction in (Rounding.UPWARD, Rounding.DOWNWARD):
            to_infinity = negative == (direction is Rounding.DOWNWARD)
        chosen = (fmt.overflow_code if fmt.has_infinity else fmt.nan) if to_infinity else fmt.max_finite
    return chosen | (fmt.sign_mask if negative else 0)


def choice(x: Fraction, negative: bool, low: tuple[Fraction, int], high: tuple[Fraction | None, int], direction: Rounding) -> int:
    if low[0] == x or high[0] is None:
        return low[1] if low[0] == x else high[1]
    below, above = x - low[0], high[0] - x
    match direction:
        case Rounding.NEAREST_EVEN:
            return min((below, low[1] % 2, low[1]), (above, high[1] % 2, high[1]))[2]
        case Rounding.NEAREST_AWAY:
            return low[1] if below < above else high[1]
        case Rounding.TOWARD_ZERO:
            return low[1]
        case Rounding.UPWARD:
            return low[1] if negative else high[1]
        case Rounding.DOWNWARD:
            return high[1] if negative else low[1]
        case Rounding.TO_ODD:
            return low[1] if low[1] % 2 else high[1]


def hard_numbers(fmt: Format) -> list[Fraction]:
    """Every number of the format, every tie, points to both sides of each, and numbers beyond the largest."""
    numbers = [number for number, _ in grid(fmt)]
    found = list(numbers)
    for low, high in pairwise(numbers):
        found += [low + (high - low) * Fraction(part, 16) for part in (1, 7, 8, 9, 15)]
    found += [numbers[-1] * Fraction(k, 2) for k in (3, 7)]
    return [x for x in found if x != 0]


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("fmt", TOYS[:2], ids=lambda fmt: fmt.name)
def test_round_to_bits_satisfies_the_defining_inequality(fmt: Format, direction: Rounding) -> None:
    numbers = hard_numbers(fmt)
    for x in (*numbers, *(-x for x in numbers)):
        assert round_to_bits(x, fmt, direction) == by_definition(x, fmt, direction), x


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("fmt", TOYS, ids=lambda fmt: fmt.name)
def test_every_finite_code_rounds_to_itself(fmt: Format, direction: Rounding) -> None:
    for code in filter(fmt.is_finite, range(1 << fmt.width)):
        negative_zero = code == fmt.sign_mask
        assert round_to_bits(fmt.decode(code), fmt, direction, negative_zero) == code


@pytest.mark.parametrize(("name", "kind"), [("binary32", np.float32), ("binary16", np.float16)])
def test_doubles_round_as_numpy_casts_them(name: str, kind: type[np.floating]) -> None:
    fmt, rng = FORMATS[name], np.random.default_rng(1)
    doubles = rng.standard_normal(4000) * np.exp2(rng.uniform(fmt.emin - fmt.precision - 2, fmt.emax + 2, 4000))
    exact = rng.standard_normal(500).astype(kind)
    ties = (exact.astype(np.float64) + np.nextafter(exact, kind(9)).astype(np.float64)) / 2
    for values in (doubles, ties):
        with np.errstate(over="ignore", under="ignore"):
            wanted = values.astype(kind).view(fmt.dtype)
        assert [round_to_bits(Fraction(x), fmt) for x in values.tolist()] == wanted.tolist()


@pytest.mark.parametrize("name", ["bfloat16", "e5m2"])
def test_doubles_round_as_ml_dtypes_casts_them(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    fmt, rng = FORMATS[name], np.random.default_rng(2)
    kind = getattr(ml_dtypes, {"e5m2": "float8_e5m2"}.get(name, name))
    singles = (rng.standard_normal(2000) * np.exp2(rng.uniform(-14, 14, 2000))).astype(np.float32)
    wanted = singles.astype(kind).view(fmt.dtype)
    assert [round_to_bits(Fraction(x), fmt) for x in singles.tolist()] == wanted.tolist()


@pytest.mark.parametrize("fmt", [BINARY32, FORMATS["toy8"]], ids=lambda fmt: fmt.name)
def test_the_overflow_threshold_is_half_an_ulp_above_the_largest_number(fmt: Format) -> None:
    largest = fmt.decode(fmt.max_finite)
    ulp = Fraction(2) ** (fmt.emax - fmt.fraction_bits)
    below, tie, above = (largest + ulp / 2 + step for step in (-ulp / 8, Fraction(0), ulp / 8))
    infinity, sign = fmt.overflow_code, fmt.sign_mask
    for direction in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY):
        assert round_to_bits(below, fmt, direction) == fmt.max_finite
        assert round_to_bits(tie, fmt, direction) == infinity  # max_finite is odd, so even goes up too
        assert round_to_bits(-above, fmt, direction) == infinity | sign
    largest_code = fmt.max_finite
    for x in (below, tie, above, 1000 * largest):
        assert tuple(round_to_bits(x, fmt, d) for d in DIRECTED) == (largest_code, infinity, largest_code, largest_code)
        assert tuple(round_to_bits(-x, fmt, d) ^ sign for d in DIRECTED) == (largest_code, largest_code, infinity, largest_code)


def test_a_format_without_infinity_overflows_to_nan() -> None:
    e4m3 = FORMATS["e4m3"]
    assert round_to_bits(Fraction(464), e4m3) == e4m3.max_finite  # a tie between 448 and 480, and 448 is even
    assert round_to_bits(Fraction(465), e4m3) == e4m3.nan
    assert round_to_bits(Fraction(-465), e4m3) == e4m3.nan, "NaN results are the canonical NaN"
    assert round_to_bits(Fraction(465), e4m3, Rounding.TOWARD_ZERO) == e4m3.max_finite


def test_the_sign_of_zero_is_asked_for_or_that_of_the_number() -> None:
    assert round_to_bits(Fraction(0), BINARY32) == 0
    assert round_to_bits(Fraction(0), BINARY32, negative_zero=True) == BINARY32.sign_mask
    tiny = Fraction(1, 2**200)
    assert round_to_bits(-tiny, BINARY32) == BINARY32.sign_mask
    assert round_to_bits(tiny, BINARY32, negative_zero=True) == 0
    assert round_to_bits(-tiny, BINARY32, Rounding.DOWNWARD) == BINARY32.sign_mask | 1


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("fmt", TOYS[:2], ids=lambda fmt: fmt.name)
def test_round_to_precision_is_round_to_bits_where_that_is_finite(fmt: Format, direction: Rounding) -> None:
    largest = fmt.decode(fmt.max_finite)
    for x in hard_numbers(fmt):
        rounded = round_to_precision(x, fmt, direction)
        if rounded <= largest:
            assert rounded == fmt.decode(round_to_bits(x, fmt, direction)), x
        else:
            assert round_to_bits(x, fmt, direction) in (fmt.overflow_code, fmt.max_finite)


def test_round_to_precision_has_no_largest_number() -> None:
    assert round_to_precision(Fraction(2) ** 5000, BINARY32) == Fraction(2) ** 5000
    assert round_to_precision(-(Fraction(2) ** 5000) - 1, BINARY32) == -(Fraction(2) ** 5000)
    assert round_to_precision(Fraction(0), BINARY32) == 0


@given(codes("binary32", allow_nan=False, allow_infinity=False), st.fractions(0, 1))
def test_nearest_is_within_half_an_ulp(code: int, part: Fraction) -> None:
    x = BINARY32.decode(code) * (1 + part / 2**20)
    ulp = Fraction(2) ** (max(exponent_of(x), BINARY32.emin) - BINARY32.fraction_bits) if x else Fraction(1)
    assert abs(round_to_precision(x, BINARY32) - x) <= ulp / 2


@given(st.fractions().filter(bool))
def test_exponent_of_is_the_floor_of_the_logarithm(x: Fraction) -> None:
    e = exponent_of(x)
    assert Fraction(2) ** e <= abs(x) < Fraction(2) ** (e + 1)


def test_pi_lies_in_its_bracket_and_rounds_as_math_says() -> None:
    low, high = pi_bracket(300)
    assert low < high < low + Fraction(1, 1 << 300)
    assert low < Fraction(314159265358979323846264338327950288419716939937511, 10**50) < high + Fraction(1, 10**50)
    assert round_pi(lambda x: round_to_bits(x, FORMATS["binary64"])) == int(np.float64(np.pi).view(np.uint64))
