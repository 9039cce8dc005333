from __future__ import annotations

from fractions import Fraction

import pytest

from fpsem.core.errors import UnknownNameError
from fpsem.core.rounding import Rounding, rounding_named

TABLE = {  # direction: what -1.75 -1.5 -1.25 -1 -0.5 0.5 1 1.25 1.5 1.75 2.5 become among the integers
    Rounding.NEAREST_EVEN: (-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 2),
    Rounding.NEAREST_AWAY: (-2, -2, -1, -1, -1, 1, 1, 1, 2, 2, 3),
    Rounding.TOWARD_ZERO: (-1, -1, -1, -1, 0, 0, 1, 1, 1, 1, 2),
    Rounding.UPWARD: (-1, -1, -1, -1, 0, 1, 1, 2, 2, 2, 3),
    Rounding.DOWNWARD: (-2, -2, -2, -1, -1, 0, 1, 1, 1, 1, 2),
    Rounding.TO_ODD: (-1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 3),
}
NUMBERS = ("-7/4", "-3/2", "-5/4", "-1", "-1/2", "1/2", "1", "5/4", "3/2", "7/4", "5/2")

OVERFLOWS = {  # direction: whether +huge, whether -huge becomes infinite
    Rounding.NEAREST_EVEN: (True, True),
    Rounding.NEAREST_AWAY: (True, True),
    Rounding.TOWARD_ZERO: (False, False),
    Rounding.UPWARD: (True, False),
    Rounding.DOWNWARD: (False, True),
    Rounding.TO_ODD: (False, False),
}


def to_integer(x: Fraction, direction: Rounding) -> int:
    q, rest = divmod(abs(x) * 4, 4)
    magnitude = int(q) + direction.rounds_away(x < 0, int(q) % 2 == 1, int(rest), 2)
    return -magnitude if x < 0 else magnitude


def test_both_tables_name_every_direction() -> None:
    assert set(TABLE) == set(OVERFLOWS) == set(Rounding)


@pytest.mark.parametrize("direction", Rounding)
def test_quarters_round_as_the_definition_says(direction: Rounding) -> None:
    assert tuple(to_integer(Fraction(x), direction) for x in NUMBERS) == TABLE[direction]


@pytest.mark.parametrize("direction", Rounding)
def test_overflow_goes_where_clause_7_4_says(direction: Rounding) -> None:
    assert tuple(direction.overflows_to_infinity(negative) for negative in (False, True)) == OVERFLOWS[direction]


@pytest.mark.parametrize("direction", Rounding)
def test_a_direction_is_looked_up_by_its_public_name(direction: Rounding) -> None:
    assert rounding_named(direction.value) is direction
    assert rounding_named(direction) is direction


def test_an_unknown_direction_is_answered_with_the_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'upward'"):
        rounding_named("upwards")
