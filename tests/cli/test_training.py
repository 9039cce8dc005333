"""``train``, ``verify`` and ``check``: what they write and say, and that nothing is lost when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

import fpsem
from fpsem.cli import training
from fpsem.train import load_checkpoint, read_log
from fpsem.train.configured import EXAMPLES, configuration

Run = Callable[..., str]
DIGITS = Path(__file__).parents[2] / "examples" / "digits"

CONFIG: dict[str, Any] = {
    "model": [{"layer": "Linear", "in_features": 3, "out_features": 2}],
    "data": {"file": "points.npz", "classes": 2},
    "task": "classification",
    "optimizer": {"name": "sgd", "lr": 0.1},
    "steps": 4,
    "batch_size": 4,
}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def configured() -> Callable[..., Path]:
    """Writes a configuration and its data, but for what is given."""

    def write(labels: Any = (0, 1) * 6, x: Any = None, **changes: Any) -> Path:
        rows = np.linspace(-1, 1, 3 * len(labels), dtype=np.float32).reshape(-1, 3) if x is None else x
        np.savez("points.npz", x=rows, y=np.array(labels))
        Path("points.json").write_text(json.dumps({**CONFIG, **changes}))
        return Path("points.json")

    return write


# -- train ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_trains(printed: Run, name: str) -> None:
    report = json.loads(printed("train", name, "--steps", 30, "--json", "--out", "model", "--log", "log.json"))
    assert report["steps"] == 30
    assert report["after"]["loss"] < report["before"]["loss"]
    log = read_log(Path("log.json"))
    assert log.steps == tuple(range(1, 31))
    graph, params = fpsem.load("model")
    told = configuration(name)
    assert params.keys() == told.model.declared().keys()
    assert graph.inputs["x"] == (1, *told.dataset.x.shape[1:])


def test_the_help_names_every_example() -> None:
    said = get_type_hints(training.train, include_extras=True)["config"].__metadata__[0].help
    assert f"an example: {', '.join(EXAMPLES)}." in said


def test_two_executing_domains_train_to_the_same_bits(printed: Run) -> None:
    for domain in ("numpy_float32", "ieee32"):
        options = ("-d", domain, "-s", "lanes:width=4", "--out", domain, "--checkpoint", f"{domain}.st")
        printed("train", "regression", "--steps", 20, *options)
    one, other = (fpsem.load(name)[1] for name in ("numpy_float32", "ieee32"))
    assert all(np.array_equal(one[name].view(np.uint32), other[name].view(np.uint32)) for name in one)


def test_another_seed_trains_another_model(printed: Run) -> None:
    command = ("train", "regression", "--steps", 3, "--json")
    reports = [json.loads(printed(*command, "--seed", seed, "--checkpoint", f"{seed}.st")) for seed in (1, 2)]
    assert reports[0]["after"] != reports[1]["after"]


def test_a_resumed_run_gives_the_bits_of_one_that_was_not_interrupted(printed: Run) -> None:
    printed("train", "spirals", "--steps", 40, "--out", "whole", "--checkpoint", "whole.st", "--log", "whole_log.json")
    printed("train", "spirals", "--steps", 15)
    kept = "spirals.checkpoint.safetensors"
    printed("train", "spirals", "--steps", 40, "--resume", kept, "--out", "parts", "--log", "parts_log.json")
    whole, parts = fpsem.load("whole")[1], fpsem.load("parts")[1]
    assert all(np.array_equal(whole[name].view(np.uint32), parts[name].view(np.uint32)) for name in whole)
    assert Path("whole_log.json").read_text() == Path("parts_log.json").read_text()


def test_an_earlier_runs_checkpoint_is_not_overwritten(printed: Run, refused: Run) -> None:
    printed("train", "regression", "--steps", 2)
    before = Path("regression.checkpoint.safetensors").read_bytes()
    assert "is there from an earlier run" in refused("train", "regression", "--steps", 3)
    assert Path("regression.checkpoint.safetensors").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
def test_an_interrupted_run_leaves_a_checkpoint_to_go_on_from(printed: Run) -> None:
    options = ["--steps", "1000000", "--checkpoint", "kept.safetensors", "--checkpoint-every", "5"]
    command = [sys.executable, "-m", "fpsem", "train", "spirals", *options]
    run = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background is born ignoring it
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not Path("kept.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "--resume kept.safetensors" in said
    made = load_checkpoint(Path("kept.safetensors")).state.opt_state.step
    assert made >= 5
    report = json.loads(printed("train", "spirals", "--steps", made + 2, "--resume", "kept.safetensors", "--json"))
    assert report["steps"] == made + 2


def test_a_configuration_file_is_trained_and_its_data_read_beside_it(printed: Run, configured: Any) -> None:
    assert json.loads(printed("train", configured(), "--json"))["steps"] == 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"steps": "many"}, "'steps' is 'many', expected an integer"),
        ({"epochs": 3}, "unknown key of a configuration 'epochs'"),
        ({"model": [{"layer": "Linaer"}]}, "unknown layer 0: 'Linaer'. Did you mean 'Linear'?"),
        ({"model": [{"layer": "Linear", "in_features": 3}]}, "layer 0, Linear"),
        ({"optimizer": {"name": "adam", "betas": [0.9, 0.99999999]}}, "beta2 must be at least 0 and below 1"),
        ({"data": {"file": "nowhere.npz", "classes": 2}}, "nowhere.npz"),
        ({"data": {"sample": "spirals"}}, "sample spirals"),
        ({"task": "guessing"}, "unknown task 'guessing'"),
        ({"batch_size": 100}, "rows give no batch of 100"),
        ({"validation": 1.5}, "a split by 1.5"),
    ],
)
def test_a_wrong_configuration_is_refused(refused: Run, configured: Any, changes: dict[str, Any], told: str) -> None:
    assert told in refused("train", configured(**changes))
    assert not list(Path().glob("*.safetensors"))


def test_wrong_labels_are_refused_by_file_and_place(refused: Run, configured: Any) -> None:
    said = refused("train", configured(labels=(0, 1, 2) * 4))
    assert "points.npz" in said
    assert "2" in said


def test_data_that_are_not_finite_are_refused_by_file_and_place(refused: Run, configured: Any) -> None:
    x = np.zeros((12, 3), np.float32)
    x[5, 1] = np.nan
    said = refused("train", configured(x=x))
    assert "points.npz" in said
    assert "5" in said


def test_a_loss_that_is_not_finite_is_named_by_step_node_and_value(refused: Run, configured: Any) -> None:
    x = np.full((12, 3), 3e38, np.float32)
    said = refused("train", configured(x=x))
    assert "step 1" in said
    assert "node %" in said
    assert "points.checkpoint.safetensors" in said
    assert load_checkpoint(Path("points.checkpoint.safetensors")).state.opt_state.step == 0


def test_a_file_that_is_no_configuration_is_refused(refused: Run) -> None:
    Path("broken.json").write_text("{")
    assert "broken.json: not JSON" in refused("train", "broken.json")
    assert "unknown example 'spiral'. Did you mean 'spirals'?" in refused("train", "spiral")


def test_a_domain_without_binary32_numbers_is_refused(refused: Run) -> None:
    assert "those of interval are not" in refused("train", "regression", "--domain", "interval")


def test_the_page_of_a_run_is_written(printed: Run) -> None:
    pytest.importorskip("jinja2")
    printed("train", "regression", "--steps", 3, "--html", "page.html")
    assert Path("page.html").read_text().startswith("<!")


# -- verify and check ----------------------------------------------------------------------------------------------

ASK = ("verify", DIGITS / "digits", "--input", DIGITS / "images.npz", "--clip", "0,1")


def test_a_small_box_is_proved_and_the_certificate_accepted(printed: Run) -> None:
    assert "proved" in printed(*ASK, "-r", "1/256", "--out", "c.json")
    assert printed("check", "c.json", "--model", DIGITS / "digits.json").strip() == "accepted"


def test_binary32_in_a_schedule_is_proved_too(printed: Run) -> None:
    assert "proved" in printed(*ASK, "-r", "1/256", "--semantics", "binary32", "-s", "pairwise", "--out", "c.json")
    assert printed("check", "c.json", "--model", DIGITS / "digits.json").strip() == "accepted"


def test_a_large_box_is_not_proved(call: Any) -> None:
    code, out, _ = call(*ASK, "-r", "1/2", "--out", "c.json")
    assert code == 1
    assert out.startswith(("unknown", "refuted"))
    assert not Path("c.json").exists()


def test_a_tampered_certificate_is_refused_with_the_reason(printed: Run, call: Any) -> None:
    printed(*ASK, "-r", "1/256", "--out", "c.json")
    told = json.loads(Path("c.json").read_text())
    told["label"] = (told["label"] + 1) % 10
    Path("c.json").write_text(json.dumps(told))
    code, out, _ = call("check", "c.json", "--model", DIGITS / "digits.json")
    assert code == 1
    assert out.startswith("refused\n  ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("-r", "wide"), "wide"), (("-r", "1/256", "--index", "5000"), "5000"), (("-r", "1/256", "--clip", "1"), "--clip '1'")],
)
def test_a_question_that_makes_no_sense_is_refused(refused: Run, arguments: tuple[str, ...], told: str) -> None:
    assert told in refused(*ASK, *arguments)
