"""IEEE32Exec and Interval("binary32"): the result of every execution lies in the interval, in the interval's schedule.

Source: rounding is monotone, so that an operation on the rounded ends encloses the operation on what lies between them; Muller
et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 2.2.
"""

from __future__ import annotations

import numpy as np

from fpsem.bridges._enclosing import judge_executions, share
from fpsem.bridges._graphs import Sample
from fpsem.bridges._sampled import graphs_bridge, on_graphs, primitives_bridge
from fpsem.bridges.bridge import Tally
from fpsem.bridges.primitives import Primitive, boxed, draw
from fpsem.core.claim import Evidence
from fpsem.core.protocol import Array
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run
from fpsem.testing.operands import Columns


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, bounded, domain, exact = Tally(), 0, Interval("binary32"), IEEE32Exec()

    def judge(primitive: Primitive, points: Columns, operands: list[Array]) -> int:
        ends = primitive.apply(domain, *operands)
        return judge_executions(tally, primitive.name, points, primitive.apply(exact, *points), ends["lo"], ends["hi"])

    for primitive, codes in draw(cases, seed, special=True):
        judge(primitive, codes, [domain.from_bits(column) for column in codes])
    for primitive, codes in draw(cases, seed, special=False):
        boxes, points = boxed(codes, seed)
        bounded += judge(primitive, points, [domain.box(box) for box in boxes])
    return tally.evidence(f"points, and boxes: {share(bounded)}")


def _judge_graph(tally: Tally, sample: Sample) -> int:
    domain, exact = Interval("binary32", sample.schedule), IEEE32Exec(schedule=sample.schedule)
    ends, bounded = run(sample.graph, {}, domain.box(sample.box), domain), 0
    for x in sample.points:
        results, name = run(sample.graph, {}, x, exact), f"{sample.steps} under {sample.schedule}"
        bounded += judge_executions(tally, name, (x.view(np.uint32),), results, ends["lo"], ends["hi"])
    return bounded


_PAIR = ("ieee32", "interval")

BRIDGES = (
    primitives_bridge(
        "ieee32-lies-in-interval",
        'IEEE32Exec\'s result of every primitive, at every point of a box, lies in Interval("binary32"), -0 below +0',
        _PAIR,
        _check_primitives,
        "all codes, special values included, as points; boxes of finite ones",
    ),
    graphs_bridge(
        "ieee32-graphs-lie-in-interval",
        'IEEE32Exec\'s result of a graph, at every point of a box, lies in Interval("binary32", schedule) of the box',
        _PAIR,
        on_graphs(_judge_graph, share),
        seconds=2,
        orders_of="the interval's own",
    ),
)
