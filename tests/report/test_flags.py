"""Which exceptions a model raises, node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError
from fpsem.graph.trace import trace
from fpsem.report.flags import raised_flags


def found(function: Any, *values: float) -> list[tuple[str, tuple[str, ...]]]:
    """The ops that raise something, and what."""
    graph = trace(function, (len(values),))
    return [(row.op, row.flags) for row in raised_flags(graph, {}, np.array(values, np.float32))]


def test_an_exact_model_raises_nothing() -> None:
    assert found(lambda x: (x + x).relu(), 1, -2) == []


@pytest.mark.parametrize(
    ("function", "value", "flags"),
    [
        (lambda x: x / 3, 1, ("inexact",)),
        (lambda x: 1 / x, 0, ("division by zero",)),
        (lambda x: x * x, 3e38, ("overflow", "inexact")),
        (lambda x: x * 0.3, 1e-40, ("underflow", "inexact")),
        (lambda x: x - x, float("inf"), ("invalid operation",)),
        (lambda x: x.sqrt(), -1, ("invalid operation",)),
        (lambda x: x.exp(), 100, ("overflow", "inexact")),
        (lambda x: x.log(), 0, ("division by zero",)),
    ],
)
def test_each_exception_is_found_at_its_node(function: Any, value: float, flags: tuple[str, ...]) -> None:
    assert [row[1] for row in found(function, value)] == [flags]


def test_a_node_tells_what_any_of_its_elements_raised_and_no_other_node_does() -> None:
    assert found(lambda x: (x * x).relu() + x, 1, 3e38) == [("mul", ("overflow", "inexact"))]


def test_the_schedule_is_part_of_the_question() -> None:
    graph = trace(lambda x: x.sum(), (4,))
    x = np.array([3e38, 3e38, -3e38, -3e38], np.float32)
    assert [row.flags for row in raised_flags(graph, {}, x, "sequential")] == [("overflow", "inexact")]
    x = np.array([3e38, -3e38, 3e38, -3e38], np.float32)
    assert raised_flags(graph, {}, x, "pairwise") == []


def test_an_input_of_another_shape_is_refused() -> None:
    with pytest.raises(PayloadError, match="shape"):
        raised_flags(trace(lambda x: x + x, (2,)), {}, np.zeros(3, np.float32))
