"""What an operation on a narrow format must give, code and flags, from the sorted list of the format's numbers.

A result is found by its two neighbours in that list and the point half-way between them, by comparing; nothing is cut, shifted
or packed, so that no step is shared with ``fpsem.softfloat``. Whole arrays are looked up at once: all pairs of an 8-bit
format take milliseconds.

Exact results are held in binary64, rounded to odd where they are longer. That changes no comparison with a number of p + 2
digits, for p <= 11: a sum or a product rounded to odd lies on the same side of all numbers of up to 51 digits; a quotient of
p-digit numbers that is not such a number differs from all of them by more than 2**-(2p + 3) of itself, a square root too, and
so they stay on their side when they are rounded to nearest.

What this module does not do: payloads of NaNs, all of which are the canonical one.

Source: IEEE 754-2019 clauses 4.3, 6.3 and 7; Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fpsem.core.formats import Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag, InfinityTimesZero, Tininess

_WIDEST, _MOST_DIGITS = 16, 11
"""The widest formats and the greatest precision that binary64 serves here."""


class Expected(NamedTuple):
    """Codes, and flags as uint8."""

    codes: Array
    flags: Array


def expected(name: str, f: Format, mode: Attributes, *operands: Array) -> Expected:
    """What add, sub, mul, div, fma or sqrt must give.

    Args:
        name: the operation.
        f: a format of at most 16 bits.
        mode: the attributes; every NaN is canonical all the same.
        operands: arrays of codes, of one shape.

    Raises:
        ValueError: the format is too wide.
    """
    taken = [_flushed(f, x) if mode.flushes_inputs else x for x in operands]
    values = [numbers_of(f)[x] for x in taken]
    with np.errstate(all="ignore"):
        exact = _EXACT[name](*values)
        terms = _SUMS[name](*values) if name in _SUMS else (exact, exact)
    opposed = np.signbit(terms[0]) != np.signbit(terms[1])
    downward = mode.rounding is Rounding.DOWNWARD
    negative = np.signbit(exact) | ((exact == 0) & opposed & downward)
    codes, flags = rounded(f, mode, exact, negative)
    infinite = np.isinf(exact)
    codes = np.where(infinite, _infinity(f, negative), codes)
    by_zero = infinite & (name == "div") & np.isfinite(values[0]) & (values[-1] == 0)
    flags = np.where(infinite, np.where(by_zero, Flag.DIVIDE_BY_ZERO, 0), flags)
    invalid = _invalid(name, f, mode, operands, values)
    codes, flags = np.where(np.isnan(exact), f.nan, codes), np.where(np.isnan(exact), invalid, flags)
    return Expected(codes.astype(f.dtype), flags.astype(np.uint8))


def expected_conversion(f: Format, to: Format, mode: Attributes, codes: Array) -> Expected:
    """What a conversion between formats of at most 16 bits must give."""
    values = numbers_of(f)[_flushed(f, codes) if mode.flushes_inputs else codes]
    negative = np.signbit(values)
    made, flags = rounded(to, mode, values, negative)
    sign = np.where(negative, to.sign_mask, 0)
    infinite = sign | to.max_finite if mode.saturate else _infinity(to, negative)
    made = np.where(np.isinf(values), infinite, np.where(np.isnan(values), to.nan, made))
    flags = np.where(np.isnan(values), np.where(is_signaling(f, codes), Flag.INVALID, 0), np.where(np.isinf(values), 0, flags))
    return Expected(made.astype(to.dtype), flags.astype(np.uint8))


def rounded(f: Format, mode: Attributes, exact: Array, negative: Array) -> tuple[Array, Array]:
    """The codes and flags of finite numbers; whatever else is in the array gets anything.

    Args:
        f: the format.
        mode: the direction, the rule of tininess, what becomes of tiny results, saturation.
        exact: numbers, as the docstring of the module says.
        negative: their signs, of zeros too.
    """
    numbers, size = _magnitudes(f), np.where(np.isfinite(exact), np.abs(exact), 0)
    below = np.minimum(np.searchsorted(numbers, size, side="right") - 1, f.max_finite + 1)
    above = np.minimum(below + 1, f.max_finite + 1)
    magnitude = np.where(_goes_up(mode.rounding, size, numbers[below], numbers[above], below % 2 == 1, negative), above, below)
    sign, inexact, overflow = np.where(negative, f.sign_mask, 0), size != numbers[below], magnitude > f.max_finite
    tiny = _tiny(f, mode, size, negative)
    code, flags = sign | magnitude, np.where(inexact, Flag.INEXACT, 0) | np.where(inexact & tiny, Flag.UNDERFLOW, 0)
    if mode.flushes_outputs:
        code, flags = np.where(tiny, sign, code), np.where(tiny, Flag.INEXACT | Flag.UNDERFLOW, flags)
    code = np.where(overflow, _overflowed(f, mode, negative), code)
    return code, np.where(overflow, Flag.INEXACT | Flag.OVERFLOW, flags)


@cache
def numbers_of(f: Format) -> Array:
    """The value of every code, in binary64: infinities and NaNs too. Raises ValueError for a format that is too wide."""
    if f.width > _WIDEST or f.precision > _MOST_DIGITS:
        raise ValueError(f"{f.name} has {f.width} bits and precision {f.precision}; at most {_WIDEST} and {_MOST_DIGITS} here")
    values = np.array([_value(f, code) for code in range(1 << f.width)])
    values.flags.writeable = False
    return values


def is_signaling(f: Format, codes: Array) -> Array:
    """Which codes are signaling NaNs: the upper bit of their payload is 0; none in a format with one NaN."""
    if not f.has_infinity:
        return np.zeros(codes.shape, bool)
    return np.asarray(np.isnan(numbers_of(f)[codes]) & (codes & f.nan != f.nan))


def _value(f: Format, code: int) -> float:
    if f.is_nan(code):
        return np.nan
    size = float(abs(f.decode(code))) if f.is_finite(code) else np.inf
    return -size if code & f.sign_mask else size


@cache
def _magnitudes(f: Format) -> Array:
    """The numbers from 0 up by their codes, and the one that would follow the largest."""
    sizes = numbers_of(f)[: f.max_finite + 1]
    return np.append(sizes, 2 * sizes[-1] - sizes[-2])


def _goes_up(direction: Rounding, size: Array, below: Array, above: Array, odd: Array, negative: Array) -> Any:
    """Whether the neighbour above is taken, where the number is not the one below."""
    middle, between = (below + above) / 2, size != below
    match direction:
        case Rounding.NEAREST_EVEN:
            return (size > middle) | ((size == middle) & between & odd)
        case Rounding.NEAREST_AWAY:
            return (size >= middle) & between
        case Rounding.TOWARD_ZERO:
            return size < size
        case Rounding.UPWARD:
            return between & ~negative
        case Rounding.DOWNWARD:
            return between & negative
        case Rounding.TO_ODD:
            return between & ~odd


def _tiny(f: Format, mode: Attributes, size: Array, negative: Array) -> Any:
    """Which numbers are tiny: not zero and below the smallest normal one, as they are or rounded without a least exponent.

    Rounded, only those above the last number of p digits below the smallest normal one can reach it; that number is odd.
    """
    normal, last = numbers_of(f)[f.min_normal], numbers_of(f)[f.min_normal] - numbers_of(f)[1] / 2
    tiny = (size > 0) & (size < normal)
    if mode.tininess is Tininess.BEFORE:
        return tiny
    ends = np.full(size.shape, last), np.full(size.shape, normal)
    return tiny & ~((size >= last) & _goes_up(mode.rounding, size, *ends, np.ones(size.shape, bool), negative))


def _overflowed(f: Format, mode: Attributes, negative: Array) -> Array:
    finite = np.where(negative, f.sign_mask, 0) | f.max_finite
    if mode.saturate or mode.rounding in (Rounding.TOWARD_ZERO, Rounding.TO_ODD):
        return finite
    inward = {Rounding.UPWARD: negative, Rounding.DOWNWARD: ~negative}.get(mode.rounding, np.zeros(negative.shape, bool))
    return np.where(inward, finite, _infinity(f, negative))


def _infinity(f: Format, negative: Array) -> Array:
    return np.where(negative, f.sign_mask, 0) | f.overflow_code if f.has_infinity else np.full(negative.shape, f.nan)


def _flushed(f: Format, codes: Array) -> Array:
    sizes = np.abs(numbers_of(f)[codes])
    return np.where((sizes > 0) & (sizes < numbers_of(f)[f.min_normal]), codes & f.sign_mask, codes)


def _invalid(name: str, f: Format, mode: Attributes, operands: tuple[Array, ...], values: list[Array]) -> Array:
    """The flags of a NaN result: invalid where an operand signals, or none is a NaN, or infinity meets zero before a NaN."""
    raised = np.logical_or.reduce([is_signaling(f, x) for x in operands])
    raised |= ~np.logical_or.reduce([np.isnan(x) for x in values])
    if name == "fma" and mode.infinity_times_zero is InfinityTimesZero.INVALID:
        x, y = np.abs(values[0]), np.abs(values[1])
        raised |= ((x == 0) & np.isinf(y)) | (np.isinf(x) & (y == 0))
    return np.where(raised, Flag.INVALID, 0)


def _sum_to_odd(x: Array, y: Array) -> Array:
    """x + y; where binary64 cannot hold it, its neighbour there that has an odd significand."""
    total = x + y
    rest = total - x
    error = (x - (total - rest)) + (y - rest)
    even = total.view(np.uint64) % 2 == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    return np.where(np.isfinite(total) & (error != 0) & even, np.nextafter(total, toward), total)


_EXACT: Mapping[str, Callable[..., Any]] = {
    "add": _sum_to_odd,
    "sub": lambda x, y: _sum_to_odd(x, -y),
    "mul": np.multiply,
    "div": np.divide,
    "fma": lambda x, y, z: _sum_to_odd(x * y, z),
    "sqrt": np.sqrt,
}
"""The exact result, in binary64 as the docstring of the module says."""

_SUMS: Mapping[str, Callable[..., tuple[Array, Array]]] = {
    "add": lambda x, y: (x, y),
    "sub": lambda x, y: (x, -y),
    "fma": lambda x, y, z: (x * y, z),
}
"""The two terms of the operations that are sums."""
