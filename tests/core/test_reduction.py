"""What schedules mean over domains: compensated, exact and widely held sums against rationals and published algorithms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import ScheduleError, UnsupportedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.reduction import greatest, rows, total, total_of_products
from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Compensated, Exact, Schedule, Sequential
from fpsem.domains import IEEE32Exec, Interval, NumPyFloat32, Real, RoundedReal, SymbolicFP32
from fpsem.softfloat.raised import Raised
from fpsem.testing.strategies import binary32_arrays

F32 = np.float32
NUMBERS = binary32_arrays(st.integers(2, 9).map(lambda n: (n, 1)), max_magnitude=2.0**90).map(lambda bits: bits.view(F32))
UPWARD, DOWNWARD = Rounding.UPWARD, Rounding.DOWNWARD


def code(value: Fraction, direction: Rounding = Rounding.NEAREST_EVEN) -> int:
    return round_to_bits(value, BINARY32, direction, negative_zero=direction is DOWNWARD)


def exactly(x: Any) -> Fraction:
    return sum((Fraction(float(v)) for v in x), Fraction(0))


def summed(schedule: Schedule, x: Any) -> Any:
    return total(NumPyFloat32(schedule=schedule), list(x))[0]


def dotted(schedule: Schedule, a: Any, b: Any) -> Any:
    return total_of_products(NumPyFloat32(schedule=schedule), list(zip(a, b)))[0]


# -- compensated -----------------------------------------------------------------------------------------------------


def neumaier(x: Any) -> Any:
    """Neumaier 1974, as it is published: Fast2Sum after a comparison of magnitudes."""
    s, c = x[0], F32(0)
    for v in x[1:]:
        t = s + v
        c += (s - t) + v if abs(s) >= abs(v) else (v - t) + s
        s = t
    return s + c


def dot2(a: Any, b: Any) -> Any:
    """Ogita, Rump and Oishi 2005, algorithm 5.3, the errors found in rationals: both are exact without underflow."""
    p = a[0] * b[0]
    s = F32(float(Fraction(float(a[0])) * Fraction(float(b[0])) - Fraction(float(p))))
    for x, y in zip(a[1:], b[1:]):
        h = x * y
        r = F32(float(Fraction(float(x)) * Fraction(float(y)) - Fraction(float(h))))
        new = p + h
        q = F32(float(Fraction(float(p)) + Fraction(float(h)) - Fraction(float(new))))
        p, s = new, s + (q + r)
    return p + s


@given(NUMBERS)
def test_compensated_sums_are_neumaiers(x: Any) -> None:
    assert summed(Compensated(), x) == neumaier(x[:, 0])


def test_compensated_products_are_dot2() -> None:
    random = np.random.default_rng(0)
    for n in (2, 3, 8, 40):
        a, b = random.standard_normal((2, n, 1)).astype(F32)
        b[-1] = -b[0] * a[0] / a[-1]  # so that much cancels
        assert dotted(Compensated(fused=True), a, b) == dot2(a[:, 0], b[:, 0])


def test_a_compensated_sum_is_nearer_than_a_plain_one() -> None:
    x = F32([[1.0], [2.0**-24], [2.0**-24], [-1.0]])
    assert summed(Sequential(), x) == 0
    assert summed(Compensated(), x) == 2.0**-23


@given(NUMBERS)
def test_the_height_of_a_compensated_sum_bounds_its_error(x: Any) -> None:
    u, h = Fraction(1, 1 << 24), Compensated().height(len(x))
    error = abs(Fraction(float(summed(Compensated(), x))) - exactly(x[:, 0]))
    assert error <= ((1 + u) ** h - 1) * exactly(abs(x[:, 0]))


# -- exact -----------------------------------------------------------------------------------------------------------


@given(NUMBERS, st.sampled_from(list(Rounding)))
def test_exact_sums_are_rationals_rounded_once(x: Any, direction: Rounding) -> None:
    if exactly(x[:, 0]) == 0:
        return
    found = total(IEEE32Exec(direction, Exact()), list(x.view(np.uint32)))[0]
    assert found == code(exactly(x[:, 0]), direction)


@given(NUMBERS)
def test_exact_products_are_rationals_rounded_once_if_fused(x: Any) -> None:
    products = [Fraction(float(a)) * Fraction(float(b)) for a, b in zip(x[:, 0], x[::-1, 0])]
    found = dotted(Exact(fused=True), x, x[::-1])
    assert sum(products) == 0 or found.view(np.uint32) == code(sum(products, Fraction(0)))
    with np.errstate(all="ignore"):
        rounded = x * x[::-1]
    assert dotted(Exact(), x, x[::-1]).tobytes() == summed(Exact(), rounded).tobytes()


@pytest.mark.parametrize(
    ("terms", "nearest", "downward"),
    [
        ([1, -1], 0.0, -0.0), ([-0.0, -0.0], -0.0, -0.0), ([0.0, 0.0], 0.0, 0.0), ([0.0, -0.0], 0.0, -0.0),
        ([1, -1, -0.0], 0.0, -0.0), ([np.inf, 1], np.inf, np.inf),
        ([-np.inf, -np.inf], -np.inf, -np.inf), ([np.inf, -np.inf], np.nan, np.nan),
        ([np.nan, np.inf], np.nan, np.nan), ([3e38, 3e38], np.inf, 3.4028234663852886e38), ([3e38, 3e38, -3e38], 3e38, 3e38),
        ([2.0**-149, 2.0**-149], 2.0**-148, 2.0**-148),
    ],
)  # fmt: skip
def test_special_values_of_exact_sums(terms: list[float], nearest: float, downward: float) -> None:
    for direction, wanted in ((Rounding.NEAREST_EVEN, nearest), (DOWNWARD, downward)):
        x = np.array(terms, F32).reshape(-1, 1).view(np.uint32)
        assert total(IEEE32Exec(direction, Exact()), list(x)).view(F32).tobytes() == np.array([wanted], F32).tobytes()


# -- wide accumulators -------------------------------------------------------------------------------------------------


@given(NUMBERS)
def test_sums_in_binary64_are_pythons_floats_rounded_once(x: Any) -> None:
    plain = 0.0 + float(x[0, 0])
    for v in x[1:, 0]:
        plain += float(v)
    assert summed(Sequential(accumulator="binary64"), x) == F32(plain)


def test_fused_products_enter_a_wide_sum_exactly_and_others_rounded() -> None:
    a = F32([[1 + 2.0**-12], [1.0]])
    b = F32([[1 + 2.0**-12], [-1.0]])
    assert dotted(Sequential(fused=True, accumulator="binary64"), a, b) == 2.0**-11 + 2.0**-24
    assert dotted(Sequential(accumulator="binary64"), a, b) == 2.0**-11


def test_a_sum_of_one_term_is_the_term_whatever_it_is_held_in() -> None:
    for schedule in (Exact(), Compensated(), Sequential(accumulator="binary64")):
        assert np.signbit(summed(schedule, F32([[-0.0]])))
        with pytest.raises(ScheduleError, match="at least one term"):
            total(NumPyFloat32(schedule=schedule), [])


def test_a_maximum_without_a_tree_is_taken_in_sequence() -> None:
    for schedule in (Exact(), Compensated(accumulator="binary64")):
        assert greatest(NumPyFloat32(schedule=schedule), list(F32([[1], [3], [2]]))) == 3


@pytest.mark.parametrize("make", [IEEE32Exec, NumPyFloat32, RoundedReal, SymbolicFP32])
def test_domains_refuse_a_narrower_accumulator(make: Any) -> None:
    with pytest.raises(ScheduleError, match="binary16 does not hold"):
        make(schedule=Sequential(accumulator="binary16"))


def test_domains_say_which_schedule_they_have_no_sums_for() -> None:
    ones = F32([[1], [1]]).view(np.uint32)
    for domain in (SymbolicFP32(schedule=Exact()), Interval("binary32", Exact())):
        with pytest.raises(UnsupportedError, match=f"schedule exact: {domain.name}"):
            total(domain, list(domain.from_bits(ones)))


def test_real_sums_take_any_accumulator() -> None:
    real = Real()
    assert real.accumulator("binary64").add(1, 2) == real.accumulator("exact").add(1, 2) == 3


@pytest.mark.parametrize("direction", [UPWARD, DOWNWARD, Rounding.TOWARD_ZERO])
def test_wide_sums_follow_the_direction_in_the_accumulator_and_at_the_end(direction: Rounding) -> None:
    x = F32([[1.0], [2.0**-60], [2.0**-60]])
    held = Sequential(accumulator="binary64")
    found = total(IEEE32Exec(direction, held), list(x.view(np.uint32)))[0]
    wide = total(RoundedReal(rounding=direction, schedule=held), [np.array([Fraction(float(v))], object) for v in x[:, 0]])[0]
    assert BINARY32.decode(int(found)) == wide == (1 + Fraction(1, 1 << 23) if direction is UPWARD else 1)


def test_the_final_rounding_flushes_and_raises_flags() -> None:
    tiny = F32([[2.0**-126], [-(2.0**-126) * 0.75]]).view(np.uint32)
    normal = F32([[2.0**-126 * 1.5], [-(2.0**-126)]]).view(np.uint32)
    for schedule in (Sequential(accumulator="binary64"), Exact()):
        assert total(IEEE32Exec(schedule=schedule), list(normal))[0] == 1 << 22
        assert total(IEEE32Exec(schedule=schedule, subnormals="flush_outputs"), list(normal))[0] == 0
        assert total(IEEE32Exec(schedule=schedule, subnormals="flush_inputs"), list(tiny))[0] == 1 << 23
        flags = Raised()
        total(IEEE32Exec(schedule=schedule, flags=flags), list(F32([[1.0], [2.0**-40]]).view(np.uint32)))
        assert flags.take().name == "INEXACT"


def test_rows_are_the_terms_in_c_order() -> None:
    x = np.arange(24).reshape(2, 3, 4)
    terms, shape = rows(x, (0, 2), True)
    assert shape == (1, 3, 1)
    assert terms[:, 1].tolist() == [4, 5, 6, 7, 16, 17, 18, 19]
