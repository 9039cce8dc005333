"""The constants of range reduction, and the polynomials' coefficients."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import flint

import fpsem
from fpsem.softfloat.elementary import _exponential, _trigonometric, exp10, log10


def test_ln_2_and_log10_2_are_right_to_128_bits() -> None:
    with flint.ctx.workprec(300):
        two = flint.arb(2)
        for found, true in ((_exponential.LN_2, two.log()), (exp10.LOG10_2, two.log() / flint.arb(10).log())):
            assert int((true * two**128).floor().unique_fmpz()) == found * 2**128


def test_their_high_parts_have_so_few_bits_that_multiples_are_exact() -> None:
    for high, places in ((_exponential.LN_2_HIGH, 42), (exp10._HIGH, 43), (log10._HIGH, 42)):
        assert Fraction(high) * 2**places % 1 == 0


def test_high_and_low_parts_add_up_to_90_bits() -> None:
    parts = (
        (_exponential.LN_2_HIGH, _exponential.LN_2_LOW, _exponential.LN_2),
        (exp10._HIGH, exp10._LOW, exp10.LOG10_2),
        (log10._HIGH, log10._LOW, exp10.LOG10_2),
    )
    for high, low, whole in parts:
        assert abs(Fraction(high) + Fraction(low) - whole) < Fraction(1, 1 << 90)


def test_the_fraction_of_a_turn_is_right_to_its_last_bit() -> None:
    with flint.ctx.workprec(600):
        turns = flint.arb(2) ** 288 / (2 * flint.arb.pi())
        assert int(turns.floor().unique_fmpz()) == _trigonometric._TURNS
    joined = sum(word << 64 * place for place, word in enumerate(reversed(_trigonometric._WORDS)))
    assert joined == _trigonometric._TURNS << 320 - 288 >> 24


def test_the_coefficients_are_what_their_script_prints() -> None:
    script = Path(fpsem.__file__).parents[1] / "tools" / "coefficients.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True)
