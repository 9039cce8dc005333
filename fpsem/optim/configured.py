"""Optimizers and rates from the plain dictionaries of a configuration file.

    {"name": "adamw", "lr": {"name": "warmup_cosine", "lr": 0.001, "warmup": 100, "total": 2000}, "weight_decay": 0.01}
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.optim.adam import adam, adamw
from fpsem.optim.optimizer import Optimizer
from fpsem.optim.rates import Constant, Exponential, Rate, Step, WarmupCosine
from fpsem.optim.sgd import sgd

_OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {"adam": adam, "adamw": adamw, "sgd": sgd}
_RATES: Mapping[str, Callable[..., Rate]] = {rate.name: rate for rate in (Constant, Exponential, Step, WarmupCosine)}


def optimizer_from_json(data: Any) -> Optimizer:
    """An optimizer from its name and arguments.

    Raises:
        FileFormatError: not an object with a name, or arguments that it does not take or misses.
        UnknownNameError: no such optimizer or rate.
        TrainingError: an argument out of its bounds.
    """
    arguments = _arguments(data, "optimizer", _OPTIMIZERS)
    if isinstance(arguments.get("lr"), dict):
        arguments["lr"] = rate_from_json(arguments["lr"])
    made: Optimizer = _called(_OPTIMIZERS, data["name"], arguments)
    return made


def rate_from_json(data: Any) -> Rate:
    """A learning rate from its name and arguments. Raises as ``optimizer_from_json`` does."""
    arguments = _arguments(data, "learning rate", _RATES)
    made: Rate = _called(_RATES, data["name"], arguments)
    return made


def _arguments(data: Any, kind: str, known: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise FileFormatError(f"expected an object that names a known {kind}, such as {{'name': {min(known)!r}}}, not {data!r}")
    if data["name"] not in known:
        raise UnknownNameError(kind, data["name"], known)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "name"}


def _called(known: Mapping[str, Callable[..., Any]], name: str, arguments: dict[str, Any]) -> Any:
    try:
        inspect.signature(known[name]).bind(**arguments)
    except TypeError as error:
        raise FileFormatError(f"{name}: {error}; it is {name}{inspect.signature(known[name])}") from None
    return known[name](**arguments)
