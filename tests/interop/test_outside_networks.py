"""VNN-COMP networks, where they are at hand: FPSEM_VNN names the folder that holds BENCHMARK/onnx/*.onnx.gz."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.graph.denote import denote
from fpsem.interop.checkpoint import load, save

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")

FOLDER = os.environ.get("FPSEM_VNN", "")
PATHS = sorted(Path(FOLDER).glob("*/onnx/*.onnx*")) if FOLDER else []

pytestmark = [
    pytest.mark.outside,
    pytest.mark.skipif(not FOLDER, reason="FPSEM_VNN does not name a folder of VNN-COMP benchmarks"),
]


def test_the_folder_holds_networks() -> None:
    assert PATHS, f"no BENCHMARK/onnx/*.onnx.gz in {FOLDER}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_network_means_what_the_reference_says(path: Path, float64: Any, tmp_path: Path) -> None:
    graph, params = load(path)
    ((name, shape),) = graph.inputs.items()
    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    (expected,) = reference.ReferenceEvaluator(onnx.load_model_from_string(data)).run(None, {name: x})
    (found,) = denote(graph, params, {name: x}, float64).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4 * np.abs(expected).max())
    save(tmp_path / "again", graph, params)
    assert load(tmp_path)[0] == graph
