from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.schedule import SCHEDULES, Schedule, Tree
from fpsem.testing.strategies import binary32_arrays, binary32_codes, codes, payloads, schedules

QUICK = settings(max_examples=2000, database=None, derandomize=True)
MAGNITUDE = BINARY32.magnitude_mask

REACHED = {
    "plus zero": lambda c: c == 0,
    "minus zero": lambda c: c == BINARY32.sign_mask,
    "a subnormal number": lambda c: 0 < c & MAGNITUDE < BINARY32.min_normal,
    "the largest subnormal number": lambda c: c & MAGNITUDE == BINARY32.min_normal - 1,
    "the largest number": lambda c: c & MAGNITUDE == BINARY32.max_finite,
    "an infinity": lambda c: c & MAGNITUDE == BINARY32.overflow_code,
    "a NaN with a payload": lambda c: BINARY32.is_nan(c) and c & MAGNITUDE != BINARY32.nan,
    "a neighbour of 3": lambda c: c == int(np.float32(3).view(np.uint32)) + 1,
    "a short significand": lambda c: BINARY32.is_finite(c) and c & 0xFFFFF == 0 and c & 0x700000 != 0,
}


@pytest.mark.parametrize("what", REACHED)
def test_binary32_codes_reach(what: str) -> None:
    assert REACHED[what](find(binary32_codes(), REACHED[what], settings=QUICK))


def test_codes_shrink_to_plus_zero() -> None:
    assert find(binary32_codes(), lambda code: True, settings=QUICK) == 0


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@given(data=st.data())
def test_codes_are_codes_of_the_format(fmt: Format, data: st.DataObject) -> None:
    code = data.draw(codes(fmt))
    assert 0 <= code < 1 << fmt.width


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@given(data=st.data())
def test_options_rule_out_nans_and_infinities(fmt: Format, data: st.DataObject) -> None:
    assert not fmt.is_nan(data.draw(codes(fmt, allow_nan=False)))
    numbers_and_nans = data.draw(codes(fmt, allow_infinity=False))
    assert fmt.is_finite(numbers_and_nans) or fmt.is_nan(numbers_and_nans)
    assert fmt.is_finite(data.draw(codes(fmt.name, allow_nan=False, allow_infinity=False)))


@pytest.mark.parametrize("bound", [0, 1e-45, 0.1, 4.0, Fraction(10, 3), 1e30])
@given(data=st.data())
def test_magnitudes_stay_within_their_bound(bound: float, data: st.DataObject) -> None:
    code = data.draw(binary32_codes(max_magnitude=bound))
    assert abs(BINARY32.decode(code)) <= bound


@given(binary32_arrays((2, 3), allow_nan=False))
def test_arrays_have_their_shape_and_hold_codes(array: np.ndarray) -> None:
    assert array.shape == (2, 3)
    assert array.dtype == np.uint32
    assert not np.isnan(array.view(np.float32)).any()


@given(binary32_arrays(st.sampled_from([(1,), (2, 2)])))
def test_array_shapes_may_be_drawn(array: np.ndarray) -> None:
    assert array.shape in ((1,), (2, 2))


@given(payloads({"0.weight": (2, 3), "0.bias": (2,)}))
def test_payloads_are_finite_named_float32_tensors(payload: dict[str, np.ndarray]) -> None:
    assert {name: tensor.shape for name, tensor in payload.items()} == {"0.weight": (2, 3), "0.bias": (2,)}
    assert all(tensor.dtype == np.float32 and (np.abs(tensor) <= 4).all() for tensor in payload.values())


@pytest.mark.parametrize("kind", [kind for kind in SCHEDULES.values() if kind.has_tree])
def test_every_kind_of_tree_is_drawn_for_a_known_number_of_terms(kind: type[Schedule]) -> None:
    found = find(schedules(4), lambda schedule: isinstance(schedule, kind) and schedule.fused, settings=QUICK)
    assert len(found.steps(4)) == 3


@given(schedules())
def test_without_a_number_of_terms_no_explicit_tree_is_drawn(schedule: Schedule) -> None:
    assert not isinstance(schedule, Tree)
    assert len(schedule.steps(9)) == 8
