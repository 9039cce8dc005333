"""IEEE32Exec and Interval("binary32"): the result of every execution lies in the interval, in the interval's schedule.

Source: rounding is monotone, so that an operation on the rounded ends encloses the operation on what lies between them; Muller
et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 2.2.
"""

from __future__ import annotations

import numpy as np

from fpsem.bridges._enclosing import judge_executions, share
from fpsem.bridges._graphs import SCHEDULES, STEPS, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, boxed, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, bounded, domain, exact = Tally(), 0, Interval("binary32"), IEEE32Exec()
    for primitive, codes in draw(cases, seed, special=True):
        ends = primitive.apply(domain, *map(domain.from_bits, codes))
        judge_executions(tally, primitive.name, codes, primitive.apply(exact, *codes), ends["lo"], ends["hi"])
    for primitive, operands in draw(cases, seed, special=False):
        boxes, points = boxed(operands, seed)
        ends = primitive.apply(domain, *map(domain.box, boxes))
        results = primitive.apply(exact, *points)
        bounded += judge_executions(tally, primitive.name, points, results, ends["lo"], ends["hi"])
    return tally.evidence(f"points, and boxes: {share(bounded)}")


def _check_graphs(cases: int, seed: int) -> Evidence:
    tally, bounded = Tally(), 0
    for sample in samples(max(1, cases // 100), seed):
        domain, exact = Interval("binary32", sample.schedule), IEEE32Exec(schedule=sample.schedule)
        ends = run(sample.graph, {}, domain.box(sample.box), domain)
        for x in sample.points:
            results, name = run(sample.graph, {}, x, exact), f"{sample.steps} under {sample.schedule}"
            bounded += judge_executions(tally, name, (x.view(np.uint32),), results, ends["lo"], ends["hi"])
    return tally.evidence(share(bounded))


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-lies-in-interval",
            'IEEE32Exec\'s result of every primitive, at every point of a box, lies in Interval("binary32"), -0 below +0',
            ("ieee32", "interval"),
            "all codes, special values included, as points; boxes of finite ones",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check_primitives,
        seconds=2,
    ),
    Bridge(
        Claim(
            "ieee32-graphs-lie-in-interval",
            'IEEE32Exec\'s result of a graph, at every point of a box, lies in Interval("binary32", schedule) of the box',
            ("ieee32", "interval"),
            "random graphs of four steps on (3, 3) tensors; boxes up to 2**-10 wide, relatively",
            Status.TESTED,
            "the interval's own: " + ", ".join(map(str, SCHEDULES)),
            ops=ops_of(STEPS),
        ),
        _check_graphs,
        seconds=2,
    ),
)
