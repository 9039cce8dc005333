"""Text in and out: against exact rationals, Python's own conversions, and every code of narrow formats and back."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import FileFormatError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.testing.operands import corner_codes

INEXACT, UNDERFLOW, OVERFLOW = 1, 2, 4
DECIMAL = {
    Rounding.NEAREST_EVEN: ROUND_HALF_EVEN, Rounding.NEAREST_AWAY: ROUND_HALF_UP, Rounding.TOWARD_ZERO: ROUND_DOWN,
    Rounding.UPWARD: ROUND_CEILING, Rounding.DOWNWARD: ROUND_FLOOR,
}  # fmt: skip
TEXTS = ("0", "-0.0", "1", ".5", "5.", "+0.1", "-1e-3", "3.4028236e38", "1E400", "-1e-400", "1e-45", "0.7e-45",
         "7.0064923216240853e-46", "1.1754943157898258e-38", "16777217",
         "1.000000059604644775390625000000000000000000000000000001")  # fmt: skip


def codes_of(f: Format, count: int = 150) -> Any:
    """Every code of a narrow format; corners and random codes of a wide one."""
    if f.width <= 8:
        return np.arange(1 << f.width, dtype=f.dtype)
    random = np.random.default_rng(f.width).integers(0, 1 << f.width, count, dtype=np.uint64)
    return np.concatenate([np.array(corner_codes(f), np.uint64), random]).astype(f.dtype)


def canonical(codes: Any, f: Format) -> list[int]:
    """The codes, with every NaN the quiet one of its sign: payloads have no text."""
    return [c & f.sign_mask | f.nan if f.is_nan(c) else c for c in codes.tolist()]


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", ["toy6", "e4m3", "binary32", "binary64"])
def test_decimals_are_rounded_once(name: str, direction: Rounding) -> None:
    f = FORMATS[name]
    codes, flags = arithmetic(f).from_decimal(TEXTS, rounding=direction, with_flags=True)
    values = [Fraction(text) for text in TEXTS]
    wanted = [round_to_bits(x, f, direction, negative_zero=t.startswith("-")) for t, x in zip(TEXTS, values)]
    assert codes.tolist() == wanted
    exact = [f.is_finite(c) and f.decode(c) == x for c, x in zip(wanted, values)]
    assert ((flags & INEXACT) == 0).tolist() == exact


def test_flags_of_what_is_read_are_those_of_the_rounder() -> None:
    texts = ["1e39", "1e-46", "1e-45", "0.5", "-inf", "1.17549431578982589e-38"]
    _, flags = arithmetic().from_decimal(texts, with_flags=True)
    tiny = INEXACT | UNDERFLOW
    assert flags.tolist() == [INEXACT | OVERFLOW, tiny, tiny, 0, 0, tiny]
    largest, flags = arithmetic("e4m3", saturate=True).from_decimal(["1e9", "-inf"], with_flags=True)
    assert (largest.tolist(), flags.tolist()) == ([0x7E, 0xFE], [INEXACT | OVERFLOW, 0])
    assert arithmetic(subnormals="flush_outputs").from_decimal(["1e-40"]).tolist() == [0]


def test_random_decimals_of_binary64_are_those_of_python() -> None:
    rng = np.random.default_rng(0)
    texts = [f"{m}e{e}" for m, e in zip(rng.integers(-(1 << 62), 1 << 62, 500).tolist(), rng.integers(-345, 292, 500).tolist())]
    assert arithmetic("binary64").from_decimal(texts).view(np.float64).tolist() == [float(t) for t in texts]


@pytest.mark.parametrize("name", FORMATS)
def test_the_shortest_decimal_reads_back(name: str) -> None:
    f = FORMATS[name]
    codes = codes_of(f)
    assert arithmetic(f).from_decimal(arithmetic(f).to_decimal(codes)).tolist() == canonical(codes, f)


def test_the_shortest_decimals_of_binary64_are_python_s() -> None:
    codes = codes_of(FORMATS["binary64"], 500)
    found = arithmetic("binary64").to_decimal(codes).tolist()
    for text, x in zip(found, codes.view(np.float64).tolist()):
        assert x != x or text == repr(x).removesuffix(".0")


def test_the_shortest_decimals_of_binary32_have_numpy_s_digits() -> None:
    codes = codes_of(BINARY32, 500)
    numbers = codes[np.isfinite(codes.view(np.float32))]
    wanted = [Decimal(np.format_float_scientific(x, unique=True)) for x in numbers.view(np.float32)]
    assert [Decimal(t) for t in arithmetic().to_decimal(numbers).tolist()] == wanted


@pytest.mark.parametrize("name", ["toy6", "e4m3", "e5m2"])
def test_no_decimal_of_fewer_digits_reads_back(name: str) -> None:
    f = FORMATS[name]
    for code, text in enumerate(arithmetic(f).to_decimal(np.arange(1, f.max_finite + 1, dtype=f.dtype)).tolist(), start=1):
        digits = Decimal(text).normalize().as_tuple()
        if len(digits.digits) == 1:
            continue
        unit = Fraction(10) ** (digits.exponent + 1)
        below = f.decode(code) // unit
        assert code not in [round_to_bits(d * unit, f) for d in (below, below + 1)], text


@pytest.mark.parametrize("digits", [1, 3, 9, 20])
@pytest.mark.parametrize("direction", DECIMAL)
def test_so_many_digits_are_rounded_as_the_decimal_module_does(direction: Rounding, digits: int) -> None:
    codes = codes_of(BINARY32)
    numbers = codes[np.isfinite(codes.view(np.float32))]
    context = Context(prec=digits, rounding=DECIMAL[direction])
    wanted = [context.plus(Decimal(x)) for x in numbers.view(np.float32).tolist()]
    found = arithmetic().to_decimal(numbers, digits=digits, rounding=direction).tolist()
    assert [Decimal(t) for t in found] == wanted
    assert {sum(c.isdigit() for c in t.partition("e")[0].lstrip("-0.")) for t in found if Decimal(t)} == {digits}


@pytest.mark.parametrize("name", FORMATS)
def test_exact_decimals_and_hexadecimal_texts_are_the_values(name: str) -> None:
    f = FORMATS[name]
    codes, a = codes_of(f), arithmetic(f)
    texts = a.to_decimal(codes, digits="exact").tolist()
    assert all(Fraction(t) == f.decode(c) for t, c in zip(texts, codes.tolist()) if f.is_finite(c))
    for back in (a.from_decimal(texts, with_flags=True), a.from_hexadecimal(a.to_hexadecimal(codes), with_flags=True)):
        assert back[0].tolist() == canonical(codes, f)
        assert not back[1].any()


def test_hexadecimal_texts_are_python_s() -> None:
    codes = codes_of(FORMATS["binary64"], 300)
    for text, x in zip(arithmetic("binary64").to_hexadecimal(codes).tolist(), codes.view(np.float64).tolist()):
        assert x != x or float.fromhex(text) == x
    few = np.array([0x3FC00000, 1, 0x80000000], np.uint32)
    assert arithmetic().to_hexadecimal(few).tolist() == ["0x1.8p+0", "0x1p-149", "-0x0p+0"]


def test_hexadecimal_texts_are_rounded_once_in_every_direction() -> None:
    found = {d.value: arithmetic().from_hexadecimal("-0x1.0000010000001P0", rounding=d, with_flags=True) for d in Rounding}
    assert {name: int(code) & 3 for name, (code, _) in found.items()} == {
        "nearest_even": 1, "nearest_away": 1, "toward_zero": 0, "upward": 0, "downward": 1, "to_odd": 1,
    }  # fmt: skip
    assert {int(flags) for _, flags in found.values()} == {INEXACT}


def test_shapes_are_kept_and_objects_and_lone_texts_are_read() -> None:
    table = np.array([["1", "2"], ["inf", "-nan"]], dtype=object)
    codes = arithmetic().from_decimal(table)
    assert codes.tolist() == [[0x3F800000, 0x40000000], [0x7F800000, 0xFFC00000]]
    assert arithmetic().to_decimal(codes).tolist() == [["1", "2"], ["inf", "-nan"]]
    assert int(arithmetic().from_decimal("1e0")) == 0x3F800000
    assert arithmetic().from_decimal(np.zeros((0, 2), "U1")).shape == (0, 2)
    assert arithmetic().to_decimal(np.zeros((0, 2), np.uint32)).shape == (0, 2)


def test_thousands_of_digits_are_read_exactly() -> None:
    assert int(arithmetic().from_decimal(f"1.000000059604644775390625{'0' * 6000}1")) == 0x3F800001
    assert int(arithmetic().from_decimal(f"{'1' * 6000}e-6000")) == round_to_bits(Fraction(1, 9), BINARY32)
    assert arithmetic().from_decimal([f"1e{'9' * 5000}", f"1e-{'9' * 5000}", f"0e{'9' * 30}"]).tolist() == [0x7F800000, 0, 0]


@pytest.mark.parametrize("text", ["", "1e", "e5", ".", "0x1p0", "1_000", "1/3", "--1", "snan", "1 2", "٣"])
def test_what_is_no_decimal_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(FileFormatError, match=r"at \(1,\) is no decimal number"):
        arithmetic().from_decimal(["1", text])


def test_what_is_no_hexadecimal_number_or_no_text_is_refused() -> None:
    with pytest.raises(FileFormatError, match="is no hexadecimal number"):
        arithmetic().from_hexadecimal("1.5")
    with pytest.raises(TypeError, match="texts are str"):
        arithmetic().from_decimal([1.5])


@pytest.mark.parametrize("digits", [0, -1, 2.5, "all"])
def test_a_number_of_digits_that_is_none_is_refused(digits: Any) -> None:
    with pytest.raises(ValueError, match="digits is a positive number"):
        arithmetic().to_decimal(0, digits=digits)
