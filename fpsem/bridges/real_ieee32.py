"""Real and IEEE32Exec: the bit-exact execution stays within the a priori bound of the real value, in the same schedule.

Source: the rules of ``fpsem.domains.error_bound``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.analysis.bounds import error_bound
from fpsem.bridges.bridge import Bridge
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.schedule import Blocked, Lanes, Pairwise, Reverse, Schedule, Sequential
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.ir import Graph
from fpsem.graph.ops import op_named
from fpsem.graph.trace import trace

_SCHEDULES = (Sequential(), Sequential(fused=True), Reverse(), Pairwise(), Lanes(width=4), Blocked(block=3, fused=True))
_RNG = np.random.default_rng(0)
_W1, _W2 = (_RNG.standard_normal(shape).astype(np.float32) for shape in ((16, 9), (3, 16)))
_TAPS = _W1[:4, :8].reshape(4, 2, 2, 2)


def _images(x: Any) -> Any:
    return x.reshape((1, 4, 3, 3))


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
    lambda x: _images(x).conv2d(_TAPS, _W1[:4, 0], padding=(1, 0), groups=2).max_pool2d(kernel=(2, 2), padding=(1, 1)),
    lambda x: _images(x).unfold(kernel=(2, 2), stride=(2, 1)).fold(output_size=(2, 3), kernel=(2, 2)),
    lambda x: _images(x).avg_pool2d(kernel=(2, 2), padding=(1, 0), count_include_pad=False),
    lambda x: x.layer_norm(_W1[0], _W1[1], normalized_shape=(9,)),
    lambda x: x.batch_norm(_W1[0], abs(_W1[1]), _W1[2], _W1[3]).clip(low=-1.0, high=1.5).dropout(_W1[:4] > 0),
    lambda x: x.sin().mse_loss(x.cos()) + x.soft_cross_entropy(abs(x)),
    lambda x: x.clip(high=5.0).expm1() - (x * x).log1p(),
    lambda x: x.tanh().tan().atan().fma(x, x) * x.backend.apply("literal", (), {"shape": x.shape, "value": "1/10"}),
)
"""Small graphs of a (4, 9) input that, with those of labels, use every op but comparisons that differ from less only by ties."""

_SHAPE = (4, 9)
_LABELS = np.array([3, 0, 3, 2])

LABELLED: tuple[Callable[[Any, Any], Any], ...] = (
    lambda x, labels: x.cross_entropy(labels, ignore_index=2) + x.gather(labels, axis=1).sum(),
    lambda x, labels: x.scatter_add(labels, size=4) - x @ labels.one_hot(classes=9).T @ x,
)
"""Small graphs of such an input and four labels of 0 .. 3."""


def _graphs() -> list[tuple[Graph, Mapping[str, Any]]]:
    """The graphs, each with the labels that it takes."""
    labelled = [trace(model, _SHAPE, _LABELS.shape, integers=("labels",)) for model in LABELLED]
    return [*((trace(model, _SHAPE), {}) for model in MODELS), *((graph, {"labels": _LABELS}) for graph in labelled)]


def _bound(graph: Graph, x: Any, labels: Mapping[str, Any], schedule: Schedule) -> Any:
    if not labels:
        return np.atleast_1d(error_bound(graph, {}, x, schedule).absolute)
    domain = ErrorBound(schedule=schedule)
    return np.atleast_1d(run(graph, {}, {"x": domain.between(x, x), **labels}, domain)["err"])


def _check(cases: int, seed: int) -> Evidence:
    rng, failures, count, tightest, graphs = np.random.default_rng(seed), [], 0, 0.0, _graphs()
    for _ in range(max(1, min(cases, 20_000) // 1_000)):
        for (graph, labels), schedule in zip(graphs, rng.choice(np.array(_SCHEDULES, dtype=object), len(graphs))):
            x = (rng.standard_normal(_SHAPE) * 10.0 ** rng.integers(-3, 2)).astype(np.float32)
            exact, real, inputs = IEEE32Exec(schedule=schedule), Real(), {"x": x, **labels}
            bound = _bound(graph, x, labels, schedule)
            low, high = real.enclosure(run(graph, {}, inputs, real))
            seen = exact.enclosure(run(graph, {}, inputs, exact))[0]
            distance = np.atleast_1d(np.maximum(abs(seen - low), abs(seen - high)))
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
            "small graphs that use every op, a ReLU network among them; inputs N(0,1) times 1e-3 to 10",
            Status.TESTED,
            "the one the bound is asked for: sequential, fused, reverse, pairwise, lanes, blocked",
            ops=tuple(sorted({node.op for graph, _ in _graphs() for node in graph.nodes if not op_named(node.op).is_leaf})),
        ),
        _check,
    ),
)
