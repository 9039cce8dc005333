"""Checkpoints: all that a training run needs to go on, in one safetensors file with JSON in its metadata.

Every number keeps its bits, and the file is written whole or not at all, so that a run that resumes gives the bits of one that
was never interrupted. A file that is truncated or damaged, that something else wrote, or that belongs to another training is
refused, and the message says which.

Source: the safetensors format: 8 bytes of length, a JSON header whose "__metadata__" is free text, the tensors.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from fpsem.core import files
from fpsem.core.errors import FileFormatError
from fpsem.rand import Key
from fpsem.train.log import Log, json_number, log_to_json, parse_log
from fpsem.train.state import Metrics, OptState, Params, State

FORMAT = "fpsem.checkpoint.v1"

_MOST = 1 << 34
_PARAMS, _SLOTS = "params/", "slots/"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training run, as far as it came.

    Args:
        state: parameters, buffers, the optimizer's state and step, the random stream.
        log: what was measured.
        before: the evaluation before the first step.
        training: what was trained, on what and how, in words, by topic; another training has other words.
    """

    state: State
    log: Log
    before: Metrics
    training: Mapping[str, str]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint: a new file takes the old one's place. Raises OSError as ``open`` does."""
    state = checkpoint.state
    tensors = {f"{_PARAMS}{name}": value for name, value in state.params.items()}
    tensors |= {f"{_SLOTS}{name}": value for name, value in state.opt_state.slots.items()}
    told: dict[str, Any] = {
        "format": FORMAT,
        "step": state.opt_state.step,
        "rng": state.rng.to_json(),
        "log": log_to_json(checkpoint.log),
        "before": {name: json_number(value) for name, value in checkpoint.before.items()},
        "training": dict(checkpoint.training),
    }
    told["sha256"] = _digest(told, tensors)
    payload = {name: np.asarray(value, "<f4", order="C") for name, value in tensors.items()}
    files.write(path, safetensors.numpy.save(payload, {"fpsem": json.dumps(told, allow_nan=False)}))


def load_checkpoint(path: Path, training: Mapping[str, str] | None = None) -> Checkpoint:
    """Read a checkpoint.

    Args:
        path: the file.
        training: what the checkpoint must be of, as its own ``training`` says; not checked when None.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is truncated, damaged, no checkpoint of fpsem, or of another training; the message says which.
    """
    data = files.read(path, _MOST)
    tensors = _tensors(path, data)
    told = _metadata(path, data)
    if told.pop("sha256", None) != _digest(told, tensors):
        raise FileFormatError(f"{path}: damaged: what it holds is not what was written")
    try:
        found = _checkpoint(told, tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: a checkpoint of fpsem, but not a whole one: {error}") from error
    for topic, words in (training or {}).items():
        if found.training.get(topic) != words:
            said = found.training.get(topic, "nothing")
            raise FileFormatError(f"{path}: stale: its {topic} is {said}, this training's is {words}")
    return found


def _checkpoint(told: Mapping[str, Any], tensors: Params) -> Checkpoint:
    params = {name.removeprefix(_PARAMS): value for name, value in tensors.items() if name.startswith(_PARAMS)}
    slots = {name.removeprefix(_SLOTS): value for name, value in tensors.items() if name.startswith(_SLOTS)}
    if type(told["step"]) is not int or told["step"] < 0:
        raise ValueError(f"step is {told['step']!r}")
    before = {str(name): float(value) for name, value in told["before"].items()}
    training = {str(topic): str(words) for topic, words in told["training"].items()}
    state = State(params, OptState(told["step"], slots), Key.from_json(told["rng"]))
    return Checkpoint(state, parse_log(told["log"]), before, training)


def _tensors(path: Path, data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    try:
        found = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise FileFormatError(f"{path}: truncated, or not a safetensors file: {error}") from error
    foreign = sorted(name for name, tensor in found.items() if tensor["dtype"] != "F32")
    if foreign:
        raise FileFormatError(f"{path}: foreign: tensor {foreign[0]!r} is not of float32, so no checkpoint of fpsem")
    return {
        name: np.frombuffer(tensor["data"], dtype="<f4").astype(np.float32).reshape(tensor["shape"])
        for name, tensor in found.items()
    }


def _metadata(path: Path, data: bytes) -> dict[str, Any]:
    """What the header says of the run; the header itself was read by the library, so it is whole."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    try:
        told = json.loads(header.get("fpsem", ""))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise FileFormatError(f"{path}: foreign: a safetensors file, but no checkpoint of the form {FORMAT}")
    return told


def _digest(told: Mapping[str, Any], tensors: Params) -> str:
    """A hash of all that is written beside it."""
    sha = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name]
        sha.update(f"{name}{value.shape}".encode() + value.astype("<f4").tobytes())
    return sha.hexdigest()
