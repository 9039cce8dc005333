"""Numbers as text: decimal and hexadecimal, read with one rounding and written exactly, shortest or to so many digits.

Reading goes through exact rationals and the rounder of the arithmetic, so directions, tininess, flushing and saturation mean
what they mean elsewhere, and so do the flags. Texts are ASCII; case does not matter, and spaces around a text do not.

    decimal       [+-] digits [. digits] [e [+-] digits], at least one digit before the exponent
    hexadecimal   [+-] 0x digits [. digits] [p [+-] decimal digits]
    either        [+-] inf, infinity or nan (a quiet NaN of that sign; payloads are neither read nor written)

What is written in decimal stands in positional notation where its exponent is moderate, else as ``1.5e-07``. Hexadecimal
numbers are written as C's ``%a`` does, normalised: ``0x1.8p+1``, subnormal ones too.

Source: IEEE 754-2019 clauses 5.4.3, 5.12.2 and 5.12.3; the shortest decimal is that of Steele and White, "How to print
floating-point numbers accurately", 1990, found by trial.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np

from fpsem.core.errors import FileFormatError
from fpsem.core.exact import exponent_of
from fpsem.core.formats import Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rational import rounded

_DECIMAL = re.compile(r"[+-]?(?=[0-9]|\.[0-9])([0-9]*)\.?([0-9]*)(?:e([+-]?[0-9]+))?")
_HEXADECIMAL = re.compile(r"[+-]?0x(?=[0-9a-f]|\.[0-9a-f])([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?[0-9]+))?")
_POSITIONAL = 16
"""Exponents below it are moderate for shortest decimals; above -5, for all."""

Magnitude = Callable[[str, Format], Fraction | None]


# -- reading ---------------------------------------------------------------------------------------------------------


def read(texts: Any, f: Format, mode: Attributes, magnitude: Magnitude, kind: str) -> tuple[Array, Array]:
    """Codes and flags of an array of texts.

    Args:
        texts: an array of str, of dtype U or object; or a list of them, or one.
        f: the format.
        mode: the direction, and what else the rounder asks.
        magnitude: what a text without special meaning stands for.
        kind: what the texts are, for messages.

    Raises:
        FileFormatError: a text that is none; the message has its index.
        TypeError: an element that is no str.
    """
    given = np.asarray(texts)
    codes, flags = np.empty(given.shape, f.dtype), np.empty(given.shape, np.uint8)
    for index, text in np.ndenumerate(given):
        if not isinstance(text, str):
            raise TypeError(f"texts are str; at {index} is {text!r}")
        made = _special(text.strip().lower(), f, mode) or _number(text.strip().lower(), f, mode, magnitude)
        if made is None:
            raise FileFormatError(f"{text!r} at {index} is no {kind} number, infinity or NaN")
        codes[index], flags[index] = made
    return codes, flags


def _special(word: str, f: Format, mode: Attributes) -> tuple[int, int] | None:
    """The code of an infinity or a NaN, and no flags; an infinity is NaN in a format without, or the largest number."""
    sign = f.sign_mask if word.startswith("-") else 0
    match word.removeprefix("-") if sign else word.removeprefix("+"):
        case "inf" | "infinity":
            if mode.saturate:
                return sign | f.max_finite, 0
            return (sign | f.overflow_code if f.has_infinity else f.nan), 0
        case "nan":
            return sign | f.nan, 0
    return None


def _number(word: str, f: Format, mode: Attributes, magnitude: Magnitude) -> tuple[int, int] | None:
    x = magnitude(word, f)
    return None if x is None else rounded(word.startswith("-"), x, f, mode)


def decimal_magnitude(word: str, f: Format) -> Fraction | None:
    """The magnitude of a decimal, exact but where it is far beyond the format; None for what is no decimal."""
    match = _DECIMAL.fullmatch(word)
    if match is None:
        return None
    whole, fraction, exponent = match.groups()
    digits = (whole + fraction).lstrip("0")
    significand = int(Decimal(digits or "0"))  # int() of a text refuses thousands of digits
    return significand * _power(10, _exponent(exponent) - len(fraction), len(digits), f)


def hexadecimal_magnitude(word: str, f: Format) -> Fraction | None:
    """The magnitude of a hexadecimal number, exact but where it is far beyond the format; None for what is none."""
    match = _HEXADECIMAL.fullmatch(word)
    if match is None:
        return None
    whole, fraction, exponent = match.groups()
    significand = int(whole + fraction, 16)
    return significand * _power(2, _exponent(exponent) - 4 * len(fraction), significand.bit_length(), f)


def _exponent(text: str | None) -> int:
    """An exponent, or one of that sign with 18 digits where it has more."""
    digits = (text or "").lstrip("+-").lstrip("0") or "0"
    value = int(digits) if len(digits) <= 18 else 10**18
    return -value if (text or "").startswith("-") else value


def _power(base: int, exponent: int, places: int, f: Format) -> Fraction:
    """``base**exponent``, or where a significand of so many places leaves that far beyond the format, a power that does too."""
    far = 2 * f.bias + f.precision + 8
    return Fraction(base) ** max(min(exponent, far), -far - places)


# -- writing ---------------------------------------------------------------------------------------------------------


def write(codes: Array, f: Format, number: Callable[[int, bool], str]) -> Array:
    """Texts of an array of codes.

    Args:
        codes: codes of the format.
        f: the format.
        number: the text of the magnitude of a finite code, which is told whether the sign is negative.

    Returns:
        An array of str of the same shape.
    """

    def text(code: int) -> str:
        magnitude, negative = code & f.magnitude_mask, bool(code & f.sign_mask)
        if f.is_finite(code):
            return "-" * negative + number(magnitude, negative)
        return "-" * negative + ("nan" if f.is_nan(code) else "inf")

    return np.array([text(code) for code in codes.ravel().tolist()], dtype=np.str_).reshape(codes.shape)


def shortest_decimal(magnitude: int, f: Format) -> str:
    """The decimal of fewest digits that reads back, to nearest even, as the code; of these, the one nearest to its value."""
    if magnitude == 0:
        return "0"
    x = f.decode(magnitude)
    above = 2 * x - f.decode(magnitude - 1) if magnitude == f.max_finite else f.decode(magnitude + 1)
    low, high = (x + f.decode(magnitude - 1)) / 2, (x + above) / 2
    exponent = _exponent_10(x)
    for digits in count(1):
        unit = Fraction(10) ** (exponent - digits + 1)
        below = x // unit
        inside = [d for d in (below, below + 1) if low < d * unit < high or (magnitude % 2 == 0 and d * unit in (low, high))]
        if inside:
            best = min(inside, key=lambda d: (abs(d * unit - x), d % 2))
            return _notation(best, exponent - digits + 1, _POSITIONAL, trailing_zeros=False)
    raise AssertionError("an interval has decimals in it")


def rounded_decimal(magnitude: int, negative: bool, f: Format, digits: int, direction: Rounding) -> str:
    """So many significant digits, correctly rounded, trailing zeros included."""
    x = f.decode(magnitude)
    if x == 0:
        return _notation(0, 1 - digits, digits, trailing_zeros=True)
    unit = _exponent_10(x) - digits + 1
    scaled = x / Fraction(10) ** unit
    cut, rest = divmod(scaled.numerator, scaled.denominator)
    cut += direction.rounds_away(negative, cut % 2 == 1, 2 * rest, scaled.denominator)
    if cut == 10**digits:
        cut, unit = cut // 10, unit + 1
    return _notation(cut, unit, digits, trailing_zeros=True)


def _exponent_10(x: Fraction) -> int:
    """floor(log10 x) of a positive rational, exactly."""
    guess = int(exponent_of(x) * 0.30103)
    while x < Fraction(10) ** guess:
        guess -= 1
    while x >= Fraction(10) ** (guess + 1):
        guess += 1
    return guess


def _notation(significand: int, unit: int, positional: int, trailing_zeros: bool) -> str:
    """``significand * 10**unit``: positional where the exponent is from -4 to below ``positional``, else scientific."""
    digits = str(significand).rjust(1 - unit if significand == 0 else 1, "0")
    exponent = len(digits) - 1 + unit
    if not trailing_zeros:
        digits = digits.rstrip("0") or "0"
    if not -4 <= exponent < positional:
        return f"{_pointed(digits[0], digits[1:])}e{exponent:+03d}"
    if exponent < 0:
        return _pointed("0", "0" * (-exponent - 1) + digits)
    digits = digits.ljust(exponent + 1, "0")
    return _pointed(digits[: exponent + 1], digits[exponent + 1 :])


def _pointed(whole: str, fraction: str) -> str:
    return f"{whole}.{fraction}" if fraction else whole


def exact_decimal(x: Fraction) -> str:
    """All digits of a dyadic rational that is not negative, in scientific notation when they are many."""
    digits_after = x.denominator.bit_length() - 1
    digits = str(x.numerator * 5**digits_after)
    if digits_after == 0:
        return digits
    if digits_after > 30:
        mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0").rstrip(".")
        return f"{mantissa}e{len(digits) - 1 - digits_after:+d}"
    padded = digits.rjust(digits_after + 1, "0")
    return f"{padded[:-digits_after]}.{padded[-digits_after:]}".rstrip("0").rstrip(".")


def hexadecimal(x: Fraction) -> str:
    """A dyadic rational that is not negative, exactly, with the leading digit 1."""
    if x == 0:
        return "0x0p+0"
    e = exponent_of(x)
    fraction = x / Fraction(2) ** e - 1
    digits = (fraction.denominator.bit_length() + 2) // 4
    tail = f".{int(fraction * 16**digits):0{digits}x}" if digits else ""
    return f"0x1{tail}p{e:+d}"
