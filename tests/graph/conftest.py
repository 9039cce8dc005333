"""Graphs that tests of the graph share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fpsem.graph.ir import Graph
from fpsem.graph.trace import Recorder, labelled


def sample(names: tuple[str, str, str] = ("x", "w", "y"), label: str = "0.Linear") -> Graph:
    """An input, a parameter and one of each kind of attribute; input, parameter and output are called as told."""
    recorder = Recorder()
    x, w = recorder.input(names[0], (2, 3)), recorder.parameter(names[1], (4, 3))
    with labelled(recorder, label):
        y = x.linear(w).gelu(approximate="tanh")
    total = y.sum(axis=(0, 1), keepdims=True) + 0.1
    return recorder.finish({names[2]: total, names[2] + "'": y.max(), "same": total})


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., Any]:
    """Makes the sample graph: ``make_sample(names=(input, parameter, output), label=...)``."""
    return sample


@pytest.fixture(scope="session")
def graph() -> Graph:
    """The sample graph."""
    return sample()
