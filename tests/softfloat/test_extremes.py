"""Minimum and maximum, in the three ways of the standard: every pair of an 8-bit format, against the rules written out again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from fpsem.bridges.conformance import every_operand
from fpsem.core.formats import FORMATS, Format
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Attributes, Flag, Subnormals
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.evaluate import evaluate
from fpsem.testing.neighbours import is_signaling, numbers_of

NAMES = ("minimum", "maximum", "minimum_number", "maximum_number", "min_num", "max_num")
PLUS, MINUS, QUIET, SIGNALING, ONE, INFINITY = 0x0000, 0x8000, 0x7E00, 0x7C01, 0x3C00, 0x7C00


def wanted(name: str, f: Format, a: Any, b: Any) -> tuple[Any, Any]:
    """Codes and flags, by numpy's order of the values; of two zeros by their signs."""
    x, y = numbers_of(f)[a], numbers_of(f)[b]
    lesser = (x < y) | ((x == y) & np.signbit(x) & ~np.signbit(y))
    code = np.where(lesser == name.startswith("min"), a, b)
    signals = is_signaling(f, a) | is_signaling(f, b)
    nans, lone = np.isnan(x) | np.isnan(y), np.isnan(x) != np.isnan(y)
    wins = lone & (name.endswith("_number") | (name.endswith("_num") & ~signals))
    code = np.where(wins, np.where(np.isnan(x), b, a), np.where(nans, f.nan, code))
    return code, np.where(signals, Flag.INVALID, 0)


@pytest.mark.parametrize("format", ["toy6", "toy8", "e5m2", "e4m3"])
@pytest.mark.parametrize("name", NAMES)
def test_every_pair_gives_what_the_standard_says(name: str, format: str) -> None:
    f = FORMATS[format]
    a, b = every_operand(f, 2)
    made, flags = getattr(arithmetic(format), name)(a, b, with_flags=True)
    codes, raised = wanted(name, f, a, b)
    assert np.array_equal(made, codes)
    assert np.array_equal(flags, raised)


@pytest.mark.parametrize(("name", "row"), [
    (name, row) for row in [
        # operands, then minimum and maximum, minimum_number and maximum_number, min_num and max_num
        ((PLUS, MINUS), (MINUS, PLUS, MINUS, PLUS, MINUS, PLUS)),
        ((MINUS, PLUS), (MINUS, PLUS, MINUS, PLUS, MINUS, PLUS)),
        ((QUIET, ONE), (QUIET, QUIET, ONE, ONE, ONE, ONE)),
        ((ONE, QUIET), (QUIET, QUIET, ONE, ONE, ONE, ONE)),
        ((SIGNALING, ONE), (QUIET, QUIET, ONE, ONE, QUIET, QUIET)),
        ((MINUS, SIGNALING), (QUIET, QUIET, MINUS, MINUS, QUIET, QUIET)),
        ((SIGNALING, QUIET), (QUIET,) * 6),
        ((INFINITY, QUIET), (QUIET, QUIET, INFINITY, INFINITY, INFINITY, INFINITY)),
    ] for name in NAMES
])  # fmt: skip
def test_zeros_and_nans_of_binary16(name: str, row: tuple[tuple[int, int], tuple[int, ...]]) -> None:
    operands, results = row
    code, flags = getattr(arithmetic("binary16"), name)(*operands, with_flags=True)
    assert int(code) == results[NAMES.index(name)]
    assert int(flags) == (Flag.INVALID if SIGNALING in operands else 0)


@pytest.mark.parametrize("name", NAMES)
def test_operands_that_are_flushed_are_zeros(name: str) -> None:
    f, mode = FORMATS["e5m2"], Attributes(subnormals=Subnormals.FLUSH_INPUTS)
    a, b = every_operand(f, 2)
    flushed = [np.where((x & f.magnitude_mask) < f.min_normal, x & f.sign_mask, x) for x in (a, b)]
    made, flags = evaluate(partial(OPERATIONS[name].algorithm, f, mode), a, b)
    codes, raised = wanted(name, f, *flushed)
    assert np.array_equal(made, codes)
    assert np.array_equal(flags, raised)
