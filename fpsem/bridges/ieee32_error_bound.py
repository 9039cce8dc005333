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
from fpsem.bridges._graphs import SCHEDULES, STEPS, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, draw, enclosures
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.codes import decode_array
from fpsem.core.protocol import Array
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.testing.operands import Codes, is_finite


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, exact, domain, known = Tally(), IEEE32Exec(), ErrorBound(), 0
    for primitive, operands in draw(cases, seed, special=False):
        bound = primitive.apply(domain, *map(domain.from_bits, operands))["err"]
        values = primitive.apply(REAL, *map(REAL.from_bits, operands))
        known += _judge(tally, primitive.name, operands, primitive.apply(exact, *operands), values, bound)
    return tally.evidence(f"{known:,} of the bounds finite")


def _check_graphs(cases: int, seed: int) -> Evidence:
    tally, known = Tally(), 0
    for sample in samples(max(1, cases // 100), seed):
        bound = error_bound(sample.graph, {}, sample.box, sample.schedule).absolute
        exact, name = IEEE32Exec(schedule=sample.schedule), f"{sample.steps} under {sample.schedule}"
        for x in sample.points:
            results, values = (run(sample.graph, {}, x, domain) for domain in (exact, REAL))
            known += _judge(tally, name, (x.view(np.uint32),), results, values, bound)
    return tally.evidence(f"{known:,} of the bounds finite")


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


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-within-error-bound",
            "|IEEE32Exec - Real| of every primitive, at finite binary32 operands, is at most ErrorBound's err",
            ("ieee32", "error_bound"),
            "finite codes; arguments of exp and expm1 up to 512",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check_primitives,
        seconds=2,
    ),
    Bridge(
        Claim(
            "ieee32-graphs-within-error-bound",
            "|IEEE32Exec(graph) - Real(graph)|, at every point of a box, is at most error_bound(graph, box, schedule)",
            ("ieee32", "error_bound"),
            "random graphs of four steps on (3, 3) tensors; boxes up to 2**-10 wide, relatively",
            Status.TESTED,
            "the bound's own: " + ", ".join(map(str, SCHEDULES)),
            ops=ops_of(STEPS),
        ),
        _check_graphs,
        seconds=5,
    ),
)
