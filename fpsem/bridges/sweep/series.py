"""The functions' power series in Arb, composed where Arb has none: enclosures of Taylor coefficients at points or on intervals.

What this module does not do: avoid cancellation. Callers work at a precision that bears it (``precision_for``).

Source: Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from operator import methodcaller
from typing import Any

import flint

Ball = Any
"""A ``flint.arb``."""
Series = Any
"""A ``flint.arb_series``."""


def coefficients(name: str, at: Ball, scale: Ball, count: int) -> list[Ball]:
    """The first coefficients of ``f(at + scale u)`` in powers of u: balls that contain those at every point of ``at``.

    Args:
        name: one of ``names.UNARY``.
        at: a point or an interval.
        scale: a number.
        count: how many.
    """
    cap, flint.ctx.cap = flint.ctx.cap, count
    try:
        made = _SERIES[name](flint.arb_series([at, scale], prec=count)).coeffs()
    except ValueError:  # a divisor that may be 0
        made = [flint.arb.nan() for _ in range(count)]
    finally:
        flint.ctx.cap = cap
    return [*made, *(flint.arb(0) for _ in range(count - len(made)))]


def precision_for(exponent: int) -> AbstractContextManager[Any]:
    """A working precision that bears the cancellation in these compositions at arguments of about ``2**exponent``."""
    made: AbstractContextManager[Any] = flint.ctx.workprec(320 + 4 * abs(exponent))
    return made


def _odd(half: Callable[[Series], Series]) -> Callable[[Series], Series]:
    """An odd function, from its series at positive arguments."""
    return lambda x: -half(-x) if x[0] < 0 else half(x)


def _log_ratio(x: Series) -> Series:
    return ((1 + x).log() - (1 - x).log()) / 2


def _tanh(x: Series) -> Series:
    return 1 - 2 / ((2 * x).exp() + 1)


_NATIVE = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "erf", "erfc", "rsqrt")

_SERIES: Mapping[str, Callable[[Series], Series]] = {
    **{name: methodcaller(name) for name in _NATIVE},
    "exp2": lambda x: (x * flint.arb.const_log2()).exp(),
    "exp10": lambda x: (x * flint.arb.const_log10()).exp(),
    "expm1": lambda x: x.exp() - 1,
    "log2": lambda x: x.log() / flint.arb.const_log2(),
    "log10": lambda x: x.log() / flint.arb.const_log10(),
    "log1p": lambda x: (1 + x).log(),
    "sinh": lambda x: (x.exp() - (-x).exp()) / 2,
    "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "tanh": _odd(_tanh),
    "asinh": _odd(lambda x: (x + (x * x + 1).sqrt()).log()),
    "acosh": lambda x: (x + (x * x - 1).sqrt()).log(),
    "atanh": _log_ratio,
    "cbrt": _odd(lambda x: (x.log() / 3).exp()),
    "logistic": lambda x: 1 / (1 + (-x).exp()),
    "softplus": lambda x: (1 + x.exp()).log(),
}
