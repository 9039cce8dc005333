"""Batch invariance: functions that have it, functions that do not, and what is said of those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.errors import PayloadError, ShapeError
from fpsem.discover import batch_invariance
from fpsem.discover.batch import of_graphs
from fpsem.domains.ieee32 import IEEE32Exec

ROWS = np.random.default_rng(0).standard_normal((40, 9)).astype(np.float32)


def loop(rows: Any) -> Any:
    return np.cumsum(rows, axis=1)[:, -1:]


def test_a_function_of_each_row_alone_is_invariant() -> None:
    found = batch_invariance(loop, ROWS, sizes=(2, 7))
    assert found.holds
    assert found.cases == 40 + 42


def test_an_order_that_changes_with_the_batch_is_found_and_named() -> None:
    found = batch_invariance(lambda rows: loop(rows if len(rows) < 8 else rows[:, ::-1]), ROWS, sizes=(2, 4, 8, 16))
    assert len(found.failures) == 2
    assert found.failures[0].startswith("batch of 8: row ")
    assert "alone 0x" in found.failures[0]


def test_a_place_in_the_batch_that_matters_is_found() -> None:
    def function(rows: Any) -> Any:
        result = loop(rows)
        result[5:] = loop(rows[5:, ::-1])
        return result

    assert not batch_invariance(function, ROWS, sizes=(8,)).holds
    assert batch_invariance(function, ROWS, sizes=(5,)).holds


def test_a_graph_in_bit_exact_arithmetic_is_invariant() -> None:
    model = nn.Sequential(nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 2))
    function = of_graphs(lambda b: model.lower((b, 9)), model.init(seed=0), IEEE32Exec())
    found = batch_invariance(function, ROWS[:12], sizes=(2, 5, 12))
    assert found.holds, found.failures


def test_a_matmul_of_numpy_is_asked() -> None:
    weight = np.random.default_rng(1).standard_normal((9, 4)).astype(np.float32)
    found = batch_invariance(lambda rows: rows @ weight, ROWS, sizes=(4,))
    assert found.cases == 40


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(PayloadError, match="float64"):
        batch_invariance(loop, ROWS.astype(float))
    with pytest.raises(PayloadError, match="gave float64"):
        batch_invariance(lambda rows: rows.astype(float), ROWS)
    with pytest.raises(ShapeError, match=r"gave shape \(\)"):
        batch_invariance(lambda rows: rows.sum(), ROWS)
    with pytest.raises(ShapeError, match="0 rows"):
        batch_invariance(loop, ROWS[:0])
