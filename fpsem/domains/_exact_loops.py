"""Loops of exact sums of binary32 numbers, held in a fixed-point number that is wide enough for every sum of their products.

Terms are codes of binary64 that hold binary32 numbers, as signed integers; sums are doubles rounded to odd, which round once
more, in any direction and to binary32, as the exact sum itself does. ``_scheduled`` prints these functions for numba; they also
run in plain Python. The fixed-point number has limbs of 32 bits in signed words of 64, the least unit is 2**-298, so that limbs
have room for the carries of 2**30 terms.

Source: Kulisch, "Computer Arithmetic and Validity", 2nd ed., chapter 8 (the long accumulator); Boldo and Melquiond, "Emulation of
a FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE Trans. Comput. 57, 2008.
"""

from __future__ import annotations

from math import ldexp
from typing import Any

from fpsem.core.formats import BINARY32, FORMATS

_WIDE = FORMATS["binary64"]

LIMBS = 20
"""How many limbs: 298 bits below the point, 256 above, 48 of a significand and 31 of carries."""

MAGNITUDE, INFINITY = _WIDE.magnitude_mask, _WIDE.overflow_code
"""All bits of a double but the sign, and the code of infinity."""

POINT, TOP = _WIDE.fraction_bits, _WIDE.exponent_mask >> _WIDE.fraction_bits
"""Where the exponent field of a double starts, and the largest one."""

SPARE, FRACTION, IMPLICIT = _WIDE.fraction_bits - BINARY32.fraction_bits, BINARY32.fraction_mask, BINARY32.implicit_bit
"""The zeros at the end of a double that holds a binary32 number, then that number's fraction field and implicit bit."""

BIAS = _WIDE.bias + BINARY32.fraction_bits
"""What to take from an exponent field for the exponent of the significand as an integer."""


def place(limbs: Any, significand: int, exponent: int, negative: bool) -> None:
    """Add significand * 2**exponent, below 2**48 in size, to the fixed-point number."""
    place = exponent + 298
    word, shift = place >> 5, place & 31
    low = (significand & 0xFFFFFFFF) << shift
    high = (significand >> 32) << shift
    middle = (low >> 32) + (high & 0xFFFFFFFF)
    if negative:
        limbs[word] -= low & 0xFFFFFFFF
        limbs[word + 1] -= middle
        limbs[word + 2] -= high >> 32
    else:
        limbs[word] += low & 0xFFFFFFFF
        limbs[word + 1] += middle
        limbs[word + 2] += high >> 32


def carried(limbs: Any) -> bool:
    """Bring every limb but the last to 32 bits; whether the number is negative."""
    for i in range(limbs.size - 1):
        limbs[i + 1] += limbs[i] >> 32
        limbs[i] &= 0xFFFFFFFF
    return limbs[limbs.size - 1] < 0  # type: ignore[no-any-return]


def rounded_to_odd(limbs: Any) -> float:
    """The number as a double of 53 digits, the last one odd where digits are lost; +0 for 0."""
    negative = carried(limbs)
    if negative:
        for i in range(limbs.size):
            limbs[i] = -limbs[i]
        carried(limbs)
    top = limbs.size - 1
    while top > 2 and limbs[top] == 0:
        top -= 1
    high, middle, low = limbs[top], limbs[top - 1], limbs[top - 2]
    digits = 0
    while high >> digits != 0:
        digits += 1
    lost = 0
    for i in range(top - 2):
        lost |= limbs[i]
    if digits >= 21:
        significand = high << (53 - digits) | middle >> (digits - 21)
        lost |= low | middle & ((1 << (digits - 21)) - 1)
    else:
        significand = (high << 32 | middle) << (21 - digits) | low >> (11 + digits)
        lost |= low & ((1 << (11 + digits)) - 1)
    if lost != 0:
        significand |= 1
    value = ldexp(float(significand), 32 * top + digits - 53 - 298)
    return -value if negative else value


def settled(limbs: Any, special: int, zeros: int, zero: float) -> float:
    """The sum: NaN, an infinity, one of equal zeros, or the number; ``zero`` where it is 0 otherwise.

    Flags of special: 1 a NaN, 2 an infinity, 4 a negative one. Of zeros: 1 a term that is not -0, 2 one that is not +0.
    """
    if special & 1 or special == 6:
        return float("nan")
    if special:
        return -float("inf") if special & 4 else float("inf")
    value = rounded_to_odd(limbs)
    if value != 0.0:
        return value
    if zeros == 1:
        return 0.0
    return -0.0 if zeros == 2 else zero


def exact_sums(terms: Any, zero: float, limbs: Any, sums: Any) -> None:
    """The exact sums of the rows of terms (m, n)."""
    for j in range(terms.shape[0]):
        limbs[:] = 0
        special = zeros = 0
        for i in range(terms.shape[1]):
            code = terms[j, i]
            exponent = (code >> POINT) & TOP
            if exponent == 0:
                zeros |= 2 if code < 0 else 1
            elif exponent == TOP:
                special |= 1 if code & MAGNITUDE > INFINITY else 4 if code < 0 else 2
            else:
                zeros |= 3
                place(limbs, (code >> SPARE) & FRACTION | IMPLICIT, exponent - BIAS, code < 0)
        sums[j] = settled(limbs, special, zeros, zero)


def exact_products(a: Any, b: Any, zero: float, limbs: Any, sums: Any) -> None:
    """The exact sums of products of the rows of a (n, k) with the rows of b (m, k)."""
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            limbs[:] = 0
            special = zeros = 0
            for k in range(a.shape[1]):
                x, y = a[i, k], b[j, k]
                left, right = (x >> POINT) & TOP, (y >> POINT) & TOP
                negative = (x ^ y) < 0
                if left == TOP or right == TOP:
                    is_nan = x & MAGNITUDE > INFINITY or y & MAGNITUDE > INFINITY
                    if is_nan or left == 0 or right == 0:
                        special |= 1
                    else:
                        special |= 4 if negative else 2
                elif left == 0 or right == 0:
                    zeros |= 2 if negative else 1
                else:
                    zeros |= 3
                    significand = ((x >> SPARE) & FRACTION | IMPLICIT) * ((y >> SPARE) & FRACTION | IMPLICIT)
                    place(limbs, significand, left + right - 2 * BIAS, negative)
            sums[i, j] = settled(limbs, special, zeros, zero)
