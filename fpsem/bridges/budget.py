"""Checking claims within a budget of seconds: the cheapest first, and what was not begun is named. What is assumed costs nothing.

A check that has begun is never cut short: a check is begun only where its estimate fits into what is left, and estimates may be
wrong. So a budget may be overrun by one check that takes longer than was thought.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fpsem.bridges.bridge import Bridge
from fpsem.core.claim import Evidence, Status

CASES = 20_000
"""About how many cases a tested claim runs, where nothing else is asked for; estimates of seconds are for so many."""

SPENT, INTERRUPTED = "not checked: budget spent", "not checked: interrupted"


@dataclass(frozen=True)
class Checked:
    """What was found.

    Args:
        evidence: by the claim's name, in the order of the checks.
        left: the claims that were not checked, each with the reason.
    """

    evidence: Mapping[str, Evidence]
    left: Mapping[str, str]

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the checks."""
        return INTERRUPTED in self.left.values()

    @property
    def failures(self) -> list[str]:
        """Every failure, with its claim's name."""
        return [f"{name}: {failure}" for name, found in self.evidence.items() for failure in found.failures]


def check(
    bridges: Mapping[str, Bridge],
    cases: int = CASES,
    seed: int = 0,
    budget: float | None = None,
    advance: Callable[[str], None] = lambda step: None,
    clock: Callable[[], float] = time.monotonic,
) -> Checked:
    """Check claims; an interrupt (KeyboardInterrupt) ends the checks, and what was found so far is kept.

    Args:
        bridges: the claims by name.
        cases: about how many cases a tested claim runs.
        seed: what the cases are drawn from.
        budget: seconds; None is no limit, and the order is then the given one.
        advance: called with each claim's name as its turn comes.
        clock: tells seconds.
    """
    start, evidence, left = clock(), dict[str, Evidence](), dict[str, str]()
    order = list(bridges) if budget is None else sorted(bridges, key=lambda name: estimate(bridges[name], cases))
    for place, name in enumerate(order):
        advance(name)
        cost = estimate(bridges[name], cases)
        if budget is not None and cost > 0 and clock() - start + cost > budget:
            left[name] = SPENT
            continue
        try:
            evidence[name] = bridges[name].check(cases, seed)
        except KeyboardInterrupt:
            return Checked(evidence, left | dict.fromkeys(order[place:], INTERRUPTED))
    return Checked(evidence, left)


def estimate(bridge: Bridge, cases: int) -> float:
    """About how many seconds a check takes. What is proved or exhaustive does not depend on the number of cases."""
    sampled = bridge.claim.evidence is Status.TESTED or bool(bridge.claim.full)
    return bridge.seconds * (cases / CASES if sampled else 1)
