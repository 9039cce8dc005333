"""What is made has the stated form, and the same bits everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem import rand
from fpsem.core.errors import FpsemError, PayloadError, ShapeError
from fpsem.data import Dataset, banded_images, grid, regression, spirals
from fpsem.data.samples import _on_circle

KEY = rand.key(0)

MADE: dict[str, tuple[Callable[[], Dataset], str]] = {
    "grid": (lambda: grid((-1, 0.1), (1, 0.7), (7, 5)), "1a9f39b0151f43c1"),
    "regression": (lambda: regression(lambda x: x * x - x, 100, KEY, features=3, noise=0.1), "4c21ca7fc1af986a"),
    "banded images": (lambda: banded_images(30, KEY, 8, noise=0.2), "e5a3421cb6a7c250"),
    "spirals": (lambda: spirals(100, KEY, arms=3, turns=1.5, noise=0.01), "376f2f3a748f0bbf"),
}


@pytest.mark.parametrize("kind", MADE)
def test_the_bits_are_those_they_have_always_been(kind: str) -> None:
    make, expected = MADE[kind]
    made = make()
    data = made.x.astype("<f4").tobytes() + (b"" if made.y is None else made.y.astype(made.y.dtype.newbyteorder("<")).tobytes())
    assert hashlib.sha256(data).hexdigest()[:16] == expected


class TestGrid:
    def test_points_run_from_end_to_end(self) -> None:
        assert grid((0, -1), (1, 1), (3, 2)).x.tolist() == [[0, -1], [0, 1], [0.5, -1], [0.5, 1], [1, -1], [1, 1]]

    def test_ends_are_exact(self) -> None:
        x = grid((0.1,), (0.7,), (11,)).x
        assert (x[0, 0], x[-1, 0], len(x)) == (np.float32(0.1), np.float32(0.7), 11)

    def test_one_point_is_the_lower_end(self) -> None:
        assert grid((3, 0), (5, 1), (1, 2)).x.tolist() == [[3, 0], [3, 1]]

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (((0,), (1, 2), (3,)), ShapeError),
            (((), (), ()), ShapeError),
            (((0,), (1,), (0,)), PayloadError),
            (((0,), (1e39,), (2,)), PayloadError),
        ],
    )
    def test_what_is_no_rectangle_is_refused(self, arguments: Any, error: type[FpsemError]) -> None:
        with pytest.raises(error, match="grid"):
            grid(*arguments)


class TestRegression:
    def test_without_noise_y_is_the_function(self) -> None:
        data = regression(lambda x: x[:, 0] * 2 + x[:, 1], 50, KEY, low=-3, high=-1, features=2)
        assert data.y is not None
        assert np.array_equal(data.y, data.x[:, 0] * 2 + data.x[:, 1])
        assert data.x.min() >= -3
        assert data.x.max() < -1

    def test_noise_has_the_standard_deviation(self) -> None:
        data = regression(lambda x: x, 20_000, KEY, noise=0.5)
        assert data.y is not None
        assert abs((data.y - data.x).std() - 0.5) < 0.01

    @pytest.mark.parametrize("function", [lambda x: x.astype(np.float64), lambda x: x[1:], lambda x: np.float32(1), lambda x: 1])
    def test_a_function_of_another_form_is_refused(self, function: Any) -> None:
        with pytest.raises(PayloadError, match="expected float32"):
            regression(function, 5, KEY)

    @pytest.mark.parametrize("change", [{"count": 0}, {"features": 0}, {"noise": -1.0}, {"noise": np.nan}, {"low": 2.0}])
    def test_arguments_out_of_range_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(PayloadError):
            regression(**{"function": lambda x: x, "count": 5, "key": KEY, **change})


class TestBandedImages:
    def test_bands_run_as_their_label_says(self) -> None:
        data = banded_images(60, KEY, 8)
        assert (data.x.shape, data.classes) == ((60, 1, 8, 8), 3)
        assert set(data.x.ravel().tolist()) == {0, 1}
        for image, label in zip(data.x[:, 0], data.y):  # type: ignore[arg-type]
            along = [image[:, 1:] == image[:, :-1], image[1:] == image[:-1], image[1:, :-1] == image[:-1, 1:]]
            assert [bool(same.all()) for same in along] == [kind == label for kind in range(3)]

    def test_noise_is_added(self) -> None:
        assert np.abs((banded_images(50, KEY, noise=0.1).x - banded_images(50, KEY).x).std() - 0.1) < 0.01

    @pytest.mark.parametrize(("count", "size"), [(0, 8), (1, 1)])
    def test_what_has_no_bands_is_refused(self, count: int, size: int) -> None:
        with pytest.raises(PayloadError, match="banded_images"):
            banded_images(count, KEY, size)


class TestSpirals:
    def test_points_lie_on_their_arms(self) -> None:
        data = spirals(300, KEY, arms=3, turns=1.5)
        assert data.y is not None
        wide = data.x.astype(np.float64)
        radius = np.hypot(*wide.T)
        angle = np.arctan2(wide[:, 1], wide[:, 0]) / (2 * np.pi)
        off = angle - 1.5 * radius - data.y / 3
        far = radius > 0.01
        assert np.abs(off - np.rint(off))[far].max() < 1e-5
        assert np.bincount(data.y).tolist() == [100, 100, 100]
        assert radius.max() < 1

    @pytest.mark.parametrize("change", [{"count": 0}, {"arms": 0}, {"turns": 1001.0}, {"turns": np.nan}, {"noise": np.inf}])
    def test_arguments_out_of_range_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(PayloadError):
            spirals(**{"count": 5, "key": KEY, **change})


def test_points_of_the_circle_are_near_those_of_the_library() -> None:
    turns = np.arange(-2048, 2049) / 1024.0
    angle = turns % 1.0 * (2 * np.pi)
    assert np.abs(_on_circle(turns) - np.stack([np.cos(angle), np.sin(angle)], axis=-1)).max() < 2e-15
    assert _on_circle(np.array([0.0, 0.25, 0.5, 0.75, -0.25])).tolist() == [[1, 0], [0, 1], [-1, 0], [0, -1], [0, -1]]
