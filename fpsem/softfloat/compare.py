"""Comparisons, minimum and maximum, sign operations, and classification: exact, on the codes.

Source: IEEE 754-2019 clauses 5.11 (quiet comparisons: false on NaN, -0 = +0), 9.6 (minimum, maximum: NaN wins,
-0 < +0), 5.5.1 (negate, abs: the sign bit only, of NaN too).
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.unpacked import is_nan, is_zero
from fpsem.softfloat.words.word import Truth, Word, select


def width(f: Format) -> int:
    """The least word that holds every step: a code and a bit."""
    return f.width + 1


def _ordinal(f: Format, a: Word) -> Word:
    """A word that is ordered, unsigned, as the codes are as numbers: -inf first, -0 just before +0, +inf last."""
    negative = (a & f.sign_mask) != 0
    return select(negative, f.sign_mask - 1 - (a & f.magnitude_mask), a + f.sign_mask)


def equal(f: Format, a: Word, b: Word) -> Truth:
    """a = b."""
    return _ordered(f, a, b) & ((a == b) | (is_zero(f, a) & is_zero(f, b)))


def less(f: Format, a: Word, b: Word) -> Truth:
    """a < b."""
    return _ordered(f, a, b) & (_ordinal(f, a) < _ordinal(f, b)) & ~(is_zero(f, a) & is_zero(f, b))


def less_equal(f: Format, a: Word, b: Word) -> Truth:
    """a <= b."""
    return _ordered(f, a, b) & ((_ordinal(f, a) <= _ordinal(f, b)) | (is_zero(f, a) & is_zero(f, b)))


def _ordered(f: Format, a: Word, b: Word) -> Truth:
    return ~(is_nan(f, a) | is_nan(f, b))


def minimum(f: Format, a: Word, b: Word) -> Word:
    """The lesser."""
    return select(_ordered(f, a, b), select(_ordinal(f, a) < _ordinal(f, b), a, b), f.nan)


def maximum(f: Format, a: Word, b: Word) -> Word:
    """The greater."""
    return select(_ordered(f, a, b), select(_ordinal(f, a) < _ordinal(f, b), b, a), f.nan)


def neg(f: Format, a: Word) -> Word:
    """-a."""
    return a ^ f.sign_mask


def absolute(f: Format, a: Word) -> Word:
    """|a|."""
    return a & f.magnitude_mask
