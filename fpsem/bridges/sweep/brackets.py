"""Brackets: what rounding needs to know of a value, and every direction's codes and flags from it, by a few integer operations.

The multiples of half a unit in the last place cut the numbers into cells. A bracket says in which cell a value lies: a code t,
the value truncated toward zero, and a state:

    BELOW      strictly between t and the midpoint of t and its neighbour away from zero
    ABOVE      strictly between that midpoint and the neighbour
    BEYOND     at least 2**128 in magnitude; t is the largest finite number
    UNDECIDED  none of these is known; what is exact, halfway, or not told apart from that
    SPECIAL    plus flags: the result is t and raises these, in every direction (NaN, infinities, zeros)

In the cell next below the smallest normal number the bracket does not tell whether a result is tiny after rounding: it counts
as UNDECIDED.

Source: IEEE 754-2019 clauses 4.3 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from fpsem.core.formats import BINARY32
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Flag
from fpsem.softfloat.words.intrinsics import bits, choose

Codes = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

BELOW, ABOVE, BEYOND, UNDECIDED, SPECIAL = 0, 1, 2, 3, 32

_HALF_BITS = 52 - BINARY32.fraction_bits - 1
"""A cell of normal numbers is this many low bits of a binary64 code."""
_HALVES = np.int64((1 << _HALF_BITS) - 1)
_OFFSET = np.int64((1023 - BINARY32.bias) << (BINARY32.fraction_bits + 1))
_SMALLEST = 2.0**BINARY32.emin
_TO_CELLS = 2.0 ** (BINARY32.fraction_bits + 1 - BINARY32.emin)
_TOO_LARGE = 2.0 ** (BINARY32.emax + 1)
_LAST_CELL = np.int64(2 * BINARY32.max_finite + 1)
_TINY_CELL = np.int64(2 * BINARY32.min_normal - 1)
_SIGN = np.uint32(BINARY32.sign_mask)
_MAGNITUDE = np.uint32(BINARY32.magnitude_mask)
_INFINITY = np.uint32(BINARY32.overflow_code)
_MIN_NORMAL = np.uint32(BINARY32.min_normal)


def compiled(function: Any) -> Any:
    """A loop over arrays, compiled when it is first called."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


@numba.njit(inline="always", error_model="numpy")  # type: ignore[untyped-decorator]
def cell_of(v: float) -> Any:
    """The cell of a positive number, and whether it is the cell's lower end, for it may be one of two cells then."""
    scaled = v * _TO_CELLS
    normal = v >= _SMALLEST
    small = np.int64(choose(normal, 0.0, scaled))
    code = np.int64(bits(v))
    cell = (code >> _HALF_BITS) - _OFFSET
    if normal:
        return cell, (code & _HALVES) == 0
    return small, np.float64(small) == scaled


@compiled
def bracket(hi: Doubles, lo: Doubles, error: Doubles, code: Codes, state: States) -> None:
    """Brackets of values that are within ``error`` of ``hi + lo``; NaN and infinite errors give UNDECIDED.

    The ends are ``|hi| + (±lo - e)`` and ``|hi| + (±lo + e)``, where e is the error and a little more, so that the inner
    rounding does not cross the true end. The outer sum is an end and a rest, exactly; a cell's ends are numbers of binary64, so
    that the rest matters only where the sum's rounding lands on one.
    """
    for i in range(hi.size):
        negative = hi[i] < 0.0
        a, b = abs(hi[i]), lo[i]
        if negative:
            b = -b
        e = error[i] * (1.0 + 2.0**-50) + abs(b) * 2.0**-51
        low, high = a + (b - e), a + (b + e)
        low_rest, high_rest = (b - e) - (low - a), (b + e) - (high - a)
        first, first_edge = cell_of(low)
        last, last_edge = cell_of(high)
        first -= np.int64(first_edge & (low_rest < 0.0))
        last -= np.int64(last_edge & (high_rest < 0.0))
        beyond = (low >= _TOO_LARGE) & (first > _LAST_CELL)
        inside = (not first_edge) | (low_rest != 0.0)
        decided = (low > 0.0) & (first == last) & inside & (first != _TINY_CELL)
        cell = min(first, _LAST_CELL)
        t = np.uint32(cell >> 1)
        if negative:
            t |= _SIGN
        told = np.uint8(cell & 1) if decided else np.uint8(UNDECIDED)
        code[i] = t
        state[i] = np.uint8(BEYOND) if beyond else told


def mark_tiny(code: Codes, state: States) -> None:
    """Make brackets that were set by other means UNDECIDED where the module's docstring says so."""
    state[((code & _MAGNITUDE) == _MIN_NORMAL - 1) & (state == ABOVE)] = UNDECIDED


_GOES_AWAY: Mapping[Rounding, tuple[int, int, int, int]] = {
    Rounding.NEAREST_EVEN: (1, 0, 0, 0),
    Rounding.NEAREST_AWAY: (1, 0, 0, 0),
    Rounding.TOWARD_ZERO: (0, 0, 0, 0),
    Rounding.UPWARD: (0, 1, 0, 0),
    Rounding.DOWNWARD: (0, 0, 1, 0),
    Rounding.TO_ODD: (0, 0, 0, 1),
}
"""Whether a direction goes from t to its neighbour: above the midpoint, a positive value, a negative one, an even t."""


def rounded(code: Codes, state: States, direction: Rounding) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """The codes and flags of brackets; of UNDECIDED ones, anything."""
    codes, flags = np.empty_like(code), np.empty_like(state)
    _round(code, state, *(np.uint32(when) for when in _GOES_AWAY[direction]), codes, flags)
    return codes, flags


_INEXACT, _UNDERFLOW, _OVERFLOW = (np.uint8(flag) for flag in (Flag.INEXACT, Flag.UNDERFLOW, Flag.OVERFLOW))


@compiled
def _round(code: Any, state: Any, half: Any, positive: Any, negative: Any, even: Any, codes: Any, flags: Any) -> None:
    for i in range(code.size):
        t, s = code[i], state[i]
        sign = t >> np.uint32(31)
        above = np.uint32((s == ABOVE) | (s == BEYOND))
        one = np.uint32(1)
        away = (half & above) | (positive & (one - sign)) | (negative & sign) | (even & (one - (t & one)))
        magnitude = t & _MAGNITUDE
        over = (magnitude + away == _INFINITY) | (s == BEYOND)
        raised = _INEXACT
        if magnitude < _MIN_NORMAL:
            raised |= _UNDERFLOW
        if over:
            raised |= _OVERFLOW
        special = s >= SPECIAL
        codes[i] = t if special else np.uint32(t + away)
        flags[i] = np.uint8(s - SPECIAL) if special else raised
