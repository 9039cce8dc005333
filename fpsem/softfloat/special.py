"""What surrounds the arithmetic of numbers: flags, subnormal operands, and the NaN that an operation gives.

Source: IEEE 754-2019 clauses 6.2 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes, Flag, NaN
from fpsem.softfloat.unpacked import is_nan
from fpsem.softfloat.words.word import Truth, Word, select


class Result(NamedTuple):
    """A code, or an integer, and the flags that were raised, bits of ``Flag``."""

    code: Word
    flags: Word

    def where(self, truth: Truth, code: Word | int, flags: int = 0) -> Result:
        """Another result where the truth holds: that code, with those flags."""
        return Result(select(truth, code, self.code), select(truth, flags, self.flags))


def flag(truth: Truth, of: int) -> Word:
    """The flags where the truth holds, else none."""
    return select(truth, of, 0)


def operands(f: Format, mode: Attributes, *codes: Word) -> tuple[Word, ...]:
    """The operands as the operation takes them: subnormal ones flushed to zeros where that is asked for."""
    if not mode.flushes_inputs:
        return codes
    return tuple(select((x & f.magnitude_mask) < f.min_normal, x & f.sign_mask, x) for x in codes)


def is_signaling(f: Format, code: Word) -> Truth:
    """Whether the code is a signaling NaN; never in a format with one NaN."""
    return is_nan(f, code) & ((code & _quiet_bit(f)) == 0)


def with_nans(f: Format, mode: Attributes, codes: Sequence[Word], result: Result, invalid: Truth) -> Result:
    """The result, or the NaN and the flag that NaN operands or an invalid operation call for.

    Args:
        f: the format of the operands and the result.
        mode: says which NaN.
        codes: the operands, in the order in which their NaNs are looked at.
        result: what numbers give.
        invalid: whether the operation has no value although no operand is a NaN.
    """
    nan = _any([*(is_nan(f, x) for x in codes), invalid])
    raised = _any([*(is_signaling(f, x) for x in codes), invalid])
    return Result(
        select(nan, nan_code(f, mode, codes), result.code),
        select(nan, flag(raised, Flag.INVALID), result.flags),
    )


def nan_code(f: Format, mode: Attributes, codes: Sequence[Word]) -> Word:
    """The NaN that an operation on these operands gives: of one of them, or the default one where none is a NaN."""
    zero = codes[0] & 0
    if mode.nan is NaN.CANONICAL:
        return zero | f.nan
    if mode.nan is NaN.CUDA:
        return zero | f.magnitude_mask
    found = zero | (f.nan | f.sign_mask if mode.nan is NaN.X86 else f.nan)
    for x in reversed(codes):
        found = select(is_nan(f, x), x | _quiet_bit(f), found)
    if mode.nan is NaN.ARM:
        for x in reversed(codes):
            found = select(is_signaling(f, x), x | _quiet_bit(f), found)
    return found


def never(like: Word) -> Truth:
    """A truth that never holds, on a word's machine."""
    return (like & 0) != 0


def _quiet_bit(f: Format) -> int:
    """The bit that is set in quiet NaNs; where there is one NaN, a bit that it has."""
    return f.implicit_bit >> 1


def _any(truths: Sequence[Truth]) -> Truth:
    return reduce(or_, truths)
