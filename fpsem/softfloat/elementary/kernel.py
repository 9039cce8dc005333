"""Correct rounding: a function's approximation rounded where its error cannot matter, and the judge asked where it could.

If a function lies within E of y, relatively, then it lies strictly between y (1 - 2E) and y (1 + 2E) as computed; rounding is
monotone, so where these two round alike, to one code with the same flags, that is the function's correctly rounded result; with
flags, no number of the format may lie between the two, which might be the value, and so exact. For the few arguments where this
does not hold, ``ziv`` decides. The bounds E that functions state are derived beside them; for functions
of one argument, ``fpsem sweep`` also verifies them on every binary32 argument there is.

What this module does: formats that binary32 contains, compiled; others go to ``ziv`` whole.

Source: Ziv, 1991; Muller, "Elementary Functions", 3rd ed., chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from operator import or_
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32, Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.convert import convert
from fpsem.softfloat.elementary.functions import FUNCTIONS
from fpsem.softfloat.elementary.names import ELEMENTARY
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.special import Result, flag, is_signaling, nan_code, operands
from fpsem.softfloat.unpacked import Unpacked, denormalise, infinity, is_nan, shift_right_jam
from fpsem.softfloat.words.double import BINARY64, Double, bits, choose, narrowed, widened
from fpsem.softfloat.words.double import is_nan as is_nan_double
from fpsem.softfloat.words.machine import WIDTH, compile_program
from fpsem.softfloat.words.program import Program, record
from fpsem.softfloat.words.word import Truth, Word, select

_FLAGS = np.dtype(np.uint8)


def compiles(f: Format) -> bool:
    """Whether the format's numbers are binary32 numbers; its midpoints then are numbers or midpoints of binary32."""
    return f.precision <= BINARY32.precision and f.emax <= BINARY32.emax and f.emin >= BINARY32.emin


def attempt(name: str, f: Format, mode: Attributes, with_flags: bool, *codes: Word) -> tuple[Result, Truth]:
    """The result, and whether it is decided; where it is not, the result means nothing."""
    given = operands(f, mode, *codes)
    y, bound = _approximated(name, [_double(f, x) for x in given])
    ends = y * (1.0 - 2.0 * bound), y * (1.0 + 2.0 * bound)
    low, high = (_rounded(f, mode, end) for end in ends)
    agree = low.code == high.code
    if with_flags:
        agree = agree & (low.flags == high.flags) & ~_between(_double(f, low.code), *ends)
    no_number = is_nan_double(y)
    signaling = _any([is_signaling(f, x) for x in codes])
    invalid = flag(signaling | (no_number & ~_any([is_nan(f, x) for x in codes])), Flag.INVALID)
    pole = _infinite(y) & ~_any([_not_finite(f, x) for x in given])
    result = low.where(pole, low.code, Flag.DIVIDE_BY_ZERO)
    nan = no_number | signaling
    made = Result(select(nan, nan_code(f, mode, codes), result.code), select(nan, invalid, result.flags))
    return made, agree | nan


def _approximated(name: str, given: Sequence[Double]) -> tuple[Double, Double]:
    """The function's approximation; NaN where the only operand is one."""
    value, bound = FUNCTIONS[name](*given)
    if len(given) == 1:
        value = choose(is_nan_double(given[0]), given[0], value)
    return value, bound if isinstance(bound, Double) else value * 0.0 + bound


def _between(number: Double, low: Double, high: Double) -> Truth:
    """Whether the number lies between the two, which may be equal to it: then the value may be it, and so exact."""
    return ~((number < low) & (number < high)) & ~((low < number) & (high < number)) & (low != high)


def _double(f: Format, code: Word) -> Double:
    """An operand in binary64, exactly."""
    return widened(code if f == BINARY32 else convert(f, BINARY32, Attributes(), code).code)


def _rounded(f: Format, mode: Attributes, y: Double) -> Result:
    """A number of binary64, not subnormal, in the format; of a NaN, something."""
    top, code = f.fraction_bits + 3, bits(y)
    sign = (code >> BINARY64.width - 1) << f.width - 1
    exponent = ((code & BINARY64.magnitude_mask) >> BINARY64.fraction_bits) + (f.bias - BINARY64.bias)
    significand = (code & BINARY64.fraction_mask) | BINARY64.implicit_bit
    cut = shift_right_jam(significand, (code & 0) + (BINARY64.fraction_bits - top))
    result = round_and_pack(f, mode, denormalise(Unpacked(sign, exponent, cut), top), 3)
    result = result.where(y == 0.0, sign).where(_infinite(y), infinity(f, sign))
    if f == BINARY32 and mode.rounding is Rounding.NEAREST_EVEN and not mode.saturate and not mode.flushes_outputs:
        return Result(narrowed(y), result.flags)  # the same code, faster
    return result


def _infinite(y: Double) -> Truth:
    return abs(y) == float("inf")


def _not_finite(f: Format, code: Word) -> Truth:
    return (code & f.magnitude_mask) > f.max_finite


def _any(truths: Sequence[Truth]) -> Truth:
    return reduce(or_, truths)


@cache
def program(name: str, f: Format, mode: Attributes, with_flags: bool) -> Program:
    """The function as a program: a code, flags where they are asked for, and whether they are decided."""

    def algorithm(*codes: Word) -> tuple[Word | Truth, ...]:
        result, decided = attempt(name, f, mode, with_flags, *codes)
        return (result.code, result.flags, decided) if with_flags else (result.code, decided)

    return record(algorithm, ELEMENTARY[name], WIDTH)


@cache
def kernel(name: str, f: Format, mode: Attributes, with_flags: bool, label: str) -> Callable[..., Any]:
    """The function of arrays of codes, correctly rounded; with flags, it gives a pair."""
    results = (f.dtype, _FLAGS) if with_flags else (f.dtype,)
    quick = compile_program(label, program(name, f, mode, with_flags), (f.dtype,) * ELEMENTARY[name], (*results, np.dtype(bool)))

    def call(*given: Array) -> Any:
        *made, decided = quick(*given)
        if not decided.all():
            _settle(name, f, mode, given, made, ~decided)
        return tuple(made) if with_flags else made[0]

    return call


def _settle(name: str, f: Format, mode: Attributes, given: Sequence[Array], made: Sequence[Array], where: Array) -> None:
    """The judge's results where the quick ones are not decided."""
    from fpsem.softfloat.elementary.ziv import elementary_results  # balls are a heavy import

    pending = [np.broadcast_to(x, where.shape)[where] for x in given]
    for array, results in zip(made, elementary_results(name, pending, f, mode)):
        array[where] = results


def judged(name: str, f: Format, mode: Attributes, with_flags: bool) -> Callable[..., Any]:
    """The same function, all of it the judge's: slow, of any format."""
    from fpsem.softfloat.elementary.ziv import elementary_results

    def call(*given: Array) -> Any:
        made = elementary_results(name, np.broadcast_arrays(*given), f, mode)
        return made if with_flags else made[0]

    return call


def approximation(name: str, *codes: Array) -> tuple[Array, Array]:
    """What is rounded, of binary32 codes: the binary64 value, and the absolute error that is stated for it."""
    quick = _approximation(name)
    value, bound = (x.view(np.float64) for x in quick(*codes))
    with np.errstate(all="ignore"):
        return value, np.where(bound == 0, 0.0, bound * np.abs(value))


@cache
def _approximation(name: str) -> Callable[..., Any]:
    def algorithm(*codes: Word) -> tuple[Word, Word]:
        value, bound = _approximated(name, [widened(x) for x in codes])
        return bits(value), bits(bound)

    written, wide = record(algorithm, ELEMENTARY[name], WIDTH), np.dtype(np.uint64)
    return compile_program(f"{name}_approximation", written, (BINARY32.dtype,) * ELEMENTARY[name], (wide, wide))
