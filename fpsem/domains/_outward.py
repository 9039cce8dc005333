"""Intervals of doubles, each end rounded outward exactly: what the interval and error-bound domains compute ranges with.

Each function takes and gives arrays of doubles, ends first low then high; a result contains every value that the operation
has on the operands' intervals. The ends of a sum, product, quotient, root and fused multiply-add of finite ends are the
exact ends rounded once, the lower one down and the upper one up: no double lies between an end and the exact one. The whole
line stands for "may be undefined", and what is computed from it is the whole line again.

How: the sign of the error of the nearest result is found without rounding (a sum's by TwoSum, a product's by Dekker's
product, a quotient's and a root's from the residual); where these might over- or underflow, rationals decide.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009, chapters 2 and 5; Muller et al., "Handbook of
Floating-Point Arithmetic", 2nd ed., sections 4.3 (TwoSum) and 4.4 (Dekker's product; exact from 2**-969 on, and below 2**996).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from fpsem.core.codes import decode_array
from fpsem.core.formats import FORMATS
from fpsem.core.protocol import Array

Ends = tuple[Any, Any]

_MOST = FORMATS["binary64"].decode(FORMATS["binary64"].max_finite)
_SPLITTER = 2.0**27 + 1
_TINY, _HUGE = 2.0**-960, 2.0**960
"""Between these magnitudes no step of Dekker's product over- or underflows."""

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


def farthest(x: Any, lo: Any, hi: Any) -> Any:
    """How far x is from what lies between two ends, at most."""
    return up(np.maximum(hi - x, x - lo))


# -- embed and read ------------------------------------------------------------------------------------------------


def numbers(bits: Array) -> Array:
    """Finite binary32 codes as doubles, exactly. Raises UndefinedError that names the element for any other."""
    with np.errstate(invalid="ignore"):  # a signalling NaN, which is refused below
        values = bits.view(np.float32).astype(np.float64)
    if not np.isfinite(values).all():
        decode_array(bits)  # raises, naming the element
    return values


def middle(x: Ends) -> Array:
    """The midpoints, nearly."""
    with np.errstate(invalid="ignore"):
        return np.asarray(x[0] / 2 + x[1] / 2)


def fractions(x: Ends) -> tuple[Array, Array]:
    """The ends, which are finite, as object arrays of Fractions."""
    exact = np.frompyfunc(lambda v: Fraction(float(v)), 1, 1)
    return np.asarray(exact(x[0]), dtype=object), np.asarray(exact(x[1]), dtype=object)


def around(value: Fraction) -> tuple[float, float]:
    """An exact number rounded down and up to doubles; both are the number where it is a double."""
    if abs(value) > _MOST:
        return (-np.inf, -float(_MOST)) if value < 0 else (float(_MOST), np.inf)
    near = float(value)
    side = _compare(value, near)
    return (math.nextafter(near, -math.inf) if side < 0 else near), (math.nextafter(near, math.inf) if side > 0 else near)


# -- arithmetic: each end is the exact one, rounded once -----------------------------------------------------------


def add(x: Ends, y: Ends) -> Ends:
    """x + y."""
    return _sum(x[0], y[0])[0], _sum(x[1], y[1])[1]


def mul(x: Ends, y: Ends) -> Ends:
    """x * y; the whole line where an infinite end meets 0: what is infinite here may be undefined."""
    return _corners(_product, x, y)


def div(x: Ends, y: Ends) -> Ends:
    """x / y; the whole line where y may be 0."""
    return where(least(*y) > 0, _corners(_quotient, x, y))


def fma(x: Ends, y: Ends, z: Ends) -> Ends:
    """x * y + z, each end rounded once, by rationals and so slowly; product and sum one by one where an end is infinite."""
    rows = np.broadcast_arrays(*x, *y, *z)
    lo, hi = (np.array(np.broadcast_to(end, rows[0].shape)) for end in add(mul(x, y), z))
    for index in map(tuple, np.argwhere(np.logical_and.reduce([np.isfinite(row) for row in rows]))):
        a, b, c, d, bottom, top = (Fraction(float(row[index])) for row in rows)
        products = (a * c, a * d, b * c, b * d)
        lo[index], hi[index] = around(min(products) + bottom)[0], around(max(products) + top)[1]
    return lo, hi


def sqrt(x: Ends) -> Ends:
    """The square root; the whole line where x may be negative."""
    return where(x[0] >= 0, (_root(x[0])[0], _root(x[1])[1]))


def function(name: str, x: Ends) -> Ends:
    """An elementary function's range, from balls: outward, but for the last bits not as near as can be."""
    from fpsem.domains._elementary_range import range_and_slope  # balls are a heavy import

    lo, hi, _ = range_and_slope(name, *x, *x)
    return lo, hi


# -- exact operations, of ends in any format -----------------------------------------------------------------------


def neg(x: Ends) -> Ends:
    """-x."""
    return -x[1], -x[0]


def magnitude(x: Ends) -> Ends:
    """|x|."""
    low = np.maximum(np.maximum(x[0], -x[1]), np.zeros_like(x[0]))
    return settled([np.abs(low)], [np.maximum(np.abs(x[0]), np.abs(x[1]))], x)


def minimum(x: Ends, y: Ends) -> Ends:
    """The lesser."""
    return settled([lesser(x[0], y[0])], [lesser(x[1], y[1])], x, y)


def maximum(x: Ends, y: Ends) -> Ends:
    """The greater."""
    return settled([greater(x[0], y[0])], [greater(x[1], y[1])], x, y)


def hull(x: Ends, y: Ends) -> Ends:
    """What holds both; the whole line where just one is NaN."""
    return settled([x[0], y[0]], [x[1], y[1]])


def lesser(a: Any, b: Any) -> Any:
    """The lesser of two, -0 below +0, NaN where one is."""
    return np.where((a < b) | ((a == b) & np.signbit(a)) | np.isnan(a), a, b)


def greater(a: Any, b: Any) -> Any:
    """The greater of two, -0 below +0, NaN where one is."""
    return np.where((a > b) | ((a == b) & ~np.signbit(a)) | np.isnan(a), a, b)


def settled(lows: Sequence[Any], highs: Sequence[Any], *operands: Ends) -> Ends:
    """The least and greatest of candidate ends: NaN where all are, the whole line where some are or an operand is it."""
    nans = [np.isnan(end) for end in (*lows, *highs)]
    unknown, nan = (reduce(np.logical_or, [of(x) for x in operands], np.False_) for of in (is_whole, _is_nan))
    never = reduce(np.logical_and, nans) & (~unknown | nan)  # ends that are lost say nothing of what lies between
    lost = reduce(np.logical_or, nans + [is_whole(x) for x in operands])
    low, high = reduce(lesser, lows), reduce(greater, highs)
    lo, hi = (np.where(never, np.nan, np.where(lost, edge, end)) for edge, end in ((-np.inf, low), (np.inf, high)))
    return lo, hi


def _is_nan(x: Ends) -> Any:
    return np.isnan(x[0])


def is_whole(x: Ends) -> Any:
    """Where nothing is known: the whole line."""
    return np.isneginf(x[0]) & np.isposinf(x[1])


def decide(surely: Any, surely_not: Any) -> Array:
    """A three-valued truth: TRUE, FALSE, or UNKNOWN where neither is sure."""
    return np.where(surely, TRUE, np.where(surely_not, FALSE, UNKNOWN))


def where(defined: Any, x: Ends) -> Ends:
    """The interval where the operation is defined, else the whole line."""
    return np.where(defined, x[0], -np.inf), np.where(defined, x[1], np.inf)


# -- directed rounding ---------------------------------------------------------------------------------------------


def _corners(rounded: Callable[[Any, Any], Ends], x: Ends, y: Ends) -> Ends:
    """The least and greatest end of an operation that is monotone in each operand; points are taken once."""
    xs, ys = (e if np.not_equal(*e).any() else e[:1] for e in (x, y))
    pairs = [np.broadcast_arrays(a, b) for a in xs for b in ys]
    lo, hi = rounded(np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs]))
    return np.minimum.reduce(lo), np.maximum.reduce(hi)


def _sum(a: Any, b: Any) -> Ends:
    with np.errstate(invalid="ignore", over="ignore"):
        near = a + b
        back = near - a
        error = (a - (near - back)) + (b - back)  # TwoSum
    return _directed(near, error, np.isfinite(error), (a, b), lambda p, q: _compare(p + q[0], q[1]))


def _product(a: Any, b: Any) -> Ends:
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        near = a * b
        error = _product_error(a, b, near)
    zero, size = (a == 0) | (b == 0), np.abs(near)
    sure = zero | ((np.maximum(np.abs(a), np.abs(b)) < _HUGE) & (size > _TINY) & np.isfinite(near))
    return _directed(near, np.where(zero, 0.0, error), sure, (a, b), lambda p, q: _compare(p * q[0], q[1]))


def _quotient(a: Any, b: Any) -> Ends:
    with np.errstate(all="ignore"):
        near = a / b
        back = near * b
        residual = (a - back) - _product_error(near, b, back)
    tame = [(np.abs(v) > _TINY) & (np.abs(v) < _HUGE) for v in (a, b, near)]
    sure = (a == 0) | (tame[0] & tame[1] & tame[2])
    error = np.where(a == 0, 0.0, residual * np.sign(b))
    return _directed(near, error, sure, (a, b), lambda p, q: _compare(p / q[0], q[1]) if q[0] else 0)


def _root(a: Any) -> Ends:
    with np.errstate(all="ignore"):
        near = np.sqrt(a)
        square = near * near
        residual = (a - square) - _product_error(near, near, square)
    sure = ~(a > 0) | ((a > _TINY) & (a < _HUGE))
    return _directed(near, np.where(a > 0, residual, 0.0), sure, (a,), lambda p, q: _compare(p, q[0], lambda r: r * r))


def _product_error(a: Any, b: Any, near: Any) -> Any:
    """a * b - near, where near is the nearest double and nothing over- or underflows (Dekker)."""
    (a_high, a_low), (b_high, b_low) = (_split(v) for v in (a, b))
    return ((a_high * b_high - near) + a_high * b_low + a_low * b_high) + a_low * b_low


def _split(a: Any) -> Ends:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _directed(
    near: Any, error: Any, sure: Any, operands: tuple[Any, ...], compare: Callable[[Fraction, tuple[Any, ...]], int]
) -> Ends:
    """The nearest doubles moved down and up by the sign of their error, which ``compare`` finds where it is not sure."""
    side = np.array(np.where(sure, np.sign(np.where(sure, error, 0.0)), 0.0))
    defined = reduce(np.logical_and, [np.isfinite(v) for v in operands]) & ~np.isnan(near)
    for index in map(tuple, np.argwhere(defined & ~sure)):
        first, *rest = (Fraction(float(np.asarray(v)[index])) for v in operands)
        side[index] = compare(first, (*rest, float(np.asarray(near)[index])))
    with np.errstate(over="ignore", under="ignore"):
        lo = np.where(side < 0, np.nextafter(near, -np.inf), near)
        hi = np.where(side > 0, np.nextafter(near, np.inf), near)
    undefined = np.isnan(near)
    return np.where(undefined, -np.inf, lo), np.where(undefined, np.inf, hi)


def _compare(value: Fraction, near: float, of: Callable[[Fraction], Fraction] = lambda r: r) -> int:
    """The sign of ``value - of(near)``."""
    if math.isinf(near):
        return -1 if near > 0 else 1
    found = of(Fraction(near))
    return (value > found) - (value < found)
