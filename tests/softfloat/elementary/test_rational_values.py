"""The exact values of the elementary functions, and that a ball confirms each and every absence."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import flint
import pytest

from fpsem.core.formats import FORMATS
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.names import ELEMENTARY, UNARY
from fpsem.softfloat.elementary.rational_values import RATIONAL_AT, rational_value

F = Fraction

VALUES: list[tuple[str, tuple[Fraction, ...], Fraction | None]] = [
    ("exp2", (F(-149),), F(1, 2**149)),
    ("exp2", (F(1, 2),), None),
    ("exp10", (F(-3),), F(1, 1000)),
    ("exp10", (F(5, 2),), None),
    ("log2", (F(1, 2**1074),), F(-1074)),
    ("log2", (F(3, 2),), None),
    ("log10", (F(1, 1000),), F(-3)),
    ("log10", (F(10**22),), F(22)),
    ("log10", (F(20),), None),
    ("log10", (F(1, 8),), None),
    ("cbrt", (F(-27, 8),), F(-3, 2)),
    ("cbrt", (F(4),), None),
    ("rsqrt", (F(9, 4),), F(2, 3)),
    ("rsqrt", (F(8),), None),
    ("hypot", (F(-3, 4), F(1)), F(5, 4)),
    ("hypot", (F(0), F(-7)), F(7)),
    ("hypot", (F(1), F(1)), None),
    ("pow", (F(-3), F(5)), F(-243)),
    ("pow", (F(-2), F(-3)), F(-1, 8)),
    ("pow", (F(81, 16), F(3, 4)), F(27, 8)),
    ("pow", (F(81, 16), F(-3, 4)), F(8, 27)),
    ("pow", (F(81, 16), F(3, 8)), None),
    ("pow", (F(8), F(1, 3)), F(2)),
    ("pow", (F(1), F(1, 2**1074)), F(1)),
    ("pow", (F(5), F(0)), F(1)),
    ("pow", (F(0), F(5, 2)), F(0)),
    ("pow", (F(3, 2**149), F(28)), F(3**28, 2 ** (149 * 28))),
    ("pow", (1 + F(1, 2**52), F(10**6)), None),
    ("atan2", (F(0), F(3)), F(0)),
    ("atan2", (F(0), F(-3)), None),
    ("softplus", (F(0),), None),
    ("logistic", (F(0),), F(1, 2)),
    ("acos", (F(1),), F(0)),
    ("acos", (F(0),), None),
]


@pytest.mark.parametrize(("name", "x", "value"), VALUES)
def test_rational_values_are_known(name: str, x: tuple[Fraction, ...], value: Fraction | None) -> None:
    assert rational_value(name, *x) == value


def test_every_function_is_told_where_it_is_rational() -> None:
    for name, operands in ELEMENTARY.items():
        rational_value(name, *(F(1) for _ in range(operands)))
    assert set(RATIONAL_AT) < set(UNARY)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_a_ball_of_the_function_holds_every_rational_value_and_no_short_number_elsewhere(name: str) -> None:
    toy6 = FORMATS["toy6"]
    numbers = {toy6.decode(code) for code in range(64) if toy6.is_finite(code)} - {F(0)}
    arguments = product(numbers, repeat=ELEMENTARY[name])
    told = 0
    with flint.ctx.workprec(300):
        for x in arguments:
            made = ball(name, *(flint.arb(flint.fmpq(*a.as_integer_ratio())) for a in x))
            if not made.is_finite():
                continue
            value = rational_value(name, *x)
            # a number of fewer than 100 bits after the point would be found here: 2**100 times it is an integer
            scaled = made * flint.arb(2) ** 100
            integral = made.rel_accuracy_bits() > 250 and abs(made) < 2**100 and scaled.contains_integer()
            assert not integral or value is not None, (name, x)
            assert value is None or made.contains(flint.fmpq(*value.as_integer_ratio())), (name, x)
            told += 1
    assert told > 10
