"""Training runs from plain dictionaries: configuration files, and examples that need no data.

    {
      "model": [{"layer": "Linear", "in_features": 2, "out_features": 32}, {"layer": "ReLU"}, ...],
      "data": {"sample": "spirals", "count": 400}      or {"file": "digits.npz", "x": "images", "y": "labels", "classes": 10},
      "task": "classification",
      "optimizer": {"name": "adam", "lr": 0.01},
      "steps": 300, "batch_size": 32, "seed": 0, "validation": 0.2
    }

A file's path is taken from the folder of the configuration. "validation" is a part or a number of the examples that is held back.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpsem import data, nn, rand
from fpsem.core import files
from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.protocol import ScalarDomain
from fpsem.optim import Optimizer, optimizer_from_json
from fpsem.train.trainer import Trainer

_MOST = 1 << 24

_LAYERS: Mapping[str, type[nn.Module]] = {
    layer.__name__: layer
    for layer in (getattr(nn, name) for name in nn.__all__)
    if inspect.isclass(layer) and issubclass(layer, nn.Module) and not inspect.isabstract(layer) and layer is not nn.Sequential
}

_SPIRALS = [
    {"layer": "Linear", "in_features": 2, "out_features": 32},
    {"layer": "ReLU"},
    {"layer": "Linear", "in_features": 32, "out_features": 32},
    {"layer": "ReLU"},
    {"layer": "Linear", "in_features": 32, "out_features": 2},
]
_BANDS = [
    {"layer": "Conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": 3, "padding": 1},
    {"layer": "ReLU"},
    {"layer": "MaxPool2d", "kernel_size": 2},
    {"layer": "Flatten"},
    {"layer": "Linear", "in_features": 64, "out_features": 3},
]
_REGRESSION = [
    {"layer": "Linear", "in_features": 2, "out_features": 24},
    {"layer": "ReLU"},
    {"layer": "Linear", "in_features": 24, "out_features": 1},
]

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "bands": {
        "model": _BANDS,
        "data": {"sample": "banded_images", "count": 300, "noise": 0.3},
        "task": "classification",
        "optimizer": {"name": "adam", "lr": 0.01},
        "steps": 200,
        "validation": 0.2,
    },
    "regression": {
        "model": _REGRESSION,
        "data": {"sample": "saddle", "count": 256},
        "task": "regression",
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
        "steps": 300,
    },
    "spirals": {
        "model": _SPIRALS,
        "data": {"sample": "spirals", "count": 400},
        "task": "classification",
        "optimizer": {"name": "adam", "lr": {"name": "warmup_cosine", "lr": 0.01, "warmup": 20, "total": 600}},
        "steps": 600,
        "validation": 0.2,
    },
}
"""Configurations by name, for ``fpsem train NAME``."""


def _saddle(count: int, key: rand.Key) -> data.Dataset:
    """Points of the square and x0 x1 of each: all products of binary32 numbers of 12 bits, so exact."""
    return data.regression(lambda x: x[:, :1] * x[:, 1:], count, key, features=2)


_SAMPLES: Mapping[str, Callable[..., data.Dataset]] = {
    "banded_images": data.banded_images,
    "saddle": _saddle,
    "spirals": data.spirals,
}


@dataclass(frozen=True)
class Configuration:
    """What a training run needs besides a domain.

    Args:
        name: what it is called.
        model: the layers.
        task: "classification" or "regression".
        optimizer: the rule.
        dataset: what is trained on.
        validation: what is held back, or None.
        steps: how many steps.
        batch_size: rows of a batch.
        seed: what everything random is drawn from.
        options: further arguments of Trainer: clip_norm, clip_value, accumulate.
    """

    name: str
    model: nn.Module
    task: str
    optimizer: Optimizer
    dataset: data.Dataset
    validation: data.Dataset | None
    steps: int
    batch_size: int
    seed: int
    options: Mapping[str, Any]

    def trainer(self, domain: ScalarDomain) -> Trainer:
        """The trainer of this configuration in a domain."""
        return Trainer(self.model, self.task, self.optimizer, domain, self.seed, **self.options)


_OPTIONS = ("clip_norm", "clip_value", "accumulate")
_KEYS = ("model", "data", "task", "optimizer", "steps", "batch_size", "seed", "validation", *_OPTIONS)


def configuration(config: str | Path, seed: int | None = None) -> Configuration:
    """An example by its name, or a configuration file.

    Args:
        config: a name of ``EXAMPLES``, or the path of a JSON file.
        seed: instead of the configuration's own.

    Raises:
        UnknownNameError: no such example, layer, sample or optimizer.
        FileNotFoundError: no such file.
        FileFormatError: the file is not JSON, or has a key too many, too few, or of another type.
        TrainingError: a number out of its bounds.
    """
    if str(config) in EXAMPLES:
        return _configured(str(config), EXAMPLES[str(config)], Path(), seed)
    path = Path(config)
    if not path.exists() and path.suffix != ".json":
        raise UnknownNameError("example", str(config), EXAMPLES)
    try:
        told = json.loads(files.read(path, _MOST))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not JSON: {error}") from None
    try:
        return _configured(path.stem, told, path.parent, seed)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from error


def _configured(name: str, told: Any, folder: Path, seed: int | None) -> Configuration:
    if not isinstance(told, Mapping):
        raise FileFormatError(f"a configuration is an object, not {type(told).__name__}")
    for key in told:
        if key not in _KEYS:
            raise UnknownNameError("key of a configuration", key, _KEYS)
    missing = [key for key in ("model", "data", "task", "optimizer", "steps") if key not in told]
    if missing:
        raise FileFormatError(f"the configuration has no {missing[0]!r}")
    seed = _integer(told, "seed", 0) if seed is None else seed
    dataset, validation = _data(told["data"], folder, rand.key(seed)), None
    if "validation" in told:
        dataset, validation = _held_back(dataset, told["validation"], rand.key(seed).split("validation"))
    return Configuration(
        name,
        _model(told["model"]),
        str(told["task"]),
        optimizer_from_json(told["optimizer"]),
        dataset,
        validation,
        _integer(told, "steps", 1),
        _integer(told, "batch_size", 32),
        seed,
        {key: told[key] for key in _OPTIONS if key in told},
    )


def _model(layers: Any) -> nn.Module:
    if not isinstance(layers, list) or not all(isinstance(layer, Mapping) for layer in layers):
        raise FileFormatError("'model' is a list of layers, each an object such as {'layer': 'ReLU'}")
    return nn.Sequential(*(_layer(i, layer) for i, layer in enumerate(layers)))


def _layer(index: int, told: Mapping[str, Any]) -> nn.Module:
    if told.get("layer") not in _LAYERS:
        raise UnknownNameError(f"layer {index}:", told.get("layer"), _LAYERS)
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items() if key != "layer"}
    try:
        return _LAYERS[told["layer"]](**arguments)
    except TypeError as error:
        raise FileFormatError(f"layer {index}, {told['layer']}: {error}") from None


def _data(told: Any, folder: Path, key: rand.Key) -> data.Dataset:
    if not isinstance(told, Mapping) or ("sample" in told) == ("file" in told):
        raise FileFormatError("'data' is an object with either 'sample' or 'file'")
    arguments = {name: value for name, value in told.items() if name not in ("sample", "file")}
    if "sample" in told:
        if told["sample"] not in _SAMPLES:
            raise UnknownNameError("sample", told["sample"], _SAMPLES)
        return _called(f"sample {told['sample']}", _SAMPLES[told["sample"]], key=key.split("sample"), **arguments)
    path = folder / str(told["file"])
    if path.suffix == ".csv":
        return _called(f"{path}", data.tabular, path=path, **arguments)
    return _called(f"{path}", data.labelled if "classes" in arguments else data.supervised, path=path, **arguments)


def _called(what: str, function: Callable[..., data.Dataset], **arguments: Any) -> data.Dataset:
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise FileFormatError(f"{what}: {error}") from None
    return function(**arguments)


def _held_back(dataset: data.Dataset, part: Any, key: rand.Key) -> tuple[data.Dataset, data.Dataset]:
    held, rest = dataset.split(part, key)
    return rest, held


def _integer(told: Mapping[str, Any], name: str, default: int) -> int:
    value = told.get(name, default)
    if type(value) is not int:
        raise FileFormatError(f"{name!r} is {value!r}, expected an integer")
    return value
