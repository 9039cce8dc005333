"""Bounds that contradict themselves are not told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.bound import Bound
from fpsem.core.errors import ContradictionError
from fpsem.core.region import Box
from fpsem.core.schedule import Sequential


def bound(absolute: Any, observed: float | None) -> Bound:
    x = np.zeros(2, np.float32)
    ends = np.zeros(2)
    return Bound(np.asarray(absolute), ends, ends, Box(x, x), Sequential(), witness={"x": x}, observed=observed)


@pytest.mark.parametrize("observed", [2.0, np.inf, np.nan])
def test_an_error_above_the_bound_is_refused(observed: float) -> None:
    with pytest.raises(ContradictionError, match=r"where 1\.0 is the bound, at \{'x': \[0\.0, 0\.0\]\}"):
        bound([0.5, 1.0], observed)


@pytest.mark.parametrize(("absolute", "observed"), [([0.5, 1.0], 1.0), ([0.5, 1.0], None), ([1.0, np.inf], np.inf)])
def test_an_error_within_the_bound_is_told(absolute: list[float], observed: float | None) -> None:
    assert bound(absolute, observed).observed == observed
