"""Balls of the elementary functions, held against mpmath: they contain the values, and are narrow where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from fpsem.core.errors import UnknownNameError
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.names import BINARY, ELEMENTARY, UNARY

IN_MPMATH: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in UNARY if hasattr(mpmath, name) and name != "cbrt"},
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "exp10": lambda x: mpmath.mpf(10) ** x,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "pow": lambda x, y: x**y,
    "atan2": mpmath.atan2,
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
}

INSIDE: dict[str, Callable[[float], bool]] = {
    **dict.fromkeys(("log", "log2", "log10", "rsqrt", "pow"), lambda x: x > 0),
    "log1p": lambda x: x > -1,
    "acosh": lambda x: x > 1,
    **dict.fromkeys(("asin", "acos", "atanh"), lambda x: abs(x) < 1),
}
"""Where a function is defined, that is not everywhere."""

HARD = [0.5, -0.5, 3.0, -3.0, 2.0**-60, -(2.0**-60), 2.0**-200, 700.0, -700.0, 1e4, -20.0, 1 + 2.0**-52, 1 - 2.0**-53]


def value(name: str, *x: float) -> Any:
    """By mpmath with more than enough digits, as an exact ball."""
    with mpmath.workprec(3000):
        sign, significand, exponent, _ = IN_MPMATH[name](*map(mpmath.mpf, x))._mpf_
    with flint.ctx.workprec(4000):
        return (-1) ** sign * flint.arb(int(significand)) * flint.arb(2) ** int(exponent)


def inside(name: str, *x: float) -> bool:
    return INSIDE.get(name, lambda x: True)(x[0])


def holds(made: Any, exact: Any) -> bool:
    """Whether the ball contains the value, or has an end within mpmath's own error of it."""
    with flint.ctx.workprec(4000):
        return bool(made.overlaps(exact * flint.arb(1, 2.0**-1000)))


@pytest.mark.parametrize("name", ELEMENTARY)
def test_balls_contain_the_values_and_are_narrow(name: str) -> None:
    seconds = [0.75, -2.0, 2.0**-80] if name in BINARY else [None]
    for x in HARD:
        for y in seconds:
            given = (x,) if y is None else (x, y)
            if not inside(name, *given):
                continue
            with flint.ctx.workprec(128):
                made = ball(name, *map(flint.arb, given))
                assert holds(made, value(name, *given)), (name, given)
                assert made.rel_accuracy_bits() > 90, (name, given)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_wide_balls_contain_the_values_inside_or_are_not_finite(name: str) -> None:
    rng = np.random.default_rng(5)
    finite = 0
    for radius in (2.0**-20, 0.25, 3.0, 50.0):
        for _ in range(16):
            middles = rng.choice([1, 20]) * rng.uniform(-1, 1, ELEMENTARY[name])
            made = ball(name, *(flint.arb(middle, radius) for middle in middles.tolist()))
            if not made.is_finite():
                continue
            finite += 1
            for t in (-1.0, -0.5, 0.0, 0.75, 1.0):
                x = (middles + t * radius).tolist()
                assert inside(name, *x), f"{name} has a finite ball over {x}, where it is not defined"
                assert holds(made, value(name, *x)), (name, x)
    assert finite > 3


def test_balls_around_zero_are_bounded_where_the_function_is() -> None:
    around = flint.arb(0, 8)
    for name in ("cbrt", "softplus", "exp2", "atan", "sin", "erf"):
        assert ball(name, around).is_finite()
    assert ball("cbrt", around).contains(flint.arb(-2))
    assert ball("hypot", around, around).is_finite()
    assert ball("cbrt", flint.arb(0)).is_zero()


def test_what_is_outside_of_the_domain_has_no_finite_ball() -> None:
    for name, x in (("log", -1), ("log2", 0), ("rsqrt", 0), ("acosh", 0), ("asin", 2), ("acos", -2), ("atanh", 1), ("log1p", -1)):
        assert not ball(name, flint.arb(x)).is_finite()
    assert not ball("pow", flint.arb(-2), flint.arb(0.5)).is_finite()
    assert not ball("exp", flint.arb.nan()).is_finite()


def test_unknown_functions_are_named() -> None:
    with pytest.raises(UnknownNameError, match="sinh"):
        ball("snih", flint.arb(0))
