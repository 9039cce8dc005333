"""Learning rates at chosen steps against fractions, and cosines that are known exactly; pure, the same at every call."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem import optim
from fpsem.core.errors import TrainingError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.optim._numbers import half_cosine, power


def rounded(value: Fraction) -> float:
    """The nearest binary32 number."""
    return float(np.uint32(round_to_bits(value, BINARY32)).view(np.float32))


def exact(value: float) -> Fraction:
    """A hyper-parameter, as it counts: rounded to binary32."""
    return Fraction(float(np.float32(value)))


RATES: list[optim.Rate] = [
    optim.constant(0.1), optim.step(0.1, 3), optim.step(1, 1, gamma=0.5), optim.exponential(0.3, 0.97),
    optim.warmup_cosine(0.1, 4, 20), optim.warmup_cosine(0.1, 1, 2, floor=0.1),
]  # fmt: skip


@pytest.mark.parametrize("rate", RATES, ids=str)
class TestEveryRate:
    def test_is_a_pure_function_of_the_step(self, rate: optim.Rate) -> None:
        once = [rate(step) for step in range(40)]
        assert [rate(step) for step in reversed(range(40))] == once[::-1]
        assert {type(value) for value in once} == {np.float32}

    def test_is_a_value(self, rate: optim.Rate) -> None:
        again = type(rate)(**vars(rate))
        assert again == rate
        assert hash(again) == hash(rate)

    def test_never_rises_above_lr_nor_falls_below_0(self, rate: optim.Rate) -> None:
        assert all(0 <= rate(step) <= np.float32(rate.lr) for step in range(200))

    def test_refuses_a_negative_step(self, rate: optim.Rate) -> None:
        with pytest.raises(TrainingError, match="steps are counted from 0, not -1"):
            rate(-1)


def test_a_constant_stays() -> None:
    assert {float(optim.constant(0.1)(step)) for step in (0, 1, 10**9)} == {float(np.float32(0.1))}


@pytest.mark.parametrize(("lr", "size", "gamma"), [(0.1, 3, 0.1), (1.0, 1, 0.5), (2e-3, 7, 1.0)])
def test_a_step_rate_is_lr_times_a_power_of_gamma_rounded_once(lr: float, size: int, gamma: float) -> None:
    rate = optim.step(lr, size, gamma)
    for step in (0, 1, size - 1, size, 3 * size - 1, 3 * size, 12 * size + 1):
        assert rate(step) == rounded(exact(lr) * exact(gamma) ** (step // size))


@pytest.mark.parametrize(("lr", "gamma"), [(0.1, 0.99), (1.0, 0.5), (1e-3, 1.0)])
def test_an_exponential_rate_is_rounded_once(lr: float, gamma: float) -> None:
    rate = optim.exponential(lr, gamma)
    for step in (0, 1, 2, 17, 100):
        assert rate(step) == rounded(exact(lr) * exact(gamma) ** step)
    values = [rate(step) for step in range(60)]
    assert values == sorted(values, reverse=True)


def test_an_exponential_rate_ends_at_0_and_soon() -> None:
    assert optim.exponential(1.0, 0.5)(149) == 2.0**-149
    assert optim.exponential(1.0, 0.5)(10**12) == 0


def test_the_warm_up_is_a_line_that_reaches_lr() -> None:
    rate = optim.warmup_cosine(0.3, warmup=7, total=20)
    assert [float(rate(step)) for step in range(7)] == [rounded(exact(0.3) * Fraction(step + 1, 7)) for step in range(7)]
    assert rate(6) == rate(7) == np.float32(0.3)


# the cosines of these parts of pi are rational
@pytest.mark.parametrize(("part", "value"), [(0, 1), (Fraction(1, 3), 0.75), (0.5, 0.5), (Fraction(2, 3), 0.25), (1, 0)])
def test_the_fall_is_half_a_cosine(part: Any, value: float) -> None:
    warmup, length = 3, 12
    for floor in (0.0, 0.125):
        rate = optim.warmup_cosine(1.0, warmup, warmup + length, floor)
        assert float(rate(warmup + int(length * Fraction(part)))) == floor + (1 - floor) * value


def test_the_fall_never_rises_and_stays_where_it_ends() -> None:
    rate = optim.warmup_cosine(1e-3, warmup=10, total=300, floor=0.01)
    values = [rate(step) for step in range(400)]
    assert values[:10] == sorted(values[:10])
    assert values[9:] == sorted(values[9:], reverse=True)
    assert len(set(values[10:300])) == 290
    assert set(values[300:]) == {np.float32(rounded(exact(1e-3) * exact(0.01)))}


def test_without_a_floor_it_ends_at_plus_0() -> None:
    for total in (2, 3, 7, 1000):
        end = optim.warmup_cosine(1.0, 1, total)(total)
        assert (float(end), bool(np.signbit(end))) == (0.0, False)


@pytest.mark.parametrize("part", [Fraction(k, 29) for k in range(30)])
def test_half_a_cosine_is_that_of_the_library_to_its_accuracy(part: Fraction) -> None:
    assert float(half_cosine(part)) == pytest.approx((1 + math.cos(math.pi * float(part))) / 2, abs=1e-15)


def test_powers_are_exact_to_many_bits() -> None:
    for base, exponent in ((0.9, 0), (0.9, 1), (0.999, 3), (0.5, 300), (0.0, 3), (0.0, 0), (1.0, 10**9), (0.99, 1500)):
        found, true = power(base, exponent), Fraction(base) ** exponent if base != 1 else Fraction(1)
        assert abs(found - true) <= true * Fraction(1, 1 << 180)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: optim.constant(0), "constant: lr must be above 0, not 0"),
        (lambda: optim.constant(-1), "lr must be above 0, not -1"),
        (lambda: optim.constant(1e-50), "lr must be above 0, not 1e-50, which is 0.0 in binary32"),
        (lambda: optim.constant(1e39), "lr must be a finite number"),
        (lambda: optim.constant(10**400), "lr must be a finite number"),
        (lambda: optim.constant(float("nan")), "lr must be a finite number"),
        (lambda: optim.constant(float("inf")), "lr must be a finite number"),
        (lambda: optim.constant(True), "lr must be a finite number"),
        (lambda: optim.constant("0.1"), "lr must be a finite number above 0, .*'0.1'"),
        (lambda: optim.constant(None), "lr must be a finite number"),
        (lambda: optim.step(0.1, 0), "step_size must be a positive number of steps, not 0"),
        (lambda: optim.step(0.1, 2.0), "step_size must be a positive number of steps"),
        (lambda: optim.step(0.1, True), "step_size must be a positive number of steps"),
        (lambda: optim.step(0.1, 2, 0), "gamma must be above 0"),
        (lambda: optim.step(0.1, 2, 1.5), "gamma must be at most 1"),
        (lambda: optim.exponential(0.1, 1 + 1e-12), "gamma must be at most 1"),
        (lambda: optim.exponential(0.1, 1e-60), "gamma must be above 0"),
        (lambda: optim.warmup_cosine(0.1, 0, 3), "warmup must be a positive number of steps"),
        (lambda: optim.warmup_cosine(0.1, 3, 3), "total 3 must come after the warm-up of 3 steps"),
        (lambda: optim.warmup_cosine(0.1, 3, 9, -0.1), "floor must be at least 0 and below 1"),
        (lambda: optim.warmup_cosine(0.1, 3, 9, 1), "floor must be at least 0 and below 1"),
        (lambda: optim.warmup_cosine(0.1, 3, 9, 1 - 1e-12), "floor must be .*, which is 1.0 in binary32"),
    ],
)  # fmt: skip
def test_what_makes_no_rate_is_refused(make: Any, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        make()


def test_a_power_far_below_all_of_binary32_is_0() -> None:
    assert power(0.5, 1000) == power(0.5, 10**12) == 0
