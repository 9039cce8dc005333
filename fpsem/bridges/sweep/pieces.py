"""Pieces: stretches of binary32 numbers on which a Taylor polynomial gives the function to some 60 bits, with a stated error.

A piece is a run of codes of one sign and exponent, its centre a number of binary32. With r = 2**j at least the largest distance
to the centre in units in the last place, x = centre + scale u, where u is a multiple of 1/r in [-1, 1] and has at most 24 bits.
Coefficients a_0 ... a_12 of f(centre + scale u) are balls of Arb at the centre; a_13, over the whole piece, bounds Lagrange's
remainder. a_0 and a_1 are pairs of doubles, a_1's high part cut to 28 bits so that u a_1 is exact; the loop computes

    s + l = a_0 + u a_1 exactly,   lo = (l + a_0') + u (a_1' + u (a_2 + ... u a_12)),   hi + lo' = s + lo exactly.

Error, v = 2**-53, A = |a_1'| + |a_2| + ... + |a_12|: Horner's scheme with 12 products and 11 sums gamma_23 A, its coefficients'
rounding v A, the two sums of lo 2 v (|l| + |a_0'|) + 1.1 v A where |l|, |a_0'| <= v (|a_0| + |a_1|) (1 + v), what the pairs do
not hold v^2 |a_0|; in all below 26 v A + 8 v^2 (|a_0| + |a_1|), and the balls' radii and the remainder. 2**-1000 is added for
products that underflow. With contracted products (fma) fewer roundings happen, and the bound stands.

A piece is halved until its error is below 2**-60 of the least |f| on it; a piece of one number needs no polynomial.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 5.1; Moller and Knuth's TwoSum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import flint
import numba
import numpy as np

from fpsem.bridges.sweep.brackets import Doubles
from fpsem.bridges.sweep.series import coefficients, precision_for
from fpsem.core.formats import BINARY32

DEGREE = 12
TARGET = 2.0**-60
"""The error that is aimed at, relative to the function's least magnitude on a piece."""

BINADE = BINARY32.implicit_bit
"""How many numbers there are of one sign and exponent."""

_V = 2.0**-53
_UNDERFLOW = 2.0**-1000


class Piece(NamedTuple):
    """A polynomial.

    Args:
        start: the first magnitude code.
        stop: the one after the last.
        centre: the code of the centre.
        radius: r.
        a: a_0, a_0', a_1, a_1', a_2, ... a_12; NaN where the function has no finite enclosure.
        error: of the polynomial as computed.
    """

    start: int
    stop: int
    centre: int
    radius: int
    a: Doubles
    error: float


def pieces(name: str, negative: bool, start: int, stop: int) -> Iterator[Piece]:
    """The pieces of a run of codes of one exponent, in order.

    Args:
        name: one of ``names.UNARY``.
        negative: the numbers' sign.
        start: the first magnitude code.
        stop: the one after the last.
    """
    piece = _piece(name, negative, start, stop)
    if piece is not None:
        yield piece
        return
    middle = (start + stop) // 2
    yield from pieces(name, negative, start, middle)
    yield from pieces(name, negative, middle, stop)


def evaluate(piece: Piece, first: int, hi: Doubles, lo: Doubles, error: Doubles) -> None:
    """The function at the codes from ``first`` on, which are of the piece: within ``error`` of ``hi + lo``."""
    error[:] = piece.error
    _polynomial(first - piece.centre, 1.0 / piece.radius, piece.a, hi, lo)


def _piece(name: str, negative: bool, start: int, stop: int) -> Piece | None:
    centre = (start + stop) // 2
    radius = 1 << (max(centre - start, stop - 1 - centre, 1) - 1).bit_length()
    unit, exponent = _unit(centre), _exponent(centre)
    with precision_for(exponent):
        at = flint.arb(_value(centre, negative))
        if stop - start == 1:
            return Piece(start, stop, centre, radius, *_rounded(coefficients(name, at, flint.arb(0), 1), flint.arb(0)))
        scale = flint.arb(-unit if negative else unit) * radius
        inside = coefficients(name, at, scale, DEGREE + 1)
        if not _is_near_constant(inside):
            return None
        hull = flint.arb(_value(start, negative)).union(flint.arb(_value(stop - 1, negative)))
        over = coefficients(name, hull, scale, DEGREE + 2)[-1]
        a, error = _rounded(inside, over)
    least = abs(a[0]) - float(np.abs(a[1:]).sum())
    return Piece(start, stop, centre, radius, a, error) if error <= TARGET * least else None


def _is_near_constant(a: list[Any]) -> bool:
    """Whether the function keeps its sign on a piece, as far as the polynomial tells; else there is no use in its error."""
    return bool(a[0].abs_lower() > sum((c.abs_upper() for c in a[1:]), flint.arb(0)))


def _rounded(a: list[Any], remainder: Any) -> tuple[Doubles, float]:
    """Coefficients as the loop takes them, and the error of what it computes."""
    balls = [*a, *(flint.arb(0) for _ in range(DEGREE + 1 - len(a)))]
    error = sum((c.rad() for c in balls), remainder.abs_upper())
    if not (error.is_finite() and all(c.is_finite() for c in balls)):
        return np.full(DEGREE + 3, np.nan), math.inf
    middle = [c.mid() for c in balls]
    a0, a1 = float(middle[0]), _cut(float(middle[1]))
    low = float(middle[0] - flint.arb(a0)), float(middle[1] - flint.arb(a1))
    made = np.array([a0, low[0], a1, low[1], *(float(c) for c in middle[2:])])
    rounding = 26 * _V * float(np.abs(made[3:]).sum()) + 8 * _V**2 * (abs(a0) + abs(a1))
    return made, (float(error.abs_upper()) + rounding) * (1 + 2.0**-40) + _UNDERFLOW


def _cut(x: float) -> float:
    m, e = math.frexp(x)
    return math.ldexp(round(m * 2**28), e - 28)


def _exponent(code: int) -> int:
    if code >= BINARY32.min_normal:
        return BINARY32.decode_exponent(code)
    return code.bit_length() + BINARY32.emin - BINARY32.precision


def _unit(code: int) -> float:
    return math.ldexp(1.0, BINARY32.decode_exponent(code) - BINARY32.fraction_bits)


def _value(code: int, negative: bool) -> float:
    value = float(np.uint32(code).view(np.float32))
    return -value if negative else value


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _polynomial(first: int, step: float, a: Doubles, hi: Doubles, lo: Doubles) -> None:
    a0, b0, a1, b1, a2, a3, a4, a5, a6 = a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]
    a7, a8, a9, a10, a11, a12 = a[9], a[10], a[11], a[12], a[13], a[14]
    for i in range(hi.size):
        u = np.float64(first + i) * step
        q = a2 + u * (a3 + u * (a4 + u * (a5 + u * (a6 + u * (a7 + u * (a8 + u * (a9 + u * (a10 + u * (a11 + u * a12)))))))))
        p = u * a1
        s = a0 + p
        v = s - a0
        tail = ((a0 - (s - v)) + (p - v)) + b0 + u * (b1 + u * q)
        h = s + tail
        v = h - s
        hi[i] = h
        lo[i] = (s - (h - v)) + (tail - v)
