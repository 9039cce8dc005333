"""Checkpoints: every bit comes back, or the file is refused and said to be truncated, damaged or foreign."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from fpsem import rand
from fpsem.core import files
from fpsem.core.errors import FileFormatError
from fpsem.train import Checkpoint, Log, OptState, State, load_checkpoint, save_checkpoint
from fpsem.train.checkpoint import FORMAT

PARAMS = {
    "0.weight": np.uint32([[0, 0x80000000, 1], [0x7F800000, 0x7FC00001, 0xFF7FFFFF]]).view(np.float32),
    "0.bias": np.float32(0.1),
}
SLOTS = {"momentum_buffer.0.weight": np.asfortranarray(np.float32([[1, 2, 3], [4, 5, 6]]))}
LOG = Log("title", (1, 2), {"loss": (0.1, math.inf), "eval_loss": (None, -math.inf)}, ("é",))
CHECKPOINT = Checkpoint(
    State(PARAMS, OptState(2, SLOTS), rand.key(0).split("noise")), LOG, {"loss": math.inf, "accuracy": 0.5}, {"seed": "0"}
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "c", CHECKPOINT)
    return tmp_path / "c"


def test_every_bit_comes_back(saved: Path) -> None:
    found = load_checkpoint(saved, {"seed": "0"})
    for ours, theirs in ((found.state.params, PARAMS), (found.state.opt_state.slots, SLOTS)):
        assert {name: (v.shape, v.dtype, v.tobytes()) for name, v in ours.items()} == {
            name: (v.shape, v.dtype, v.tobytes()) for name, v in theirs.items()
        }
    assert (found.state.opt_state.step, found.state.rng) == (2, CHECKPOINT.state.rng)
    assert (found.log.title, found.log.steps, dict(found.log.series), found.log.notes) == ("title", (1, 2), LOG.series, ("é",))
    assert (found.before, found.training) == (CHECKPOINT.before, {"seed": "0"})


def test_the_same_checkpoint_is_the_same_file(saved: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "again", load_checkpoint(saved))
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_any_safetensors_reader_reads_its_tensors(saved: Path) -> None:
    assert set(safetensors.numpy.load(saved.read_bytes())) == {
        "params/0.weight", "params/0.bias", "slots/momentum_buffer.0.weight"
    }  # fmt: skip


def test_a_truncated_file_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in (*range(0, len(whole), 7), len(whole) - 1):
        saved.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=r"c: truncated, or not a safetensors file"):
            load_checkpoint(saved)


def test_a_file_with_a_bit_flipped_anywhere_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        saved.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"c: (damaged|truncated|foreign|a checkpoint of fpsem, but)"):
            load_checkpoint(saved)


def test_a_step_that_was_changed_by_hand_is_refused(saved: Path) -> None:
    changed = saved.read_bytes().replace(b'\\"step\\": 2', b'\\"step\\": 3')
    assert changed != saved.read_bytes()
    saved.write_bytes(changed)
    with pytest.raises(FileFormatError, match="damaged: what it holds is not what was written"):
        load_checkpoint(saved)


FOREIGN: list[tuple[Any, Any, str]] = [
    ({"a": np.zeros(2, np.float32)}, None, f"no checkpoint of the form {FORMAT}"),
    ({"a": np.zeros(2, np.float32)}, {"format": "pt"}, "no checkpoint of the form"),
    ({"a": np.zeros(2, np.float32)}, {"fpsem": "{"}, "no checkpoint of the form"),
    ({"a": np.zeros(2, np.float32)}, {"fpsem": "[" * 10**5}, "no checkpoint of the form"),
    ({"a": np.zeros(2, np.float32)}, {"fpsem": json.dumps({"format": "fpsem.checkpoint.v9"})}, "no checkpoint of the form"),
    ({"a": np.zeros(2, np.float64)}, None, "tensor 'a' is not of float32"),
]


@pytest.mark.parametrize(("tensors", "metadata", "told"), FOREIGN)
def test_another_safetensors_file_is_foreign(tensors: Any, metadata: Any, told: str, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(safetensors.numpy.save(tensors, metadata))
    with pytest.raises(FileFormatError, match=f"c: foreign: .*{told}"):
        load_checkpoint(tmp_path / "c")


@pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04" * 9, b"\xff" * 64, b"{}" * 20])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(FileFormatError, match="not a safetensors file"):
        load_checkpoint(tmp_path / "c")


def test_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "c")


@pytest.mark.parametrize(("asked", "said"), [({"seed": "1"}, "0"), ({"domain": "d"}, "nothing")])
def test_one_of_another_training_is_stale(saved: Path, asked: dict[str, str], said: str) -> None:
    ((topic, words),) = asked.items()
    with pytest.raises(FileFormatError, match=f"c: stale: its {topic} is {said}, this training's is {words}"):
        load_checkpoint(saved, asked)


def test_a_write_that_fails_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no room")

    before = saved.read_bytes()
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(files.os, name, fail)
            with pytest.raises(OSError, match="no room"):
                save_checkpoint(saved, CHECKPOINT)
        assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["c"]
