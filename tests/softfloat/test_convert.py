"""Conversion between formats, on every code of the narrow ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.testing.operands import columns, corner_codes

NARROW = [name for name, f in FORMATS.items() if f.width <= 16]
SMALL = [name for name, f in FORMATS.items() if f.width <= 8]
OTHERS = [d for d in Rounding if d is not Rounding.NEAREST_EVEN]


@cache
def every_code(f: Format) -> Any:
    return np.arange(1 << f.width, dtype=np.uint64).astype(f.dtype)


@cache
def value(f: Format, code: int) -> Any:
    return f.decode(code)


def converted(code: int, f: Format, to: Format, direction: Rounding = Rounding.NEAREST_EVEN) -> int:
    """The code that a conversion must give: zeros, infinities and numbers keep their sign, a NaN is the canonical one."""
    sign = to.sign_mask if code & f.sign_mask else 0
    if f.is_nan(code):
        return to.nan
    if not f.is_finite(code):
        return sign | to.overflow_code if to.has_infinity else to.nan
    return round_to_bits(value(f, code), to, direction, negative_zero=bool(sign))


def assert_converts(codes: Any, f: Format, to: Format, direction: Rounding = Rounding.NEAREST_EVEN) -> None:
    found = arithmetic(f).convert(codes, to, rounding=direction)
    wanted = np.array([converted(code, f, to, direction) for code in codes.tolist()], dtype=to.dtype)
    assert found.dtype == to.dtype
    differ = np.flatnonzero(found != wanted)
    assert not len(differ), [(hex(codes[i]), hex(found[i]), hex(wanted[i])) for i in differ[:5]]


@pytest.mark.parametrize("target", [name for name, f in FORMATS.items() if f.width <= 32])
@pytest.mark.parametrize("source", NARROW)
def test_every_code_of_a_narrow_format_converts_to_every_format_of_at_most_32_bits(source: str, target: str) -> None:
    assert_converts(every_code(FORMATS[source]), FORMATS[source], FORMATS[target])


@pytest.mark.parametrize("source", NARROW)
def test_narrow_codes_convert_to_binary64_every_one_up_to_8_bits_and_every_13th_of_16(source: str) -> None:
    f = FORMATS[source]
    assert_converts(every_code(f)[:: 1 if f.width <= 8 else 13], f, FORMATS["binary64"])


@pytest.mark.parametrize("direction", OTHERS)
@pytest.mark.parametrize("target", SMALL)
@pytest.mark.parametrize("source", ["toy8", "e5m2"])
def test_every_code_converts_in_every_direction(source: str, target: str, direction: Rounding) -> None:
    assert_converts(every_code(FORMATS[source]), FORMATS[source], FORMATS[target], direction)


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("target", ["binary16", "bfloat16", "e4m3", "toy6"])
@pytest.mark.parametrize("source", ["binary32", "binary64", "tf32"])
def test_sampled_codes_of_wide_formats_convert_rounded_once(source: str, target: str, direction: Rounding) -> None:
    f, to, rng = FORMATS[source], FORMATS[target], np.random.default_rng(0)
    random = rng.integers(0, 1 << f.width, 100, dtype=np.uint64)
    in_range = [round_to_bits(to.decode(int(c)), f) for c in every_code(to) if to.is_finite(int(c))][:: max(1, to.width**2)]
    near = np.array(in_range, np.uint64) ^ np.uint64(1)  # beside the target's numbers
    assert_converts(np.concatenate([random, near, np.array(corner_codes(f), np.uint64)]).astype(f.dtype), f, to, direction)


@pytest.mark.parametrize("name", NARROW)
def test_a_round_trip_through_a_wider_format_keeps_every_code(name: str) -> None:
    f, wide = FORMATS[name], arithmetic("binary32")
    codes = every_code(f)
    back = wide.convert(arithmetic(f).convert(codes, "binary32"), name)
    numbers = np.array([not f.is_nan(code) for code in codes.tolist()])
    assert np.array_equal(back[numbers], codes[numbers])
    assert set(back[~numbers].tolist()) == {f.nan}


@pytest.mark.parametrize(("to", "dtype", "count"), [("binary16", np.float16, 200_000), ("binary64", np.float64, 5_000)])
def test_binary32_converts_as_numpy_does(to: str, dtype: type, count: int) -> None:
    (codes,) = columns(1, count, seed=8)
    f = FORMATS[to]
    with np.errstate(all="ignore"):
        expected = codes.view(np.float32).astype(dtype).view(f.dtype)
    found, nans = arithmetic().convert(codes, to), np.isnan(codes.view(np.float32))
    assert np.array_equal(found[~nans], expected[~nans])
    assert set(found[nans].tolist()) == {f.nan}


def test_an_infinity_becomes_the_canonical_nan_where_there_are_no_infinities() -> None:
    f = FORMATS["e4m3"]
    infinities = np.array([BINARY32.overflow_code, BINARY32.overflow_code | BINARY32.sign_mask], np.uint32)
    assert arithmetic().convert(infinities, "e4m3").tolist() == [f.nan, f.nan]
    assert arithmetic().convert(infinities, "e5m2", rounding="toward_zero").tolist() == [0x7C, 0xFC]
