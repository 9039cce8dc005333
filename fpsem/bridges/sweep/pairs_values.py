"""pow, atan2 and hypot of binary32 operands in double-double, each with a proved bound of its relative error.

Scalar functions for numba's kernels. u = 2^-53. "Double" below means: evaluated in binary64, Horner's scheme with fma.

* ``hypot_value``, bound ``HYPOT`` = 2^-104. Squares of 24-bit numbers are exact, their sum is exact as a double-double (two_sum),
  and the root has an error of 25/8 u^2 < 2^-104.

* ``atan2_value``, bound ``ATAN2`` = 2^-66. t is the smaller magnitude over the larger, error u^2. With c the multiple of 1/256
  nearest to its high part, d = t - c is exact (Sterbenz, two_sum), |d| <= 2^-9 (1 + 2^-40), and
  atan t = A0 + A1 d + d^2 P(d) + R, P of degree 7, |A_n| <= 1/n, |R| <= 1.01 |d|^10 / 10.
  Where c > 0, v = atan t >= 0.49 c (least at c = 1/256, t near 1/512), |P| <= c + 2^-9 / 3 + ... <= 1.18 c:
  - P in double, d cut to its high part: u (|P| + |A2| + |d| (2.1/3 + 1/3)) <= 2.8 u c;
  - d^2 P: 2u for the cut of d, and two roundings: with the line above, at most d^2 u c (2.8 + 4.02 * 1.18) <= 7.6 u c d^2;
  - the three sums of the low parts: 3 u |d^2 P| + 4 u^2 v <= 3.6 u c d^2 + 4 u^2 v.
  Together 11.2 u c 2^-18 <= 23 u 2^-18 v = 23 * 2^-71 v; A1 d, the table and R add below 2^-80 v. Where c = 0, P begins with
  -d/3: 7.2 u |P| d^2 and 3 u |P| d^2 are at most 3.5 * 2^-71 v. The quadrant, pi/2 or pi (error 2^-105) plus or minus v <= pi/4
  in double-double, magnifies no relative error and adds 4 u^2. In all below 23.1 * 2^-71 < 2^-66.

* ``pow_value``, bound ``POW`` = 2^-62. For x = m 2^e, m in [1, 2), the cell of m gives v near 1/m; r = m v - 1, exact, for m has
  24 digits and v 20; |r| <= 2^-9 (1 + 2^-9). With a = ln(1 + r) = r - r^2/2 + r^3 q(r), q of degree 6:
  - what is cut off: |r|^9 / 10 relative to a: below 2^-84;
  - q in double: 0.68 u; r^3 q with three roundings: 1.7 u |r|^3, relative to a 1.72 * 2^-71;
  - r - r^2/2 exact as h1 + h2 and a low part that is not rounded away: the sums of the low parts cost 0.69 u |r|^3 + 1.1 u^2 |r|,
    relative to a 0.70 * 2^-71.
  So a has 2.43 * 2^-71 and a / ln 2 (5 u^2 and the constant) 2.44 * 2^-71. To it comes e + T, T = -log2 v, exact but for 2^-96.
  Where e + T = 0, beside x = 1, that is all; elsewhere |log2 x| >= 0.97 |a / ln 2| and |log2 x| >= 2^-9.5: 2.52 * 2^-71, and
  below 2^-83 for the roundings. Times y (2 u^2): p = y log2 x; where |p| <= 160 its absolute error is 160 * 2.53 * 2^-71 <
  405 * 2^-71, a relative error of 2^p of 281 * 2^-71.
  - 2^p = 2^k 2^(j/256) (1 + E), E = exp(g ln 2) - 1, g = p - k - j/256, |g| <= 2^-9 (1 + 2^-36), z = g ln 2, |z| <= 2^-9.5:
    z + z^2 s(z), s of degree 5: cut off 2^-91; z^2 s in double 5.1 u z^2 / 2 <= 2.6 * 2^-72 = 1.3 * 2^-71; the rest below 2^-100.
  In all 283 * 2^-71 < 2^-62.8.

Source: the docstrings of ``double_double`` and ``pairs_tables``; Muller, "Elementary Functions", 3rd ed., chapters 6 and 11.
"""

from __future__ import annotations

import math

import numpy as np

from fpsem.bridges.sweep.double_double import (
    Pair,
    add,
    fast_two_sum,
    fma,
    mul,
    quotient,
    scalar,
    sqrt,
    two_prod,
    two_sum,
)
from fpsem.bridges.sweep.pairs_tables import CELLS, Table

HYPOT, ATAN2, POW = 2.0**-104, 2.0**-66, 2.0**-62
"""The bounds of the relative errors."""

_LARGEST_POWER = 160.0
_FRACTION_BITS, _BIAS = 52, 1023
_FRACTION = (1 << _FRACTION_BITS) - 1


@scalar
def hypot_value(x: float, y: float) -> Pair:
    """The root of x^2 + y^2, for finite binary32 numbers of which one is not 0."""
    sh, sl = two_sum(x * x, y * y)
    return sqrt(sh, sl)


@scalar
def atan2_value(y: float, x: float, table: Table, constants: Table) -> Pair:
    """The magnitude of the angle of (x, y), for finite binary32 numbers of which one is not 0; x = -0 counts as negative."""
    across, up = abs(x), abs(y)
    steep, left = up > across, math.copysign(1.0, x) < 0.0
    th, tl = quotient(across, up) if steep else quotient(up, across)
    vh, vl = _arctangent(th, tl, table)
    if not steep and not left:
        return vh, vl
    if steep != left:
        vh, vl = -vh, -vl
    scale = 0.5 if steep else 1.0
    return add(scale * constants[2, 0], scale * constants[2, 1], vh, vl)


@scalar
def _arctangent(th: float, tl: float, table: Table) -> Pair:
    """atan t, 0 <= t <= 1."""
    i = np.int64(np.rint(CELLS * th))
    row = table[i]
    dh, dl = two_sum(th - i / CELLS, tl)
    p = fma(dh, fma(dh, fma(dh, fma(dh, row[11], row[10]), row[9]), row[8]), row[7])
    p = fma(dh, fma(dh, fma(dh, p, row[6]), row[5]), row[4])
    wh, wl = mul(row[2], row[3], dh, dl)
    sh, sl = fast_two_sum(row[0], wh)
    return fast_two_sum(sh, sl + (row[1] + (wl + dh * dh * p)))


@scalar
def pow_value(x: float, y: float, logarithms: Table, powers: Table, constants: Table) -> tuple[float, float, float]:
    """x^y for finite binary32 numbers x > 0, x not 1, and y not 0: the double-double, and p = y log2 x to double precision.

    Where |p| > 160 the double-double is 0 and says nothing.
    """
    sh, sl = _log2(x, logarithms, constants)
    ph, pl = two_prod(y, sh)
    if not abs(ph) <= _LARGEST_POWER:
        return 0.0, 0.0, ph
    high, low = _exp2(ph, fma(y, sl, pl), powers, constants)
    return high, low, ph


@scalar
def _log2(x: float, table: Table, constants: Table) -> Pair:
    bits = np.float64(x).view(np.int64)
    fraction = bits & _FRACTION
    m = np.int64(fraction | (_BIAS << _FRACTION_BITS)).view(np.float64)
    row = table[(fraction + (1 << 43)) >> 44]  # the nearest multiple of 1/256
    r = m * row[0] - 1.0
    sh, sl = two_prod(r, r)
    h1, h2 = fast_two_sum(r, -0.5 * sh)
    q = fma(r, fma(r, fma(r, 1.0 / 9, -1.0 / 8), 1.0 / 7), -1.0 / 6)
    q = fma(r, fma(r, fma(r, q, 1.0 / 5), -1.0 / 4), 1.0 / 3)
    ah, al = fast_two_sum(h1, h2 + (sh * r * q - 0.5 * sl))
    wh, wl = mul(ah, al, constants[0, 0], constants[0, 1])
    exponent = float((bits >> _FRACTION_BITS) - _BIAS) + row[1]
    th, tl = fast_two_sum(exponent + row[2], wh)
    return fast_two_sum(th, tl + (row[3] + wl))


@scalar
def _exp2(ph: float, pl: float, table: Table, constants: Table) -> Pair:
    k = np.int64(np.rint(CELLS * ph))
    gh, gl = two_sum(ph - k / CELLS, pl)
    zh, zl = mul(gh, gl, constants[1, 0], constants[1, 1])
    s = fma(zh, fma(zh, fma(zh, fma(zh, fma(zh, 1.0 / 5040, 1.0 / 720), 1.0 / 120), 1.0 / 24), 1.0 / 6), 0.5)
    eh, el = fast_two_sum(zh, zh * zh * s)
    el += zl
    th, tl = table[k & (CELLS - 1), 0], table[k & (CELLS - 1), 1]
    vh, vl = two_prod(th, eh)
    rh, rl = fast_two_sum(th, vh)
    high, low = fast_two_sum(rh, rl + fma(tl, eh, tl) + fma(th, el, vl))
    scale = np.int64(((k >> 8) + _BIAS) << _FRACTION_BITS).view(np.float64)
    return high * scale, low * scale
