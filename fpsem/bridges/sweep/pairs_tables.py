"""The tables and constants of the double-double references, from Arb at 200 bits when they are first asked for.

Every entry that is split into two doubles has a relative error of at most 2^-105, every single one of at most u = 2^-53: each is
rounded to nearest from a ball of radius below 2^-150.

Source: Johansson, "Arb", 2017.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import flint
import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]

CELLS = 256
"""Cells per unit of the argument, in all three tables."""

_PRECISION = 200


@cache
def logarithms() -> Table:
    """For the cell of m = 1 + i/256, i = 0..256: v near 1/m; e; and high and low parts of -log2 v - e.

    v has 20 digits, is 1 in the first cell and 1/2 in the last; e is 1 where m is above sqrt 2, else 0. The logarithm of m v, a
    number near 1, and the two parts add up to that of m 2^-e. The high part is a multiple of 2^-42, so that an exponent adds to
    it exactly; the two together are 0 in the first and the last cell and have an error below 2^-96.
    """
    with flint.ctx.workprec(_PRECISION):
        return np.array([_logarithm(i) for i in range(CELLS + 1)])


@cache
def powers() -> Table:
    """2^(i/256), i = 0..255, as double-doubles."""
    with flint.ctx.workprec(_PRECISION):
        return np.array([_split(flint.arb(2) ** (flint.arb(i) / CELLS)) for i in range(CELLS)])


@cache
def arctangents() -> Table:
    """The Taylor expansion of atan at i/256, i = 0..256: the terms of degree 0 and 1 as double-doubles, 2 to 9 as doubles."""
    with flint.ctx.workprec(_PRECISION):
        return np.array([_arctangent(i) for i in range(CELLS + 1)])


@cache
def constants() -> Table:
    """1 / ln 2, ln 2 and pi, as double-doubles."""
    with flint.ctx.workprec(_PRECISION):
        two = flint.arb(2).log()
        return np.array([_split(1 / two), _split(two), _split(flint.arb.pi())])


def _logarithm(i: int) -> tuple[float, ...]:
    v = 2.0**-20 * round(2.0**20 / (1 + i / CELLS))
    exponent = int(1 + i / CELLS > 2**0.5)
    value = _fraction(-flint.arb(v).log() / flint.arb(2).log()) - exponent if i % CELLS else Fraction(0)
    high = Fraction(round(value * 2**42), 2**42)
    return v, float(exponent), float(high), float(value - high)


def _arctangent(i: int) -> tuple[float, ...]:
    series = flint.arb_series([flint.arb(i) / CELLS, 1], 10).atan()
    return *_split(series[0]), *_split(series[1]), *(float(_fraction(series[n])) for n in range(2, 10))


def _split(ball: Any) -> tuple[float, float]:
    value = _fraction(ball)
    high = float(value)
    return high, float(value - Fraction(high))


def _fraction(ball: Any) -> Fraction:
    """The middle of a ball."""
    exact = ball.mid().fmpq()
    return Fraction(int(exact.p), int(exact.q))
