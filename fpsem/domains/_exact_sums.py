"""Exact sums of binary32 numbers, one scalar at a time: slow, and meant to be read. ``_exact_loops`` is checked against this.

A number is a Fraction where it is finite and not 0; zeros, infinities and NaN are Python floats, whose rules for these are
IEEE 754's. So sums and products never round, and are defined for all operands.

Source: IEEE 754-2019 clauses 6.1 to 6.3.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import copysign, isinf, isnan
from typing import Any

import numpy as np

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import Format
from fpsem.core.protocol import Accumulator, Array
from fpsem.core.rounding import Rounding

Number = Fraction | float


def exact_accumulator(
    widen: Callable[[Array], Array], narrow: Callable[[Array], Array], direction: Rounding = Rounding.NEAREST_EVEN
) -> Accumulator:
    """Sums that are never rounded.

    Args:
        widen: a domain's scalars as doubles, exactly.
        narrow: numbers as the domain's scalars.
        direction: of the roundings that follow: a sum that is 0 without being one of equal zeros is -0 where it is downward.
    """
    zero = -0.0 if direction is Rounding.DOWNWARD else 0.0

    def add(x: Number, y: Number) -> Number:
        if isinstance(x, float) or isinstance(y, float):
            return _add_special(x, y, zero)
        return x + y or zero

    def sub(x: Number, y: Number) -> Number:
        return add(x, -y)

    def fma(x: Number, y: Number, z: Number) -> Number:
        return add(_mul(x, y), z)

    def numbers(x: Array) -> Array:
        return _each(lambda v: Fraction(v) if v and not (isnan(v) or isinf(v)) else float(v))(widen(x).astype(object))

    return Accumulator(numbers, narrow, _each(add), _each(sub), _each(_mul), _each(fma))


def round_number(x: Number, to: Format, direction: Rounding = Rounding.NEAREST_EVEN) -> int:
    """The code of a number; the format's own NaN for NaN."""
    if isinstance(x, Fraction):
        return round_to_bits(x, to, direction)
    if isnan(x):
        return to.nan
    sign = to.sign_mask if copysign(1.0, x) < 0 else 0
    return sign | (to.overflow_code if isinf(x) else 0)


def _add_special(x: Number, y: Number, zero: float) -> Number:
    if x == 0 and y == 0:
        return x if copysign(1.0, x) == copysign(1.0, y) else zero
    if x == 0 or y == 0:
        return x or y
    left, right = (0.0 if isinstance(number, Fraction) else number for number in (x, y))
    return left + right


def _mul(x: Number, y: Number) -> Number:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    left, right = (copysign(1.0, number) if isinstance(number, Fraction) else number for number in (x, y))
    return left * right


def _each(function: Callable[..., Any]) -> Callable[..., Array]:
    """The function on arrays of objects."""

    def call(*operands: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(np.frompyfunc(function, len(operands), 1)(*operands), dtype=object)

    return call
