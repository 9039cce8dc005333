"""Real and IEEE32Exec: the bit-exact execution stays within the a priori bound of the real value, in the same schedule.

Source: the rules of ``fpsem.domains.error_bound``.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.bridges.bound import error_bound
from fpsem.bridges.bridge import Bridge
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.schedule import Blocked, Lanes, Pairwise, Reverse, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.trace import trace

_SCHEDULES = (Sequential(), Sequential(fused=True), Reverse(), Pairwise(), Lanes(width=4), Blocked(block=3, fused=True))
_MODELS: tuple[Callable[[Any], Any], ...] = (
    lambda x: (x @ x.T).sum(axis=1),
    lambda x: (x * x).mean(axis=1).sqrt(),
    lambda x: x.softmax(axis=1),
    lambda x: x.log_softmax(axis=1),
    lambda x: x.gelu().silu().softplus().sigmoid(),
    lambda x: (x / (abs(x) + 1)).tanh().erf() - x.max(axis=1, keepdims=True).broadcast_to(x.shape),
)
"""Small graphs that use every primitive with a rounding error."""


def _check(cases: int, seed: int) -> Evidence:
    rng, failures, count, tightest = np.random.default_rng(seed), [], 0, 0.0
    for _ in range(max(1, min(cases, 20_000) // 1_000)):
        for model, schedule in zip(_MODELS, rng.permutation(np.array(_SCHEDULES, dtype=object))):
            x = (rng.standard_normal((4, 9)) * 10.0 ** rng.integers(-3, 2)).astype(np.float32)
            graph, exact, real = trace(model, x.shape), IEEE32Exec(schedule=schedule), Real()
            bound = error_bound(graph, {}, x, schedule).absolute
            low, high = real.enclosure(run(graph, {}, x, real))
            seen = exact.enclosure(run(graph, {}, x, exact))[0]
            distance = np.maximum(abs(seen - low), abs(seen - high))
            count += bound.size
            for index in map(tuple, np.argwhere(distance > _exactly(bound))[:3]):
                failures.append(
                    f"{graph.nodes[-1].op} under {schedule}: {float(distance[index]):.3g} > {bound[index]:.3g}"
                )
            tightest = max(tightest, float(np.max(distance.astype(float) / bound)))
    return Evidence(Status.TESTED, count, tuple(failures), f"largest observed / bound: {tightest:.3f}")


def _exactly(bound: Any) -> Any:
    """Infinite bounds are no bounds: they count as zero, so that they fail."""
    return np.frompyfunc(lambda b: Fraction(b) if np.isfinite(b) else Fraction(0), 1, 1)(bound)


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-within-bound-of-real",
            "|IEEE32Exec(graph) - Real(graph)| is at most error_bound(graph)",
            ("ieee32", "real"),
            "graphs of every op, inputs of N(0,1) times 1e-3 to 10",
            Status.TESTED,
            "the one the bound is asked for: sequential, fused, reverse, pairwise, lanes, blocked",
        ),
        _check,
    ),
)
