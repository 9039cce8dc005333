"""Where the values of pow, atan2 and hypot lie among the numbers of binary32: their brackets, pair by pair.

Scalar functions for numba's kernels. A word is a bracket of ``brackets``, the code and, at bit 32, the state. Guaranteed: what a
word says is so. It is UNDECIDED where the value is the end of a cell or within its bound of one, and in the cell next below the
smallest normal number; there the judge is to be asked.

A double-double (h, l), |l| <= ulp(h) / 2, of a relative error below 2^-57 is beside the end of a cell only if h is that end: any
other h is a whole ulp(h) away, and l with the error at most 0.57 of one. Then l, if it is larger than the error, tells the side.

Decided without the value, because it is too close to a number for any bound:

* hypot, one operand at least 2^13 times the other, y > 0: it exceeds x by at most y^2 / 2x <= 2^-27 x, less than half an ulp;
* pow, |y log2 x| < 2^-27: it is within 2^-27 of 1, in the half ulp above or below;
* atan2, 0 < y/x < 2^-28, x > 0: the angle is below y/x by a factor above 1 - 2^-57. No end of a cell is that close below y/x, for
  one that is not y/x itself differs from it relatively by 2^-49 or more (a difference of integers over products of two of 24 and
  25 bits), so y/x (1 - 2^-55) is in the same cell, and stands for it.

Source: IEEE 754-2019 clause 9.2.1 for the special operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.bridges.sweep.brackets import ABOVE, BELOW, BEYOND, SPECIAL, UNDECIDED
from fpsem.bridges.sweep.double_double import fast_two_sum, quotient, scalar
from fpsem.bridges.sweep.pairs_tables import Table
from fpsem.bridges.sweep.pairs_values import ATAN2, HYPOT, POW, atan2_value, hypot_value, pow_value
from fpsem.core.formats import BINARY32, format_named
from fpsem.softfloat.attributes import Flag

STATE_BIT = 32

Int = Any
"""An integer of 64 bits, Python's or numpy's."""

Outcome = tuple[Any, float, float]
"""A word, and the double-double it was read off; 0, 0 where none was."""

_UNTOLD = UNDECIDED << STATE_BIT
_SIGN, _MAGNITUDE, _INFINITY = BINARY32.sign_mask, BINARY32.magnitude_mask, BINARY32.overflow_code
_ONE, _QUIET, _NAN = BINARY32.bias << BINARY32.fraction_bits, BINARY32.implicit_bit >> 1, BINARY32.nan
_LAST, _TINY_CELL = BINARY32.max_finite, 2 * BINARY32.min_normal - 1
_POLE, _INVALID = int(Flag.DIVIDE_BY_ZERO), int(Flag.INVALID)

_DOUBLE = format_named("binary64")
_BITS, _IMPLICIT, _FRACTION = _DOUBLE.fraction_bits, _DOUBLE.implicit_bit, _DOUBLE.fraction_mask
_CUT = _BITS - BINARY32.fraction_bits - 1
_REBIAS = (_DOUBLE.bias - BINARY32.bias) << (BINARY32.fraction_bits + 1)
_LEAST, _LEAST_EXPONENT = 2.0**BINARY32.emin, BINARY32.emin + _DOUBLE.bias


@scalar
def _fixed(code: Int, flags: Int) -> Int:
    """The word of a result that is the same in every direction."""
    return ((SPECIAL + flags) << STATE_BIT) | code


@scalar
def position(high: float, low: float, bound: float, sign: Int) -> Int:
    """The word of high + low > 0 with a sign bit. high is below 2^140, and above 2^-1000."""
    code = np.float64(high).view(np.int64)
    if high >= _LEAST:
        cell, rest = (code >> _CUT) - _REBIAS, code & ((1 << _CUT) - 1)
    else:
        shift: Int = min(_CUT + _LEAST_EXPONENT - (code >> _BITS), _BITS + 1)
        significand = (code & _FRACTION) | _IMPLICIT
        cell, rest = significand >> shift, significand & ((1 << shift) - 1)
    if rest == 0 and not low > bound * high:
        if not low < -bound * high:
            return _UNTOLD
        cell -= 1
    if cell >= 2 * _INFINITY:
        return (BEYOND << STATE_BIT) | _LAST | sign
    state = UNDECIDED if cell == _TINY_CELL else ABOVE if cell & 1 else BELOW
    return (state << STATE_BIT) | (cell >> 1) | sign


@scalar
def _signaling(code: Int) -> Any:
    return (code & _MAGNITUDE) > _INFINITY and code & _QUIET == 0


# -- hypot -----------------------------------------------------------------------------------------------------------


@scalar
def hypot_word(a: Int, b: Int, x: float, y: float) -> Outcome:
    """The word of hypot."""
    a_, b_ = a & _MAGNITUDE, b & _MAGNITUDE
    larger, smaller = max(a_, b_), min(a_, b_)
    if larger >= _INFINITY:
        if _signaling(a) or _signaling(b):
            return _fixed(_NAN, _INVALID), 0.0, 0.0
        return _fixed(_INFINITY if a_ == _INFINITY or b_ == _INFINITY else _NAN, 0), 0.0, 0.0
    if smaller == 0:
        return _fixed(larger, 0), 0.0, 0.0
    if max(abs(x), abs(y)) >= 8192.0 * min(abs(x), abs(y)):
        return (BELOW << STATE_BIT) | larger, 0.0, 0.0
    high, low = hypot_value(x, y)
    return position(high, low, HYPOT, 0), high, low


# -- atan2 -----------------------------------------------------------------------------------------------------------


@scalar
def atan2_word(a: Int, b: Int, y: float, x: float, table: Table, constants: Table) -> Outcome:
    """The word of atan2 of y, whose code is a, and x."""
    a_, b_ = a & _MAGNITUDE, b & _MAGNITUDE
    sign = a - a_
    if max(a_, b_) >= _INFINITY:
        if max(a_, b_) > _INFINITY:
            return _fixed(_NAN, _INVALID if _signaling(a) or _signaling(b) else 0), 0.0, 0.0
        y = 1.0 if a_ == _INFINITY else 0.0  # the angle is that of (x, y) = (0 or 1, 0 or 1) with its signs
        x = (1.0 if b_ == _INFINITY else 0.0) * (1.0 if b == b_ else -1.0)
    if y == 0.0 and b == b_:
        return _fixed(sign, 0), 0.0, 0.0
    if y == 0.0:
        x = -1.0
    if b == b_ and abs(y) < 2.0**-28 * x:
        high, low = quotient(abs(y), x)
        high, low = fast_two_sum(high, low - 2.0**-55 * high)
        return position(high, low, ATAN2, sign), 0.0, 0.0
    high, low = atan2_value(y, x, table, constants)
    return position(high, low, ATAN2, sign), high, low


# -- pow -------------------------------------------------------------------------------------------------------------


@scalar
def pow_word(a: Int, b: Int, x: float, y: float, logarithms: Table, powers: Table, constants: Table) -> Outcome:
    """The word of pow."""
    a_, b_ = a & _MAGNITUDE, b & _MAGNITUDE
    if a_ == 0 or b_ == 0 or a == _ONE or max(a_, b_) >= _INFINITY:
        return _pow_special(a, b, y), 0.0, 0.0
    if a != a_ and y != np.rint(y):
        return _fixed(_NAN, _INVALID), 0.0, 0.0
    sign = _SIGN if a != a_ and _is_odd(y) else 0
    if a_ == _ONE:
        return _fixed(_ONE | sign, 0), 0.0, 0.0
    high, low, p = pow_value(abs(x), y, logarithms, powers, constants)
    if abs(p) < 2.0**-27:
        return ((BELOW << STATE_BIT) | _ONE if p > 0.0 else (ABOVE << STATE_BIT) | (_ONE - 1)) | sign, 0.0, 0.0
    if p > 130.0:
        return (BEYOND << STATE_BIT) | _LAST | sign, 0.0, 0.0
    if p < -155.0:
        return (BELOW << STATE_BIT) | sign, 0.0, 0.0
    return position(high, low, POW, sign), high, low


@scalar
def _is_odd(y: float) -> bool:
    """Whether a number is an odd integer; from 2^24 on binary32 has even ones only."""
    return abs(y) < 2.0**24 and y == np.rint(y) and np.int64(y) & 1 == 1


@scalar
def _pow_special(a: Int, b: Int, y: float) -> Int:
    """The word where x is 0, 1, infinite or a NaN, or y is 0, infinite or a NaN."""
    a_, b_ = a & _MAGNITUDE, b & _MAGNITUDE
    if _signaling(a) or _signaling(b):
        return _fixed(_NAN, _INVALID)
    if b_ == 0 or a == _ONE:
        return _fixed(_ONE, 0)
    if a_ > _INFINITY or b_ > _INFINITY:
        return _fixed(_NAN, 0)
    if b_ == _INFINITY:
        if a_ == _ONE:
            return _fixed(_ONE, 0)
        return _fixed(_INFINITY if (a_ > _ONE) == (b == b_) else 0, 0)
    sign = _SIGN if a != a_ and _is_odd(y) else 0
    if (a_ == 0) == (b == b_):
        return _fixed(sign, 0)
    return _fixed(_INFINITY | sign, _POLE if a_ == 0 else 0)
