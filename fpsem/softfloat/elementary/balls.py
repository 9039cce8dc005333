"""The elementary functions in Arb's words: the one table that says which combination of Arb's functions each of ours is.

Guaranteed: a ball that contains the function's values at all numbers of the argument balls, or one that is not finite. It is
as narrow as the working precision (``flint.ctx.prec``) and the arguments' radii allow: what is composed here loses no
relative precision for tiny or huge arguments, but where the value itself is next to a number other than 0 (softplus of a
large x, next to x).

What this module does not do: decide what the functions are outside of their domain (the ball is then not finite, but for
``atan2`` at (0, 0)), or narrow the ball of a wide argument by looking at its ends.

Source: Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import Any

import flint

from fpsem.core.errors import UnknownNameError

Ball = Any
"""A ``flint.arb``."""


def ball(name: str, *arguments: Ball) -> Ball:
    """An enclosure of the named function's values at the working precision of ``flint.ctx``.

    Args:
        name: one of ``names.ELEMENTARY``.
        arguments: one ball, or two: x and y of pow, y and x of atan2, the two sides of hypot.

    Raises:
        UnknownNameError: for another name.
    """
    if name not in _IN_ARB:
        raise UnknownNameError("elementary function", name, _IN_ARB)
    return _IN_ARB[name](*arguments)


def _log2(x: Ball) -> Ball:
    return x.log() / flint.arb.const_log2()


def _log10(x: Ball) -> Ball:
    return x.log() / flint.arb.const_log10()


def _cbrt(x: Ball) -> Ball:
    """Arb has roots of positive numbers only; the root grows with x, so around 0 the ends bound it."""
    if x.is_zero():
        return x
    if x > 0:
        return x.root(3)
    if x < 0:
        return -(-x).root(3)
    high = x.abs_upper().root(3)
    return high.union(-high)


def _logistic(x: Ball) -> Ball:
    return 1 / (1 + (-x).exp())


def _softplus(x: Ball) -> Ball:
    """``log(1 + e**x)``, which is ``x + log(1 + e**-x)``."""
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def _hypot(x: Ball, y: Ball) -> Ball:
    return (x * x + y * y).nonnegative_part().sqrt()


_ARBS_OWN = (
    "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "rsqrt",
)  # fmt: skip
"""Those that Arb has, by the same names."""

_IN_ARB: Mapping[str, Callable[..., Ball]] = {
    **{name: methodcaller(name) for name in _ARBS_OWN},
    "exp2": lambda x: flint.arb(2) ** x,
    "exp10": lambda x: flint.arb(10) ** x,
    "log2": _log2,
    "log10": _log10,
    "cbrt": _cbrt,
    "logistic": _logistic,
    "softplus": _softplus,
    "pow": lambda x, y: x**y,
    "atan2": flint.arb.atan2,
    "hypot": _hypot,
}
