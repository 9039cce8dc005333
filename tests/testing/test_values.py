"""The strategies of numbers, boxes and inputs: what they reach, what they keep to, what they shrink to, how failures read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fpsem.core.codes import places
from fpsem.core.region import Box
from fpsem.testing import binary32, binary32_arrays, binary32_codes, boxes, inputs_in

QUICK = settings(max_examples=2000, database=None, derandomize=True)
UNSHRUNK = settings(QUICK, phases=[Phase.generate])
TINY, LARGEST = np.finfo(np.float32).smallest_normal, np.finfo(np.float32).max
ONE = np.float32(1)


def widths(box: Box) -> np.ndarray:
    return np.asarray(places(box.hi.view(np.uint32)) - places(box.lo.view(np.uint32)))


@pytest.mark.parametrize("what", ["minus zero", "subnormal", "near overflow", "infinity", "NaN", "next to 1", "half an ulp of 1"])
def test_numbers_reach(what: str) -> None:
    wanted: dict[str, Callable[[Any], Any]] = {
        "minus zero": lambda x: x == 0 and np.signbit(x),
        "subnormal": lambda x: 0 < abs(x) < TINY,
        "near overflow": lambda x: np.isfinite(x) and abs(x) >= np.nextafter(LARGEST, ONE),
        "infinity": np.isinf,
        "NaN": np.isnan,
        "next to 1": lambda x: x in (np.nextafter(ONE, np.float32(0)), np.nextafter(ONE, np.float32(2))),
        "half an ulp of 1": lambda x: float(x) == 2.0**-24,
    }
    assert wanted[what](find(binary32(), wanted[what], settings=UNSHRUNK))


@given(binary32())
def test_numbers_are_of_numpys_own_type(x: np.float32) -> None:
    assert type(x) is np.float32


@pytest.mark.parametrize(
    ("options", "holds"),
    [
        ({"min_value": 0.0}, lambda x: x >= 0 and not np.signbit(x)),
        ({"min_value": -0.0}, lambda x: x >= 0),
        ({"max_value": -0.0}, lambda x: x <= 0 and np.signbit(x)),
        ({"min_value": -1.0, "max_value": 3.0}, lambda x: -1 <= x <= 3),
        ({"min_value": 2.0, "max_value": 2.0}, lambda x: x == 2),
        ({"min_value": -5.0, "max_value": -3.0}, lambda x: -5 <= x <= -3),
        ({"min_value": 1e-45, "max_value": 4e-45}, lambda x: 0 < x < 5e-45),
        ({"allow_nan": False}, lambda x: not np.isnan(x)),
        ({"allow_nan": False, "allow_infinity": False}, np.isfinite),
        ({"min_value": 0.0, "allow_infinity": False}, np.isfinite),
    ],
)
@given(data=st.data())
def test_numbers_keep_to_their_bounds(options: dict[str, Any], holds: Callable[[Any], Any], data: st.DataObject) -> None:
    binary32_bounds = {name: float(np.float32(x)) if type(x) is float else x for name, x in options.items()}
    assert holds(data.draw(binary32(**binary32_bounds)))


@pytest.mark.parametrize("options", [{"min_value": 0.0, "max_value": 8.0}, {"min_value": -8.0, "max_value": 8.0}])
def test_both_ends_are_reached(options: dict[str, float]) -> None:
    for end in options.values():
        assert find(binary32(**options), lambda x, end=end: x == end, settings=QUICK) == end


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_value": 0.1}, "min_value 0.1 is not a number of binary32"),
        ({"max_value": float("nan")}, "max_value nan is not"),
        ({"min_value": 1e300}, "min_value 1e.300 is not"),
        ({"min_value": 2.0, "max_value": 1.0}, "no number lies between"),
        ({"min_value": 0.0, "max_value": -0.0}, "no number lies between"),
        ({"min_value": 0.0, "allow_nan": True}, "NaN lies within no bounds"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        binary32(**options)


# -- shrinking --------------------------------------------------------------------------------------------------------


def test_numbers_shrink_to_zero() -> None:
    x = find(binary32(), lambda x: True, settings=QUICK)
    assert x == 0
    assert not np.signbit(x)


def test_the_least_number_that_absorbs_one_is_found() -> None:
    x = find(binary32(allow_nan=False, allow_infinity=False), lambda x: x + ONE == x, settings=QUICK)
    assert int(x.view(np.uint32)) == 0x4B800000
    assert find(binary32_codes(), lambda c: c < 0x7F800000 and _absorbs(c), settings=QUICK) == 0x4B800000


def _absorbs(code: int) -> bool:
    x = np.uint32(code).view(np.float32)
    return bool(x + ONE == x)


def test_a_pair_whose_difference_is_lost_is_found_readable() -> None:
    finite = binary32(allow_nan=False, allow_infinity=False)
    with np.errstate(all="ignore"):
        x, y = find(st.tuples(finite, finite), lambda p: (p[0] + p[1]) - p[1] != p[0], settings=QUICK)
    assert all(int(v.view(np.uint32)) & 0x3FFFFF == 0 or v < TINY for v in (x, y)), (x, y)


# -- how failures read ------------------------------------------------------------------------------------------------


def told_of(strategy: st.SearchStrategy[Any], holds: Callable[[Any], bool]) -> str:
    """What is reported of the smallest example that does not hold."""

    @settings(max_examples=500, database=None, derandomize=True)
    @given(strategy)
    def trial(x: Any) -> None:
        assert holds(x)

    with pytest.raises(AssertionError) as caught:
        trial()
    return "\n".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("strategy", "holds"),
    [
        (binary32(allow_nan=False, allow_infinity=False), lambda x: x + ONE != x),
        (binary32_codes(allow_nan=False, allow_infinity=False), lambda c: not _absorbs(c)),
        (binary32_arrays(2, allow_nan=False, allow_infinity=False), lambda c: not _absorbs(c[0])),
    ],
    ids=["numbers", "codes", "arrays"],
)
def test_a_failing_number_is_told_in_bits_hexadecimal_and_decimal(strategy: Any, holds: Callable[[Any], bool]) -> None:
    assert "0x4b800000 (0x1.0000000000000p+24) = 16777216.0" in told_of(strategy, holds)


def test_a_failing_box_is_told_by_its_ends() -> None:
    told = told_of(boxes((1,)), lambda box: not box.hi[0] >= 1)
    assert "[0] 0x3f800000 (0x1.0000000000000p+0) = 1.0" in told
    assert "to shape (1,)" in told


def test_an_example_outside_a_test_needs_no_notes() -> None:
    assert find(binary32(), lambda x: x == 2, settings=QUICK) == 2


# -- boxes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ("a point", lambda w: (w == 0).all()),
        ("one ulp wide", lambda w: (w == 1).all()),
        ("some ulps wide, each its own", lambda w: len(set(w.ravel())) > 2 and w.max() <= 1 << 20),
        ("wide", lambda w: w.min() > 1 << 28),
    ],
)
def test_boxes_reach(what: str, holds: Callable[[Any], Any]) -> None:
    assert holds(widths(find(boxes((3,)), lambda box: holds(widths(box)), settings=UNSHRUNK)))


def test_many_boxes_are_one_ulp_wide() -> None:
    seen: list[bool] = []

    @settings(UNSHRUNK, max_examples=200)
    @given(boxes((4,), max_magnitude=4))
    def trial(box: Box) -> None:
        seen.append(bool((widths(box) == 1).all()))

    trial()
    assert sum(seen) > len(seen) / 10


@pytest.mark.parametrize("most", [None, 4.0, 0.0, 1e-44])
@given(data=st.data())
def test_boxes_keep_their_shape_and_their_magnitude(most: float | None, data: st.DataObject) -> None:
    box = data.draw(boxes((2, 1), max_magnitude=most))
    assert box.shape == (2, 1)
    assert most is None or max(abs(box.lo).max(), abs(box.hi).max()) <= most


@given(boxes((2,)), boxes((2,)))
def test_two_boxes_are_drawn_apart(one: Box, other: Box) -> None:
    assert one is not other


def test_two_boxes_of_one_strategy_may_differ() -> None:
    strategy = boxes((1,))
    one, other = find(st.tuples(strategy, strategy), lambda pair: pair[0].lo[0] != pair[1].lo[0], settings=QUICK)
    assert one.lo[0] != other.lo[0]


@given(data=st.data())
def test_inputs_lie_in_their_box(data: st.DataObject) -> None:
    box = data.draw(boxes((2, 2)))
    x = data.draw(inputs_in(box))
    assert x.dtype == np.float32
    assert box.contains(x)


def test_inputs_reach_both_ends_and_shrink_to_the_lower_one() -> None:
    box = Box(np.float32([-1, 2]), np.float32([5, 3]))
    assert np.array_equal(find(inputs_in(box), lambda x: True, settings=QUICK), box.lo)
    assert np.array_equal(find(inputs_in(box), lambda x: bool((x == box.hi).all()), settings=QUICK), box.hi)
