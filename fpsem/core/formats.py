"""Floating-point formats: one row each, everything else derived.

A format is two integers, the width of its exponent field and its precision, and a rule for the codes whose exponent
field is all ones. Masks, bias, extremes and special codes are computed from these; no other file types one in.

Source: IEEE 754-2019 clause 3.3 to 3.6 (binary interchange formats); OCP 8-bit Floating Point Specification 1.0 (e4m3, e5m2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property

import numpy as np

from fpsem.core.errors import UnknownNameError


class NonFinite(Enum):
    """What the codes with the largest exponent field mean."""

    IEEE = "infinities and NaNs"
    FINITE_AND_NAN = "finite numbers, but for one NaN of each sign: all ones; no infinity"


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Args:
        name: the field's own name of the format.
        exponent_bits: width of the exponent field, in bits.
        precision: p, digits of the significand including the implicit one.
        non_finite: the rule for the largest exponent field.
    """

    name: str
    exponent_bits: int
    precision: int
    non_finite: NonFinite = NonFinite.IEEE

    def __post_init__(self) -> None:
        if self.exponent_bits < 2 or not 2 <= self.precision <= self.bias:
            raise ValueError(
                f"format {self.name}: {self.exponent_bits} exponent bits and precision {self.precision}; the algorithms need at "
                f"least 2 of each, and a precision of at most the bias, so that no square root is subnormal"
            )

    # -- widths and exponents ------------------------------------------------------------------------------------

    @cached_property
    def fraction_bits(self) -> int:
        """Width of the trailing significand field, in bits: p - 1."""
        return self.precision - 1

    @cached_property
    def width(self) -> int:
        """Width of an encoding, in bits."""
        return self.exponent_bits + self.precision

    @cached_property
    def bias(self) -> int:
        """Exponent bias: the exponent of 1.0 is encoded by it."""
        return (1 << (self.exponent_bits - 1)) - 1

    @cached_property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.bias

    @cached_property
    def emax(self) -> int:
        """Exponent of the largest finite number."""
        return self.decode_exponent(self.max_finite)

    # -- codes ---------------------------------------------------------------------------------------------------

    @cached_property
    def sign_mask(self) -> int:
        """The sign bit."""
        return 1 << (self.width - 1)

    @cached_property
    def magnitude_mask(self) -> int:
        """All bits but the sign."""
        return self.sign_mask - 1

    @cached_property
    def fraction_mask(self) -> int:
        """The trailing significand field."""
        return (1 << self.fraction_bits) - 1

    @cached_property
    def implicit_bit(self) -> int:
        """The leading digit that normal numbers do not store."""
        return 1 << self.fraction_bits

    @cached_property
    def exponent_mask(self) -> int:
        """The exponent field, in place."""
        return self.magnitude_mask ^ self.fraction_mask

    @cached_property
    def max_finite(self) -> int:
        """Code of the largest finite number."""
        return self.exponent_mask - 1 if self.has_infinity else self.magnitude_mask - 1

    @cached_property
    def overflow_code(self) -> int:
        """Least code above every finite number; it stands for infinity where the format has one, else for NaN."""
        return self.max_finite + 1

    @cached_property
    def has_infinity(self) -> bool:
        """Whether the format encodes infinities."""
        return self.non_finite is NonFinite.IEEE

    @cached_property
    def nan(self) -> int:
        """Code of the canonical quiet NaN: positive, no payload."""
        return self.exponent_mask | (self.implicit_bit >> 1) if self.has_infinity else self.magnitude_mask

    @cached_property
    def min_normal(self) -> int:
        """Code of the smallest positive normal number."""
        return self.implicit_bit

    @cached_property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The narrowest numpy unsigned integer that holds an encoding."""
        return np.dtype(f"uint{next(w for w in (8, 16, 32, 64) if w >= self.width)}")

    # -- meaning -------------------------------------------------------------------------------------------------

    def is_finite(self, code: int) -> bool:
        """Whether ``code`` encodes a number."""
        return code & self.magnitude_mask <= self.max_finite

    def is_nan(self, code: int) -> bool:
        """Whether ``code`` encodes a NaN."""
        magnitude = code & self.magnitude_mask
        return magnitude > self.max_finite and not (self.has_infinity and magnitude == self.overflow_code)

    def decode_exponent(self, code: int) -> int:
        """Exponent e of a finite code, whose value is ``m * 2**(e - p + 1)``; subnormals have emin."""
        return max((code & self.exponent_mask) >> self.fraction_bits, 1) - self.bias

    def decode(self, code: int) -> Fraction:
        """The number that a finite code stands for (both zeros give 0). Raises ValueError for infinities and NaNs."""
        if not self.is_finite(code):
            raise ValueError(f"{code:#x} is not finite in {self.name}")
        magnitude = code & self.magnitude_mask
        significand = magnitude & self.fraction_mask | (self.implicit_bit if magnitude >= self.min_normal else 0)
        exponent = self.decode_exponent(code) - self.fraction_bits
        value = Fraction(significand) * Fraction(2) ** exponent
        return -value if code & self.sign_mask else value


_ROWS = (
    Format("binary16", 5, 11),
    Format("binary32", 8, 24),
    Format("binary64", 11, 53),
    Format("bfloat16", 8, 8),
    Format("tf32", 8, 11),
    Format("e5m2", 5, 3),
    Format("e4m3", 4, 4, NonFinite.FINITE_AND_NAN),
    Format("toy8", 4, 4),
    Format("toy6", 3, 3),
)

FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
"""Every format by its name."""

BINARY32 = FORMATS["binary32"]
"""The format in which payloads are stored."""


def format_named(name: str | Format) -> Format:
    """Look a format up; a Format passes through. Raises UnknownNameError that lists the names there are."""
    if isinstance(name, Format):
        return name
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name]
