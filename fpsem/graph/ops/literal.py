"""One exact number in every element of a shape: over the reals the number itself, else as the domain rounds it.

So 0.1 is a tenth over the reals, and binary32's nearest in binary32; ``constant`` holds binary32 numbers, the same everywhere.
The text is that of a fraction ("111/100"), of a decimal ("0.1", "1e-3") or of a hexadecimal float ("0x1.8p-3").

Source: FPCore 2.0, "Numbers", https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from fpsem.core.errors import GraphError
from fpsem.core.protocol import Array, ScalarDomain, exact_array
from fpsem.graph.op import Shape
from fpsem.graph.ops._tensors import Gradients, Tensor

_DECIMAL = re.compile(r"[+-]?(\d+(/\d+)?|(\d+\.\d*|\.\d+|\d+)(e[+-]?\d+)?)", re.ASCII | re.IGNORECASE)
_HEXADECIMAL = re.compile(r"([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?", re.ASCII | re.IGNORECASE)
_LONGEST_TEXT, _LARGEST_EXPONENT = 20_000, 10_000


def shape(*, shape: tuple[int, ...], value: str) -> Shape:
    number(value)
    return shape


def meaning(domain: ScalarDomain, *, shape: tuple[int, ...], value: str) -> Array:
    return np.broadcast_to(domain.constant(exact_array(number(value))), shape)


def vjp(cotangent: Tensor, output: Tensor, *, shape: tuple[int, ...], value: str) -> Gradients:
    return ()


def number(text: str) -> Fraction:
    """The exact number that a text stands for.

    Raises:
        GraphError: it stands for none, or has an exponent beyond 10,000 in magnitude, or is longer than 20,000 characters.
    """
    if len(text) > _LONGEST_TEXT:
        raise GraphError(f"a number of {len(text)} characters is longer than {_LONGEST_TEXT}")
    hexadecimal = _HEXADECIMAL.fullmatch(text)
    if hexadecimal:
        sign, whole, part, exponent = hexadecimal.groups()
        if whole + part:
            size = int(whole + part, 16) * Fraction(2) ** (_exponent(text, exponent) - 4 * len(part))
            return -size if sign == "-" else size
    elif _DECIMAL.fullmatch(text):
        _exponent(text, text.lower().partition("e")[2])
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):  # beyond Python's limit of digits; over 0
            pass
    raise GraphError(f"{text[:80]!r} is no number: write a fraction, a decimal or a hexadecimal float")


def _exponent(text: str, digits: str | None) -> int:
    """The exponent that was written; 0 where none was."""
    if len(digits or "") > len(f"-{_LARGEST_EXPONENT}") or abs(int(digits or 0)) > _LARGEST_EXPONENT:
        raise GraphError(f"{text[:80]!r}: an exponent must be within {_LARGEST_EXPONENT}")
    return int(digits or 0)
