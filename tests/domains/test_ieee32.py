"""IEEE32Exec beyond its contract: scalars are codes, and reading, casting and directions are those of the codes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import UndefinedError, UnknownNameError
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import Kind, exact_array
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Pairwise
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.trace import trace
from fpsem.softfloat import Flag, Raised
from fpsem.testing import binary32_arrays, binary32_codes
from fpsem.testing.expected import cast_code
from fpsem.testing.operands import columns

EXACT = IEEE32Exec()
INFINITY, NAN = BINARY32.overflow_code, BINARY32.nan
NUMBERS = binary32_codes(allow_nan=False, allow_infinity=False)


def bits(*codes: int) -> Any:
    return np.array(codes, np.uint32)


def test_directions_and_schedules_are_given_or_named() -> None:
    assert IEEE32Exec("upward", "pairwise") == IEEE32Exec(Rounding.UPWARD, Pairwise())
    with pytest.raises(UnknownNameError, match="rounding direction 'up'"):
        IEEE32Exec(rounding="up")
    with pytest.raises(UnknownNameError, match="schedule 'random'"):
        IEEE32Exec(schedule="random")


def test_it_promises_ieee_754_with_correctly_rounded_elementary_functions() -> None:
    assert EXACT.contract.kind is Kind.IEEE
    assert EXACT.contract.elementary_ulps == 0


@given(binary32_arrays((3, 2)))
def test_codes_embed_and_read_back_unchanged_nan_payloads_included(codes: Any) -> None:
    assert np.array_equal(EXACT.to_bits(EXACT.from_bits(codes)), codes)


@given(NUMBERS)
def test_an_enclosure_is_the_number_and_a_double_is_too(code: int) -> None:
    (low,), (high,) = EXACT.enclosure(bits(code))
    assert low == high == BINARY32.decode(code) == Fraction(float(EXACT.to_float(bits(code))[0]))


@pytest.mark.parametrize(("code", "what"), [(INFINITY, "infinite"), (NAN, "NaN"), (0xFF800001, "NaN")])
def test_what_is_no_number_has_no_enclosure_and_its_place_is_named(code: int, what: str) -> None:
    with pytest.raises(UndefinedError, match=rf"element \[1\] is {what}"):
        EXACT.enclosure(bits(0, code))


@pytest.mark.parametrize("direction", Rounding)
def test_a_constant_is_rounded_in_the_direction_of_the_domain(direction: Rounding) -> None:
    third = EXACT.from_bits(IEEE32Exec(direction).constant(exact_array([Fraction(1, 3), Fraction(-1, 3)])))
    ones, threes = EXACT.constant(exact_array([1, -1])), EXACT.constant(exact_array([3]))
    assert np.array_equal(third, IEEE32Exec(direction).div(ones, threes))


@given(NUMBERS, NUMBERS)
def test_directed_results_enclose_the_exact_sum(a: int, b: int) -> None:
    x, y = bits(a), bits(b)
    down, up = (int(IEEE32Exec(direction).add(x, y)[0]) for direction in ("downward", "upward"))
    exact = BINARY32.decode(a) + BINARY32.decode(b)
    assert not BINARY32.is_finite(down) or BINARY32.decode(down) <= exact
    assert not BINARY32.is_finite(up) or BINARY32.decode(up) >= exact
    assert (BINARY32.is_finite(down) and BINARY32.is_finite(up)) or abs(exact) > BINARY32.decode(BINARY32.max_finite)


@given(binary32_codes())
def test_directions_mirror_each_other(code: int) -> None:
    x, three = bits(code), EXACT.constant(exact_array([3]))
    up, down = IEEE32Exec("upward"), IEEE32Exec("downward")
    mirrored = EXACT.neg(down.div(EXACT.neg(x), three))
    assert EXACT.is_nan(x)[0] or np.array_equal(up.div(x, three), mirrored)


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "binary64"])
def test_a_cast_rounds_to_the_grid_of_the_format_and_stays_there(format: str) -> None:
    (codes,) = columns(1, 500, seed=1)
    cast = EXACT.cast(codes, format)
    assert cast.tolist() == [cast_code(code, FORMATS[format]) for code in codes.tolist()]
    assert np.array_equal(EXACT.cast(cast, format), cast)


@given(st.sampled_from([0, 0x80000000, INFINITY, INFINITY | 0x80000000]))
def test_a_cast_keeps_zeros_and_infinities(code: int) -> None:
    assert EXACT.cast(bits(code), "bfloat16")[0] == code


def test_predicates_and_choice_work_on_codes() -> None:
    codes = bits(0, 0x80000000, INFINITY, 0xFF800000, NAN, 0xFFFFFFFF, 1)
    assert EXACT.is_nan(codes).tolist() == [False] * 4 + [True, True, False]
    assert EXACT.is_finite(codes).tolist() == [True, True] + [False] * 4 + [True]
    assert EXACT.select(EXACT.is_nan(codes), bits(7), codes)[-3:].tolist() == [7, 7, 1]


@pytest.mark.parametrize("name", ["exp", "tanh", "erf", "sin"])
def test_elementary_functions_are_monotone_in_the_direction(name: str) -> None:
    (codes,) = columns(1, 30, seed=2, special=False)
    down, even, up = (
        getattr(IEEE32Exec(d), name)(codes).view(np.float32) for d in ("downward", "nearest_even", "upward")
    )
    assert (down <= even).all()
    assert (even <= up).all()
    assert (down < up).any()


# -- attributes ----------------------------------------------------------------------------------------------------


def codes_of(*values: float) -> Any:
    return np.array(values, np.float32).view(np.uint32)


def test_the_nan_of_an_invalid_operation_is_the_one_asked_for() -> None:
    infinity, zero = codes_of(np.inf), codes_of(0)
    given = {nan: int(IEEE32Exec(nan=nan).mul(infinity, zero)[0]) for nan in ("canonical", "x86", "arm", "cuda")}
    assert given == {"canonical": 0x7FC00000, "x86": 0xFFC00000, "arm": 0x7FC00000, "cuda": 0x7FFFFFFF}


def test_subnormal_numbers_are_kept_or_flushed_as_asked() -> None:
    tiny, one, half = codes_of(1e-40), codes_of(1), codes_of(0.5)
    least = np.array([0x00800000], np.uint32)
    assert IEEE32Exec().mul(tiny, one)[0] == tiny[0]
    assert IEEE32Exec(subnormals="flush_inputs").mul(tiny, one)[0] == 0
    assert IEEE32Exec(subnormals="flush_inputs").mul(least, half)[0] == 0x00400000
    assert IEEE32Exec(subnormals="flush_outputs").mul(least, half)[0] == 0
    assert not IEEE32Exec(subnormals="flush").contract.gradual_underflow


def test_flags_are_raised_on_the_object_that_was_given_and_change_no_bit() -> None:
    raised = Raised()
    watched, plain = IEEE32Exec(schedule="pairwise", flags=raised), IEEE32Exec(schedule="pairwise")
    x = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    graph = trace(lambda x: (x @ x.T).softmax(axis=-1), x.shape)
    assert np.array_equal(run(graph, {}, x, watched), run(graph, {}, x, plain))
    assert Flag.INEXACT in raised.take()
    watched.div(codes_of(1), codes_of(0))
    assert raised.take() == Flag.DIVIDE_BY_ZERO


@pytest.mark.parametrize("options", [{"nan": "mips"}, {"subnormals": "drop"}])
def test_an_unknown_attribute_is_refused_with_those_there_are(options: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match="Known: "):
        IEEE32Exec(**options)
