"""What the documents promise runs: the demo, the first Python block of the README, the worked examples; and what is shipped
with these is what they make."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.data import read_arrays
from fpsem.train import read_log
from fpsem.verify import check

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DIGITS = EXAMPLES / "digits"

Example = Callable[[str], ModuleType]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Example:
    """Gives the module of an example's file."""

    def load(file: str) -> ModuleType:
        path = EXAMPLES / file
        monkeypatch.syspath_prepend(path.parent)
        spec = importlib.util.spec_from_file_location(f"examples_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclasses look it up
        spec.loader.exec_module(module)
        return module

    return load


def output_of(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return re.sub(r"\s+", " ", done.stdout)


def test_the_demo_runs_to_its_end() -> None:
    said = output_of("examples/digits/demo.py")
    assert re.search(r"differ in 0 bit patterns", said)
    assert re.search(r"Proved\(", said)


def test_the_first_python_block_of_the_readme_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert block is not None
    assert output_of("-c", block[1])


# -- digits ------------------------------------------------------------------------------------------------------------


def test_the_parts_of_the_digits_share_out_all_images(example: Example) -> None:
    parts = example("digits/digits_data.py").load_parts(64)
    held = read_arrays(DIGITS / "digits_data.npz")
    rows = np.concatenate([np.column_stack([part.x * 16, part.y]) for part in parts])
    whole = np.column_stack([held["images"].reshape(-1, 64), held["labels"]])
    assert [len(part) for part in parts] == [1300, 197, 300]
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, whole.tolist()))


@pytest.mark.parametrize(("model", "shape"), [("digits", (64,)), ("cnn/cnn", (1, 8, 8))])
def test_the_shipped_models_are_right_on_96_of_100_test_images(model: str, shape: tuple[int, ...]) -> None:
    held = read_arrays(DIGITS / "images.npz")
    graph, params = fpsem.load(DIGITS / model)
    images = held["images"].reshape(-1, 1, *shape)
    right = [fpsem.run(graph, params, x, fpsem.NumPyFloat32()).argmax() == y for x, y in zip(images, held["labels"])]
    assert len(right) == 300
    assert np.mean(right) >= 0.96


def test_training_gives_the_shipped_files_bit_for_bit(example: Example, tmp_path: Path) -> None:
    example("digits/train.py").main(folder=tmp_path)
    for name in ("digits.json", "digits.safetensors"):
        assert (tmp_path / name).read_bytes() == (DIGITS / name).read_bytes()
    logs = [read_log(folder / "training.json") for folder in (tmp_path, DIGITS)]
    assert logs[0].series == logs[1].series
    made, shipped = (read_arrays(folder / "images.npz") for folder in (tmp_path, DIGITS))
    assert all(np.array_equal(made[name], shipped[name]) for name in ("images", "labels"))


def test_training_over_codes_gives_the_shipped_log_bit_for_bit(example: Example, tmp_path: Path) -> None:
    made = example("digits/train.py").main(120, tmp_path, fpsem.IEEE32Exec()).log
    shipped = read_log(DIGITS / "training.json")
    assert made.series == {name: values[:120] for name, values in shipped.series.items()}
    assert made.series["eval_accuracy"][99] is not None


def test_the_convolutional_digits_learn(example: Example, tmp_path: Path) -> None:
    made = example("digits/train_cnn.py").main(40, tmp_path / "cnn")
    assert made.report.after["accuracy"] > made.report.before["accuracy"] + 0.2
    graph, params = fpsem.load(tmp_path / "cnn")
    assert graph == fpsem.load(DIGITS / "cnn")[0]
    assert {name: value.shape for name, value in params.items()} == graph.parameters


def test_the_shipped_certificate_is_accepted() -> None:
    assert check(DIGITS / "certificate.json") == []
    assert json.loads((DIGITS / "certificate.json").read_bytes())["claim"].startswith("For every real input")


def test_certify_proves_one_image_counts_others_and_has_every_tampering_refused(example: Example, tmp_path: Path) -> None:
    for name in ("digits.json", "digits.safetensors", "images.npz"):
        shutil.copy(DIGITS / name, tmp_path)
    certify = example("digits/certify.py")
    tables = certify.main(tmp_path, images=30, samples=4)
    assert (tmp_path / "certificate.json").read_bytes() == (DIGITS / "certificate.json").read_bytes()
    assert all(0 < table.rows[0].certified <= table.rows[0].resisted <= 30 for table in tables)
    found = certify.check_all(tmp_path / "certificate.json")
    assert len(found) == len(certify.TAMPERINGS) + 2
    assert [what for what, reasons in found.items() if not reasons] == ["nothing"]


# -- regression --------------------------------------------------------------------------------------------------------


def test_regression_agrees_in_every_bit_in_one_schedule_and_not_in_another(example: Example, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    same, other = example("regression/regression.py").main(25, tmp_path)
    assert same is None
    assert other is not None
    assert (tmp_path / "curve.svg").read_bytes().startswith(b"<svg")


def test_regression_learns_its_polynomial(example: Example) -> None:
    regression = example("regression/regression.py")
    result, codes = regression.train(fpsem.NumPyFloat32(regression.SCHEDULE), 150)
    assert len(codes) == 150
    assert result.report.after["loss"] < 0.1 * result.report.before["loss"]


# -- pinn --------------------------------------------------------------------------------------------------------------


def test_pinn_proves_more_than_is_seen(example: Example) -> None:
    pinn = example("pinn/pinn.py")
    bound, seen = pinn.main(20, (6, 12))
    assert 0 < seen <= bound


def test_the_loss_of_pinn_falls(example: Example) -> None:
    _, losses = example("pinn/pinn.py").train(60, fpsem.NumPyFloat32())
    assert losses[-1] < 0.2 * losses[0]


def test_the_residual_and_its_slope_are_those_of_the_formula(example: Example, float64: Any) -> None:
    pinn = example("pinn/pinn.py")
    t, params = np.linspace(0, 1.5, 7, dtype=np.float32)[:, None], pinn.MODEL.init(seed=3)
    found = fpsem.run(pinn.residual_slope_graph(7), params, t, float64)
    w, b, v, c = (params[name].astype(np.float64) for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    y = np.tanh(t.astype(np.float64) * w.T + b)
    first, second = 1 - y**2, -2 * y * (1 - y**2)
    third = -2 * first**2 - 2 * y * second
    u, du, ddu, dddu = (d * w.T**k @ v.T + (c if k == 0 else 0) for k, d in enumerate((y, first, second, third)))
    expected = {"u": u, "u'": du, "residual": ddu + u, "slope": dddu + du}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-13, atol=1e-15)


def test_a_sample_outside_an_enclosure_is_noticed(example: Example) -> None:
    pinn = example("pinn/pinn.py")
    found = pinn.enclose(pinn.MODEL.init(seed=0), 4)
    assert found.holds
    least, largest = found.sampled
    assert not replace(found, direct=(found.direct[0], largest.min(axis=1))).holds
    assert not replace(found, mean_value=(least.max(axis=1), found.mean_value[1])).holds


def test_a_decimal_bound_is_rounded_up(example: Example) -> None:
    pinn = example("pinn/pinn.py")
    third = pinn.Fraction(1, 3)
    assert pinn.Fraction(pinn.round_up(third)) >= third
    assert pinn.round_up(third) == "3.34e-1"


def test_the_orders_example_runs_to_its_end() -> None:
    said = output_of("examples/orders/orders.py")
    assert "1e20 - 1e20 + 1 is 1 from the left and 0 from the right." in said
    assert "numpy.sum of 1000 terms: numpy_pairwise; TESTED 200" in said
    assert "numpy.dot of 16 terms:" in said
    assert "sequential: 0 of 3000 logits have other bits" in said
    assert "ONNX Runtime, 300 images: TESTED 3,000; equal bits." in said or "ONNX Runtime is not installed" in said


# -- questions ---------------------------------------------------------------------------------------------------------


def test_the_questions_about_the_digits_are_answered(example: Example) -> None:
    said = example("questions/questions.py").main(1)
    assert said == {"a sixteenth": ["Proved"], "anything": ["Proved"], "monotone": ["Refuted"], "orders": ["Refuted"]}
