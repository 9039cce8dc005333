"""Round a rational number to a format: the few lines that everything else is judged against.

The number is scaled so that one unit in the last place is 1, cut to an integer, and the direction decides whether the
integer below or the one above is the answer. Nothing here is fast, and nothing here is clever.

Source: IEEE 754-2019 clauses 4.3, 6.3 and 7.4.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding

T = TypeVar("T")


def exponent_of(x: Fraction) -> int:
    """floor(log2 |x|) of a nonzero rational, exactly."""
    e = abs(x.numerator).bit_length() - x.denominator.bit_length()
    return e if abs(x) >= Fraction(2) ** e else e - 1


def round_significand(x: Fraction, unit: int, negative: bool, direction: Rounding) -> int:
    """|x| in units of ``2**unit``, rounded to an integer in the given direction (which sees the sign ``negative``)."""
    scaled = abs(x) / Fraction(2) ** unit
    q, remainder = divmod(scaled.numerator, scaled.denominator)
    return q + direction.rounds_away(negative, q % 2 == 1, 2 * remainder, scaled.denominator)


def round_to_bits(
    x: Fraction, to: Format, direction: Rounding = Rounding.NEAREST_EVEN, negative_zero: bool = False
) -> int:
    """The code of x rounded to the format.

    Args:
        x: the number.
        to: the format.
        direction: the rounding direction.
        negative_zero: the sign to give when x is exactly 0; every other sign is the sign of x.

    Returns:
        A code: subnormal where the format is, and beyond the largest finite number what the direction asks for
        (infinity, or NaN in a format without one; or the largest finite number).
    """
    negative = x < 0 or (x == 0 and negative_zero)
    sign = to.sign_mask if negative else 0
    if x == 0:
        return sign
    e = max(exponent_of(x), to.emin)
    q = round_significand(x, e - to.fraction_bits, negative, direction)
    code = (e - to.emin) * to.implicit_bit + q  # the implicit bit of q carries into the exponent field
    if code > to.max_finite:
        code = to.overflow_code if direction.overflows_to_infinity(negative) else to.max_finite
        code = to.nan if code == to.overflow_code and not to.has_infinity else code
    return code if code == to.nan else sign | code


def pi_bracket(bits: int) -> tuple[Fraction, Fraction]:
    """Two rationals around pi, at most ``2**-bits`` apart.

    Source: Machin's formula pi = 16 arctan(1/5) - 4 arctan(1/239); an alternating series of decreasing terms lies between
    neighbouring partial sums.
    """
    (low5, high5), (low239, high239) = _arctangent_of_reciprocal(5, bits + 8), _arctangent_of_reciprocal(239, bits + 8)
    return 16 * low5 - 4 * high239, 16 * high5 - 4 * low239


def _arctangent_of_reciprocal(n: int, bits: int) -> tuple[Fraction, Fraction]:
    total, k, term = Fraction(0), 0, Fraction(1, n)
    while term >= Fraction(1, 1 << bits):
        total += -term if k % 2 else term
        k += 1
        term = Fraction(1, (2 * k + 1) * n ** (2 * k + 1))
    return min(total, total + (-term if k % 2 else term)), max(total, total + (-term if k % 2 else term))


def round_pi(rounded: Callable[[Fraction], T]) -> T:
    """pi, rounded by a monotone function of a rational; pi is irrational, so some bracket rounds to one value."""
    bits = 64
    while True:
        low, high = (rounded(end) for end in pi_bracket(bits))
        if low == high:
            return low
        bits *= 2


def round_to_precision(x: Fraction, to: Format, direction: Rounding = Rounding.NEAREST_EVEN) -> Fraction:
    """x rounded to the format's precision and subnormal grid with no upper limit on the exponent: overflow cannot happen.

    This is the rounding of pencil-and-paper error analysis (Flocq calls the grid FLT). It equals ``round_to_bits``
    wherever that one is finite.
    """
    if x == 0:
        return x
    unit = max(exponent_of(x), to.emin) - to.fraction_bits
    magnitude = round_significand(x, unit, x < 0, direction) * Fraction(2) ** unit
    return -magnitude if x < 0 else magnitude
