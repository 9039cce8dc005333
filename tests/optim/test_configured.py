"""Optimizers and rates from plain dictionaries: what the constructors make, and errors that say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from fpsem import optim
from fpsem.core.errors import FileFormatError, FpsemError, TrainingError, UnknownNameError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": "sgd", "lr": 0.1}, optim.sgd(0.1)),
        ({"name": "sgd", "lr": 1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, optim.sgd(1, 0.9, True, 0.1)),
        ({"name": "adam"}, optim.adam()),
        ({"name": "adam", "betas": [0.5, 0.9], "eps": 1e-6}, optim.adam(betas=(0.5, 0.9), eps=1e-6)),
        ({"name": "adamw", "lr": {"name": "constant", "lr": 0.1}}, optim.adamw(optim.constant(0.1))),
        (
            {"name": "adamw", "lr": {"name": "warmup_cosine", "lr": 0.1, "warmup": 2, "total": 9}},
            optim.adamw(optim.warmup_cosine(0.1, warmup=2, total=9)),
        ),
    ],
)
def test_an_optimizer_is_what_its_constructor_makes(data: Any, expected: optim.Optimizer) -> None:
    assert optim.optimizer_from_json(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": "constant", "lr": 0.1}, optim.constant(0.1)),
        ({"name": "step", "lr": 0.1, "step_size": 3}, optim.step(0.1, 3)),
        ({"name": "exponential", "lr": 0.1, "gamma": 0.9}, optim.exponential(0.1, 0.9)),
        ({"name": "warmup_cosine", "lr": 0.1, "warmup": 2, "total": 9, "floor": 0.5}, optim.warmup_cosine(0.1, 2, 9, 0.5)),
    ],
)
def test_a_rate_is_what_its_constructor_makes(data: Any, expected: optim.Rate) -> None:
    assert optim.rate_from_json(data) == expected


@pytest.mark.parametrize("read", [optim.optimizer_from_json, optim.rate_from_json])
@pytest.mark.parametrize("data", [3, None, "sgd", ["sgd"], {}, {"name": 3}, {"lr": 0.1}])
def test_what_is_no_object_with_a_name_is_refused(read: Any, data: Any) -> None:
    with pytest.raises(FileFormatError, match="expected an object that names a known"):
        read(data)


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        ({"name": "sdg", "lr": 0.1}, UnknownNameError, "optimizer 'sdg'. Did you mean 'sgd'"),
        ({"name": "sgd"}, FileFormatError, "sgd: missing a required argument: 'lr'"),
        ({"name": "sgd", "lr": 0.1, "moment": 0.9}, FileFormatError, "sgd: .*unexpected keyword argument 'moment'"),
        ({"name": "adam", "betas": 3}, TrainingError, "betas must be two numbers"),
        ({"name": "adam", "betas": [0.9]}, TrainingError, "betas must be two numbers"),
        ({"name": "adam", "betas": [0.9, "x"]}, TrainingError, "beta2 must be a finite number"),
        ({"name": "sgd", "lr": [0.1]}, TrainingError, "lr must be a finite number"),
        ({"name": "sgd", "lr": 10**400}, TrainingError, "lr must be a finite number"),
        ({"name": "sgd", "lr": {"name": "cosine", "lr": 1}}, UnknownNameError, "learning rate 'cosine'"),
        ({"name": "sgd", "lr": {"lr": 1}}, FileFormatError, "names a known learning rate"),
        ({"name": "sgd", "lr": {"name": "step", "lr": 1}}, FileFormatError, "step: missing a required argument: 'step_size'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data: Any, error: type[FpsemError], told: str) -> None:
    with pytest.raises(error, match=told):
        optim.optimizer_from_json(data)


def test_reading_leaves_the_data_as_they_were() -> None:
    data = {"name": "adam", "lr": {"name": "constant", "lr": 0.1}, "betas": [0.9, 0.99]}
    optim.optimizer_from_json(data)
    assert data == {"name": "adam", "lr": {"name": "constant", "lr": 0.1}, "betas": [0.9, 0.99]}
