"""Every notation of a number means the number it was written for."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fpsem.core.errors import FileFormatError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.report.number import describe, exact_decimal, parse_number

SMALL = ("toy8", "e4m3", "binary16")
NOTATIONS = ("code", "decimal", "hex float", "fraction")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_finite_code_comes_back_from_every_notation(name: str, notation: str) -> None:
    f = FORMATS[name]
    codes = [code for code in range(1 << f.width) if f.is_finite(code)]
    assert [parse_number(describe(code, f)[notation], f) for code in codes] == codes


@pytest.mark.parametrize("name", SMALL)
def test_every_code_that_is_no_number_has_a_code_and_a_class_and_no_value(name: str) -> None:
    f = FORMATS[name]
    for code in (code for code in range(1 << f.width) if not f.is_finite(code)):
        facts = describe(code, f)
        assert facts.keys() == {"format", "code", "bits", "class"}
        assert parse_number(facts["code"], f) == code
        assert ("NaN" in facts["class"]) == f.is_nan(code)


@pytest.mark.parametrize("name", SMALL)
def test_neighbours_are_one_code_apart_and_named_with_their_value(name: str) -> None:
    f = FORMATS[name]
    for code in (code for code in range(1 << f.width) if f.is_finite(code)):
        facts = describe(code, f)
        for step, side in ((-1, "next toward zero"), (1, "next away from zero")):
            if facts[side].startswith("none"):
                assert code & f.magnitude_mask == (0 if step < 0 else f.max_finite)
                continue
            written, value = facts[side].split(" = ")
            assert parse_number(written, f) == code + step
            assert parse_number(value, f) == code + step


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1", 0x3F800000),
        ("-1", 0xBF800000),
        ("+1", 0x3F800000),
        ("0.1", 0x3DCCCCCD),
        ("1/3", 0x3EAAAAAB),
        ("-1/3", 0xBEAAAAAB),
        ("0", 0),
        ("-0", 0x80000000),
        ("-0.0", 0x80000000),
        ("-0x0p+0", 0x80000000),
        ("0x3f800000", 0x3F800000),
        ("0b11", 3),
        ("0x1.8p1", 0x40400000),
        ("0x.8", 0x3F000000),
        ("0x1.", 0x3F800000),
        ("0x1p-149", 1),
        ("0x1p-150", 0),
        ("0x1.8p-150", 1),
        ("inf", BINARY32.overflow_code),
        ("-Infinity", BINARY32.sign_mask | BINARY32.overflow_code),
        ("nan", BINARY32.nan),
        (" 2 ", 0x40000000),
        ("1_000", 0x447A0000),
        ("16777217", 0x4B800000),
    ],
)
def test_known_texts_of_binary32(text: str, code: int) -> None:
    assert parse_number(text, BINARY32) == code


@pytest.mark.parametrize("far", ["1e400", "1e999999999", "0x1p1024", "0x1p99999999999", f"1{'0' * 300}", "0x1p5001"])
def test_far_numbers_round_at_once_to_infinity_and_zero(far: str) -> None:
    assert parse_number(far, BINARY32) == BINARY32.overflow_code
    assert parse_number("-" + far, BINARY32) == BINARY32.sign_mask | BINARY32.overflow_code
    assert parse_number(far, FORMATS["e4m3"]) == FORMATS["e4m3"].nan


@pytest.mark.parametrize("tiny", ["1e-400", "1e-999999999", "0x1p-2000", "0x1p-99999999999", "0e999999999", "0x0p99999999999"])
def test_tiny_numbers_round_at_once_to_zero_and_keep_their_sign(tiny: str) -> None:
    assert parse_number(tiny, BINARY32) == 0
    assert parse_number("-" + tiny, BINARY32) == BINARY32.sign_mask


@pytest.mark.parametrize("text", ["0x1.000001000000000001p0", "1.000000059604644775390625000000000000001"])
def test_a_number_just_above_a_tie_is_rounded_once(text: str) -> None:
    assert parse_number(text, BINARY32) == 0x3F800001


def test_a_hexadecimal_float_with_more_digits_than_its_exponent_undoes_is_exact() -> None:
    assert parse_number(f"0x1{'0' * 2000}p-8000", BINARY32) == 0x3F800000
    assert parse_number(f"0x0.{'0' * 2000}1p8004", BINARY32) == 0x3F800000


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "-h", "--1", "--inf", "+-nan", "1e", "0x", "0b", "0xg", "0x1p", "0x.p1", "1/0", "snan", "0x1ffffffff"],
)
def test_what_is_no_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(FileFormatError, match=r"is not a code|more than the 32 bits"):
        parse_number(text, BINARY32)


def test_a_code_with_a_sign_is_refused_with_the_remedy() -> None:
    with pytest.raises(FileFormatError, match="write -0x1p0"):
        parse_number("-0x1", BINARY32)


def test_infinity_is_refused_by_a_format_without_one() -> None:
    with pytest.raises(FileFormatError, match="e4m3 has no infinity"):
        parse_number("-inf", FORMATS["e4m3"])


def test_the_facts_of_one_in_binary32() -> None:
    assert describe(0x3F800000, BINARY32) == {
        "format": "binary32: 8 exponent bits, precision 24",
        "code": "0x3f800000",
        "bits": "0 01111111 00000000000000000000000",
        "class": "positiveNormal",
        "decimal": "1",
        "hex float": "0x1p+0",
        "fraction": "1",
        "ulp": "2**-23 = 0.00000011920928955078125",
        "next toward zero": "0x3f7fffff = 0.9999999403953552",
        "next away from zero": "0x3f800001 = 1.0000001192092896",
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x00000000, "positiveZero"),
        (0x80000000, "negativeZero"),
        (0x00000001, "positiveSubnormal"),
        (0x807FFFFF, "negativeSubnormal"),
        (0x00800000, "positiveNormal"),
        (0xFF7FFFFF, "negativeNormal"),
        (BINARY32.overflow_code, "positiveInfinity"),
        (BINARY32.sign_mask | BINARY32.overflow_code, "negativeInfinity"),
        (0x7FC00000, "quietNaN"),
        (0x7F800001, "signalingNaN"),
        (0xFFBFFFFF, "signalingNaN"),
    ],
)
def test_the_classes_of_binary32(code: int, kind: str) -> None:
    assert describe(code, BINARY32)["class"] == kind


def test_the_neighbour_of_the_least_negative_number_is_negative_zero() -> None:
    assert describe(0x80000001, BINARY32)["next toward zero"] == "0x80000000 = -0.0"


@pytest.mark.parametrize("exponent", [-1074, -149, -31, -30, -1, 0, 1, 100])
def test_a_decimal_has_all_its_digits(exponent: int) -> None:
    x = 3 * Fraction(2) ** exponent
    assert Fraction(exact_decimal(x)) == x


@pytest.mark.parametrize("code", [1, 0x3F800000, 0x3DCCCCCD, 0x7F7FFFFF, 0x007FFFFF])
def test_binary32_facts_agree_with_python(code: int) -> None:
    facts = describe(code, BINARY32)
    assert float.fromhex(facts["hex float"]) == float(facts["decimal"]) == float(BINARY32.decode(code))
    assert round_to_bits(Fraction(facts["fraction"]), BINARY32) == code
