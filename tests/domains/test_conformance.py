"""Every domain keeps the promise of its contract, overrides included."""

from __future__ import annotations

from typing import Any

import pytest

import fpsem.domains
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Blocked, Pairwise, Sequential
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.domains.real import Real
from fpsem.domains.rounded_real import RoundedReal
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.domains.symbolic_real import SymbolicReal
from fpsem.graph.ops import op_named
from fpsem.softfloat import Raised
from fpsem.testing import SAMPLE_CALLS, check_domain

SAMPLES = 40

DOMAINS: list[Any] = [
    CuPyFloat32(device="cpu"),
    CuPyFloat32("lanes:width=4", device="cpu"),
    CuPyFloat32("pairwise:leaf=2,fused", "library", device="cpu"),
    *(IEEE32Exec(rounding=direction) for direction in Rounding),
    IEEE32Exec(schedule=Pairwise(leaf=2)),
    IEEE32Exec(nan="x86"),
    IEEE32Exec(flags=Raised()),
    NumPyFloat32(),
    NumPyFloat32(schedule=Blocked(block=4, fused=True)),
    NumPyFloat32(elementary="correctly_rounded"),
    *(SymbolicFP32(rounding=direction) for direction in Rounding if direction is not Rounding.TO_ODD),
    ErrorBound(),
    ErrorBound(schedule=Sequential(fused=True)),
    Interval(),
    Interval("binary32"),
    Interval("binary32", "pairwise:leaf=2,fused"),
    Real(),
    Real(bits=64),
    RoundedReal(),
    RoundedReal(rounding="upward"),
    SymbolicReal(),
]


def derived(domain: Any) -> Any:
    """The derived meaning of every op that the domain overrides."""
    return {name: lambda d, *x, name=name, **a: op_named(name).meaning(d, *x, **a) for name in domain.overrides}


def direction_of(domain: Any) -> Any:
    return getattr(domain, "rounding", Rounding.NEAREST_EVEN)


def test_every_domain_is_on_trial_here() -> None:
    assert {type(domain).__name__ for domain in DOMAINS} == set(fpsem.domains.__all__)


def test_every_override_has_a_sample_call() -> None:
    overridden = {name for domain in (*DOMAINS, NumPyFloat32(schedule="library")) for name in domain.overrides}
    assert overridden <= set(SAMPLE_CALLS)


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_domain_keeps_its_contract(domain: Any) -> None:
    report = check_domain(domain, samples=SAMPLES, rounding=direction_of(domain), derived=derived(domain))
    assert report.cases > 1000
    assert not [reason for reason in report.skipped if reason.startswith("override")]


def test_numpys_own_reductions_keep_the_contract_in_all_but_the_overrides_which_promise_no_bits() -> None:
    report = check_domain(NumPyFloat32(schedule="library"), samples=SAMPLES)
    assert report.skipped == tuple(f"override {name}: no derived meaning was given" for name in ("matmul", "sum"))


@pytest.mark.parametrize("direction", [d for d in Rounding if d is not Rounding.NEAREST_EVEN])
def test_a_direction_that_is_not_the_one_of_the_domain_is_noticed(direction: Rounding) -> None:
    report = check_domain(IEEE32Exec(), samples=SAMPLES, rounding=direction, raising=False)
    broken = {failure.split(":")[0] for failure in report.failures}
    ties = {"value add", "value sub", "value mul", "value div", "value fma", "embed constant"}
    inexact = {"value sqrt", "value exp", "value tanh"}  # which no tie can be
    assert ties | (set() if direction is Rounding.NEAREST_AWAY else inexact) <= broken
    assert not {"value neg", "value minimum", "truth less"} & broken
