"""The replay of ONNX Runtime: rules, joined biases, and models whose every output has the runtime's bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.core.claim import Evidence, Status
from fpsem.core.errors import FileFormatError
from fpsem.core.schedule import Blocked, Pairwise, Schedule, Sequential, parse_schedule
from fpsem.discover._onnx_layers import Layer, joined
from fpsem.discover.onnxruntime import Rule, RuntimeExec, describe, from_zero, model_bytes, read_as_runtime, replay
from fpsem.discover.revealing import Revealed
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.interop.checkpoint import load, save

MODEL = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 4))
F = np.float32


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    """A small network as a file: Gemm with transposed weights."""
    pytest.importorskip("onnx")
    path = tmp_path / "small.onnx"
    save(path, MODEL.lower((1, 30)), MODEL.init(seed=0))
    return path


@pytest.fixture
def matmul_file(tmp_path: Path) -> Path:
    """MatMul and Add of a long row, for which the runtime's blocks matter; then MatMul alone."""
    pytest.importorskip("onnx")
    from fpsem.discover import _onnx_boxes

    chance = np.random.default_rng(0)
    stored = {"w": chance.standard_normal((600, 8)).astype(F), "b": chance.standard_normal(8).astype(F)}
    stored["v"] = chance.standard_normal((8, 3)).astype(F)
    node = _onnx_boxes.node
    nodes = [node("MatMul", "xw", "t"), node("Add", "tb", "u"), node("Relu", "u", "r"), node("MatMul", "rv")]
    path = tmp_path / "long.onnx"
    path.write_bytes(_onnx_boxes.model_of(nodes, {"x": (1, 600)}, (1, 3), stored))
    return path


def test_the_layers_of_a_file_are_read_and_biases_joined(onnx_file: Path, matmul_file: Path) -> None:
    graph, params = load(onnx_file)
    same, layers = joined(graph, model_bytes(onnx_file))
    assert [str(layer) for layer in layers] == ["Gemm (1, 30) x (30, 20) + bias", "Gemm (1, 20) x (20, 4) + bias"]
    graph, params = load(matmul_file)
    same, layers = joined(graph, model_bytes(matmul_file))
    assert [str(layer) for layer in layers] == ["MatMul (1, 600) x (600, 8) + bias", "MatMul (1, 8) x (8, 3)"]
    x = np.random.default_rng(1).standard_normal((1, 600)).astype(F)
    domain = IEEE32Exec(schedule=Pairwise())
    assert (run(same, params, x, domain) == run(graph, params, x, domain)).all()


def test_a_product_that_is_read_twice_is_not_joined_with_a_bias(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from fpsem.discover import _onnx_boxes

    node, path = _onnx_boxes.node, tmp_path / "twice.onnx"
    nodes = [node("MatMul", "xw", "t"), node("Add", "tb", "u"), node("Mul", "tu")]
    path.write_bytes(_onnx_boxes.model_of(nodes, {"x": (1, 3)}, (1, 2), {"w": np.ones((3, 2), F), "b": np.ones(2, F)}))
    _, layers = joined(load(path)[0], model_bytes(path))
    assert [str(layer) for layer in layers] == ["MatMul (1, 3) x (3, 2)"]


@pytest.mark.parametrize("schedule", [Sequential(fused=True), Blocked(block=4, fused=True), Sequential(), Pairwise()])
def test_a_rule_that_starts_from_zero_gives_the_bits_of_one_that_does_not(schedule: Schedule) -> None:
    layer = Layer("Gemm", 2, 10, 3, False)
    made, zeros = from_zero(schedule, 10)
    domain = RuntimeExec(rules=(Rule(layer, made, zeros),))
    graph = trace(lambda a, b: a @ b, (2, 10), (10, 3))
    chance = np.random.default_rng(0)
    given = {"a": chance.standard_normal((2, 10)).astype(F), "b": chance.standard_normal((10, 3)).astype(F)}
    assert (run(graph, {}, given, domain) == run(graph, {}, given, IEEE32Exec(schedule=schedule))).all()
    minus = {"a": np.full((2, 10), -0.0, F), "b": np.ones((10, 3), F)}
    assert not run(graph, {}, minus, domain).any()
    assert run(graph, {}, minus, IEEE32Exec(schedule=schedule)).all()


def test_a_rule_is_told_in_words() -> None:
    layer = Layer("Gemm", 1, 4, 3, True)
    bias_last = parse_schedule("tree:fused=True,pairs=(4, (((0, 1), 2), 3))")
    bias_inside = parse_schedule("tree:fused=True,pairs=((4, (0, 1)), (2, 3))")
    told = [describe(layer, Revealed("x", 5, Evidence(Status.TESTED, 1), s)) for s in (bias_last, bias_inside)]
    assert told[0] == "sequential:fused=True, the bias after 4 of 4 products"
    assert told[1] == "pairwise:fused=True, the bias after 2 of 4 products"


def test_every_output_of_a_network_has_the_runtimes_bits(onnx_file: Path) -> None:
    pytest.importorskip("onnxruntime")
    graph, params = load(onnx_file)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 1, 30)).astype(F)
    found = replay(graph, params, onnx_file, x)
    assert found.reading.unknown == ()
    assert (found.evidence.cases, found.equal, found.evidence.failures) == (200, 200, ())


@pytest.mark.parametrize("optimisation", ["all", "off"])
def test_a_long_product_and_its_bias_have_the_runtimes_bits(matmul_file: Path, optimisation: str) -> None:
    pytest.importorskip("onnxruntime")
    graph, params = load(matmul_file)
    x = np.random.default_rng(0).standard_normal((40, 1, 600)).astype(F)
    found = replay(graph, params, matmul_file, x, optimisation)
    assert found.evidence.holds, found.evidence.failures


def test_a_wrong_rule_is_found_out(onnx_file: Path) -> None:
    pytest.importorskip("onnxruntime")
    graph, params = load(onnx_file)
    reading = read_as_runtime(graph, onnx_file)
    wrong = tuple(Rule(r.layer, Pairwise(), 0) for r in reading.domain.rules)
    spoiled = type(reading)(reading.graph, RuntimeExec(rules=wrong), reading.found)
    x: Any = np.random.default_rng(0).standard_normal((30, 1, 30)).astype(F)
    found = replay(graph, params, onnx_file, x, reading=spoiled)
    assert found.equal < found.evidence.cases
    assert len(found.evidence.failures) == found.evidence.cases - found.equal
    assert "onnxruntime 0x" in found.evidence.failures[0]


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx.gz"
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(FileFormatError, match="not a whole gzip file"):
        model_bytes(path)
