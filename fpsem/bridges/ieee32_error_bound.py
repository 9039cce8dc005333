"""IEEE32Exec and ErrorBound: no execution is further from the real value than the domain's err.

Graphs that use every op are ``real_ieee32``'s; here are single primitives at points, and random graphs on boxes.

Source: the rules of ``fpsem.domains.error_bound``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fpsem.analysis.bounds import error_bound
from fpsem.bridges._enclosing import REAL
from fpsem.bridges._graphs import Sample
from fpsem.bridges._sampled import graphs_bridge, on_graphs, on_primitives, primitives_bridge
from fpsem.bridges.bridge import Tally
from fpsem.bridges.primitives import Primitive, enclosures
from fpsem.core.codes import decode_array
from fpsem.core.protocol import Array
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.testing.operands import Codes, Columns, is_finite


def _judge_primitive(tally: Tally, primitive: Primitive, operands: Columns, seed: int) -> int:
    exact, domain = IEEE32Exec(), ErrorBound()
    bound = primitive.apply(domain, *map(domain.from_bits, operands))["err"]
    values = primitive.apply(REAL, *map(REAL.from_bits, operands))
    return _judge(tally, primitive.name, operands, primitive.apply(exact, *operands), values, bound)


def _judge_graph(tally: Tally, sample: Sample, every_order: bool = False) -> int:
    bound = error_bound(sample.graph, {}, sample.box, "any" if every_order else sample.schedule).absolute
    exact, name, known = IEEE32Exec(schedule=sample.schedule), f"{sample.steps} under {sample.schedule}", 0
    for x in sample.points:
        results, values = (run(sample.graph, {}, x, domain) for domain in (exact, REAL))
        known += _judge(tally, name, (x.view(np.uint32),), results, values, bound)
    return known


def _judge(tally: Tally, name: str, operands: tuple[Codes, ...], results: Codes, values: Array, bound: Array) -> int:
    """Judge whether results are within bounds of real values, and bounds infinite where either does not exist.

    Returns:
        How many bounds are finite.
    """
    defined, low, high = enclosures(REAL, values)
    sure = np.isfinite(bound)
    numbers = decode_array(np.where(is_finite(results), results, 0))
    away = np.maximum(np.maximum(low - numbers, numbers - high), 0)  # from the nearest point of the ball
    wrong = sure & np.where(defined & is_finite(results), (away > bound).astype(bool), True)
    tally.judge(name, operands, wrong, partial(_tell, results, away, bound))
    return int(sure.sum())


def _tell(results: Codes, away: Array, bound: Array, place: Any) -> str:
    return f"{int(results[place]):#x} is {float(away[place]):.3g} away, the bound is {bound[place]:.3g}"


def _told(known: int) -> str:
    return f"{known:,} of the bounds finite"


_PAIR = ("ieee32", "error_bound")

BRIDGES = (
    primitives_bridge(
        "ieee32-within-error-bound",
        "|IEEE32Exec - Real| of every primitive, at finite binary32 operands, is at most ErrorBound's err",
        _PAIR,
        on_primitives(_judge_primitive, _told),
    ),
    graphs_bridge(
        "ieee32-graphs-within-error-bound",
        "|IEEE32Exec(graph) - Real(graph)|, at every point of a box, is at most error_bound(graph, box, schedule)",
        _PAIR,
        on_graphs(_judge_graph, _told),
        seconds=5,
        orders_of="the bound's own",
    ),
    graphs_bridge(
        "ieee32-graphs-within-error-bound-of-any-order",
        '|IEEE32Exec(graph) - Real(graph)|, at every point of a box, is at most error_bound(graph, box, "any")',
        _PAIR,
        on_graphs(partial(_judge_graph, every_order=True), _told),
        seconds=5,
        orders_of="any one, of these",
    ),
)
