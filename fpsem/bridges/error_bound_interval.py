"""ErrorBound and Interval("real"): two enclosures of one real value, which therefore meet, and both contain what Real gives.

Neither need contain the other: each rounds outward in its own way.

Source: two sets that contain one number have it in common.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fpsem.analysis.bounds import error_bound
from fpsem.bridges._enclosing import judge_graph
from fpsem.bridges._graphs import STEPS, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.protocol import Array
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.interval import Interval
from fpsem.graph.denote import run
from fpsem.testing.operands import Codes


def _check(cases: int, seed: int) -> Evidence:
    tally, bounds, intervals = Tally(), ErrorBound(), Interval("real")
    for primitive, operands in draw(cases, seed, special=False):
        left, right = (primitive.apply(domain, *map(domain.from_bits, operands)) for domain in (bounds, intervals))
        _judge(tally, primitive.name, operands, (left["lo"], left["hi"]), (right["lo"], right["hi"]))
    for sample in samples(max(1, cases // 200), seed):
        found, ends = error_bound(sample.graph, {}, sample.box), run(sample.graph, {}, intervals.box(sample.box), intervals)
        both = np.maximum(found.lo, ends["lo"]), np.minimum(found.hi, ends["hi"])
        judge_graph(tally, sample, *both)
    return tally.evidence("primitives at points, which meet; graphs on boxes, where what both share contains Real's value")


def _judge(tally: Tally, name: str, operands: tuple[Codes, ...], left: tuple[Array, Array], right: tuple[Array, Array]) -> None:
    apart = ~((left[0] <= right[1]) & (right[0] <= left[1]))
    tally.judge(name, operands, apart, partial(_tell, *left, *right))


def _tell(lo: Array, hi: Array, other_lo: Array, other_hi: Array, place: Any) -> str:
    return f"{lo[place]:.17g} .. {hi[place]:.17g} against {other_lo[place]:.17g} .. {other_hi[place]:.17g}"


BRIDGES = (
    Bridge(
        Claim(
            "error-bound-meets-interval",
            'the enclosures of ErrorBound and of Interval("real") have points in common, Real\'s value of a graph among them',
            ("error_bound", "interval"),
            "every primitive at finite codes; random graphs of four steps on (3, 3) tensors",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
            ops=ops_of(STEPS),
        ),
        _check,
        seconds=3,
    ),
)
