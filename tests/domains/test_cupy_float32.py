"""CuPyFloat32 beyond its contract: its choices, what it says where a GPU is missing, and what the host settles."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import MissingExtraError, UndefinedError, UnknownNameError, UnsupportedError
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.schedule import Compensated, Exact, Pairwise, Sequential
from fpsem.domains import _kernels
from fpsem.domains.cupy_float32 import LIBRARY_ULPS, CuPyFloat32
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.softfloat.words.c_compiler import COMPILERS
from fpsem.testing.operands import columns

pytestmark = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason=f"no C compiler: {', '.join(COMPILERS)}")
HERE = CuPyFloat32(device="cpu")


def test_unknown_choices_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"elementary functions 'fast'.* Known: correctly_rounded, library"):
        CuPyFloat32(elementary="fast")
    with pytest.raises(UnknownNameError, match=r"device 'cuda'.* Known: cpu, gpu"):
        CuPyFloat32(device="cuda")
    with pytest.raises(UnknownNameError, match="schedule 'blas'"):
        CuPyFloat32(schedule="blas")  # type: ignore[arg-type]


def test_without_cupy_the_extra_is_named_when_the_gpu_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    _kernels.device_named.cache_clear()
    with pytest.raises(MissingExtraError, match=r"cupy is not installed: it comes with the extra 'cuda'"):
        CuPyFloat32().from_bits(np.zeros(1, np.uint32))
    _kernels.device_named.cache_clear()


def test_its_contract_allows_ulps_only_to_the_library() -> None:
    assert HERE.contract.elementary_ulps == 0
    assert CuPyFloat32(elementary="library").contract.elementary_ulps == max(LIBRARY_ULPS.values()) == 4
    assert LIBRARY_ULPS.keys() == set(ELEMENTARY)


class Doubtful(CuPyFloat32):
    """A domain whose kernels decide only every third argument, and are wrong elsewhere."""

    def attempt(self, name: str, x: Any) -> Any:
        made, decided = super().attempt(name, x)
        sure = (np.arange(made.size) % 3 == 0).reshape(made.shape)
        return np.where(sure, made, made ^ np.uint32(1)), decided & sure


@pytest.mark.parametrize("name", ["exp", "tanh", "sin"])
def test_what_a_kernel_leaves_undecided_the_host_settles(name: str) -> None:
    (codes,) = columns(1, 60, seed=3, limit=60)
    codes = codes[: len(codes) // 2 * 2].reshape(2, -1)
    domain = Doubtful(device="cpu")
    found = domain.to_bits(getattr(domain, name)(domain.from_bits(codes)))
    assert np.array_equal(found, getattr(IEEE32Exec(), name)(codes))


def test_operands_are_left_as_they_are_and_need_not_be_contiguous() -> None:
    codes = np.arange(12, dtype=np.uint32).reshape(3, 4) + np.uint32(1 << 29)
    x = HERE.from_bits(codes.copy())[::-1, ::2]
    assert np.array_equal(HERE.to_bits(HERE.exp(x)), IEEE32Exec().exp(codes[::-1, ::2]))
    assert np.array_equal(HERE.to_bits(HERE.cast(x.T, "bfloat16")), IEEE32Exec().cast(codes[::-1, ::2].T, "bfloat16"))
    assert np.array_equal(HERE.to_bits(x), codes[::-1, ::2])


def test_a_cast_to_its_own_format_changes_nothing_and_to_none_is_refused() -> None:
    (codes,) = columns(1, 20, seed=0)
    assert np.array_equal(HERE.to_bits(HERE.cast(HERE.from_bits(codes), "binary32")), codes)
    with pytest.raises(UnknownNameError, match="format 'binary33'"):
        HERE.cast(HERE.from_bits(codes), "binary33")


def test_sums_follow_the_schedule() -> None:
    x = np.array([1, 2**-24, 2**-24, 2**-24], np.float32)
    graph = trace(lambda x: x.sum(), (4,))
    found = {s: float(run(graph, {}, x, CuPyFloat32(s, device="cpu"))) for s in (Sequential(), Pairwise())}
    assert found == {Sequential(): 1.0, Pairwise(): 1 + 2**-23}


def test_a_schedule_that_is_no_tree_is_its_derived_meaning_or_refused() -> None:
    x = np.array([1, 2**-24, 2**-24, 2**-24], np.float32)
    graph = trace(lambda x: x.sum(), (4,))
    assert CuPyFloat32(Compensated(), device="cpu").overrides.keys() == {"max"}
    found, wanted = (run(graph, {}, x, d) for d in (CuPyFloat32(Compensated(), device="cpu"), IEEE32Exec(schedule=Compensated())))
    assert found.view(np.uint32) == wanted > IEEE32Exec().from_bits(np.float32(1).view(np.uint32))
    for schedule in (Exact(), Sequential(accumulator="binary64")):
        with pytest.raises(UnsupportedError, match="cupy_float32 holds sums in binary32 only"):
            run(graph, {}, x, CuPyFloat32(schedule, device="cpu"))


def test_a_number_that_is_none_has_no_enclosure() -> None:
    with pytest.raises(UndefinedError, match=r"element \[0, 1\] is infinite"):
        HERE.enclosure(HERE.from_bits(np.array([[0, 0x7F800000]], np.uint32)))
