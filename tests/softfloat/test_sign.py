"""Neighbours and classes: every code of 16-bit and 8-bit formats."""

from __future__ import annotations

import numpy as np
import pytest

from fpsem.bridges.conformance import every_operand
from fpsem.core.formats import FORMATS
from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Flag
from fpsem.softfloat.sign import CLASSES
from fpsem.testing.neighbours import is_signaling, numbers_of

FORMATS_HERE = ("binary16", "bfloat16", "e5m2", "e4m3", "toy8", "toy6")


@pytest.mark.parametrize("format", FORMATS_HERE)
@pytest.mark.parametrize(("name", "step"), [("next_up", 1), ("next_down", -1)])
def test_the_neighbour_of_every_number_is_the_next_in_the_sorted_list(name: str, step: int, format: str) -> None:
    f = FORMATS[format]
    (codes,) = every_operand(f, 1)
    values = numbers_of(f)[codes]
    made, flags = getattr(arithmetic(format), name)(codes, with_flags=True)
    found, ladder = numbers_of(f)[made], np.unique(values[~np.isnan(values)])  # one zero
    numbers = ~np.isnan(values)
    places = np.searchsorted(ladder, values[numbers]) + step
    beyond = np.nan if not f.has_infinity else step * np.inf
    wanted = np.where((places >= 0) & (places < len(ladder)), ladder[np.clip(places, 0, len(ladder) - 1)], beyond)
    assert np.array_equal(found[numbers], wanted, equal_nan=True)
    assert np.array_equal(np.signbit(found[numbers & (found == 0)]), np.full(np.sum(numbers & (found == 0)), step == 1))
    assert set(made[~numbers].tolist()) == {f.nan}
    assert np.array_equal(flags, np.where(is_signaling(f, codes), Flag.INVALID, 0))


@pytest.mark.parametrize("direction", [np.inf, -np.inf])
def test_neighbours_in_binary16_are_those_of_numpy(direction: float) -> None:
    (codes,) = every_operand(FORMATS["binary16"], 1)
    values = codes.view(np.float16)
    numbers = ~np.isnan(values)
    made = (arithmetic("binary16").next_up if direction > 0 else arithmetic("binary16").next_down)(codes)
    with np.errstate(all="ignore"):
        wanted = np.nextafter(values[numbers], np.float16(direction))
    assert np.array_equal(made.view(np.float16)[numbers], wanted)


@pytest.mark.parametrize("format", FORMATS_HERE)
def test_every_code_has_the_class_of_its_value(format: str) -> None:
    f = FORMATS[format]
    (codes,) = every_operand(f, 1)
    values, least = numbers_of(f)[codes], numbers_of(f)[f.min_normal]
    sign = np.where(np.signbit(values), "negative", "positive")
    size = np.abs(values)
    kind = np.select([size == 0, size < least, np.isfinite(size)], ["Zero", "Subnormal", "Normal"], "Infinity")
    nan = np.where(is_signaling(f, codes), "signalingNaN", "quietNaN")
    wanted = np.where(np.isnan(values), nan, np.char.add(sign, kind))
    made, flags = arithmetic(format).classify(codes, with_flags=True)
    assert made.dtype == np.uint8
    assert [CLASSES[i] for i in made.tolist()] == wanted.tolist()
    assert not flags.any()


def test_classes_stand_in_the_order_of_the_standard() -> None:
    assert len(set(CLASSES)) == 10
    assert CLASSES[0] == "signalingNaN"
    assert CLASSES[2:6] == ("negativeInfinity", "negativeNormal", "negativeSubnormal", "negativeZero")
