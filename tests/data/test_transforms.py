"""Transforms give what they say, and refuse what does not fit."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem import rand
from fpsem.core.errors import FpsemError, PayloadError, ShapeError
from fpsem.data import Compose, Crop, Dataset, Flatten, Normalise, OneHot

IMAGES = Dataset(rand.key(0).uniform((50, 3, 4, 5), -3, 9), name="images")


class TestNormalise:
    def test_rounds_a_difference_and_a_quotient(self) -> None:
        x = rand.key(1).uniform((100,), -2, 2)
        mean, scale = np.float32(0.1), np.float32(0.3)
        differences = [np.float32(float(Fraction(float(v)) - Fraction(float(mean)))) for v in x]
        expected = [np.float32(float(Fraction(float(d)) / Fraction(float(scale)))) for d in differences]
        assert Normalise(0.1, 0.3).array(x).tolist() == [float(v) for v in expected]

    @pytest.mark.parametrize(
        ("pooled", "shape"), [((), (3, 4, 5)), ((2, 3), (3, 1, 1)), ((3, 1), (1, 4, 1)), ((1, 2, 3), (1, 1, 1))]
    )
    def test_fitted_has_the_mean_and_deviation_of_each_feature(self, pooled: tuple[int, ...], shape: tuple[int, ...]) -> None:
        fitted = Normalise.fitted(IMAGES, pooled)
        wide = IMAGES.x.astype(np.float64)
        assert np.shape(fitted.mean) == np.shape(fitted.scale) == shape
        assert np.allclose(fitted.mean, wide.mean((0, *pooled), keepdims=True)[0], rtol=1e-6)
        assert np.allclose(fitted.scale, wide.std((0, *pooled), keepdims=True)[0], rtol=1e-6)
        assert np.abs(fitted(IMAGES).x.astype(np.float64).mean((0, *pooled))).max() < 1e-6

    def test_fitted_adds_in_the_order_of_the_examples(self) -> None:
        x = np.float32([2**60, *[64] * 1000, -(2**60)])  # one after the other, each 64 is lost; in another order few are
        assert Normalise.fitted(Dataset(x)).mean == 0
        assert Normalise.fitted(Dataset(x[np.newaxis]), pooled=(1,)).mean == 0

    def test_a_feature_that_is_constant_becomes_zero(self) -> None:
        data = Dataset(np.float32([[3, 1], [3, 2]]))
        assert Normalise.fitted(data)(data).x.tolist() == [[0, -1], [0, 1]]

    def test_pixels_are_integers(self) -> None:
        assert Normalise(0, 255).array(np.int64([[0, 51, 255]])).tolist() == [[0, float(np.float32(0.2)), 1]]
        with pytest.raises(PayloadError, match=r"pixels: Normalise: x holds integers beyond 2\*\*24"):
            Normalise(0, 1)(Dataset(np.int64([2**24 + 1]), name="pixels"))

    @pytest.mark.parametrize(("mean", "scale"), [(math.nan, 1), (0, 0), (0, math.inf), (1e39, 1), (0, [1, 0])])
    def test_numbers_that_do_not_normalise_are_refused(self, mean: Any, scale: Any) -> None:
        with pytest.raises(PayloadError, match="finite means"):
            Normalise(mean, scale)

    @pytest.mark.parametrize("mean", [np.zeros(4), np.zeros((2, 1, 1)), np.zeros((50, 3, 4, 5))])
    def test_a_mean_of_another_shape_is_refused(self, mean: Any) -> None:
        with pytest.raises(ShapeError, match=r"images: Normalise: a mean of .* do not fit examples of \(3, 4, 5\)"):
            Normalise(mean, 1)(IMAGES)

    @pytest.mark.parametrize("pooled", [(0,), (4,), (-1,), (2, 2)])
    def test_axes_that_are_none_are_refused(self, pooled: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="cannot be pooled"):
            Normalise.fitted(IMAGES, pooled)

    def test_nothing_cannot_be_fitted(self) -> None:
        with pytest.raises(PayloadError, match="nothing can be fitted"):
            Normalise.fitted(IMAGES[:0])

    def test_an_overflow_is_refused(self) -> None:
        with pytest.raises(PayloadError, match=r"x\[0\] is inf"):
            Normalise(0, 1e-30)(Dataset(np.float32([1e20])))


def test_flatten_keeps_the_order() -> None:
    assert np.array_equal(Flatten()(IMAGES).x, IMAGES.x.reshape(50, 60))
    assert Flatten()(IMAGES[:0]).x.shape == (0, 60)


class TestCrop:
    @pytest.mark.parametrize(
        ("crop", "rows", "columns"),
        [
            (Crop(2, 3), (1, 3), (1, 4)),
            (Crop(1, 2), (1, 2), (1, 3)),
            (Crop(4, 5), (0, 4), (0, 5)),
            (Crop(2, 2, 0, 3), (0, 2), (3, 5)),
            (Crop(3, 3, left=0), (0, 3), (0, 3)),
        ],
    )
    def test_keeps_a_rectangle(self, crop: Crop, rows: tuple[int, int], columns: tuple[int, int]) -> None:
        assert np.array_equal(crop(IMAGES).x, IMAGES.x[:, :, slice(*rows), slice(*columns)])

    @pytest.mark.parametrize("crop", [Crop(5, 1), Crop(1, 6), Crop(0, 1), Crop(2, 2, 3, 0), Crop(2, 2, -1, 0)])
    def test_beyond_the_image_is_refused(self, crop: Crop) -> None:
        with pytest.raises(ShapeError, match=r"images: Crop: .* are not within"):
            crop(IMAGES)

    def test_of_what_is_no_image_is_refused(self) -> None:
        with pytest.raises(ShapeError, match="no rows and columns"):
            Crop(1, 1)(Flatten()(IMAGES))


class TestOneHot:
    def test_a_label_becomes_a_row(self) -> None:
        found = OneHot()(Dataset(np.zeros((3, 1), np.float32), np.int64([2, -1, 0]), classes=3, ignore=-1))
        assert found.y is not None
        assert (found.y.dtype, found.y.tolist()) == (np.float32, [[0, 0, 1], [0, 0, 0], [1, 0, 0]])
        assert found.classes is found.ignore is None

    def test_needs_labels(self) -> None:
        with pytest.raises(PayloadError, match="images: OneHot needs labels"):
            OneHot()(IMAGES)


def test_compose_acts_in_order() -> None:
    both = Compose((Crop(2, 2), Flatten()))
    assert np.array_equal(IMAGES.map(both).x, Flatten()(Crop(2, 2)(IMAGES)).x)
    with pytest.raises(FpsemError, match="no rows and columns"):
        Compose((Flatten(), Crop(2, 2)))(IMAGES)


def test_values_are_values() -> None:
    assert Compose((Crop(2, 2), Flatten())) == Compose((Crop(2, 2), Flatten()))
