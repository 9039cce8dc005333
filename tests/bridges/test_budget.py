"""Checks within a budget, by a clock that the checks themselves move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from fpsem.bridges.bridge import Bridge
from fpsem.bridges.budget import CASES, INTERRUPTED, SPENT, check, estimate
from fpsem.core.claim import Claim, Evidence, Status


class Clock:
    """Seconds that pass when a check says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bridge(name: str, seconds: float, clock: Clock, takes: float | None = None, status: Status = Status.TESTED) -> Bridge:
    def run(cases: int, seed: int) -> Evidence:
        clock.now += seconds if takes is None else takes
        return Evidence(status, cases, () if seed == 0 else (f"seed {seed}",))

    claim = Claim(name, "one is one wherever one looks", ("real", "ieee32"), "everywhere", status)
    return Bridge(claim, run, seconds)


def ledger(clock: Clock, **seconds: float) -> Mapping[str, Bridge]:
    return {name: bridge(name, each, clock) for name, each in seconds.items()}


def test_without_a_budget_all_are_checked_in_the_given_order() -> None:
    clock, seen = Clock(), list[str]()
    found = check(ledger(clock, slow=50, quick=1), clock=clock, advance=seen.append)
    assert list(found.evidence) == seen == ["slow", "quick"]
    assert found.left == {}
    assert found.evidence["slow"].cases == CASES


def test_the_cheapest_come_first_and_what_does_not_fit_is_named() -> None:
    clock = Clock()
    found = check(ledger(clock, slow=50, quick=1, middle=5), budget=6, clock=clock)
    assert list(found.evidence) == ["quick", "middle"]
    assert found.left == {"slow": SPENT}
    assert not found.failures


def test_a_check_that_takes_longer_than_was_thought_leaves_less_for_others() -> None:
    clock = Clock()
    late = {"late": bridge("late", 1, clock, takes=9), **ledger(clock, other=2)}
    assert check(late, budget=10, clock=clock).left == {"other": SPENT}


def test_a_budget_of_nothing_is_enough_for_what_is_assumed() -> None:
    clock = Clock()
    found = check(ledger(clock, assumed=0, run=1), budget=0, clock=clock)
    assert list(found.evidence) == ["assumed"]
    assert found.left == {"run": SPENT}


def test_an_interrupt_keeps_what_was_found() -> None:
    def interrupted(cases: int, seed: int) -> Evidence:
        raise KeyboardInterrupt

    clock = Clock()
    bridges = dict(ledger(clock, first=1, second=2, third=3))
    bridges["second"] = replace(bridges["second"], check=interrupted)
    found = check(bridges, clock=clock)
    assert list(found.evidence) == ["first"]
    assert found.left == {"second": INTERRUPTED, "third": INTERRUPTED}
    assert found.interrupted
    assert not check(ledger(clock, first=1), clock=clock).interrupted


def test_failures_carry_their_claims_names() -> None:
    clock = Clock()
    assert check(ledger(clock, broken=1), seed=7, clock=clock).failures == ["broken: seed 7"]


@pytest.mark.parametrize(("status", "seconds"), [(Status.TESTED, 20), (Status.EXHAUSTIVE, 2), (Status.PROVED, 2)])
def test_only_a_tested_claim_takes_longer_with_more_cases(status: Status, seconds: float) -> None:
    assert estimate(bridge("a", 2, Clock(), status=status), 10 * CASES) == seconds
