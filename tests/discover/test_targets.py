"""Targets by name: numpy's really run; those of libraries that are not installed are skipped, or missed with their extra."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from fpsem.core.claim import Evidence
from fpsem.core.errors import MissingExtraError
from fpsem.core.schedule import Sequential
from fpsem.discover import TARGETS, reveal


@pytest.mark.parametrize("n", [3, 8, 20, 31])
def test_numpy_dot_of_few_terms_replays(n: int) -> None:
    found = reveal("numpy.dot", n)
    assert isinstance(found.evidence, Evidence)
    assert found.schedule is not None
    assert found.tree is not None


@pytest.mark.parametrize("n", [1, 7, 64, 500])
@pytest.mark.parametrize(("shape", "element"), [((16, 16), (0, 0)), ((1, 5), (0, 3)), ((33, 2), (32, 1))])
def test_numpy_matmul_replays_or_says_why_not(n: int, shape: Any, element: Any) -> None:
    found = reveal("numpy.matmul", n, shape=shape, element=element, vectors=30)
    if found.schedule is None:
        assert "partial sums are wider" in str(found.evidence)  # a dot product with a tail in double precision
    else:
        assert found.evidence == Evidence(found.evidence.status, 30, (), found.evidence.detail)  # type: ignore[union-attr]


def test_numpy_cumsum_is_sequential() -> None:
    assert reveal("numpy.cumsum", 100, vectors=20).schedule == Sequential()


def test_a_mean_is_its_sum_divided() -> None:
    assert str(reveal("numpy.mean", 300, vectors=50).schedule) == "numpy_pairwise"


@pytest.mark.parametrize("name", [name for name in TARGETS if name.startswith("torch.")])
def test_torch_replays(name: str) -> None:
    pytest.importorskip("torch")
    found = reveal(name, 100, vectors=50)
    assert isinstance(found.evidence, Evidence), found.evidence


@pytest.mark.parametrize("name", [name for name in TARGETS if name.startswith("onnxruntime.")])
def test_onnxruntime_replays(name: str) -> None:
    pytest.importorskip("onnxruntime")
    found = reveal(name, 100, vectors=50)
    assert isinstance(found.evidence, Evidence), found.evidence


@pytest.mark.parametrize(("name", "package"), [("torch.sum", "torch"), ("onnxruntime.MatMul", "onnxruntime")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(name: str, package: str) -> None:
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtraError, match=rf"fpsem\[{package}\]"):
        reveal(name, 4)
