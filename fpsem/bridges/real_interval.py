"""Real and Interval("real"): the value of every primitive, and of random small graphs, lies in its interval.

Operands are boxes: points, some ulps wide, and wide ones; Real is run at points of them.

Source: the inclusion property; Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, chapter 5.
"""

from __future__ import annotations

from fpsem.bridges._enclosing import REAL, judge_graph, judge_real, share
from fpsem.bridges._graphs import STEPS, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, boxed, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run

_REGION = "boxes of finite codes, points and wide ones; arguments of exp and expm1 up to 512"


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, bounded, domain = Tally(), 0, Interval("real")
    for primitive, operands in draw(cases, seed, special=False):
        boxes, points = boxed(operands, seed)
        ends = primitive.apply(domain, *map(domain.box, boxes))
        values = primitive.apply(REAL, *map(REAL.from_bits, points))
        bounded += judge_real(tally, primitive.name, points, values, ends["lo"], ends["hi"])
    return tally.evidence(share(bounded))


def _check_graphs(cases: int, seed: int) -> Evidence:
    tally, bounded, domain = Tally(), 0, Interval("real")
    for sample in samples(max(1, cases // 100), seed):
        ends = run(sample.graph, {}, domain.box(sample.box), domain)
        bounded += judge_graph(tally, sample, ends["lo"], ends["hi"])
    return tally.evidence(share(bounded))


BRIDGES = (
    Bridge(
        Claim(
            "real-lies-in-interval",
            'Real\'s value of every primitive, at every point of a box, lies in Interval("real") of the box',
            ("real", "interval"),
            _REGION,
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check_primitives,
        seconds=2,
    ),
    Bridge(
        Claim(
            "real-graphs-lie-in-interval",
            'Real\'s value of a graph, at every point of a box, lies in Interval("real") of the box',
            ("real", "interval"),
            "random graphs of four steps on (3, 3) tensors; boxes up to 2**-10 wide, relatively",
            Status.TESTED,
            ops=ops_of(STEPS),
        ),
        _check_graphs,
        seconds=2,
    ),
)
