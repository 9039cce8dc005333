"""Intervals of binary32 numbers, each end rounded to nearest even: what the interval domain encloses executions with.

Each function takes and gives float32 arrays, ends first low then high, -0 below +0. A result contains what a binary32
execution gives for all operands in the intervals: rounding is monotone, so its least and greatest results are those at the
ends, which are computed as the execution computes them. So on points every function is IEEE 754's operation, special values
included. NaN ends stand for NaN alone, the whole line for "anything, NaN too".

Source: IEEE 754-2019 clauses 4.3.1, 5.4.1 and 6; monotonicity of rounding: Muller et al., "Handbook of Floating-Point
Arithmetic", 2nd ed., section 2.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.domains._outward import Ends, settled


def add(x: Ends, y: Ends) -> Ends:
    """x + y."""
    with np.errstate(all="ignore"):
        return settled([x[0] + y[0]], [x[1] + y[1]], x, y)


def mul(x: Ends, y: Ends) -> Ends:
    """x * y."""
    with np.errstate(all="ignore"):
        corners = [a * b for a in _once(x) for b in _once(y)]
    return settled(corners, corners, x, y)


def div(x: Ends, y: Ends) -> Ends:
    """x / y; the whole line where y may be a zero and is not one only, of one sign."""
    with np.errstate(all="ignore"):
        corners = [a / b for a in x for b in y]
    crosses = (y[0] <= 0) & (y[1] >= 0) & (_codes(y[0]) != _codes(y[1]))
    lo, hi = settled(corners, corners, x, y)
    lost = crosses & ~np.isnan(x[0])
    return np.where(lost, np.float32(-np.inf), lo), np.where(lost, np.float32(np.inf), hi)


def fma(x: Ends, y: Ends, z: Ends) -> Ends:
    """x * y + z, rounded once."""
    from fpsem.domains._hardware import fma as fused  # numba is a heavy import

    with np.errstate(all="ignore"):
        lows, highs = ([fused(a, b, c) for a in _once(x) for b in _once(y)] for c in z)
    return settled(lows, highs, x, y, z)


def sqrt(x: Ends) -> Ends:
    """The square root; the whole line where x may be negative, NaN where it must be."""
    with np.errstate(invalid="ignore"):
        return settled([np.sqrt(x[0])], [np.sqrt(x[1])], x)


def function(name: str, x: Ends) -> Ends:
    """An elementary function, correctly rounded; between ends that differ, a ball's, rounded, where it turns or has poles."""
    from fpsem.domains._elementary_range import NOT_MONOTONE  # balls are a heavy import

    lo, hi = settled([_at_points(name, x[0])], [_at_points(name, x[1])], x)
    if name not in NOT_MONOTONE:
        return lo, hi
    from fpsem.domains._outward import function as real_range

    between = _codes(x[0]) != _codes(x[1])
    wide = real_range(name, tuple(np.where(between, end, 0).astype(np.float64) for end in x))  # type: ignore[arg-type]
    low, high = (np.where(between, end.astype(np.float32), at) for end, at in zip(wide, (lo, hi)))
    return low, high


def cast(x: Ends, format: str) -> Ends:
    """x rounded to the grid of a narrower format; where that has no infinities, what is too large is NaN."""
    from fpsem.softfloat import arithmetic

    def narrowed(end: Any) -> Any:
        return _floats(arithmetic(format).convert(arithmetic(BINARY32).convert(_codes(end), format), BINARY32))

    ends = narrowed(x[0]), narrowed(x[1])
    lost = [np.isnan(end) & ~np.isnan(given) for end, given in zip(ends, x)]
    everywhere = lost[0] & lost[1] & (np.signbit(x[0]) == np.signbit(x[1]))
    somewhere = (lost[0] | lost[1]) & ~everywhere
    lo, hi = (np.where(somewhere, side, end) for side, end in zip((np.float32(-np.inf), np.float32(np.inf)), ends))
    return settled([lo], [hi], x)


def to_single(x: Ends) -> Ends:
    """Intervals of doubles rounded to binary32. Sums and products here are of either format."""
    with np.errstate(all="ignore"):
        return settled([np.asarray(x[0], np.float32)], [np.asarray(x[1], np.float32)], x)


def _at_points(name: str, x: Any) -> Any:
    from fpsem.softfloat import arithmetic

    return _floats(getattr(arithmetic(BINARY32), name)(_codes(x)))


def _once(x: Ends) -> tuple[Any, ...]:
    """The ends; one of them where they are the same everywhere."""
    return x if (_codes(x[0]) != _codes(x[1])).any() else x[:1]


def _codes(x: Any) -> Array:
    return np.ascontiguousarray(x).reshape(np.shape(x)).view(f"uint{8 * x.dtype.itemsize}")


def _floats(codes: Any) -> Any:
    return np.asarray(codes).view(np.float32)
