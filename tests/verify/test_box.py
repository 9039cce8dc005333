"""The box: outward in the reals, inward in binary32, never beyond the clip."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PayloadError, UnknownNameError
from fpsem.verify import input_box

CENTER = np.array([0.1, 0.5, -3.0, 1e-40, 0.999], np.float32)
RADII = ["1/1000", 0.1, 2.0**-30, "1/3", Fraction(1, 7), 0]


def exact(values: Any) -> list[Fraction]:
    return [Fraction(float(v)) for v in values]


@pytest.mark.parametrize("radius", RADII)
def test_the_ends_of_a_real_box_are_the_exact_ends_rounded_outward_by_less_than_an_ulp(radius: Any) -> None:
    lo, hi = input_box(CENTER, radius)
    assert lo.dtype == hi.dtype == np.float64
    for low, c, high in zip(lo, exact(CENTER), hi):
        assert Fraction(float(low)) <= c - Fraction(radius) < Fraction(float(np.nextafter(low, np.inf)))
        assert Fraction(float(high)) >= c + Fraction(radius) > Fraction(float(np.nextafter(high, -np.inf)))


@pytest.mark.parametrize("radius", RADII)
def test_a_binary32_box_holds_just_the_binary32_inputs_within_the_radius(radius: Any) -> None:
    lo, hi = input_box(CENTER, radius, "binary32")
    assert lo.dtype == hi.dtype == np.float32
    for low, c, high in zip(lo, exact(CENTER), hi):
        assert c - Fraction(float(low)) <= Fraction(radius) < c - Fraction(float(np.nextafter(low, np.float32(-np.inf))))
        assert Fraction(float(high)) - c <= Fraction(radius) < Fraction(float(np.nextafter(high, np.float32(np.inf)))) - c


def test_a_clip_cuts_the_box() -> None:
    lo, hi = input_box(np.array([0.0, 0.5, 1.0], np.float32), 0.25, clip=(0, 1))
    assert (lo.tolist(), hi.tolist()) == ([0.0, 0.25, 0.75], [0.25, 0.75, 1.0])


@pytest.mark.parametrize("radius", [-1, "-1/8", "x", "1/0", float("inf"), float("nan"), None])
def test_a_radius_that_is_no_number_of_at_least_zero_is_refused(radius: Any) -> None:
    with pytest.raises(PayloadError, match="a radius is"):
        input_box(CENTER, radius)


def test_an_empty_or_infinite_box_is_refused_by_its_element() -> None:
    with pytest.raises(PayloadError, match=r"empty or not finite in element \[2\]"):
        input_box(CENTER, 0.5, clip=(0, 1))
    with pytest.raises(PayloadError, match=r"in element \[0\]"):
        input_box(CENTER, "1e400")
    for center in (CENTER.astype(np.float64), np.array([np.nan], np.float32)):
        with pytest.raises(PayloadError, match="finite float32"):
            input_box(center, 0.5)
    with pytest.raises(UnknownNameError, match="semantics 'reel'"):
        input_box(CENTER, 0.5, "reel")
