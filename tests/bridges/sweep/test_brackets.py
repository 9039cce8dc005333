"""Brackets: which cell a value lies in, and every direction's codes and flags, against exact rounding of fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from fpsem.bridges.sweep.brackets import ABOVE, BELOW, BEYOND, SPECIAL, UNDECIDED, bracket, mark_tiny, rounded
from fpsem.core.exact import exponent_of, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Flag

UNBOUNDED = Format("unbounded", 11, BINARY32.precision)
"""The precision of binary32 with more exponents: what a result is before it is found tiny or too large."""

NUMBERS = [1.0, 1.5, 1 + 2.0**-23, 2 - 2.0**-23, 2.0**-149, 3 * 2.0**-149, 2.0**-126, 2.0**-127, 2.0**127, 2.0**128 - 2.0**104]
HALF = {x: math.ldexp(1.0, max(math.frexp(x)[1], -125) - 25) for x in NUMBERS}


def expected(x: Fraction, direction: Rounding) -> tuple[int, int]:
    """The code and flags of an inexact result."""
    code = round_to_bits(x, BINARY32, direction)
    unbounded = abs(round_to_precision(x, UNBOUNDED, direction))
    flags = Flag.INEXACT
    if unbounded < Fraction(2) ** BINARY32.emin:
        flags |= Flag.UNDERFLOW
    if unbounded > BINARY32.decode(BINARY32.max_finite):
        flags |= Flag.OVERFLOW
    return code, int(flags)


def one(hi: float, lo: float, error: float) -> tuple[np.ndarray, np.ndarray]:
    code, state = np.zeros(1, np.uint32), np.zeros(1, np.uint8)
    bracket(np.array([hi]), np.array([lo]), np.array([error]), code, state)
    return code, state


@pytest.mark.parametrize("direction", list(Rounding))
def test_results_and_flags_are_those_of_exact_rounding(direction: Rounding) -> None:
    decided = 0
    for x, sign, halves, part, pair in product(NUMBERS, (1, -1), (-3, -2, -1, 0, 1, 2), (0.01, 0.25, 0.5, 0.99), (False, True)):
        whole = x + halves * HALF[x]
        if whole <= 0:
            continue
        rest = part * HALF[x] * (2.0**-60 if pair else 1)
        hi, lo = (sign * whole, sign * rest) if pair else (sign * (whole + rest), 0.0)
        code, state = one(hi, lo, HALF[x] * 2.0**-68 if pair else 0.0)
        if state[0] == UNDECIDED:
            assert int(code[0] & BINARY32.magnitude_mask) == BINARY32.min_normal - 1 or not pair
            continue
        decided += 1
        codes, flags = rounded(code, state, direction)
        assert (int(codes[0]), int(flags[0])) == expected(Fraction(hi) + Fraction(lo), direction), (hi, lo)
    assert decided > 700


@pytest.mark.parametrize("x", [1.0, 1 + 2.0**-24, 2.0**-149, 1.5 * 2.0**-149, 2.0**128 - 2.0**103])
def test_numbers_and_midpoints_are_undecided_whatever_little_is_known(x: float) -> None:
    for lo, error in ((0.0, 0.0), (0.0, x * 2.0**-60), (x * 2.0**-60, x * 2.0**-59), (-x * 2.0**-60, x * 2.0**-60)):
        assert one(x, lo, error)[1][0] == UNDECIDED
    for sign, lower in ((1, 0), (-1, 1)):
        code, state = one(x, sign * x * 2.0**-60, x * 2.0**-61)
        assert state[0] in (ABOVE, BELOW)
        assert 2 * int(code[0]) + int(state[0]) == 2 * round_to_bits(Fraction(x), BINARY32, Rounding.TOWARD_ZERO) + int(
            Fraction(x) != BINARY32.decode(round_to_bits(Fraction(x), BINARY32, Rounding.TOWARD_ZERO))
        ) - lower


@pytest.mark.parametrize(("hi", "error"), [(math.nan, 0.0), (1.3, math.inf), (0.0, 0.0), (0.0, 1e-300), (1e-300, 2e-300)])
def test_what_is_not_known_is_undecided(hi: float, error: float) -> None:
    assert one(hi, 0.0, error)[1][0] == UNDECIDED


def test_beyond_all_numbers_begins_at_two_to_the_128() -> None:
    assert one(2.0**128, 0.0, 0.0)[1][0] == BEYOND
    assert one(-1e300, 0.0, 1e200)[1][0] == BEYOND
    code, state = one(math.nextafter(2.0**128, 0), 0.0, 0.0)
    assert (code[0], state[0]) == (BINARY32.max_finite, ABOVE)


def test_tininess_that_a_bracket_does_not_tell_is_undecided() -> None:
    x = 2.0**-126 * (1 - 2.0**-25)
    assert one(x, 0.0, 0.0)[1][0] == UNDECIDED
    code = np.array([BINARY32.min_normal - 1, BINARY32.min_normal], np.uint32)
    state = np.array([ABOVE, ABOVE], np.uint8)
    mark_tiny(code, state)
    assert state.tolist() == [UNDECIDED, ABOVE]


@pytest.mark.parametrize("direction", list(Rounding))
def test_special_results_are_the_same_in_every_direction(direction: Rounding) -> None:
    code = np.array([BINARY32.nan, BINARY32.sign_mask], np.uint32)
    codes, flags = rounded(code, np.array([SPECIAL | Flag.INVALID, SPECIAL], np.uint8), direction)
    assert codes.tolist() == code.tolist()
    assert flags.tolist() == [Flag.INVALID, 0]


def test_exponents_of_the_test_s_own_halves() -> None:
    for x, half in HALF.items():
        unit = max(exponent_of(Fraction(x)), BINARY32.emin) - BINARY32.fraction_bits
        assert Fraction(half) == Fraction(2) ** (unit - 1)
