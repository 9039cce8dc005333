"""NumPyFloat32 beyond its contract: it is numpy's arithmetic, quietly, with schedules and two kinds of functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from fpsem.core.errors import UndefinedError, UnknownNameError
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.schedule import Pairwise, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import LIBRARY_ULPS, NumPyFloat32
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.testing import binary32_arrays
from fpsem.testing.operands import columns

NATIVE = NumPyFloat32()


def floats(*values: float) -> Any:
    return np.array(values, np.float32)


def test_unknown_choices_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"elementary functions 'exact'.* Known: correctly_rounded, library"):
        NumPyFloat32(elementary="exact")
    with pytest.raises(UnknownNameError, match="schedule 'blas'"):
        NumPyFloat32(schedule="blas")


def test_its_contract_allows_ulps_only_to_the_library() -> None:
    assert NumPyFloat32().contract.elementary_ulps == LIBRARY_ULPS
    assert NumPyFloat32(elementary="correctly_rounded").contract.elementary_ulps == 0


@given(binary32_arrays((2, 2)))
def test_codes_embed_and_read_back_unchanged(codes: Any) -> None:
    assert np.array_equal(NATIVE.to_bits(NATIVE.from_bits(codes)), codes)
    assert np.array_equal(NATIVE.to_bits(NATIVE.from_bits(codes).T), codes.T)


@pytest.mark.parametrize(("compute", "expected"), [
    (lambda d: d.div(floats(1), floats(0)), np.inf),
    (lambda d: d.div(floats(0), floats(0)), np.nan),
    (lambda d: d.mul(floats(3e38), floats(10)), np.inf),
    (lambda d: d.mul(floats(1e-38), floats(1e-7)), 1e-45),
    (lambda d: d.sqrt(floats(-1)), np.nan),
    (lambda d: d.fma(floats(np.inf), floats(0), floats(1)), np.nan),
    (lambda d: d.log(floats(0)), -np.inf),
    (lambda d: d.exp(floats(100)), np.inf),
    (lambda d: d.sin(floats(np.inf)), np.nan),
])  # fmt: skip
def test_overflow_underflow_and_nan_are_results_and_no_warnings(compute: Any, expected: float) -> None:
    assert np.array_equal(compute(NATIVE), floats(expected), equal_nan=True)


def test_opposite_zeros_are_ordered() -> None:
    plus, minus = floats(0.0), floats(-0.0)
    for x, y in ((plus, minus), (minus, plus)):
        assert np.signbit(NATIVE.minimum(x, y)).all()
        assert not np.signbit(NATIVE.maximum(x, y)).any()


def test_fma_rounds_once() -> None:
    x = floats(1 + 2**-12)
    assert NATIVE.sub(NATIVE.mul(x, x), floats(1 + 2**-11)) == 0
    assert NATIVE.fma(x, x, floats(-(1 + 2**-11))) == 2**-24


def test_a_number_that_is_none_has_no_enclosure() -> None:
    with pytest.raises(UndefinedError, match=r"element \[0, 1\] is infinite"):
        NATIVE.enclosure(floats(1, np.inf).reshape(1, 2))


@pytest.mark.parametrize("name", ELEMENTARY)
def test_correctly_rounded_functions_are_those_of_the_exact_domain(name: str) -> None:
    (codes,) = columns(1, 60, seed=3, limit=120)
    slow = NumPyFloat32(elementary="correctly_rounded")
    found, expected = slow.to_bits(getattr(slow, name)(codes.view(np.float32))), getattr(IEEE32Exec(), name)(codes)
    assert np.array_equal(found, expected)


def test_sums_follow_the_schedule() -> None:
    x = floats(1, 2**-24, 2**-24, 2**-24)
    graph = trace(lambda x: x.sum(), (4,))
    found = {s: float(run(graph, {}, x, NumPyFloat32(schedule=s))) for s in (Sequential(), Pairwise())}
    assert found == {Sequential(): 1.0, Pairwise(): 1 + 2**-23}


def test_the_library_sums_and_multiplies_as_numpy_does() -> None:
    library = NumPyFloat32(schedule="library")
    x = np.random.default_rng(0).standard_normal((300, 7)).astype(np.float32)
    assert np.array_equal(run(trace(lambda x: x.sum(axis=0), x.shape), {}, x, library), x.sum(axis=0))
    assert np.array_equal(run(trace(lambda x: x @ x.T, x.shape), {}, x, library), x @ x.T)
    assert library.overrides.keys() == {"matmul", "sum"}
