"""``fpsem reveal`` and ``replay``: what they print, draw and write, their exit codes, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.interop.checkpoint import save


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small ONNX file, and an input beside it."""
    pytest.importorskip("onnx")
    network = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 4))
    save(tmp_path / "small.onnx", network.lower((1, 30)), network.init(seed=0))
    x = np.random.default_rng(0).uniform(-1, 1, (2, 30)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    return tmp_path / "small.onnx"


def test_the_order_of_numpys_sum_is_printed(printed: Any) -> None:
    out = printed("reveal", "numpy.sum", "-n", 300, "--vectors", 20)
    assert "schedule  numpy_pairwise\n" in out
    assert "TESTED 20: vectors bit for bit" in out
    assert "300 terms, height 18" in out
    assert "... " in out
    assert "... " not in printed("reveal", "numpy.sum", "-n", 300, "--vectors", 20, "--tree").split("\n\n")[1]


def test_it_is_json_for_machines_and_a_picture(printed: Any, tmp_path: Path) -> None:
    picture = tmp_path / "tree.svg"
    told = json.loads(printed("reveal", "numpy.cumsum", "-n", 12, "--vectors", 5, "--draw", picture, "--json"))
    assert told["schedule"]["schedule"] == "sequential"
    assert told["evidence"] == "TESTED 5"
    assert picture.read_text().startswith("<svg")


def test_an_element_of_a_product_is_looked_at(printed: Any) -> None:
    out = printed("reveal", "numpy.matmul", "-n", 8, "--shape", "20,30", "--element", "3,4", "--vectors", 5)
    assert "product: (20, 8) x (8, 30)\nelement: (3, 4)" in out


def test_an_order_that_stays_unknown_is_exit_code_1(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from fpsem.discover import targets

    monkeypatch.setitem(targets._NUMPY_SUMS, "numpy.sum", lambda x: np.max(x))  # type: ignore[arg-type]
    code, out, _ = call("reveal", "numpy.sum", "-n", 9)
    assert code == 1
    assert "schedule  none\nevidence  UNKNOWN: the sum of 9 ones is" in out


def test_what_does_not_fit_is_refused(refused: Any, tmp_path: Path) -> None:
    assert "Did you mean 'numpy.sum'" in refused("reveal", "numpy.smu")
    assert "--shape '3': two numbers" in refused("reveal", "numpy.matmul", "--shape", "3")
    assert "the picture is an .svg" in refused("reveal", "numpy.sum", "--draw", tmp_path / "x.png")


def test_models_are_replayed_and_reported(printed: Any, model: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (row,) = json.loads(printed("replay", model, "--inputs", 20, "--report", tmp_path / "report.md", "--json"))
    assert (row["outputs"], row["equal bits"]) == (80, "80 (100.0 %)")
    text = (tmp_path / "report.md").read_text()
    assert "| small.onnx | 20 | 80 | 80 (100.0 %) |" in text
    assert "Gemm (1, 30) x (30, 20) + bias: " in text


def test_a_run_in_the_runtimes_order_says_whether_it_has_its_bits(call: Any, model: Path) -> None:
    pytest.importorskip("onnxruntime")
    arguments = ("run", model, "-i", model.with_name("x.npy"), "-d", "ieee32", "-s", "onnxruntime", "-s", "sequential", "--json")
    code, out, err = call(*arguments)
    assert code == 0
    assert "onnxruntime: 4 of 4 outputs have its own bits" in err
    assert json.loads(out)["domains"] == ["ieee32", "onnxruntime"]


def test_the_runtimes_order_is_of_an_onnx_file_in_one_domain(refused: Any, model: Path, tmp_path: Path) -> None:
    x = model.with_name("x.npy")
    assert "is an order of --domain ieee32" in refused("run", model, "-i", x, "-d", "real", "-s", "onnxruntime")
    network = nn.Sequential(nn.Linear(30, 4))
    save(tmp_path / "other.json", network.lower((1, 30)), network.init(seed=0))
    assert "needs an ONNX file" in refused("run", tmp_path / "other.json", "-i", x, "-s", "onnxruntime")
