"""Bridges that are checked on draws of every primitive, or on random small graphs: what all of them have in common.

A pair of domains gives the judge of one draw, and the words of its claim.
"""

from __future__ import annotations

from collections.abc import Callable

from fpsem.bridges._graphs import SCHEDULES, STEPS, Sample, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, Primitive, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.testing.operands import Columns

FINITE = "finite codes; arguments of exp and expm1 up to 512"

Check = Callable[[int, int], Evidence]
PrimitiveJudge = Callable[[Tally, Primitive, Columns, int], int]
"""Judges a primitive on operands, given the seed; counts what the detail of the evidence tells of."""

GraphJudge = Callable[[Tally, Sample], int]
Told = Callable[[int], str]


def on_primitives(judge: PrimitiveJudge, told: Told) -> Check:
    """The check that judges a draw of every primitive, at finite operands."""

    def check(cases: int, seed: int) -> Evidence:
        tally = Tally()
        count = sum(judge(tally, primitive, operands, seed) for primitive, operands in draw(cases, seed, special=False))
        return tally.evidence(told(count))

    return check


def on_graphs(judge: GraphJudge, told: Told) -> Check:
    """The check that judges random graphs, one for each hundred cases."""

    def check(cases: int, seed: int) -> Evidence:
        tally = Tally()
        count = sum(judge(tally, sample) for sample in samples(max(1, cases // 100), seed))
        return tally.evidence(told(count))

    return check


def primitives_bridge(
    name: str, statement: str, domains: tuple[str, str], check: Check, region: str = FINITE, seconds: float = 2
) -> Bridge:
    """A bridge about every primitive."""
    claim = Claim(name, statement, domains, region, Status.TESTED, primitives=tuple(PRIMITIVES))
    return Bridge(claim, check, seconds)


def graphs_bridge(
    name: str, statement: str, domains: tuple[str, str], check: Check, seconds: float, orders_of: str = ""
) -> Bridge:
    """A bridge about random graphs; under all the schedules that these have, where it is said whose they are."""
    region = "random graphs of four steps on (3, 3) tensors; boxes up to 2**-10 wide, relatively"
    schedule = f"{orders_of}: " + ", ".join(map(str, SCHEDULES)) if orders_of else "any"
    return Bridge(Claim(name, statement, domains, region, Status.TESTED, schedule, ops=ops_of(STEPS)), check, seconds)
