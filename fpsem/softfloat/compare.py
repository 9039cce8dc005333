"""Comparisons: exact, on the codes; -0 equals +0, and a NaN is unordered with everything.

A quiet comparison raises invalid for signaling NaNs only, a signaling one for every NaN. ``less`` and ``less_equal`` signal, as
the operators < and <= do; ``equal`` is quiet.

Source: IEEE 754-2019 clause 5.11.
"""

from __future__ import annotations

from typing import NamedTuple

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.special import flag, is_signaling, operands
from fpsem.softfloat.unpacked import is_nan, is_zero
from fpsem.softfloat.words.word import Truth, Word, select


class Comparison(NamedTuple):
    """A truth, and the flags that were raised."""

    code: Truth
    flags: Word


def width(f: Format) -> int:
    """The least word that holds every step: a code and a bit."""
    return f.width + 1


def ordinal(f: Format, a: Word) -> Word:
    """A word that is ordered, unsigned, as the codes are as numbers: -inf first, -0 just before +0, +inf last."""
    negative = (a & f.sign_mask) != 0
    return select(negative, f.sign_mask - 1 - (a & f.magnitude_mask), a + f.sign_mask)


def equal(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a = b, quiet."""
    return _quiet(f, _equal(f, *operands(f, mode, a, b)), a, b)


def equal_signaling(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a = b, signaling."""
    return _signaling(f, _equal(f, *operands(f, mode, a, b)), a, b)


def less(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a < b, signaling."""
    return _signaling(f, _less(f, *operands(f, mode, a, b)), a, b)


def less_quiet(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a < b, quiet."""
    return _quiet(f, _less(f, *operands(f, mode, a, b)), a, b)


def less_equal(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a <= b, signaling."""
    return _signaling(f, _less_equal(f, *operands(f, mode, a, b)), a, b)


def less_equal_quiet(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """a <= b, quiet."""
    return _quiet(f, _less_equal(f, *operands(f, mode, a, b)), a, b)


def unordered(f: Format, mode: Attributes, a: Word, b: Word) -> Comparison:
    """Whether a or b is a NaN, quiet."""
    return _quiet(f, is_nan(f, a) | is_nan(f, b), a, b)


def _equal(f: Format, a: Word, b: Word) -> Truth:
    return ordered(f, a, b) & ((a == b) | _both_zero(f, a, b))


def _less(f: Format, a: Word, b: Word) -> Truth:
    return ordered(f, a, b) & (ordinal(f, a) < ordinal(f, b)) & ~_both_zero(f, a, b)


def _less_equal(f: Format, a: Word, b: Word) -> Truth:
    return ordered(f, a, b) & ((ordinal(f, a) <= ordinal(f, b)) | _both_zero(f, a, b))


def ordered(f: Format, a: Word, b: Word) -> Truth:
    """Whether neither is a NaN."""
    return ~(is_nan(f, a) | is_nan(f, b))


def _both_zero(f: Format, a: Word, b: Word) -> Truth:
    return is_zero(f, a) & is_zero(f, b)


def _quiet(f: Format, truth: Truth, a: Word, b: Word) -> Comparison:
    return Comparison(truth, flag(is_signaling(f, a) | is_signaling(f, b), Flag.INVALID))


def _signaling(f: Format, truth: Truth, a: Word, b: Word) -> Comparison:
    return Comparison(truth, flag(~ordered(f, a, b), Flag.INVALID))
