"""The special values of the elementary functions, one line each, as the standard lists them; and that no function is missing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from fpsem.core.exact import pi_bracket, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.elementary.names import ELEMENTARY, UNARY
from fpsem.softfloat.elementary.special_values import AT_INFINITY, ATAN2, DOMAIN, KEEPS_ZERO, POLES
from fpsem.softfloat.elementary.ziv import elementary_result

MINUS = 0x80000000
CODES = {"0": 0, "1": 0x3F800000, "2": 0x40000000, "3": 0x40400000, "0.5": 0x3F000000, "1.5": 0x3FC00000, "8": 0x41000000,
         "inf": 0x7F800000, "nan": 0x7FC00000, "snan": 0x7F800001, "tiny": 1, "max": 0x7F7FFFFF, "100": 0x42C80000,
         "above 1": 0x3F800001, "4": 0x40800000, "0.25": 0x3E800000, "1000": 0x447A0000, "0.125": 0x3E000000}  # fmt: skip
NONE, POLE, INVALID, INEXACT = 0, Flag.DIVIDE_BY_ZERO, Flag.INVALID, Flag.INEXACT


def code(text: str) -> int:
    return CODES[text.lstrip("-")] | (MINUS if text.startswith("-") else 0)


ONE_OPERAND: dict[str, list[tuple[str, str, int]]] = {
    "exp": [("0", "1", NONE), ("-0", "1", NONE), ("-inf", "0", NONE), ("inf", "inf", NONE)],
    "exp2": [("0", "1", NONE), ("-0", "1", NONE), ("3", "8", NONE), ("-1", "0.5", NONE), ("-inf", "0", NONE),
             ("inf", "inf", NONE)],
    "exp10": [("0", "1", NONE), ("-0", "1", NONE), ("2", "100", NONE), ("-inf", "0", NONE), ("inf", "inf", NONE)],
    "expm1": [("0", "0", NONE), ("-0", "-0", NONE), ("-inf", "-1", NONE), ("inf", "inf", NONE)],
    "log": [("0", "-inf", POLE), ("-0", "-inf", POLE), ("1", "0", NONE), ("-1", "nan", INVALID), ("-tiny", "nan", INVALID),
            ("inf", "inf", NONE), ("-inf", "nan", INVALID)],
    "log2": [("0", "-inf", POLE), ("-0", "-inf", POLE), ("1", "0", NONE), ("8", "3", NONE), ("0.5", "-1", NONE),
             ("-tiny", "nan", INVALID), ("inf", "inf", NONE), ("-inf", "nan", INVALID)],
    "log10": [("0", "-inf", POLE), ("-0", "-inf", POLE), ("1", "0", NONE), ("1000", "3", NONE), ("-tiny", "nan", INVALID),
              ("inf", "inf", NONE), ("-inf", "nan", INVALID)],
    "log1p": [("0", "0", NONE), ("-0", "-0", NONE), ("-1", "-inf", POLE), ("-above 1", "nan", INVALID), ("inf", "inf", NONE),
              ("-inf", "nan", INVALID)],
    "sin": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "nan", INVALID), ("-inf", "nan", INVALID)],
    "cos": [("0", "1", NONE), ("-0", "1", NONE), ("inf", "nan", INVALID), ("-inf", "nan", INVALID)],
    "tan": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "nan", INVALID), ("-inf", "nan", INVALID)],
    "sinh": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "inf", NONE), ("-inf", "-inf", NONE)],
    "cosh": [("0", "1", NONE), ("-0", "1", NONE), ("inf", "inf", NONE), ("-inf", "inf", NONE)],
    "tanh": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "1", NONE), ("-inf", "-1", NONE)],
    "asin": [("0", "0", NONE), ("-0", "-0", NONE), ("above 1", "nan", INVALID), ("-above 1", "nan", INVALID),
             ("inf", "nan", INVALID), ("-inf", "nan", INVALID)],
    "acos": [("1", "0", NONE), ("above 1", "nan", INVALID), ("-above 1", "nan", INVALID), ("inf", "nan", INVALID),
             ("-inf", "nan", INVALID)],
    "atan": [("0", "0", NONE), ("-0", "-0", NONE)],
    "asinh": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "inf", NONE), ("-inf", "-inf", NONE)],
    "acosh": [("1", "0", NONE), ("0", "nan", INVALID), ("-1", "nan", INVALID), ("0.5", "nan", INVALID), ("inf", "inf", NONE),
              ("-inf", "nan", INVALID)],
    "atanh": [("0", "0", NONE), ("-0", "-0", NONE), ("1", "inf", POLE), ("-1", "-inf", POLE), ("above 1", "nan", INVALID),
              ("-above 1", "nan", INVALID), ("inf", "nan", INVALID), ("-inf", "nan", INVALID)],
    "erf": [("0", "0", NONE), ("-0", "-0", NONE), ("inf", "1", NONE), ("-inf", "-1", NONE)],
    "erfc": [("0", "1", NONE), ("-0", "1", NONE), ("inf", "0", NONE), ("-inf", "2", NONE)],
    "cbrt": [("0", "0", NONE), ("-0", "-0", NONE), ("8", "2", NONE), ("-8", "-2", NONE), ("inf", "inf", NONE),
             ("-inf", "-inf", NONE)],
    "rsqrt": [("0", "inf", POLE), ("-0", "-inf", POLE), ("4", "0.5", NONE), ("0.25", "2", NONE), ("-tiny", "nan", INVALID),
              ("inf", "0", NONE), ("-inf", "nan", INVALID)],
    "logistic": [("0", "0.5", NONE), ("-0", "0.5", NONE), ("inf", "1", NONE), ("-inf", "0", NONE)],
    "softplus": [("inf", "inf", NONE), ("-inf", "0", NONE)],
}  # fmt: skip

POW: list[tuple[str, str, str, int]] = [
    *((x, y, "1", NONE) for x in ("0", "-0", "1", "-1", "2", "inf", "-inf", "nan", "-nan") for y in ("0", "-0")),
    *(("1", y, "1", NONE) for y in ("inf", "-inf", "nan", "tiny", "-max", "0.5")),
    ("-1", "inf", "1", NONE), ("-1", "-inf", "1", NONE), ("-1", "3", "-1", NONE), ("-1", "max", "1", NONE),
    ("0", "-3", "inf", POLE), ("-0", "-3", "-inf", POLE), ("0", "-2", "inf", POLE), ("-0", "-2", "inf", POLE),
    ("-0", "-0.5", "inf", POLE), ("0", "-inf", "inf", NONE), ("-0", "-inf", "inf", NONE),
    ("0", "3", "0", NONE), ("-0", "3", "-0", NONE), ("-0", "2", "0", NONE), ("-0", "0.5", "0", NONE),
    ("0", "inf", "0", NONE), ("-0", "inf", "0", NONE),
    ("2", "inf", "inf", NONE), ("-2", "inf", "inf", NONE), ("2", "-inf", "0", NONE), ("-2", "-inf", "0", NONE),
    ("0.5", "inf", "0", NONE), ("-0.5", "inf", "0", NONE), ("0.5", "-inf", "inf", NONE), ("-0.5", "-inf", "inf", NONE),
    ("inf", "0.5", "inf", NONE), ("inf", "-0.5", "0", NONE), ("inf", "inf", "inf", NONE), ("inf", "-inf", "0", NONE),
    ("-inf", "3", "-inf", NONE), ("-inf", "2", "inf", NONE), ("-inf", "0.5", "inf", NONE), ("-inf", "inf", "inf", NONE),
    ("-inf", "-3", "-0", NONE), ("-inf", "-2", "0", NONE), ("-inf", "-0.5", "0", NONE), ("-inf", "-inf", "0", NONE),
    ("-2", "0.5", "nan", INVALID), ("-tiny", "-1.5", "nan", INVALID), ("-2", "3", "-8", NONE), ("-2", "2", "4", NONE),
    ("4", "0.5", "2", NONE), ("4", "1.5", "8", NONE), ("4", "-1.5", "0.125", NONE),
    ("2", "nan", "nan", NONE), ("nan", "2", "nan", NONE), ("0", "nan", "nan", NONE), ("-1", "nan", "nan", NONE),
    ("1", "snan", "nan", INVALID), ("snan", "0", "nan", INVALID), ("inf", "nan", "nan", NONE),
]  # fmt: skip

HYPOT: list[tuple[str, str, str, int]] = [
    *((x, y, "inf", NONE) for x in ("inf", "-inf") for y in ("0", "-1", "inf", "-inf", "nan")),
    *((x, y, "inf", NONE) for y in ("inf", "-inf") for x in ("-0", "1", "nan")),
    ("inf", "snan", "nan", INVALID), ("nan", "0", "nan", NONE), ("-0", "-0", "0", NONE), ("0", "-0", "0", NONE),
    ("-3", "0", "3", NONE), ("-0", "-tiny", "tiny", NONE),
]  # fmt: skip

ANGLES: list[tuple[str, str, str | Fraction]] = [
    ("0", "1", "0"), ("0", "0", "0"), ("0", "inf", "0"), ("0", "-1", Fraction(1)), ("0", "-0", Fraction(1)),
    ("0", "-inf", Fraction(1)), ("1", "0", Fraction(1, 2)), ("1", "-0", Fraction(1, 2)), ("tiny", "inf", "0"),
    ("tiny", "-inf", Fraction(1)), ("inf", "0", Fraction(1, 2)), ("inf", "-0", Fraction(1, 2)), ("inf", "max", Fraction(1, 2)),
    ("inf", "-max", Fraction(1, 2)), ("inf", "inf", Fraction(1, 4)), ("inf", "-inf", Fraction(3, 4)),
]  # fmt: skip
"""y and x of atan2, and the angle or how many pi it is; negative angles for negative y."""


def found(name: str, texts: tuple[str, ...], direction: Rounding) -> tuple[int, int]:
    return elementary_result(name, [code(text) for text in texts], BINARY32, Attributes(rounding=direction))


def complaints(rows: list[tuple[str, tuple[str, ...], str, int]]) -> list[Any]:
    return [
        (name, operands, direction)
        for name, operands, result, flags in rows
        for direction in Rounding
        if found(name, operands, direction) != (code(result), flags)
    ]


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_operand_have_the_special_values_of_the_standard(name: str) -> None:
    assert not complaints([(name, (x,), result, flags) for x, result, flags in ONE_OPERAND[name]])
    assert not complaints([(name, ("nan",), "nan", NONE), (name, ("snan",), "nan", INVALID), (name, ("-nan",), "nan", NONE)])


def test_pow_has_the_special_values_of_the_standard() -> None:
    assert not complaints([("pow", (x, y), result, flags) for x, y, result, flags in POW])


def test_hypot_has_the_special_values_of_the_standard() -> None:
    assert not complaints([("hypot", (x, y), result, flags) for x, y, result, flags in HYPOT])


@pytest.mark.parametrize("direction", Rounding)
def test_angles_of_zeros_and_infinities_are_multiples_of_pi_rounded(direction: Rounding) -> None:
    pi, _ = pi_bracket(200)
    for y, x, angle in ANGLES:
        for minus in ("", "-"):
            if isinstance(angle, str):
                wanted = code(minus + angle), NONE
            else:
                sign = -1 if minus else 1
                wanted = round_to_bits(sign * angle * pi, BINARY32, direction), INEXACT
            assert found("atan2", (minus + y, x), direction) == wanted, (minus + y, x)
    for sign, x in ((1, "inf"), (-1, "-inf")):
        assert found("atan", (x,), direction) == (round_to_bits(sign * pi / 2, BINARY32, direction), INEXACT)
    assert found("atan2", ("nan", "0"), direction) == found("atan2", ("inf", "nan"), direction) == (code("nan"), NONE)


def test_infinities_are_nan_in_a_format_without_them() -> None:
    e4m3 = FORMATS["e4m3"]
    one = round_to_bits(Fraction(1), e4m3)
    assert elementary_result("atanh", (one,), e4m3, Attributes()) == (e4m3.nan, POLE)
    assert elementary_result("pow", (0, one | e4m3.sign_mask), e4m3, Attributes()) == (e4m3.nan, POLE)


def test_no_function_is_missing_from_the_tables_and_none_is_stale() -> None:
    assert set(AT_INFINITY) == set(ONE_OPERAND) == set(UNARY)
    assert (set(DOMAIN) | KEEPS_ZERO | {name for name, _ in POLES}) <= set(UNARY)
    assert len(ATAN2) == 2 * 3 * 3 - 2  # of two numbers the angle is no special value
    assert set(ELEMENTARY) - set(UNARY) == {"pow", "atan2", "hypot"}
