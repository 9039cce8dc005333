"""Trainings that the tests of this room share: small, and the same bits everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem import data, nn, optim, rand
from fpsem.domains import NumPyFloat32
from fpsem.train import Trainer

REGRESSION = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
NOISY = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.25), nn.Linear(6, 1))


@pytest.fixture(scope="session")
def curve() -> data.Dataset:
    """40 points of x^2 + y^2."""
    return data.regression(lambda x: (x * x).sum(axis=1, keepdims=True, dtype=np.float32), 40, rand.key(0), features=2)


@pytest.fixture(scope="session")
def make() -> Callable[..., Trainer]:
    """Makes a trainer of the regression; ``noisy=True`` for one with batch norm and dropout."""

    def made(noisy: bool = False, **changed: Any) -> Trainer:
        settings: dict[str, Any] = {"task": "regression", "optimizer": optim.sgd(0.05, momentum=0.9), "domain": NumPyFloat32()}
        return Trainer(**{"model": NOISY if noisy else REGRESSION, **settings, **changed})

    return made


@pytest.fixture(scope="session")
def bits() -> Callable[[Any], dict[str, bytes]]:
    """All numbers of a state, parameters and slots, as bytes by name."""
    return lambda state: {name: value.tobytes() for name, value in {**state.params, **state.opt_state.slots}.items()}
