"""Minimum and maximum, in the three ways of the standard; -0 is less than +0 in all of them.

``minimum`` gives a NaN where one operand is; ``minimum_number`` gives the number; both are of 2019. ``min_num`` of 2008 gives the
number where the NaN is quiet, a NaN where it is signaling. A signaling NaN always raises invalid.

Source: IEEE 754-2019 clause 9.6; IEEE 754-2008 clause 5.3.1.
"""

from __future__ import annotations

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.compare import ordinal
from fpsem.softfloat.special import Result, is_signaling, never, operands, with_nans
from fpsem.softfloat.unpacked import is_nan
from fpsem.softfloat.words.word import Word, select


def minimum(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The lesser; a NaN wins."""
    return _extreme(f, mode, a, b, least=True)


def maximum(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The greater; a NaN wins."""
    return _extreme(f, mode, a, b, least=False)


def minimum_number(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The lesser; a number wins over any NaN."""
    return _number(f, mode, a, b, minimum(f, mode, a, b))


def maximum_number(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The greater; a number wins over any NaN."""
    return _number(f, mode, a, b, maximum(f, mode, a, b))


def min_num(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The lesser; a number wins over a quiet NaN."""
    return _num(f, mode, a, b, minimum(f, mode, a, b))


def max_num(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """The greater; a number wins over a quiet NaN."""
    return _num(f, mode, a, b, maximum(f, mode, a, b))


def _extreme(f: Format, mode: Attributes, a: Word, b: Word, least: bool) -> Result:
    x, y = operands(f, mode, a, b)
    below = ordinal(f, x) < ordinal(f, y)
    code = select(below, x, y) if least else select(below, y, x)
    return with_nans(f, mode, (a, b), Result(code, a & 0), never(a))


def _number(f: Format, mode: Attributes, a: Word, b: Word, result: Result) -> Result:
    """The other operand where one alone is a NaN; the flags stay."""
    x, y = operands(f, mode, a, b)
    lone = is_nan(f, a) & ~is_nan(f, b), is_nan(f, b) & ~is_nan(f, a)
    return Result(select(lone[0], y, select(lone[1], x, result.code)), result.flags)


def _num(f: Format, mode: Attributes, a: Word, b: Word, result: Result) -> Result:
    """As ``_number``, unless an operand is signaling."""
    signals = is_signaling(f, a) | is_signaling(f, b)
    return Result(select(signals, result.code, _number(f, mode, a, b, result).code), result.flags)
