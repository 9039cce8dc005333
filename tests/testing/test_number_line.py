from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.codes import codes_at, places
from fpsem.core.region import Box
from fpsem.testing.number_line import SHARES, between, show_number, show_numbers
from fpsem.testing.strategies import binary32_codes

LINE = [0xFF800000, 0xFF7FFFFF, 0x80000001, 0x80000000, 0, 1, 0x3F800000, 0x7F7FFFFF, 0x7F800000]
"""From minus to plus infinity."""


def test_places_are_in_the_order_of_the_numbers_and_minus_zero_is_below_zero() -> None:
    line = places(np.array(LINE, np.uint32))
    assert line.tolist() == sorted(line.tolist())
    assert line[3:6].tolist() == [-1, 0, 1]


@given(binary32_codes())
def test_a_place_and_its_code_go_back_and_forth(code: int) -> None:
    assert codes_at(places(np.array([code], np.uint32))).tolist() == [code]


@given(st.integers(0, SHARES))
def test_a_share_of_a_box_lies_in_it(share: int) -> None:
    box = Box(np.float32([-3.4e38, -0.0, 1.0]), np.float32([3.4e38, 1e-45, 1.0]))
    assert box.contains(between(box, np.full(3, share)))


def test_the_first_and_the_last_share_are_the_ends() -> None:
    box = Box(np.float32([-3.4e38, 2.0]), np.float32([3.4e38, 3.0]))
    for share, end in ((0, box.lo), (SHARES, box.hi)):
        assert np.array_equal(between(box, np.full(2, share)), end)


def test_a_number_is_shown_in_three_notations() -> None:
    assert show_number(0x4B800000) == "0x4b800000 (0x1.0000000000000p+24) = 16777216.0"
    assert show_number(0x80000001) == "0x80000001 (-0x1.0000000000000p-149) = -1e-45"
    assert show_number(0x3DCCCCCD).endswith(" = 0.1")
    assert show_number(0x7FC00000) == "0x7fc00000 (nan) = nan"


def test_arrays_are_shown_with_their_indices_and_long_ones_are_cut() -> None:
    assert show_numbers(np.float32([[1, 2]])).splitlines()[2] == "  [0, 1] 0x40000000 (0x1.0000000000000p+1) = 2.0"
    assert show_numbers(np.zeros(30, np.float32)).endswith("and 6 more")
    assert show_numbers(np.float32(1)) == show_numbers(np.uint32(0x3F800000)) == show_number(0x3F800000)
