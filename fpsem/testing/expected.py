"""What a primitive must give: exact rationals, correctly rounded codes, and IEEE 754's answers for special values.

Sums, products and quotients are rationals and exact; square roots come from integer square roots; elementary functions
from Arb balls, widened into brackets of rationals and sharpened until the rounding is decided. Nothing here is fast.

What this module does not do: correctly rounded elementary codes; those are ``fpsem.softfloat.elementary.ziv``'s.

Source: IEEE 754-2019 clauses 6 and 9.6; Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval
arithmetic", 2017.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from fpsem.core.errors import UnableError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, Format
from fpsem.core.protocol import COMPARISONS, ELEMENTARY
from fpsem.core.rounding import Rounding

Range = tuple[Fraction, Fraction]
"""Lower and upper end of a bracket; equal where the value is a known rational."""
T = TypeVar("T")

EXACT: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "fma": lambda x, y, z: x * y + z, "neg": operator.neg, "abs": abs, "minimum": min, "maximum": max,
}  # fmt: skip
"""The arithmetic primitives that map rationals to rationals, as Python functions of numbers."""

ORDER: Mapping[str, Callable[[Any, Any], bool]] = dict(zip(COMPARISONS, (operator.lt, operator.le, operator.eq), strict=True))
"""The comparisons, as Python functions of numbers."""

REACH: Mapping[str, int] = {"exp": 512, "expm1": 512}
"""Magnitudes beyond which an exact domain would need an exponent of more than binary64's range; not tried there."""

_WORKING_BITS = (128, 512, 2048, 8192)


# -- the real value ------------------------------------------------------------------------------------------------


def bracket(name: str, operands: Sequence[Fraction], precision: int = 400) -> Range | None:
    """Ends of a bracket around the real result, about ``precision`` bits tight; None where the result is undefined."""
    if name in ELEMENTARY:
        return _elementary(name, operands[0], precision)
    if name == "sqrt":
        return _square_root(operands[0], precision)
    if name == "div" and operands[1] == 0:
        return None
    value = EXACT[name](*operands)
    return value, value


def settled(name: str, operands: Sequence[Fraction], rounder: Callable[[Fraction], T]) -> T | None:
    """The real result rounded: brackets are sharpened until both ends round alike. None where it is undefined."""
    for precision in _WORKING_BITS:
        ends = bracket(name, operands, precision)
        if ends is None:
            return None
        low, high = _open_at_one(name, ends, precision)
        rounded = rounder(low)
        if low == high or rounded == rounder(high):
            return rounded
    raise UnableError(f"{name}{tuple(operands)}: {_WORKING_BITS[-1]} bits do not decide how it rounds")


def _square_root(x: Fraction, precision: int) -> Range | None:
    if x < 0:
        return None
    square = (x.numerator * x.denominator) << (2 * precision)
    root, unit = math.isqrt(square), x.denominator << precision
    return Fraction(root, unit), Fraction(root + (root * root != square), unit)


def _elementary(name: str, x: Fraction, precision: int) -> Range | None:
    import flint

    with flint.ctx.workprec(precision + 160):  # 128 bits are lost to the reduction of the largest arguments
        ball = getattr(flint.arb(flint.fmpq(x.numerator, x.denominator)), name)()
        return (_rational(ball.lower()), _rational(ball.upper())) if ball.is_finite() else None


def _rational(end: Any) -> Fraction:
    mantissa, exponent = (int(part) for part in end.man_exp())
    return Fraction(mantissa << max(exponent, 0), 1 << max(-exponent, 0))


def _open_at_one(name: str, ends: Range, precision: int) -> Range:
    """Keep a bracket of tanh or erf off the asymptotes ±1, which no finite operand reaches: a directed rounding of a
    bracket that touches them would never be decided."""
    if name not in ("tanh", "erf"):
        return ends
    edge = 1 - Fraction(1, 1 << 4 * precision)
    return max(ends[0], -edge), min(ends[1], edge)


# -- IEEE 754 codes ------------------------------------------------------------------------------------------------


def ordinal(code: int, fmt: Format = BINARY32) -> int:
    """Position of a code on the number line, one per code; both zeros are 0. Not for NaN."""
    magnitude = code & fmt.magnitude_mask
    return -magnitude if code & fmt.sign_mask else magnitude


def arithmetic_code(name: str, codes: Sequence[int], direction: Rounding = Rounding.NEAREST_EVEN, fmt: Format = BINARY32) -> int:
    """The code that an arithmetic primitive must give; for NaN the canonical one, standing for the class."""
    if name == "neg":
        return codes[0] ^ fmt.sign_mask
    if name == "abs":
        return codes[0] & fmt.magnitude_mask
    if any(fmt.is_nan(code) for code in codes):
        return fmt.nan
    if name in ("minimum", "maximum"):
        extreme: int = EXACT[name](codes, key=lambda code: (ordinal(code, fmt), not code & fmt.sign_mask))
        return extreme
    if not all(fmt.is_finite(code) for code in codes):
        return _special(name, codes, fmt)
    negative_zero = _zero_is_negative(name, [bool(code & fmt.sign_mask) for code in codes], direction)
    numbers = [fmt.decode(code) for code in codes]
    result = settled(name, numbers, lambda x: round_to_bits(x, fmt, direction, negative_zero))
    return _special(name, codes, fmt) if result is None else result


def comparison(name: str, codes: Sequence[int], fmt: Format = BINARY32) -> bool:
    """The truth that a comparison must give: false on NaN, and -0 equals +0."""
    return not any(fmt.is_nan(code) for code in codes) and ORDER[name](*(ordinal(code, fmt) for code in codes))


def cast_code(code: int, to: Format, fmt: Format = BINARY32) -> int:
    """The code of ``fmt`` that holds ``code`` rounded to the narrower format ``to``, to nearest even."""
    sign = code & fmt.sign_mask
    if fmt.is_nan(code) or (not fmt.is_finite(code) and not to.has_infinity):
        return fmt.nan
    if not fmt.is_finite(code):
        return code
    rounded = round_to_bits(abs(fmt.decode(code)), to)
    if to.is_finite(rounded):
        return sign | round_to_bits(to.decode(rounded), fmt)
    return sign | fmt.overflow_code if to.has_infinity else fmt.nan


def _special(name: str, codes: Sequence[int], fmt: Format) -> int:
    """The answer where an operand is infinite or the exact result undefined: only signs, zeros and infinities matter,
    so every other magnitude may be 1, and binary64 knows the rest."""
    numbers = [_stand_in(code, fmt) for code in codes]
    with np.errstate(all="ignore"):
        result = np.sqrt(numbers[0]) if name == "sqrt" else EXACT[name](*numbers)
    if np.isnan(result) or (np.isinf(result) and not fmt.has_infinity):
        return fmt.nan
    sign = fmt.sign_mask if np.signbit(result) else 0
    return sign | (fmt.overflow_code if np.isinf(result) else 0)


def _stand_in(code: int, fmt: Format) -> np.float64:
    magnitude = code & fmt.magnitude_mask
    size = math.inf if magnitude == fmt.overflow_code else float(magnitude != 0)
    return np.float64(-size if code & fmt.sign_mask else size)


def _zero_is_negative(name: str, signs: Sequence[bool], direction: Rounding) -> bool:
    """The sign of an exact zero (IEEE 754-2019 clause 6.3)."""
    if name == "sqrt":
        return signs[0]
    if name in ("mul", "div"):
        return signs[0] != signs[1]
    first, last = (signs[0] != signs[1], signs[2]) if name == "fma" else (signs[0], signs[1] != (name == "sub"))
    return (first and last) or (first != last and direction is Rounding.DOWNWARD)
