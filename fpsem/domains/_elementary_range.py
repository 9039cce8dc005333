"""Ranges and slopes of the elementary functions over intervals, in doubles rounded outward from Arb balls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb

_VALUE: Mapping[str, Callable[[Any], Any]] = {
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.expm1(),
    "log": lambda x: x.log(),
    "log1p": lambda x: x.log1p(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tan": lambda x: x.tan(),
    "atan": lambda x: x.atan(),
    "tanh": lambda x: x.tanh(),
    "erf": lambda x: x.erf(),
}
_SLOPE: Mapping[str, Callable[[Any], Any]] = {
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.exp(),
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "sin": lambda x: x.cos(),
    "cos": lambda x: -x.sin(),
    "tan": lambda x: 1 + x.tan() ** 2,
    "atan": lambda x: 1 / (1 + x.abs_lower() ** 2),
    "tanh": lambda x: 1 / x.abs_lower().cosh() ** 2,
    "erf": lambda x: 2 * (-(x.abs_lower() ** 2)).exp() / arb.pi().sqrt(),
}
"""The derivative; of those that fall with |x| the largest, since a ball that is squared may lose its sign."""

NOT_MONOTONE = ("sin", "cos", "tan")
"""Functions that do not rise from end to end of every interval: their ranges are taken from one ball."""


def range_and_slope(name: str, lo: Any, hi: Any, below: Any, above: Any) -> tuple[Any, Any, Any]:
    """Over [lo, hi] the least and greatest value, over [below, above] the greatest |slope|; infinite where undefined.

    All arguments and results are arrays of doubles of one shape.
    """
    ends = zip(*(np.ravel(end).tolist() for end in (lo, hi, below, above)))
    table = np.array([_row(name, *row) for row in ends], dtype=np.float64).reshape(*np.shape(lo), 3)
    return table[..., 0], table[..., 1], table[..., 2]


def _row(name: str, lo: float, hi: float, below: float, above: float) -> tuple[float, float, float]:
    if not np.isfinite([lo, hi, below, above]).all():
        return -np.inf, np.inf, np.inf
    value, whole = _VALUE[name], arb(lo).union(arb(hi))
    bottom, top = (value(whole), value(whole)) if name in NOT_MONOTONE else (value(arb(lo)), value(arb(hi)))
    slope = abs(_SLOPE[name](arb(below).union(arb(above))))
    low, high = _outward(bottom)[0], _outward(top)[1]
    defined = np.isfinite([low, high]).all() and low <= high
    return (low, high, _outward(slope)[1]) if defined else (-np.inf, np.inf, np.inf)


def _outward(ball: Any) -> tuple[float, float]:
    """Doubles at or outside a ball's ends; infinite for a ball that holds nothing finite."""
    if not ball.is_finite():
        return -np.inf, np.inf
    lower, upper = float(ball.lower()), float(ball.upper())
    return float(np.nextafter(lower, -np.inf)), float(np.nextafter(upper, np.inf))
