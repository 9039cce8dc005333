from __future__ import annotations

import dataclasses

import pytest

from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict

VERDICTS: list[Verdict] = [Proved("enumeration"), Refuted({"x": 1}), Unknown("time limit")]


@pytest.mark.parametrize("verdict", VERDICTS, ids=repr)
def test_a_verdict_has_no_truth_value(verdict: Verdict) -> None:
    with pytest.raises(TypeError, match="has no truth value"):
        bool(verdict)
    with pytest.raises(TypeError, match="match on Proved, Refuted or Unknown"):
        assert not verdict


@pytest.mark.parametrize("verdict", VERDICTS, ids=repr)
def test_a_verdict_is_frozen(verdict: Verdict) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.seconds = 1.0  # type: ignore[misc]


def test_verdicts_are_matched_and_compared() -> None:
    match VERDICTS[1]:
        case Refuted(witness={"x": value}):
            assert value == 1
        case _:
            pytest.fail("a refutation did not match")
    assert Proved("a") == Proved("a")
    assert Proved("a") != Unknown("a")
