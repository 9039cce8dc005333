"""Intervals of doubles, rounded outward: what the interval and error-bound domains compute ranges with.

Each function takes and gives arrays of doubles, ends first low then high; a result contains every value that the operation
has on the operands' intervals, and is infinite where one of these may be undefined.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, chapters 2 and 5.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.codes import decode_array
from fpsem.core.formats import FORMATS
from fpsem.core.protocol import Array

Ends = tuple[Any, Any]

_MOST = FORMATS["binary64"].decode(FORMATS["binary64"].max_finite)

FALSE, TRUE, UNKNOWN = np.int8(0), np.int8(1), np.int8(-1)
"""The truths of enclosing domains."""


def up(x: Any) -> Any:
    """At least the exact value that x is the nearest double of; NaN (inf - inf) counts as infinite."""
    return np.where(np.isnan(x), np.inf, np.nextafter(x, np.inf))


def down(x: Any) -> Any:
    """At most the exact value that x is the nearest double of; NaN (inf - inf) counts as infinite."""
    return np.where(np.isnan(x), -np.inf, np.nextafter(x, -np.inf))


def largest(lo: Any, hi: Any) -> Any:
    """The greatest |x|."""
    return np.maximum(np.abs(lo), np.abs(hi))


def least(lo: Any, hi: Any) -> Any:
    """The least |x|."""
    return np.maximum(np.maximum(lo, -hi), 0.0)


def numbers(bits: Array) -> Array:
    """Finite binary32 codes as doubles, exactly. Raises UndefinedError that names the element for any other."""
    values = bits.view(np.float32).astype(np.float64)
    if not np.isfinite(values).all():
        decode_array(bits)  # raises, naming the element
    return values


def middle(x: Ends) -> Array:
    """The midpoints, nearly."""
    return np.asarray(x[0] / 2 + x[1] / 2)


def fractions(x: Ends) -> tuple[Array, Array]:
    """The ends, which are finite, as object arrays of Fractions."""
    exact = np.frompyfunc(Fraction, 1, 1)
    return np.asarray(exact(x[0]), dtype=object), np.asarray(exact(x[1]), dtype=object)


def around(value: Fraction) -> tuple[float, float]:
    """The doubles next to an exact number; both are the number where it is a double."""
    if abs(value) > _MOST:
        return (-np.inf, -float(_MOST)) if value < 0 else (float(_MOST), np.inf)
    near = float(value)
    return (near, near) if Fraction(near) == value else (float(down(near)), float(up(near)))


def add(x: Ends, y: Ends) -> Ends:
    """x + y."""
    with np.errstate(invalid="ignore", over="ignore"):
        return down(x[0] + y[0]), up(x[1] + y[1])


def mul(x: Ends, y: Ends) -> Ends:
    """x * y; exactly 0 where one operand is and the other is finite: what is infinite here may be undefined."""
    with np.errstate(invalid="ignore", over="ignore"):
        corners = [a * b for a in x for b in y]
        lo, hi = down(np.minimum.reduce(corners)), up(np.maximum.reduce(corners))
    zero = ((x[0] == 0) & (x[1] == 0) & np.isfinite(largest(*y))) | ((y[0] == 0) & (y[1] == 0) & np.isfinite(largest(*x)))
    return np.where(zero, 0.0, lo), np.where(zero, 0.0, hi)


def div(x: Ends, y: Ends) -> Ends:
    """x / y; the whole line where y may be 0."""
    with np.errstate(all="ignore"):
        corners = [a / b for a in x for b in y]
        lo, hi = down(np.minimum.reduce(corners)), up(np.maximum.reduce(corners))
    return where(least(*y) > 0, (lo, hi))


def sqrt(x: Ends) -> Ends:
    """The square root; the whole line where x may be negative."""
    with np.errstate(invalid="ignore"):
        ends = np.maximum(down(np.sqrt(x[0])), 0.0), up(np.sqrt(x[1]))
    return where(x[0] >= 0, ends)


def decide(surely: Any, surely_not: Any) -> Array:
    """A three-valued truth: TRUE, FALSE, or UNKNOWN where neither is sure."""
    return np.where(surely, TRUE, np.where(surely_not, FALSE, UNKNOWN))


def where(defined: Any, x: Ends) -> Ends:
    """The interval where the operation is defined, else the whole line."""
    return np.where(defined, x[0], -np.inf), np.where(defined, x[1], np.inf)
