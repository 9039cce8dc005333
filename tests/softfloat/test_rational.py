"""Rationals rounded by the arithmetic's rounder, against the fifteen lines that everything is judged by."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import FORMATS
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.rational import rounded


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", FORMATS)
def test_rationals_are_rounded_once(name: str, direction: Rounding) -> None:
    f, rng = FORMATS[name], np.random.default_rng(11)
    mode = Attributes(rounding=direction)
    for numerator, denominator, exponent in rng.integers([1, 1, -f.bias - 30], [2**40, 2**40, f.bias + 5], (60, 3)).tolist():
        x = Fraction(numerator, denominator) * Fraction(2) ** exponent
        for sign in (1, -1):
            code, flags = rounded(sign < 0, x, f, mode)
            assert code == round_to_bits(sign * x, f, direction)
            exact = f.is_finite(code) and abs(f.decode(code)) == x
            assert bool(flags & Flag.INEXACT) is not exact


def test_zeros_have_the_sign_that_is_given_and_no_flags() -> None:
    f = FORMATS["binary32"]
    assert rounded(False, Fraction(0), f, Attributes()) == (0, 0)
    assert rounded(True, Fraction(0), f, Attributes()) == (f.sign_mask, 0)


def test_far_numbers_overflow_and_vanish() -> None:
    f, mode = FORMATS["binary32"], Attributes()
    assert rounded(False, Fraction(2) ** 5000, f, mode) == (f.overflow_code, Flag.OVERFLOW | Flag.INEXACT)
    assert rounded(True, Fraction(2) ** -5000, f, mode) == (f.sign_mask, Flag.UNDERFLOW | Flag.INEXACT)
