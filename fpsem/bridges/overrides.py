"""Domains and the meanings that their overrides stand for: an op that a domain computes itself is what its primitives give.

An override is compared with the op's meaning over the domain's own primitives, under several schedules, by the conformance
suite's sample calls, corners among the operands where the domain has special values. So what the primitives are bridged to, the
override is too.

What this module does not do: compare err, which an override of ErrorBound may have sharper; try every shape.

Source: the law of ``overrides`` in ``fpsem.core.protocol``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fpsem.bridges._graphs import SCHEDULES
from fpsem.bridges.bridge import Bridge
from fpsem.bridges.ieee32_cupy import kernels_device
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.protocol import ScalarDomain
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Compensated, Exact, Schedule
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.domains.real import Real
from fpsem.graph.ops import op_named
from fpsem.testing.bench import Bench
from fpsem.testing.calls import SAMPLE_CALLS
from fpsem.testing.judging import judge_of
from fpsem.testing.laws import check_overrides
from fpsem.testing.report import Recorder

_DOMAINS: Mapping[str, tuple[Callable[[Schedule, str], ScalarDomain], tuple[Schedule, ...]]] = {
    "cupy_float32": (lambda schedule, device: CuPyFloat32(schedule, device=device), SCHEDULES),
    "error_bound": (lambda schedule, device: ErrorBound(schedule), (Compensated(),)),
    "ieee32": (lambda schedule, device: IEEE32Exec(schedule=schedule), (*SCHEDULES, Compensated(), Exact())),
    "numpy_float32": (lambda schedule, device: NumPyFloat32(schedule), (*SCHEDULES, Compensated(), Exact())),
    "real": (lambda schedule, device: Real(), SCHEDULES[:1]),
}
"""The domains that override ops: how one is made for a schedule and a device, and the schedules that are tried."""


def _check(name: str, cases: int, seed: int) -> Evidence:
    recorder, (made, schedules) = Recorder(), _DOMAINS[name]
    for round_ in range(max(1, cases // 20_000)):
        for schedule in schedules:
            check_overrides(_bench(made(schedule, kernels_device()), recorder, seed + round_))
    found = recorder.report(name)
    return Evidence(Status.TESTED, found.cases, found.failures, "sample calls of the conformance suite")


def _bench(domain: ScalarDomain, recorder: Recorder, seed: int) -> Bench:
    derived: dict[str, Callable[..., Any]] = {op: partial(_meaning, op) for op in domain.overrides}
    return Bench(domain, judge_of(domain, Rounding.NEAREST_EVEN), recorder, 0, seed, (), derived, SAMPLE_CALLS)


def _meaning(op: str, domain: ScalarDomain, *operands: Any, **attributes: Any) -> Any:
    return op_named(op).meaning(domain, *operands, **attributes)


def _bridge(name: str) -> Bridge:
    made, schedules = _DOMAINS[name]
    ops = sorted({op for schedule in schedules for op in made(schedule, "cpu").overrides})
    equal = "meets" if name in ("real", "error_bound") else "has the bits of"
    claim = Claim(
        f"{name.replace('_', '-')}-overrides-are-derived-meanings",
        f"every op that the domain {name} computes itself ({', '.join(ops)}) {equal} the op's meaning over its primitives",
        (name, "derived"), "the sample calls of the conformance suite, normal deviates, a tenth of them corners", Status.TESTED,
        "any: real sums have no order" if name == "real" else ", ".join(map(str, schedules)), ops=tuple(ops),
    )  # fmt: skip
    return Bridge(claim, partial(_check, name))


BRIDGES = tuple(map(_bridge, _DOMAINS))
