"""Comparisons: every pair of an 8-bit format, quiet and signaling, with what they raise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.bridges.conformance import every_operand
from fpsem.core.formats import FORMATS
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Flag
from fpsem.testing.neighbours import is_signaling, numbers_of

MEANING: dict[str, Any] = {
    "equal": np.equal, "equal_signaling": np.equal, "less": np.less, "less_quiet": np.less, "less_equal": np.less_equal,
    "less_equal_quiet": np.less_equal, "unordered": lambda x, y: np.isnan(x) | np.isnan(y),
}  # fmt: skip
SIGNALING = ("equal_signaling", "less", "less_equal")


@pytest.mark.parametrize("subnormals", ["keep", "flush_inputs"])
@pytest.mark.parametrize("format", ["toy6", "toy8", "e5m2", "e4m3"])
@pytest.mark.parametrize("name", MEANING)
def test_every_pair_is_compared_as_numbers_are_and_raises_invalid_where_it_should(
    name: str, format: str, subnormals: str
) -> None:
    f = FORMATS[format]
    codes = every_operand(f, 2)
    x, y = (numbers_of(f)[c] for c in codes)
    if subnormals == "flush_inputs":
        least = numbers_of(f)[f.min_normal]
        x, y = (np.where(np.abs(v) < least, 0, v) for v in (x, y))
    truth, flags = getattr(arithmetic(format, subnormals=subnormals), name)(*codes, with_flags=True)
    nan = np.isnan(x) | np.isnan(y)
    raised = nan if name in SIGNALING else is_signaling(f, codes[0]) | is_signaling(f, codes[1])
    assert truth.dtype == bool
    assert np.array_equal(truth, MEANING[name](x, y))
    assert np.array_equal(flags, np.where(raised, Flag.INVALID, 0))
