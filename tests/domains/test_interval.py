"""Interval: every point of a box keeps its real values inside."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.bridges.real_ieee32 import MODELS
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.domains import _outward as outward

DOMAIN, REAL = fpsem.Interval(), fpsem.Real()


def inside(low: Any, value: Any, high: Any) -> bool:
    return bool((low <= value).all() and (value <= high).all())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("width", [0.0, 0.01, 0.5])
def test_the_real_value_of_every_sampled_input_lies_in_the_enclosure_of_its_box(
    model: Callable[[Any], Any], width: float
) -> None:
    rng = np.random.default_rng(0)
    center = rng.standard_normal((4, 9)).astype(np.float32)
    region = fpsem.Box(center - np.float32(width), center + np.float32(width))
    graph = fpsem.trace(model, center.shape)
    found = fpsem.run(graph, {}, DOMAIN.box(region), DOMAIN)
    low, high = (np.frompyfunc(lambda v: Fraction(v) if np.isfinite(v) else v, 1, 1)(found[end]) for end in ("lo", "hi"))
    for share in (0.0, 1.0, *rng.uniform(0, 1, 3)):
        x = (region.lo + np.float32(share) * (region.hi - region.lo)).clip(region.lo, region.hi)
        assert inside(low, REAL.enclosure(fpsem.run(graph, {}, x, REAL))[0], high)


def test_an_enclosure_of_a_point_is_narrow() -> None:
    x = np.array([[0.5, -1.25, 3.0]], np.float32)
    found = fpsem.run(fpsem.trace(lambda x: x.softmax(axis=1).log(), x.shape), {}, x, DOMAIN)
    assert (found["hi"] - found["lo"] < 1e-13).all()


def test_what_may_be_undefined_is_the_whole_line_and_has_no_enclosure() -> None:
    box = DOMAIN.box(fpsem.Box(np.float32([-1]), np.float32([1])))
    one = DOMAIN.constant(np.array([1], dtype=object))
    pole, zero = DOMAIN.div(one, box), DOMAIN.sub(one, one)
    for undefined in (pole, DOMAIN.sqrt(box), DOMAIN.log(box), DOMAIN.mul(pole, zero)):
        assert undefined["lo"].item() == -np.inf
        assert undefined["hi"].item() == np.inf
        with pytest.raises(UndefinedError, match=r"element \[0\] may be undefined"):
            DOMAIN.enclosure(undefined)


def test_truths_have_three_values_and_an_unknown_choice_is_the_hull() -> None:
    low, high = (DOMAIN.box(fpsem.Box(np.float32([a]), np.float32([b]))) for a, b in ((0, 1), (2, 3)))
    assert DOMAIN.less(low, high).item() == outward.TRUE
    assert DOMAIN.less(high, low).item() == outward.FALSE
    assert DOMAIN.less(low, low).item() == outward.UNKNOWN
    assert DOMAIN.equal(low, low).item() == outward.UNKNOWN
    assert DOMAIN.select(DOMAIN.less(low, low), low, high).item() == (0.0, 3.0)
    assert DOMAIN.select(DOMAIN.less(low, high), low, high).item() == (0.0, 1.0)


def test_bits_are_read_where_the_interval_decides_them() -> None:
    x = np.array([0.1, -3.5], np.float32)
    assert DOMAIN.to_bits(DOMAIN.from_bits(x.view(np.uint32))).tolist() == x.view(np.uint32).tolist()
    with pytest.raises(UnableError, match="stands for many numbers"):
        DOMAIN.to_bits(DOMAIN.box(fpsem.Box(x, x + 1)))
