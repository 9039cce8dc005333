"""Rigorous matrix products hold the exact products of everything in the intervals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fpsem.domains._matrix import interval_product, upper_product


def exact(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    wide = np.frompyfunc(Fraction, 1, 1)
    return np.asarray(wide(a) @ wide(b))


@pytest.mark.parametrize("scale", [0, -500, -530, -538, 400])
@pytest.mark.parametrize("width", [0.0, 1e-9])
def test_the_interval_product_holds_products_of_members(scale: int, width: float) -> None:
    rng = np.random.default_rng(scale % 97)
    lo, right = (rng.standard_normal(shape) * 2.0**scale for shape in ((3, 40), (40, 2)))
    hi = lo + np.abs(lo) * width
    low, high = interval_product((lo, hi), (right, right))
    for member in (lo, hi, lo + (hi - lo) / 2):
        assert (low <= exact(member, right)).all()
        assert (exact(member, right) <= high).all()


def test_products_that_underflow_are_held() -> None:
    a, b = np.full((1, 64), 3 * 2.0**-540), np.full((64, 1), 2.0**-536)
    low, high = interval_product((a, a), (b, b))
    assert low[0, 0] <= exact(a, b)[0, 0] <= high[0, 0]


@pytest.mark.parametrize("scale", [0, -538])
def test_the_upper_product_is_not_below(scale: int) -> None:
    rng = np.random.default_rng(3)
    a, b = (np.abs(rng.standard_normal(shape)) * 2.0**scale for shape in ((3, 40), (40, 2)))
    assert (upper_product(a, b) >= exact(a, b)).all()
