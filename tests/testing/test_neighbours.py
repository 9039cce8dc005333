"""The oracle of narrow formats against rationals rounded by the book, and its refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.formats import FORMATS
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag, Tininess
from fpsem.testing.expected import arithmetic_code, cast_code
from fpsem.testing.neighbours import expected, expected_conversion, is_signaling, numbers_of

ARITY = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}


def drawn(format: str, arity: int) -> list[Any]:
    f, rng = FORMATS[format], np.random.default_rng(arity)
    return [rng.integers(0, 1 << f.width, 400).astype(f.dtype) for _ in range(arity)]


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("format", ["toy6", "e4m3", "e5m2", "binary16", "bfloat16"])
@pytest.mark.parametrize("name", ARITY)
def test_codes_are_the_exact_results_rounded_once(name: str, format: str, direction: Rounding) -> None:
    operands = drawn(format, ARITY[name])
    codes, _ = expected(name, FORMATS[format], Attributes(direction), *operands)
    rows = zip(*(x.tolist() for x in operands))
    assert codes.tolist() == [arithmetic_code(name, row, direction, FORMATS[format]) for row in rows]


@pytest.mark.parametrize("to", ["toy8", "e4m3", "e5m2"])
def test_conversions_are_casts(to: str) -> None:
    f, target = FORMATS["binary16"], FORMATS[to]
    (codes,) = drawn("binary16", 1)
    made = expected_conversion(f, target, Attributes(), codes).codes
    wanted = numbers_of(f)[[cast_code(int(x), target, f) for x in codes]]
    assert np.array_equal(numbers_of(target)[made], wanted, equal_nan=True)


def test_flags_of_known_cases() -> None:
    f = FORMATS["e5m2"]
    row = [np.array(x, np.uint8) for x in ([0x3C, 0x01, 0x7B, 0x3C, 0x7C], [0x00, 0x38, 0x7B, 0x3E, 0x00])]
    assert expected("div", f, Attributes(), *row).flags.tolist()[0] == Flag.DIVIDE_BY_ZERO
    assert expected("mul", f, Attributes(), *row).flags.tolist() == [
        0, Flag.INEXACT | Flag.UNDERFLOW, Flag.INEXACT | Flag.OVERFLOW, 0, Flag.INVALID,
    ]  # fmt: skip
    assert expected("div", f, Attributes(), *row).flags.tolist()[3] == Flag.INEXACT


def test_the_rules_of_tininess_differ() -> None:
    f = FORMATS["e5m2"]
    operands = [np.array([x], np.uint8) for x in (0x3D, 0x03)]  # 1.25 times three quarters of the smallest normal number
    found = {t.value: int(expected("mul", f, Attributes(tininess=t), *operands).flags[0]) for t in Tininess}
    assert found == {"after": Flag.INEXACT, "before": Flag.INEXACT | Flag.UNDERFLOW}


def test_signaling_nans_are_those_without_the_upper_bit_of_the_payload() -> None:
    f = FORMATS["e5m2"]
    assert is_signaling(f, np.array([0x7D, 0x7E, 0x7F, 0x7C, 0xFD], np.uint8)).tolist() == [True, False, False, False, True]
    assert not is_signaling(FORMATS["e4m3"], np.array([0x7F, 0xFF], np.uint8)).any()


@pytest.mark.parametrize("format", ["binary32", "tf32"])
def test_a_format_that_is_too_wide_is_refused(format: str) -> None:
    with pytest.raises(ValueError, match=f"{format} has .* bits"):
        numbers_of(FORMATS[format])
