"""Operands for pow, atan2 and hypot of binary32: families of pairs, from random codes to cases that are hard to round.

Each family is a function of a random generator and a number of pairs; equal seeds give equal pairs. ``BULK`` families are cheap
to judge; ``HARD`` ones aim at boundaries, and many of their values are exact or halfway, which only the slow judge decides.

What this module does not do: promise that a family's pairs all are what its name says. Operands are rounded to binary32, and the
sweep judges whatever comes.

Source: Muller, "Elementary Functions", 3rd ed., chapter 12, for hardest-to-round cases; Euclid's formula for Pythagorean triples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.brackets import Codes, Doubles
from fpsem.core.formats import BINARY32

Random = np.random.Generator
Family = Callable[[Random, int], tuple[Codes, Codes]]

_SIGN = np.uint32(BINARY32.sign_mask)


def codes_of(values: npt.ArrayLike) -> Codes:
    """The codes of binary64 numbers rounded to binary32."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(values, np.float64).astype(np.float32).view(np.uint32)


def _random(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Any codes."""
    return rng.integers(0, 1 << 32, n, dtype=np.uint32), rng.integers(0, 1 << 32, n, dtype=np.uint32)


def _finite(rng: Random, n: int) -> Codes:
    """Positive finite numbers but 0, subnormals too."""
    return rng.integers(1, BINARY32.overflow_code, n, dtype=np.uint32)


def _signed(rng: Random, magnitudes: Codes) -> Codes:
    return magnitudes | (rng.integers(0, 2, magnitudes.size, dtype=np.uint32) * _SIGN)


def _values(codes: Codes) -> Doubles:
    return codes.view(np.float32).astype(np.float64)


def _near_in_exponent(rng: Random, n: int, most: int = 13) -> tuple[Codes, Codes]:
    """Exponents within ``most`` of one another, of either sign."""
    a = _finite(rng, n)
    shift = rng.integers(-most << BINARY32.fraction_bits, (most << BINARY32.fraction_bits) + 1, n)
    b = np.clip(a.astype(np.int64) + shift, 1, BINARY32.max_finite).astype(np.uint32)
    return _signed(rng, a), _signed(rng, b)


# -- pow -------------------------------------------------------------------------------------------------------------


def _exponent(x: Codes, p: Any) -> Codes:
    """y such that x^y is near 2^p."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return codes_of(np.clip(p / np.log2(_values(x)), -3e38, 3e38))


def _pow_in_range(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Results that neither overflow nor vanish."""
    x = _finite(rng, n)
    return x, _exponent(x, rng.uniform(-151.0, 128.5, n))


def _pow_beside_one(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Bases 1 ± k ulp and huge exponents."""
    ulps = np.exp2(rng.uniform(0.0, 16.0, n)).astype(np.int64) * rng.choice([-1, 1], n)
    x = (int(codes_of(1.0)) + ulps).astype(np.uint32)
    return x, _exponent(x, rng.uniform(-151.0, 128.5, n))


def _pow_at_thresholds(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Results beside the largest number, the smallest normal one, the smallest and half of it, and 1."""
    x = _finite(rng, n)
    return x, _exponent(x, rng.choice([128.0, -126.0, -149.0, -150.0, 0.0], n) + rng.normal(0.0, 1e-6, n))


def _pow_small_exponents(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Integers, halves and quarters as exponents, bases of either sign with results in range."""
    y = rng.integers(1, 97, n) / rng.choice([1.0, 2.0, 4.0], n) * rng.choice([-1, 1], n)
    x = codes_of(np.exp2(rng.uniform(-150.0, 128.0, n) / np.maximum(np.abs(y), 1.2)))
    return _signed(rng, x), codes_of(y)


def _pow_exact(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Few-digit bases and perfect powers, to small exponents: exact results, halfway ones and their neighbours."""
    root, power = rng.integers(1, 64, n), rng.choice([1, 2, 4], n)
    x = (root**power).astype(np.float64) * np.exp2(4.0 * rng.integers(-8, 8, n))
    y = rng.integers(-12, 13, n) / rng.choice([1, 2, 4], n)
    return _signed(rng, codes_of(x)) + rng.integers(0, 2, n, dtype=np.uint32), codes_of(y)


# -- hypot -----------------------------------------------------------------------------------------------------------


def _scaled(rng: Random, x: Any, y: Any) -> tuple[Codes, Codes]:
    """A pair of numbers below 2^24, times powers of two of which some make them subnormal, in either order."""
    scale = np.exp2(rng.integers(-160, 104, np.size(x)).astype(np.float64))
    swap = rng.integers(0, 2, np.size(x)).astype(bool)
    a, b = codes_of(np.where(swap, y, x) * scale), codes_of(np.where(swap, x, y) * scale)
    return _signed(rng, a), _signed(rng, b)


def _hypot_triples(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Pythagorean triples: exact results, or halfway ones where the third number has 25 digits."""
    m = rng.integers(2, 5792, n)
    k = (rng.uniform(0.0, 1.0, n) * m).astype(np.int64)
    return _scaled(rng, m * m - k * k, 2 * m * k)


def _hypot_near_midpoints(rng: Random, n: int) -> tuple[Codes, Codes]:
    """y^2 near B^2 - x^2, where B is halfway between numbers just above x."""
    x = rng.integers(1 << 23, 1 << 24, n)
    b = x + 0.5 * rng.integers(1, 4096, n)
    return _scaled(rng, x, np.sqrt((b - x) * (b + x)))


def _hypot_subnormal(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Subnormal operands of any size, and results about the smallest normal number."""
    a = np.exp2(rng.uniform(0.0, 23.5, n)).astype(np.uint32)
    return _signed(rng, a), _signed(rng, np.exp2(rng.uniform(0.0, 23.5, n)).astype(np.uint32))


def _hypot_lopsided(rng: Random, n: int) -> tuple[Codes, Codes]:
    """One operand 2^11 to 2^14 times the other: the result is within an ulp or so of it."""
    x = _finite(rng, n)
    return _signed(rng, x), _signed(rng, codes_of(_values(x) * np.exp2(-rng.uniform(11.0, 14.0, n))))


def _hypot_large(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Results about the largest number."""
    angle, size = rng.uniform(0.0, np.pi / 2, n), 2.0**128 * (1.0 + rng.normal(0.0, 1e-7, n))
    bound = float(np.finfo(np.float32).max)
    return codes_of(np.minimum(size * np.cos(angle), bound)), codes_of(np.minimum(size * np.sin(angle), bound))


# -- atan2 -----------------------------------------------------------------------------------------------------------


def _atan2_tiny(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Quotients from 2^-152 to 2^-20, among them exact ones."""
    quotient, x = np.exp2(rng.uniform(-152.0, -20.0, n)), np.exp2(rng.uniform(-60.0, 100.0, n))
    exact = rng.integers(0, 2, n).astype(bool)
    x = np.where(exact, np.exp2(np.rint(np.log2(x))), x)
    return _signed(rng, codes_of(quotient * x)), _signed(rng, codes_of(x))


def _atan2_steep(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Quotients from 2^10 to 2^40: angles beside a right one."""
    x = np.exp2(rng.uniform(-100.0, 60.0, n))
    return _signed(rng, codes_of(x * np.exp2(rng.uniform(10.0, 40.0, n)))), _signed(rng, codes_of(x))


def _atan2_diagonal(rng: Random, n: int) -> tuple[Codes, Codes]:
    """y = ±x and its neighbours."""
    x = rng.integers(1 << 12, BINARY32.max_finite - (1 << 12), n, dtype=np.uint32)
    y = (x.astype(np.int64) + np.rint(rng.normal(0.0, 8.0, n)).astype(np.int64)).astype(np.uint32)
    return _signed(rng, y), _signed(rng, x)


def _atan2_convergents(rng: Random, n: int) -> tuple[Codes, Codes]:
    """Angles beside numbers and midpoints: y/x is the best fraction of 24-digit numbers near the tangent of one."""
    angle = np.ldexp(rng.integers(1 << 24, 1 << 25, n).astype(np.float64), rng.integers(-35, -23, n).astype(np.int32))
    y, x = _best_fractions(np.abs(np.tan(angle)), 1 << 24)
    return codes_of(y), codes_of(np.where(np.tan(angle) < 0, -x, x))


def _best_fractions(values: Doubles, limit: int) -> tuple[Doubles, Doubles]:
    """Of each positive value the last convergent whose numerator and denominator are both below a limit."""
    above, below, over, under = np.ones_like(values), np.zeros_like(values), np.zeros_like(values), np.ones_like(values)
    rest, going = values.copy(), np.ones(values.shape, bool)
    for _ in range(40):
        digit = np.floor(rest)
        p, q = digit * above + over, digit * below + under
        going &= (p < limit) & (q < limit)
        over, under = np.where(going, above, over), np.where(going, below, under)
        above, below = np.where(going, p, above), np.where(going, q, below)
        rest = 1.0 / np.maximum(rest - digit, 1e-30)
    return above, below


BULK: Mapping[str, tuple[Family, ...]] = {
    "pow": (_random, _pow_in_range, _pow_in_range, _pow_beside_one),
    "atan2": (_random, _near_in_exponent, _near_in_exponent, _near_in_exponent),
    "hypot": (_random, _near_in_exponent, _near_in_exponent, _near_in_exponent),
}
"""By function; each takes an equal share of a unit's blocks."""

HARD: Mapping[str, tuple[Family, ...]] = {
    "pow": (_pow_at_thresholds, _pow_small_exponents, _pow_exact),
    "atan2": (_atan2_tiny, _atan2_steep, _atan2_diagonal, _atan2_convergents),
    "hypot": (_hypot_triples, _hypot_near_midpoints, _hypot_subnormal, _hypot_lopsided, _hypot_large),
}
"""By function."""

NEAREST: Mapping[str, Family] = {
    "pow": _pow_in_range,
    "atan2": _atan2_convergents,
    "hypot": _hypot_near_midpoints,
}
"""By function, the family in which values near boundaries are the most frequent."""
