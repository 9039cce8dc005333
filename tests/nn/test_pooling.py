"""Pooling is a maximum or a mean over windows, written out with plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import nn
from fpsem.graph.denote import run
from fpsem.nn.pooling import pair

X = np.random.default_rng(0).standard_normal((2, 3, 6, 5)).astype(np.float32)

SETTINGS: list[dict[str, Any]] = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2)},
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
]


def windows(layer: nn.MaxPool2d | nn.AvgPool2d) -> Any:
    """For each output place the elements of its window in x, and how many places of the padding are in it."""
    (kh, kw), (ph, pw) = pair(layer.kernel_size), pair(layer.padding)
    sh, sw = pair(layer.kernel_size if layer.stride is None else layer.stride)
    padded = np.pad(X.astype(np.float64), ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=np.nan)
    shape = *X.shape[:2], (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    for n, c, i, j in np.ndindex(shape):
        window = padded[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw]
        yield (n, c, i, j), window[~np.isnan(window)], np.isnan(window).sum()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_max_pool_takes_the_largest_of_each_window(settings: dict[str, Any], float64: Any) -> None:
    layer = nn.MaxPool2d(**settings)
    found = run(layer.lower(X.shape), {}, X, float64)
    expected = {place: elements.max() for place, elements, _ in windows(layer)}
    assert {place: found[place] for place in np.ndindex(found.shape)} == expected


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_avg_pool_takes_the_mean_of_each_window(settings: dict[str, Any], include: bool, float64: Any) -> None:
    layer = nn.AvgPool2d(**settings, count_include_pad=include)
    found = run(layer.lower(X.shape), {}, X, float64)
    for place, elements, padding in windows(layer):
        assert found[place] == pytest.approx(elements.sum() / (len(elements) + padding * include), abs=1e-14)


def test_the_elements_of_a_padding_are_never_the_largest(float64: Any) -> None:
    layer = nn.MaxPool2d(3, padding=1)
    assert run(layer.lower((1, 1, 3, 3)), {}, np.full((1, 1, 3, 3), -5, np.float32), float64).max() == -5


@pytest.mark.parametrize(("size", "expected"), [(3, (3, 3)), ((2, 5), (2, 5))])
def test_one_number_stands_for_two(size: Any, expected: tuple[int, int]) -> None:
    assert pair(size) == expected
