"""Questions with few inputs are answered by running them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.graph.ir import Graph
from fpsem.graph.trace import trace
from fpsem.smt import enumeration
from fpsem.smt.enumeration import enumerated
from fpsem.smt.formula import Outputs, formula_of
from fpsem.smt.question import Execution, Question

SAME = trace(lambda x: x * 1.0, (1,))
INVERSE = trace(lambda x: 1.0 / x, (1,))
PAIR = trace(lambda x: x * 1.0, (2,))


def question(graph: Graph, holds: Any, format: str = "binary32") -> Question:
    return Question({"": Execution(graph, {})}, formula_of(holds, Outputs("", graph)), graph.inputs, format)


def ask(graph: Graph, lo: Any, hi: Any, holds: Any, format: str = "binary32", **options: Any) -> Verdict | None:
    return enumerated(question(graph, holds, format), np.float32(lo), np.float32(hi), **options)


def bits(verdict: Verdict | None) -> list[int]:
    assert isinstance(verdict, Refuted)
    codes: Array = verdict.witness["x"].view(np.uint32)
    return [int(code) for code in codes]


def test_every_input_is_run_and_they_are_counted() -> None:
    verdict = ask(SAME, [1], [1 + 2**-20], lambda y: y[0] >= 1)
    assert isinstance(verdict, Proved)
    assert verdict.by == "enumeration of 9 inputs"


def test_a_formula_that_fails_at_one_input_is_refuted_there() -> None:
    at = np.float32(1 + 2**-21)
    verdict = ask(SAME, [1], [1 + 2**-20], lambda y: y[0] != float(at))
    assert bits(verdict) == [int(at.view(np.uint32))]


@pytest.mark.parametrize("end", [0, 1])
def test_both_ends_are_run(end: int) -> None:
    ends = [1.0, 1 + 2**-20]
    assert isinstance(ask(SAME, ends[:1], ends[1:], lambda y: y[0] != ends[end]), Refuted)


def test_the_first_input_that_fails_is_the_witness() -> None:
    verdict = ask(PAIR, [1, -2], [2, -1], lambda y: y[0] < 1.5, "toy6")
    assert isinstance(verdict, Refuted)
    assert verdict.witness["x"].tolist() == [1.5, -2]


def test_a_box_that_is_wider_than_a_point_holds_both_zeros() -> None:
    assert bits(ask(INVERSE, [0.0], [1e-45], lambda y: y[0] > 0)) == [BINARY32.sign_mask]
    assert bits(ask(INVERSE, [-1e-45], [-0.0], lambda y: y[0] < 0)) == [0]
    both = ask(SAME, [-0.0], [0.0], lambda y: y[0] == 0)
    assert isinstance(both, Proved)
    assert both.by == "enumeration of 2 inputs"


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_point_that_is_a_zero_holds_that_one(zero: float) -> None:
    verdict = ask(INVERSE, [zero], [zero], lambda y: y[0] < 0 if np.signbit(zero) else y[0] > 0)
    assert isinstance(verdict, Proved)
    assert verdict.by == "enumeration of 1 input"


@pytest.mark.parametrize(("format", "count"), [("toy6", 56), ("toy8", 240), ("e5m2", 248), ("e4m3", 254), ("bfloat16", 65280)])
def test_every_number_of_a_format_is_an_input_and_no_infinity_or_nan(format: str, count: int) -> None:
    verdict = ask(SAME, [-3.4e38], [3.4e38], lambda y: y[0].is_finite(), format)
    assert isinstance(verdict, Proved)
    assert verdict.by == f"enumeration of {count} inputs"


def test_inputs_of_several_elements_are_all_combinations() -> None:
    verdict = ask(PAIR, [1, -0.0], [1.75, 0.0], lambda y: (y[0] >= 1) & (y[1] == 0), "toy6")
    assert isinstance(verdict, Proved)
    assert verdict.by == "enumeration of 8 inputs"
    last = ask(PAIR, [1, -2], [1.75, 2], lambda y: (y[0] < 1.75) | (y[1] < 2), "toy6")
    assert isinstance(last, Refuted)
    assert last.witness["x"].tolist() == [1.75, 2]


def test_more_inputs_than_allowed_are_not_begun() -> None:
    told: list[int] = []
    assert ask(SAME, [0], [1], lambda y: y[0] >= 0, advance=told.append) is None
    assert ask(SAME, [1], [2], lambda y: y[0] >= 0, "toy8", most=8, advance=told.append) is None
    assert told == []
    assert isinstance(ask(SAME, [1], [2], lambda y: y[0] >= 0, "toy8", most=9, advance=told.append), Proved)
    assert told == [9]


def test_inputs_that_take_too_many_steps_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "_MOST_STEPS", 20)
    assert ask(SAME, [1], [2], lambda y: y[0] >= 0, "toy8") is None


def test_when_the_time_is_up_nothing_is_said() -> None:
    assert ask(SAME, [1], [1.001], lambda y: y[0] >= 0, seconds=-1.0) is None


def test_batches_meet_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "_AT_ONCE", 7)
    told: list[int] = []
    assert isinstance(ask(PAIR, [1, 1], [2, 2], lambda y: y[0] >= 1, "toy6", advance=told.append), Proved)
    assert told == [7, 7, 7, 4]
    for at in (1, 1.25, 1.5, 1.75, 2):
        verdict = ask(PAIR, [1, 1], [2, 2], lambda y, at=at: (y[0] != at) | (y[1] != at), "toy6")
        assert isinstance(verdict, Refuted)
        assert verdict.witness["x"].tolist() == [at, at]


def test_a_witness_that_does_not_replay_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Question, "replays", lambda self, x: False)
    verdict = ask(SAME, [1], [2], lambda y: y[0] < 2, "toy8")
    assert isinstance(verdict, Unknown)
    assert "did not replay" in verdict.reason
