"""The remainder, against exact rationals on every pair of narrow formats, and the mathematics library on wide ones."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.softfloat import arithmetic
from fpsem.testing.operands import columns

UNDERFLOW_INEXACT, INVALID = 3, 16


def pairs(f: Format) -> list[Any]:
    codes = np.arange(1 << f.width, dtype=np.uint32).astype(f.dtype)
    return [np.ascontiguousarray(axis.ravel()) for axis in np.meshgrid(codes, codes, indexing="ij")]


def is_signaling(f: Format, code: int) -> bool:
    return f.is_nan(code) and f.has_infinity and not code & (f.implicit_bit >> 1)


def expected(a: int, b: int, f: Format) -> tuple[int, int]:
    """x - n y with n the rational quotient rounded to nearest even, and the flags."""
    if f.is_nan(a) or f.is_nan(b):
        return f.nan, INVALID * (is_signaling(f, a) or is_signaling(f, b))
    if not f.is_finite(a) or not b & f.magnitude_mask:
        return f.nan, INVALID
    if not f.is_finite(b):
        return a, 0
    return _finite(a, b, f), 0


@cache
def value(f: Format, code: int) -> Fraction:
    return f.decode(code)


def _finite(a: int, b: int, f: Format) -> int:
    x, y = value(f, a), value(f, b)
    rest = x - round(x / y) * y
    code = round_to_bits(rest, f, negative_zero=bool(a & f.sign_mask))
    assert f.decode(code) == rest, "the remainder is always exact"
    return code


@pytest.mark.parametrize(
    ("format", "machine"), [("toy6", "integer"), ("toy6", "numba"), ("toy8", None), ("e4m3", None), ("e5m2", None)]
)
def test_every_pair_of_a_narrow_format_is_exact(format: str, machine: str | None) -> None:
    f = FORMATS[format]
    x, y = pairs(f)
    found, flags = arithmetic(f, machine).remainder(x, y, with_flags=True)
    wanted = [expected(a, b, f) for a, b in zip(x.tolist(), y.tolist())]
    assert list(zip(found.tolist(), flags.tolist())) == wanted


def by_library(x: Any, y: Any) -> list[float]:
    """C's remainder, which is IEEE's, of pairs that have one."""
    return [math.remainder(a, b) for a, b in zip(x.tolist(), y.tolist())]


def finite(x: Any, y: Any) -> Any:
    return np.isfinite(x) & ~np.isnan(y) & (y != 0)


@pytest.mark.parametrize("name", ["binary32", "bfloat16", "tf32", "binary16"])
def test_random_operands_have_the_remainder_of_the_mathematics_library(name: str) -> None:
    f = FORMATS[name]
    rng = np.random.default_rng(4)
    codes = [rng.integers(0, 1 << f.width, 20_000, dtype=np.uint64).astype(f.dtype) for _ in range(2)]
    x, y = (np.array([float(f.decode(c)) if f.is_finite(c) else math.nan for c in column.tolist()]) for column in codes)
    kept = finite(x, y)
    found = arithmetic(f).remainder(*(c[kept] for c in codes)).tolist()
    wanted = by_library(x[kept], y[kept])
    assert [float(f.decode(c)) for c in found] == wanted
    assert [bool(c & f.sign_mask) for c in found] == [math.copysign(1, v) < 0 for v in wanted]


def test_ties_and_multiples_at_every_gap_of_binary32_are_exact() -> None:
    """x = (n + 1/2) y, and its neighbours: where the quotient's last bit and the comparison with half decide."""
    rng = np.random.default_rng(5)
    y = rng.integers(1, 1 << 12, 5_000).astype(np.float64) * 2.0 ** rng.integers(-100, 30, 5_000)
    x = ((rng.integers(0, 1 << 11, 5_000) * 2 + 1) * 0.5 * y).astype(np.float32)
    y = y.astype(np.float32)
    x = np.concatenate([x, np.nextafter(x, np.float32(0)), np.nextafter(x, np.float32(np.inf)), 2 * x])
    y = np.tile(y, 4)
    found = arithmetic().remainder(x.view(np.uint32), y.view(np.uint32)).view(np.float32)
    assert found.tolist() == by_library(x, y)


def test_the_longest_division_is_exact() -> None:
    largest = np.arange(BINARY32.max_finite - 500, BINARY32.max_finite + 1, dtype=np.uint32)
    for least in (1, 3, 0x7FFFFF, 0x800001):
        found = arithmetic().remainder(largest, least)
        assert found.tolist() == [_finite(code, least, BINARY32) for code in largest.tolist()]


def test_binary64_is_exact_over_wide_words() -> None:
    rng = np.random.default_rng(6)
    x, y = (rng.integers(0, 1 << 64, 300, dtype=np.uint64) for _ in range(2))
    kept = finite(x.view(np.float64), y.view(np.float64))
    found = arithmetic("binary64").remainder(x[kept], y[kept]).view(np.float64)
    assert found.tolist() == by_library(x[kept].view(np.float64), y[kept].view(np.float64))


def test_the_two_machines_agree_on_flags_too() -> None:
    x, y = columns(2, 1_000, seed=9, limit=2_000)
    one, other = (arithmetic("binary32", machine).remainder(x, y, with_flags=True) for machine in ("numba", "integer"))
    assert all(np.array_equal(a, b) for a, b in zip(one, other))


def test_a_quiet_nan_beside_an_infinity_or_a_zero_is_not_invalid() -> None:
    nan, infinity = BINARY32.nan, BINARY32.overflow_code
    codes, flags = arithmetic().remainder(np.array([infinity, nan], np.uint32), np.array([nan, 0], np.uint32), with_flags=True)
    assert (codes.tolist(), flags.tolist()) == ([nan, nan], [0, 0])


def test_subnormals_are_flushed_where_that_is_asked_for() -> None:
    small, least = 0x00C00000, 0x00800000  # 1.5 times and once the smallest normal number
    assert int(arithmetic().remainder(small, least)) == 0x80400000
    found = arithmetic(subnormals="flush_outputs").remainder(small, least, with_flags=True)
    assert [int(r) for r in found] == [0x80000000, UNDERFLOW_INEXACT]
    assert [int(r) for r in arithmetic(subnormals="flush_inputs").remainder(small, 1, with_flags=True)] == [BINARY32.nan, INVALID]


def test_it_takes_no_direction() -> None:
    with pytest.raises(TypeError, match="remainder is exact"):
        arithmetic().remainder(0, 0, rounding="upward")
