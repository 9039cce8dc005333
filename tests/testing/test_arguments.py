"""Counts that are out of their bounds, and what is not of the class that is expected: refused by name, all over the room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import find, settings

from fpsem.core.errors import PayloadError
from fpsem.testing import HostileDomain, columns, inputs_in, random_codes, schedules, small_graphs
from fpsem.testing.arguments import require_count

ONCE = settings(max_examples=1, database=None, derandomize=True)
CHANCE = np.random.default_rng(0)

WRONG: Mapping[str, Callable[[], Any]] = {
    "arity=0: expected a whole number of at least 1": lambda: columns(0, 5, 0),
    "samples=-1: expected a whole number of at least 0": lambda: columns(2, -1, 0),
    "seed=-1: expected a whole number of at least 0": lambda: columns(2, 5, -1),
    "limit=-1: expected a whole number of at least 0": lambda: columns(2, 5, 0, limit=-1),
    "count=-1: expected a whole number of at least 0": lambda: random_codes(-1, CHANCE),
    "n=0: expected a whole number of at least 1": lambda: schedules(0),
    "max_ops=0: expected a whole number of at least 1": lambda: find(small_graphs(max_ops=0), lambda small: True, settings=ONCE),
    "perturb_at=-1: expected a whole number of at least 0": lambda: HostileDomain(None, -1),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("message", WRONG)
def test_a_count_out_of_its_bounds_is_refused_by_name(message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        WRONG[message]()


@pytest.mark.parametrize("value", [True, 2.0, "2", None, np.float32(2)])
def test_a_count_is_a_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"samples=.*: expected a whole number of at least 0"):
        require_count("samples", value)


@pytest.mark.parametrize("value", [0, 2, np.int64(2), np.uint8(2)])
def test_a_whole_number_may_be_of_numpy(value: Any) -> None:
    require_count("samples", value)


def test_inputs_are_drawn_of_a_box_only() -> None:
    with pytest.raises(TypeError, match="box: expected a Box, not 'a' of class str"):
        inputs_in("a")  # type: ignore[arg-type]
