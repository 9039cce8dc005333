"""Real and Interval("real"): the value of every primitive, and of random small graphs, lies in its interval.

Operands are boxes: points, some ulps wide, and wide ones; Real is run at points of them.

Source: the inclusion property; Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, chapter 5.
"""

from __future__ import annotations

from fpsem.bridges._enclosing import REAL, judge_graph, judge_real, share
from fpsem.bridges._graphs import Sample
from fpsem.bridges._sampled import graphs_bridge, on_graphs, on_primitives, primitives_bridge
from fpsem.bridges.bridge import Tally
from fpsem.bridges.primitives import Primitive, boxed
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run
from fpsem.testing.operands import Columns


def _judge_primitive(tally: Tally, primitive: Primitive, operands: Columns, seed: int) -> int:
    domain, (boxes, points) = Interval("real"), boxed(operands, seed)
    ends = primitive.apply(domain, *map(domain.box, boxes))
    values = primitive.apply(REAL, *map(REAL.from_bits, points))
    return judge_real(tally, primitive.name, points, values, ends["lo"], ends["hi"])


def _judge_graph(tally: Tally, sample: Sample) -> int:
    domain = Interval("real")
    ends = run(sample.graph, {}, domain.box(sample.box), domain)
    return judge_graph(tally, sample, ends["lo"], ends["hi"])


_PAIR = ("real", "interval")

BRIDGES = (
    primitives_bridge(
        "real-lies-in-interval",
        'Real\'s value of every primitive, at every point of a box, lies in Interval("real") of the box',
        _PAIR,
        on_primitives(_judge_primitive, share),
        "boxes of finite codes, points and wide ones; arguments of exp and expm1 up to 512",
    ),
    graphs_bridge(
        "real-graphs-lie-in-interval",
        'Real\'s value of a graph, at every point of a box, lies in Interval("real") of the box',
        _PAIR,
        on_graphs(_judge_graph, share),
        seconds=2,
    ),
)
