"""The digits model, a small convolutional one, and certificates of both on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem import nn
from fpsem.core.verdict import Proved
from fpsem.verify import Certificate, certify

DIGITS = Path(fpsem.__file__).parents[1] / "examples" / "digits"


@pytest.fixture(scope="session")
def digits() -> Any:
    """(graph, parameters, images, labels)."""
    graph, params = fpsem.load(DIGITS)
    with np.load(DIGITS / "images.npz") as data:
        return graph, params, data["images"], data["labels"].astype(int)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(graph, parameters, images, labels, file) of a model of four inputs and three classes."""
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    graph, params = model.lower((1, 4)), model.init(seed=1)
    images = np.random.default_rng(0).uniform(0, 1, (6, 4)).astype(np.float32)
    labels = np.array([int(np.argmax(fpsem.run(graph, params, x[None], fpsem.NumPyFloat32()))) for x in images])
    file = tmp_path_factory.mktemp("small") / "small.json"
    fpsem.save(file, graph, params)
    return graph, params, images, labels, file


@pytest.fixture
def certified(small: Any) -> Callable[..., Path]:
    """Write a certificate of the small model beside it, changed by a function of its JSON."""
    graph, params, images, labels, file = small

    def write(change: Any = lambda data: None, semantics: str = "real", schedule: Any = "sequential") -> Path:
        verdict, certificate = certify(graph, params, images[:1], "1/1024", int(labels[0]), semantics, schedule, model=file.name)
        assert isinstance(verdict, Proved)
        assert isinstance(certificate, Certificate)
        data = certificate.to_json()
        change(data)
        path = file.with_name("certificate.json")
        path.write_text(json.dumps(data))
        return path

    return write
