"""The domain on arrays that are not numpy's: every op of every graph works there, and no result is numpy's by accident."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.schedule import Compensated, Sequential
from fpsem.domains import _kernels
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import trace
from fpsem.report import matrix
from fpsem.softfloat.words.c_compiler import COMPILERS
from fpsem.testing import check_domain

pytestmark = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason=f"no C compiler: {', '.join(COMPILERS)}")

_spec = importlib.util.spec_from_file_location("foreign", Path(__file__).with_name("foreign.py"))
assert _spec is not None
assert _spec.loader is not None
foreign = importlib.util.module_from_spec(_spec)
sys.modules["foreign"] = foreign
_spec.loader.exec_module(foreign)


@pytest.fixture(autouse=True)
def _device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_kernels.DEVICES, "foreign", foreign.ForeignDevice)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", ["sequential", "lanes:width=4", "pairwise:fused"])
def test_the_contract_is_kept(schedule: str) -> None:
    domain = CuPyFloat32(schedule, device="foreign")
    derived = {name: lambda d, *x, name=name, **a: op_named(name).meaning(d, *x, **a) for name in domain.overrides}
    assert check_domain(domain, samples=20, derived=derived).cases > 1000


@pytest.mark.parametrize("op", [name for name in names() if not op_named(name).is_leaf])
def test_an_op_works(op: str) -> None:
    domain = CuPyFloat32(device="foreign")
    watched = matrix._Watched(domain)
    matrix._run(op_named(op), domain, watched)
    assert matrix._word(domain, watched) == "bits"


def test_a_schedule_without_a_tree_works() -> None:
    graph, x = trace(lambda x: x.sum(), (9,)), np.arange(9, dtype=np.float32) / 3
    found = run(graph, {}, x, CuPyFloat32(Compensated(), device="foreign"))
    assert found.held.view(np.uint32) == run(graph, {}, x, IEEE32Exec(schedule=Compensated()))


def test_a_network_gives_the_bits_of_the_exact_domain() -> None:
    model = nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.LayerNorm(7), nn.Linear(7, 3), nn.Softmax(dim=-1))
    graph, payload = model.lower((4, 5)), model.init(seed=0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 5)).astype(np.float32)
    domain = CuPyFloat32(device="foreign")
    found = run(graph, payload, x, domain)
    assert isinstance(found, foreign.Foreign)
    assert (domain.to_bits(found) == run(graph, payload, x, IEEE32Exec(schedule=Sequential()))).all()
