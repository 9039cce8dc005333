"""Corners prove and refute only where the directions of all that is read are known; their extremes are executions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.protocol import Array
from fpsem.graph.trace import Recorder, trace
from fpsem.smt.corners import at_corners
from fpsem.smt.formula import Outputs, formula_of, within_ulps
from fpsem.smt.question import Execution, Question


def corners(graph: Any, holds: Any, lo: Any, hi: Any) -> tuple[bool, Array | None]:
    question = Question({"": Execution(graph, {})}, formula_of(holds, Outputs("", graph)), graph.inputs)
    return at_corners(question, np.array(lo, np.float32), np.array(hi, np.float32))


def test_what_rises_is_proved_and_refuted_by_its_exact_ends() -> None:
    cubed = trace(lambda x: x * x * x, (1,))
    assert corners(cubed, lambda y: [y[0] >= -8, y[0] <= 27], [-2], [3]) == (False, None)
    assert corners(cubed, lambda y: [y[0] >= 8, y[0] <= 27], [2], [3]) == (True, None)
    proved, witness = corners(cubed, lambda y: y[0] < 27, [2], [3])
    assert (proved, witness.tolist() if witness is not None else None) == (False, [3])


def test_each_output_has_its_own_corners() -> None:
    recorder = Recorder()
    x, y = recorder.input("x", (1,)), recorder.input("y", (1,))
    graph = recorder.finish({"sum": x + y, "difference": x - y})
    assert corners(graph, lambda v: [v["sum"][0] <= 4, v["difference"][0] <= 1, v["difference"][0] >= -1], [1, 1], [2, 2])[0]
    _, witness = corners(graph, lambda v: v["difference"][0] < 1, [1, 1], [2, 2])
    assert witness is not None
    assert witness.tolist() == [2, 1]


def test_nothing_is_proved_of_what_moves_both_ways() -> None:
    bent = trace(lambda x: x * x - x, (1,))
    assert corners(bent, lambda y: y[0] >= -0.2, [0], [1]) == (False, None)


def test_nothing_is_proved_where_a_nan_is_possible_between_the_corners() -> None:
    quotient = trace(lambda x: x / x, (1,))
    assert corners(quotient, lambda y: ~y[0].is_nan(), [-1], [1]) == (False, None)
    root = trace(lambda x: (x * x - 1.0).sqrt(), (1,))
    assert corners(root, lambda y: ~y[0].is_nan(), [-2], [2]) == (False, None)
    lost = trace(lambda x: (x * x) - (x * x), (1,))
    assert corners(lost, lambda y: ~y[0].is_nan(), [-1e30], [1]) == (False, np.float32([-1e30]))


def test_extremes_may_be_infinite() -> None:
    grown = trace(lambda x: x.exp(), (1,))
    assert corners(grown, lambda y: y[0] >= 1, [0], [100])[0]
    assert corners(grown, lambda y: ~y[0].is_nan(), [0], [100])[0]
    _, witness = corners(grown, lambda y: y[0].is_finite(), [0], [100])
    assert witness is not None
    assert witness.tolist() == [100]


def test_a_formula_that_fails_between_its_extremes_is_not_proved() -> None:
    same = trace(lambda x: x * 1.0, (1,))
    for holds in (lambda y: y[0] != 1.5, lambda y: ~((y[0] > 1.2) & (y[0] < 1.3)), lambda y: ~within_ulps(y[0], 1.5, 9)):
        assert corners(same, holds, [1], [2]) == (False, None)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_fixed_zero_keeps_its_sign(zero: float) -> None:
    inverse = trace(lambda x: 1.0 / x, (1,))
    assert corners(inverse, lambda y: (y[0] < 0) if np.signbit(zero) else (y[0] > 0), [zero], [zero])[0]
    assert corners(inverse, lambda y: y[0] < 0, [-0.0], [0.0])[0] is False


def test_constants_that_are_nan_or_infinite_are_no_direction() -> None:
    for number, holds in ((np.nan, lambda y: y[0] == y[0]), (np.inf, lambda y: y[0].is_finite())):
        recorder = Recorder()
        x, w = recorder.input("x", (1,)), recorder.parameter("w", (1,))
        graph = recorder.finish({"y": x + w})
        question = Question(
            {"": Execution(graph, {"w": np.float32([number])})}, formula_of(holds, Outputs("", graph)), graph.inputs
        )
        proved, witness = at_corners(question, np.float32([1]), np.float32([2]))
        assert not proved
        assert witness is not None
