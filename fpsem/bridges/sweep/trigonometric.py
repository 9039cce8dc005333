"""sin, cos and tan of large arguments: exact reduction by the bits of 2/pi, then a table of Taylor expansions.

|x| = m 2**k with m < 2**24. K = floor(2**126 (2**k 2/pi mod 4)) comes from Arb, for each exponent; m K mod 2**128 in limbs of
32 bits is |x| 2/pi mod 4 in units of 2**-126, too small by less than 2**24 units. The nearest integer is the quadrant; the rest
r in [-1/2, 1/2) is j / 256 + s, |s| <= 2**-9, s = s_1 + s_2 with s_1 a multiple of 2**-34 of at most 26 bits, and s_2 rounded to
a double. With z = pi/2, F = sin(z j / 256) or cos(z j / 256) and F' its derivative to r,

    F(r) = F + F' s + F (cos(z s) - 1) + F' (sin(z s) / z - s),

where F and F' are pairs of doubles from Arb, the high part of F' cut to 26 bits, so that F' s_1 is exact.

Error, v = 2**-53. Relative: all but F, F' s_1 (added exactly, by TwoSum) and F' s_2 is below 2**-16 (|F| + |F' s|) and has less
than 30 roundings: 30 v 2**-16 (|F| + |F' s|) < 2**-64 (|F| + |F' s|). Where F is not 0 it is at least sin(z / 256), so
that |F| + |F' s| <= 3 |F(r)|; where it is 0, |F' s| <= 1.01 |F(r)|. The series, cut after s^8, add less than 2**-80 of the same.
Stated: 2**-62 |F(r)|. Absolute: F' s_2, below 2**-33, with four roundings, 2**-84; s_2's own, 2**-87; K's error, 2**-101: stated
2**-83. A quotient of two such, itself good to 2**-100, has 2**-60 relative and, as 1 / |cos| <= 1 + |tan|, absolutely
2**-83 (1 + |tan|)^2 <= 2**-82 (1 + tan^2).

Source: Payne and Hanek, 1983; Ng, "Argument reduction for huge arguments", 1992.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import flint
import numba
import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.brackets import Codes, Doubles
from fpsem.core.formats import BINARY32

FUNCTIONS = ("sin", "cos", "tan")
LARGE = 2
"""From 4 on, arguments are reduced."""

_CELLS = 256
_FRACTION = 126
_LIMB = (1 << 32) - 1
_FRACTION_MASK = np.int64(BINARY32.fraction_mask)
_IMPLICIT_BIT = np.int64(BINARY32.implicit_bit)
_MAGNITUDE = np.int64(BINARY32.magnitude_mask)


def evaluate(name: str, codes: Codes, hi: Doubles, lo: Doubles, error: Doubles) -> None:
    """The function within ``error`` of ``hi + lo``.

    Args:
        name: one of FUNCTIONS.
        codes: finite numbers of at least ``2**LARGE``, all of one sign and exponent.
        hi, lo, error: written.
    """
    exponent = BINARY32.decode_exponent(int(codes[0])) - BINARY32.fraction_bits
    negative = bool(codes[0] >= BINARY32.sign_mask) and name != "cos"
    _reduced(FUNCTIONS.index(name), codes, _two_over_pi(exponent), _table(), _series(), negative, hi, lo, error)


@cache
def _two_over_pi(exponent: int) -> npt.NDArray[np.uint64]:
    """K in limbs, the lowest first."""
    with flint.ctx.workprec(512):
        scaled = 2 / flint.arb.pi() * flint.arb(2) ** (exponent + _FRACTION)
        whole = int(scaled.floor().unique_fmpz())
    return np.array([(whole >> 32 * i) & _LIMB for i in range(4)], np.uint64)


@cache
def _table() -> npt.NDArray[np.float64]:
    """For sin and cos, for each j: F and F' as pairs."""
    rows = []
    with flint.ctx.workprec(256):
        for which in range(2):
            for j in range(-_CELLS // 2, _CELLS // 2 + 1):
                sine, cosine = (flint.arb(j) / (2 * _CELLS)).sin_cos_pi()
                value, slope = (sine, cosine) if which == 0 else (cosine, -sine)
                rows.append([*_pair(value, 53), *_pair(slope * flint.arb.pi() / 2, 26)])
    return np.array(rows)


@cache
def _series() -> npt.NDArray[np.float64]:
    """The coefficients of cos(z s) - 1 and sin(z s) / z - s in powers of s, from the second and third on."""
    with flint.ctx.workprec(256):
        z = flint.arb.pi() / 2
        terms = [(-1) ** (k // 2) * z ** (k - k % 2) / flint.arb.fac_ui(k) for k in range(2, 9)]
        return np.array([float(t) for t in terms])


def _pair(x: Any, bits: int) -> tuple[float, float]:
    with flint.ctx.workprec(bits):
        high = float((x * 1).mid())
    return high, float(x - flint.arb(high))


@numba.njit(inline="always", error_model="numpy")  # type: ignore[untyped-decorator]
def _expansion(row: int, table: Any, c: Any, s1: float, s2: float) -> Any:
    f, f_low, d, d_low = table[row, 0], table[row, 1], table[row, 2], table[row, 3]
    s = s1 + s2
    t = s * s
    even = t * (c[0] + t * (c[2] + t * (c[4] + t * c[6])))
    odd = s * t * (c[1] + t * (c[3] + t * c[5]))
    p = d * s1
    h = f + p
    v = h - f
    low = ((f - (h - v)) + (p - v)) + (f_low + (d * s2 + d_low * (s + odd) + (f * even + d * odd)))
    total = h + low
    return total, low - (total - h)


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _reduced(
    which: int, codes: Any, k: Any, table: Any, c: Any, negative: bool, hi: Any, lo: Any, error: Any
) -> None:
    limb = np.uint64(_LIMB)
    for i in range(codes.size):
        m = np.uint64((np.int64(codes[i]) & _FRACTION_MASK) | _IMPLICIT_BIT)
        p0 = m * k[0]
        p1 = m * k[1] + (p0 >> np.uint64(32))
        p2 = m * k[2] + (p1 >> np.uint64(32))
        p3 = m * k[3] + (p2 >> np.uint64(32))
        top = ((p3 & limb) << np.uint64(32)) | (p2 & limb)
        rest = ((p1 & limb) << np.uint64(32)) | (p0 & limb)
        # top holds 2 bits of quadrant and 62 of fraction; half a cell is added so that cutting rounds
        shifted = top + np.uint64((1 << 61) + (1 << 53))
        quadrant_and_cell = np.int64(shifted >> np.uint64(54))
        quadrant, j = quadrant_and_cell >> 8, quadrant_and_cell & 255
        s = np.int64(shifted & np.uint64((1 << 54) - 1)) - np.int64(1 << 53)
        s1 = s >> 28
        s2 = np.float64(s & np.int64((1 << 28) - 1)) * 2.0**-62 + np.float64(rest >> np.uint64(11)) * 2.0**-115
        s1_value = np.float64(s1) * 2.0**-34
        parity = (quadrant & 1) ^ np.int64(which == 1)
        h, low = _expansion(parity * 257 + j, table, c, s1_value, s2)
        flip = ((quadrant + np.int64(which == 1)) & 2) != 0
        e = abs(h) * 2.0**-62 + 2.0**-83
        if which == 2:
            g, g_low = _expansion((1 - parity) * 257 + j, table, c, s1_value, s2)
            # x = quadrant pi/2 + z r: tan is S/C, or -C/S in odd quadrants; here h is S or C, and g the other one
            q = h / g
            split = 134217729.0
            qh = q * split - (q * split - q)
            gh = g * split - (g * split - g)
            ql, gl = q - qh, g - gh
            product = q * g
            product_low = ((qh * gh - product) + qh * gl + ql * gh) + ql * gl
            q_low = (((h - product) - product_low) + (low - q * g_low)) / g
            h = q + q_low
            low = q_low - (h - q)
            flip = (quadrant & 1) != 0
            e = abs(h) * 2.0**-60 + 2.0**-82 * (1.0 + h * h)
        if flip != negative:
            h, low = -h, -low
        hi[i], lo[i], error[i] = h, low, e
