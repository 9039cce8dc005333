"""Operands that find mistakes: the corner codes of a format, and seeded random codes of several scales.

Every row of operands is reproducible from its arity, the number of samples and the seed. Random rows hold more than
independent draws: neighbours and opposites of each other, so that sums cancel, comparisons tie and fma loses its head.

Source: IEEE 754-2019 clause 3 for the corners; Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed.,
chapter 3, for what makes an operand hard.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32, Format
from fpsem.testing.arguments import require_count

Codes = npt.NDArray[np.uint32]
Columns = tuple[Codes, ...]
"""One array of binary32 codes per operand; row i is the i-th call."""

_FULL_PRODUCT = 2
"""The most operands for which every tuple of corners is run; beyond it a seeded choice of them is."""


def corner_codes(fmt: Format, special: bool = True) -> list[int]:
    """Both signs of zero, the extremes of subnormal and normal, 1 and its neighbours, and operands whose sums, products
    and halves are ties; with ``special`` the infinities and a NaN too, where the format has them."""
    one, half_ulp = round_to_bits(Fraction(1), fmt), Fraction(1, 2**fmt.precision)
    numbers = (half_ulp, 1 + Fraction(1, 2 ** (fmt.precision // 2)), Fraction(1, 2), Fraction(2), Fraction(3))
    magnitudes = {
        *(0, 1, 3, fmt.min_normal - 1, fmt.min_normal, one - 1, one, one + 1, fmt.max_finite),
        *(round_to_bits(x, fmt) for x in numbers),
        round_to_bits(half_ulp * 2 ** (fmt.emax), fmt),  # added to the largest finite number, a tie with overflow
    }
    if special and fmt.has_infinity:
        magnitudes.add(fmt.overflow_code)
    signed = [code | sign for code in sorted(magnitudes) for sign in (0, fmt.sign_mask)]
    return [*signed, fmt.nan] if special else signed


def random_codes(count: int, rng: np.random.Generator, special: bool = True) -> Codes:
    """Random binary32 codes: bit patterns, normal deviates of scale 1 and of scales 2**-24 to 2**8, neighbours of 1.

    Raises:
        PayloadError: a negative count.
    """
    require_count("count", count)
    one = round_to_bits(Fraction(1), BINARY32)
    deviates = rng.standard_normal((2, count))
    deviates[1] *= np.exp2(rng.uniform(-24, 8, count))
    sources = np.stack([
        rng.integers(0, 1 << BINARY32.width, count, dtype=np.uint32),
        *deviates.astype(np.float32).view(np.uint32),
        rng.integers(one - 4, one + 5, count, dtype=np.uint32),
    ])  # fmt: skip
    codes = sources[rng.integers(0, len(sources), count), np.arange(count)]
    return codes if special else np.where(is_finite(codes), codes, np.uint32(one))


def is_finite(codes: Codes) -> npt.NDArray[np.bool_]:
    """Which binary32 codes are numbers."""
    return (codes & np.uint32(BINARY32.magnitude_mask)) <= BINARY32.max_finite


def columns(arity: int, samples: int, seed: int, special: bool = True, limit: int | None = None) -> Columns:
    """Rows of operands: tuples of corners, then ``samples`` random rows; at most ``limit`` rows, half of each kind.

    Raises:
        PayloadError: a number of operands below 1; a negative number of samples or rows, or seed.
    """
    for name, value, least in (("arity", arity, 1), ("samples", samples, 0), ("seed", seed, 0)):
        require_count(name, value, least)
    if limit is not None:
        require_count("limit", limit)
    rng = np.random.default_rng([seed, arity])
    corners = _corner_rows(arity, 5 * samples, rng, special)
    random = _random_rows(arity, samples, rng, special)
    if limit is not None:
        corners, random = (rows[rng.permutation(len(rows))[: limit // 2]] for rows in (corners, random))
    return tuple(np.ascontiguousarray(column) for column in np.concatenate([corners, random]).T)


def _corner_rows(arity: int, count: int, rng: np.random.Generator, special: bool) -> Codes:
    codes = np.array(corner_codes(BINARY32, special), np.uint32)
    if arity <= _FULL_PRODUCT:
        return np.array(list(itertools.product(codes, repeat=arity)), np.uint32).reshape(-1, arity)
    return codes[rng.integers(0, len(codes), (count, arity))]


def _random_rows(arity: int, count: int, rng: np.random.Generator, special: bool) -> Codes:
    rows = np.stack([random_codes(count, rng, special) for _ in range(arity)], axis=1)
    related = rng.random(count) < 0.3
    if arity == 2:  # the other operand is a neighbour of the first, or of its opposite
        sign = rng.integers(0, 2, count).astype(np.uint32) << np.uint32(BINARY32.width - 1)
        magnitude = rows[:, 0] & np.uint32(BINARY32.magnitude_mask)
        step = rng.integers(0, 3, count).astype(np.uint32)
        near = np.minimum(magnitude + step, np.maximum(magnitude, np.uint32(BINARY32.max_finite)))
        rows[related, 1] = (near | sign)[related]
    if arity == 3:  # the addend is the opposite of the rounded product
        with np.errstate(all="ignore"):
            product = -(rows[:, 0].view(np.float32) * rows[:, 1].view(np.float32))
        codes = product.view(np.uint32)
        rows[:, 2] = np.where(related & is_finite(codes), codes, rows[:, 2])
    return rows
