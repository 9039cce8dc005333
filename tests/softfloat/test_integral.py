"""Rounding to integers of the same format, against exact rationals and numpy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.exact import round_significand, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.testing.operands import columns

NUMPY = {
    Rounding.NEAREST_EVEN: np.rint, Rounding.TOWARD_ZERO: np.trunc, Rounding.UPWARD: np.ceil, Rounding.DOWNWARD: np.floor,
}  # fmt: skip
INEXACT, INVALID = 1, 16


def every_code(f: Format) -> Any:
    return np.arange(1 << f.width, dtype=np.uint64).astype(f.dtype)


def expected(code: int, f: Format, direction: Rounding) -> tuple[int, int]:
    if f.is_nan(code):
        signaling = f.has_infinity and not code & (f.implicit_bit >> 1)
        return f.nan, INVALID * signaling
    if not f.is_finite(code):
        return code, 0
    x, negative = f.decode(code), bool(code & f.sign_mask)
    magnitude = round_significand(x, 0, negative, direction)
    integer = round_to_bits(Fraction(-magnitude if negative else magnitude), f, negative_zero=negative)
    return integer, INEXACT * (magnitude != abs(x))


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("format", ["toy6", "toy8", "e4m3", "e5m2", "binary16"])
def test_every_code_of_a_narrow_format_rounds_as_the_exact_value_does(format: str, direction: Rounding) -> None:
    f, machine = FORMATS[format], "integer" if format in ("toy6", "e4m3") else None
    codes = every_code(f)[:: 1 if f.width <= 8 else 7]
    found = arithmetic(f, machine).round_to_integral(codes, rounding=direction, exact=True, with_flags=True)
    wanted = [expected(code, f, direction) for code in codes.tolist()]
    assert list(zip(*(x.tolist() for x in found))) == wanted


@pytest.mark.parametrize("direction", NUMPY)
def test_binary32_rounds_as_numpy_does(direction: Rounding) -> None:
    rng = np.random.default_rng(0)
    near = rng.standard_normal(50_000).astype(np.float32) * np.float32(2.0) ** rng.integers(-4, 26, 50_000).astype(np.float32)
    (codes,) = columns(1, 100_000, seed=3)
    codes = np.concatenate([codes, near.view(np.uint32)])
    with np.errstate(invalid="ignore"):
        wanted = NUMPY[direction](codes.view(np.float32)).view(np.uint32)
    found, number = arithmetic().round_to_integral(codes, rounding=direction), ~np.isnan(codes.view(np.float32))
    assert np.array_equal(found[number], wanted[number])
    assert set(found[~number].tolist()) == {BINARY32.nan}


def test_inexact_is_raised_only_where_it_is_asked_for() -> None:
    x = np.array([1.5, -0.3, 2.0, np.inf], np.float32).view(np.uint32)
    for options in ({}, {"exact": False}):
        code, flags = arithmetic().round_to_integral(x, with_flags=True, **options)
        assert code.view(np.float32).tolist() == [2.0, 0.0, 2.0, np.inf]
        assert flags.tolist() == [0, 0, 0, 0]
    assert arithmetic().round_to_integral(x, exact=True, with_flags=True)[1].tolist() == [INEXACT, INEXACT, 0, 0]


def test_the_sign_is_kept_by_what_rounds_to_zero() -> None:
    x = np.float32(-0.3).view(np.uint32)
    assert int(arithmetic().round_to_integral(x)) == 0x80000000
    assert int(arithmetic().round_to_integral(x, rounding="upward")) == 0x80000000
    assert int(arithmetic().round_to_integral(x, rounding="downward")) == 0xBF800000


def test_a_signaling_nan_is_invalid_even_where_inexact_is_not_asked_for() -> None:
    assert [int(r) for r in arithmetic().round_to_integral(0x7F800001, with_flags=True)] == [BINARY32.nan, INVALID]


def test_flushed_subnormals_are_exact_zeros() -> None:
    code, flags = arithmetic(subnormals="flush").round_to_integral(0x80000001, rounding="downward", exact=True, with_flags=True)
    assert (int(code), int(flags)) == (0x80000000, 0)


def test_other_operations_take_no_exact() -> None:
    with pytest.raises(TypeError, match="add takes no exact"):
        arithmetic().add(0, 0, exact=True)
