"""The narrow formats against ml_dtypes and numpy: every code has the same value, and binary32 rounds to the same codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.bridges.conformance import every_operand
from fpsem.core.formats import FORMATS, Format
from fpsem.softfloat import arithmetic
from fpsem.testing.neighbours import numbers_of

TYPES = {"binary16": "float16", "bfloat16": "bfloat16", "e5m2": "float8_e5m2", "e4m3": "float8_e4m3fn"}


def dtype_of(format: str) -> Any:
    """numpy's type for the format, or that of ml_dtypes."""
    if format == "binary16":
        return np.float16
    return getattr(pytest.importorskip("ml_dtypes", reason="ml_dtypes knows the other narrow formats"), TYPES[format])


@pytest.mark.parametrize("format", TYPES)
def test_every_code_has_the_same_value(format: str) -> None:
    f, dtype = FORMATS[format], dtype_of(format)
    (codes,) = every_operand(f, 1)
    with np.errstate(invalid="ignore"):
        theirs = codes.view(dtype).astype(np.float64)
    assert np.array_equal(theirs, numbers_of(f), equal_nan=True)
    assert np.array_equal(np.signbit(theirs[~np.isnan(theirs)]), np.signbit(numbers_of(f)[~np.isnan(theirs)]))
    with np.errstate(invalid="ignore"):
        wide = codes.view(dtype).astype(np.float32)
    ours = arithmetic(f).convert(codes, "binary32").view(np.float32)
    assert np.array_equal(ours, wide, equal_nan=True)


def around(f: Format) -> Any:
    """binary32 codes of the format's numbers, of the points half-way between them, and the codes beside all of these."""
    numbers = numbers_of(f)[: f.max_finite + 1]
    numbers = np.append(numbers, [2 * numbers[-1] - numbers[-2], 2.0 ** (f.emax + 2)])
    points = np.concatenate([numbers, (numbers[1:] + numbers[:-1]) / 2])
    with np.errstate(over="ignore"):
        exact = points.astype(np.float32)
    codes = np.concatenate([exact.view(np.uint32) + np.uint32(step) for step in (0, 1, (1 << 32) - 1)])
    return np.concatenate([codes, codes ^ np.uint32(1 << 31)])


@pytest.mark.parametrize("format", TYPES)
def test_numbers_ties_and_their_neighbours_round_to_the_same_codes(format: str) -> None:
    f, dtype = FORMATS[format], dtype_of(format)
    codes = around(f)
    with np.errstate(all="ignore"):
        theirs = codes.view(np.float32).astype(dtype).view(f.dtype)
    ours = arithmetic("binary32").convert(codes, format)
    nan = np.isnan(numbers_of(f)[theirs])
    assert np.array_equal(np.isnan(numbers_of(f)[ours]), nan)
    differ = np.flatnonzero((ours != theirs) & ~nan)
    assert not len(differ), [(hex(codes[i]), hex(ours[i]), hex(theirs[i])) for i in differ[:5]]
