"""Double-double arithmetic: exact where it says so, within its published bounds elsewhere, against rationals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest

from fpsem.bridges.sweep import double_double as dd

N = 4000
U = Fraction(1, 1 << 53)

Exact = Callable[..., Fraction]


def doubles(rng: np.random.Generator) -> Any:
    """Of exponents that are mostly close, with few digits or with many."""
    significand = rng.integers(1 << 52, 1 << 53, N) >> rng.choice([0, 0, 1, 26, 50], N)
    return np.ldexp(significand.astype(float), rng.integers(-56, -49, N).astype(np.int32)) * rng.choice([-1, 1], N)


def double_doubles(rng: np.random.Generator) -> tuple[Any, Any]:
    """Normalised, the low part often half an ulp of the high one, or close to it, or 0."""
    high = doubles(rng)
    low = np.spacing(np.abs(high)) * rng.choice([0.5, 0.499999, 0.3, 1e-3, 0.0], N) * rng.choice([-1.0, 1.0], N)
    low *= rng.choice([1.0, 0.987654321], N)
    return high, np.where(high + low == high, low, 0.0)


def results(function: Callable[..., Any], columns: tuple[Any, ...]) -> list[tuple[Fraction, Fraction]]:
    """The two parts of a function's results on columns of operands, compiled as in a kernel."""
    names = ", ".join(f"rows[i, {k}]" for k in range(len(columns)))
    space: dict[str, Any] = {"function": function}
    source = f"def loop(rows, out):\n for i in range(len(rows)):\n  out[i, 0], out[i, 1] = function({names})"
    exec(source, space)
    out = np.empty((N, 2))
    numba.njit(error_model="numpy")(space["loop"])(np.column_stack(columns), out)
    return [(Fraction(high), Fraction(low)) for high, low in out.tolist()]


def rationals(columns: tuple[Any, ...]) -> list[tuple[Fraction, ...]]:
    return [tuple(map(Fraction, row)) for row in np.column_stack(columns).tolist()]


@pytest.mark.parametrize(
    ("function", "exact"),
    [(dd.two_sum, lambda a, b: a + b), (dd.two_prod, lambda a, b: a * b), (dd.fast_two_sum, lambda a, b: a + b)],
)
def test_sums_and_products_of_doubles_are_exact(function: Callable[..., Any], exact: Exact) -> None:
    rng = np.random.default_rng(1)
    a, b = doubles(rng), doubles(rng)
    if function is dd.fast_two_sum:
        a, b = np.where(np.abs(a) < np.abs(b), b, a), np.where(np.abs(a) < np.abs(b), a, b)
    got = results(function, (a, b))
    assert all(high + low == exact(*row) for (high, low), row in zip(got, rationals((a, b))))
    assert all(high == Fraction(float(high + low)) for high, low in got)


def test_fast_two_sum_needs_its_operands_in_order() -> None:
    rng = np.random.default_rng(1)
    a, b = doubles(rng), doubles(rng)
    assert any(high + low != x + y for (high, low), (x, y) in zip(results(dd.fast_two_sum, (a, b)), rationals((a, b))))


def test_a_product_and_a_sum_are_not_fused_unless_asked() -> None:
    rng = np.random.default_rng(2)
    a, b, c = doubles(rng), doubles(rng), doubles(rng)
    apart = results(both_ways, (a, b, c))
    assert [float(high) for high, _ in apart] == (a * b + c).tolist()
    assert [low for _, low in apart] == [Fraction(float(x * y + z)) for x, y, z in rationals((a, b, c))]


@dd.scalar
def both_ways(x: float, y: float, z: float) -> tuple[float, float]:
    return x * y + z, dd.fma(x, y, z)


BOUNDED: dict[str, tuple[Callable[..., Any], int, Exact, Fraction]] = {
    "add_double": (dd.add_double, 1, lambda x, y: x + y, 2 * U**2),
    "mul_double": (dd.mul_double, 1, lambda x, y: x * y, 2 * U**2),
    "div_double": (dd.div_double, 1, lambda x, y: x / y, 3 * U**2),
    "add": (dd.add, 2, lambda x, y: x + y, 3 * U**2 + 13 * U**3),
    "mul": (dd.mul, 2, lambda x, y: x * y, 5 * U**2),
    "div": (dd.div, 2, lambda x, y: x / y, 15 * U**2 + 56 * U**3),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_the_relative_error_is_within_the_published_bound(name: str) -> None:
    function, parts, exact, bound = BOUNDED[name]
    rng = np.random.default_rng(3)
    x = double_doubles(rng)
    y = double_doubles(rng)[:parts]
    pairs = [(sum(row[:2]), sum(row[2:])) for row in rationals((*x, *y))]
    values = [exact(*pair) for pair in pairs]
    got = [sum(parts) for parts in results(function, (*x, *y))]
    ratio = max(abs(g - v) / (abs(v) * bound) if v else Fraction(g != 0) * 2 for g, v in zip(got, values))
    assert 0.1 < ratio <= 1, f"observed/bound of {name}: {float(ratio):.3f}"


def test_the_quotient_of_doubles_is_within_its_bound() -> None:
    rng = np.random.default_rng(4)
    x, y = doubles(rng), doubles(rng)
    values = [a / b for a, b in rationals((x, y))]
    ratio = max(abs(sum(got) / v - 1) / U**2 for got, v in zip(results(dd.quotient, (x, y)), values))
    assert 0.1 < ratio <= 1, f"observed/bound: {float(ratio):.3f}"


def test_the_root_is_within_its_bound() -> None:
    """For s = (1 + e) root x, s^2 / x = 1 + 2e + e^2."""
    rng = np.random.default_rng(5)
    high, low = double_doubles(rng)
    low, high = np.where(high < 0, -low, low), np.abs(high)
    squares = [sum(parts) ** 2 for parts in results(dd.sqrt, (high, low))]
    x = [sum(parts) for parts in rationals((high, low))]
    ratio = max(abs(s / v - 1) / 2 for s, v in zip(squares, x)) / (Fraction(25, 8) * U**2)
    assert 0.1 < ratio <= 1, f"observed/bound: {float(ratio):.3f}"
