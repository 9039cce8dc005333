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
_RNG = np.random.default_rng(0)
_W1, _W2 = (_RNG.standard_normal(shape).astype(np.float32) for shape in ((16, 9), (3, 16)))

MODELS: tuple[Callable[[Any], Any], ...] = (
    lambda x: x.linear(_W1, _W1[:, 0]).relu().linear(_W2, _W2[:, 0]),
    lambda x: (x @ x.T).sum(axis=1),
    lambda x: (x * x).mean(axis=1).sqrt(),
    lambda x: x.softmax(axis=1),
    lambda x: x.log_softmax(axis=1),
    lambda x: x.gelu().silu().softplus().sigmoid(),
    lambda x: (x / (abs(x) + 1)).tanh().erf() - x.max(axis=1, keepdims=True).broadcast_to(x.shape),
    lambda x: x[:, ::2].concat(x[:, 1::2], axis=1).minimum(-x).exp().reshape((9, 4)),
    lambda x: (abs(x) + 1).log().T * x.pi_like().T,
    lambda x: x.less(x * x).where(x.maximum(x / 3), x.unslice(shape=x.shape, starts=(0,), stops=(4,), steps=(1,))),
)
"""Small graphs that together use every op but comparisons that differ from less only by their ties."""


def _check(cases: int, seed: int) -> Evidence:
    rng, failures, count, tightest = np.random.default_rng(seed), [], 0, 0.0
    for _ in range(max(1, min(cases, 20_000) // 1_000)):
        for model, schedule in zip(MODELS, rng.choice(np.array(_SCHEDULES, dtype=object), len(MODELS))):
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
            ratio = distance.astype(float) / np.where(bound == 0, 1, bound)  # where the bound is 0, so is the distance
            tightest = max(tightest, float(np.max(ratio)))
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
            "ten small graphs that use every op, a ReLU network among them; inputs N(0,1) times 1e-3 to 10",
            Status.TESTED,
            "the one the bound is asked for: sequential, fused, reverse, pairwise, lanes, blocked",
        ),
        _check,
    ),
)
