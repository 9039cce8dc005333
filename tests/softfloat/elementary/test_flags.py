"""The flags of elementary functions, against their definitions in exact arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ELEMENTARY
from fpsem.softfloat import Flag
from fpsem.softfloat.elementary.flags import elementary_flags
from fpsem.softfloat.elementary.ziv import elementary_bits

INF, ONE, NEGATIVE = 0x7F800000, 0x3F800000, 0x80000000
SIGNALING, QUIET = 0x7F800001, 0x7FC00000


def flags(name: str, *codes: int) -> list[int]:
    given = np.array(codes, np.uint32)
    return [int(x) for x in elementary_flags(name, given, elementary_bits(name, given, BINARY32))]


@pytest.mark.parametrize("name", ELEMENTARY)
def test_a_signaling_nan_is_invalid_and_a_quiet_one_is_not(name: str) -> None:
    assert flags(name, SIGNALING, QUIET) == [Flag.INVALID, 0]


@pytest.mark.parametrize("name", ELEMENTARY)
def test_the_exact_argument_raises_nothing_and_its_neighbours_are_inexact(name: str) -> None:
    at = ONE if name == "log" else 0
    assert flags(name, at)[0] == 0
    assert all(raised & Flag.INEXACT for raised in flags(name, at + 1, ONE + 5))


def test_zeros_of_both_signs_are_exact() -> None:
    assert flags("sin", 0, NEGATIVE) == [0, 0]


def test_logarithms_divide_by_zero_at_their_pole_and_are_invalid_below() -> None:
    assert flags("log", 0, NEGATIVE, NEGATIVE | ONE, INF) == [Flag.DIVIDE_BY_ZERO] * 2 + [Flag.INVALID, 0]
    assert flags("log1p", NEGATIVE | ONE, NEGATIVE | (ONE + 1)) == [Flag.DIVIDE_BY_ZERO, Flag.INVALID]


def test_sin_and_cos_of_infinity_are_invalid_and_limits_are_exact() -> None:
    assert flags("sin", INF) == flags("cos", NEGATIVE | INF) == [Flag.INVALID]
    assert flags("exp", INF, NEGATIVE | INF) == flags("tanh", INF, NEGATIVE | INF) == [0, 0]


def test_exp_overflows_and_underflows_where_its_value_leaves_the_format() -> None:
    last, least = 0x42B17217, 0xC2AEAC4F  # the largest argument with a finite value, the least with a normal one
    assert flags("exp", last, last + 1) == [Flag.INEXACT, Flag.INEXACT | Flag.OVERFLOW]
    assert flags("exp", least, least + 1) == [Flag.INEXACT, Flag.INEXACT | Flag.UNDERFLOW]
    assert flags("exp", 0xC3000000) == [Flag.INEXACT | Flag.UNDERFLOW]
