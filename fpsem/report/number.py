"""One number in every notation, and its bits field by field."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.errors import FileFormatError
from fpsem.core.exact import exponent_of, round_to_bits
from fpsem.core.formats import Format, format_named
from fpsem.softfloat.text import decimal_magnitude, exact_decimal, hexadecimal, hexadecimal_magnitude

_FIELDS = ("sign", "exponent", "fraction")


def parse_number(text: str, f: Format) -> int:
    """The code that a text means.

    Args:
        text: a code (``0x3f800000``, ``0b...``), a hexadecimal float (``0x1.8p+1``), a decimal or a fraction (``0.1``, ``1/3``),
            each rounded once to nearest even, or ``inf``, ``-inf``, ``nan``.
        f: the format.

    Raises:
        FileFormatError: it is none of these, or a code wider than the format.
    """
    word = text.strip().lower()
    sign = f.sign_mask if word.startswith("-") else 0
    bare = word[1:] if word.startswith(("+", "-")) else word
    if bare in ("inf", "infinity"):
        if not f.has_infinity:
            raise FileFormatError(f"{f.name} has no infinity")
        return sign | f.overflow_code
    if bare == "nan":
        return sign | f.nan
    if word.startswith(("0x", "0b")) and "p" not in word and "." not in word:
        return _code(word, f)
    if bare.startswith("0x") and "p" not in word and "." not in word:
        raise FileFormatError(f"{text!r}: a code has no sign; for the hexadecimal float write {word}p0")
    try:
        magnitude = _magnitude(word, f)
    except (ValueError, ArithmeticError):
        raise FileFormatError(f"{text!r} is not a code, a hexadecimal float, a decimal or a fraction") from None
    return sign | round_to_bits(magnitude, f)


def _magnitude(word: str, f: Format) -> Fraction:
    """The absolute value, exact but where it is far beyond the format. Raises ValueError or ArithmeticError."""
    if "/" in word:
        return abs(Fraction(word))
    found = hexadecimal_magnitude(word, f)
    if found is None:
        found = decimal_magnitude(re.sub(r"(?<=[0-9])_(?=[0-9])", "", word), f)
    if found is None:
        raise ValueError(word)
    return found


def _code(word: str, f: Format) -> int:
    try:
        code = int(word, 0)
    except ValueError:
        raise FileFormatError(f"{word!r} is not a code") from None
    if code >> f.width:
        raise FileFormatError(f"{word} has more than the {f.width} bits of {f.name}")
    return code


def describe(code: int, f: Format) -> dict[str, str]:
    """Every notation of a code: bits by field, class, exact value, unit in the last place, neighbours."""
    bits = f"{code:0{f.width}b}"
    facts = {
        "format": f"{f.name}: {f.exponent_bits} exponent bits, precision {f.precision}",
        "code": _hex_code(code, f),
        "bits": f"{bits[0]} {bits[1 : 1 + f.exponent_bits]} {bits[1 + f.exponent_bits :]}",
        "class": _class(code, f),
    }
    return {**facts, **_finite_facts(code, f)} if f.is_finite(code) else facts


def _class(code: int, f: Format) -> str:
    """IEEE 754-2019 clause 5.7.2."""
    sign = "negative" if code & f.sign_mask else "positive"
    magnitude = code & f.magnitude_mask
    if f.is_nan(code):
        return "quietNaN" if not f.has_infinity or magnitude & (f.implicit_bit >> 1) else "signalingNaN"
    if not f.is_finite(code):
        return f"{sign}Infinity"
    return sign + ("Zero" if magnitude == 0 else "Subnormal" if magnitude < f.min_normal else "Normal")


def _finite_facts(code: int, f: Format) -> dict[str, str]:
    value, ulp = f.decode(code), Fraction(2) ** (f.decode_exponent(code) - f.fraction_bits)
    sign = "-" if code & f.sign_mask else ""
    magnitude = code & f.magnitude_mask
    return {
        "decimal": sign + exact_decimal(abs(value)),
        "hex float": sign + hexadecimal(abs(value)),
        "fraction": f"{sign}{abs(value)}",
        "ulp": f"2**{exponent_of(ulp)} = {exact_decimal(ulp)}",
        "next toward zero": _neighbour(code - 1, f) if magnitude else "none: this is zero",
        "next away from zero": _neighbour(code + 1, f) if magnitude < f.max_finite else "none: this is the largest",
    }


def _neighbour(code: int, f: Format) -> str:
    value = math.copysign(f.decode(code), -1 if code & f.sign_mask else 1)
    return f"{_hex_code(code, f)} = {value!r}"


def _hex_code(code: int, f: Format) -> str:
    return f"{code:#0{(f.width + 3) // 4 + 2}x}"


@dataclass(frozen=True)
class Bits:
    """A number as its bits: text for people, coloured fields in a notebook. ``bits`` makes one.

    Args:
        code: the bits as an integer.
        format: what they are a number of.
    """

    code: int
    format: Format

    @property
    def fields(self) -> dict[str, str]:
        """The digits of sign, exponent and fraction, most significant first."""
        return dict(zip(_FIELDS, describe(self.code, self.format)["bits"].split(" ")))

    def __repr__(self) -> str:
        facts = describe(self.code, self.format)
        return f"{facts['bits']}  {facts['code']}  {self.format.name}  {facts.get('hex float', facts['class'])}"

    def _repr_html_(self) -> str:
        """The fields in colours and all other facts, for notebooks."""
        from fpsem.report.notebook import bits_html

        return bits_html(self)


def bits(number: float | str | np.integer[Any] | np.floating[Any], format: str = "binary32") -> Bits:
    """A number's bits.

    Args:
        number: an int is a code; a float is rounded once to nearest even; a text is what ``parse_number`` takes.
        format: the format's name.

    Raises:
        FileFormatError: a text that is no number, a code that is negative or wider than the format.
        UnknownNameError: there is no such format.
    """
    f = format_named(format)
    if isinstance(number, (int, np.integer)):
        if number < 0:
            raise FileFormatError(f"{number} is not a code of {f.name}: codes are not negative; for the number write {number}.0")
        return Bits(_code(hex(number), f), f)
    return Bits(parse_number(number if isinstance(number, str) else repr(float(number)), f), f)
