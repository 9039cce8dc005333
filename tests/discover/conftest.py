"""Black boxes whose inside is known: written as plain loops, not with the schedules that they are found to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32

F = np.float32


def chain(terms: Iterable[Any]) -> Any:
    """A plain loop."""
    first, *rest = terms
    for term in rest:
        first = first + term
    return first


def fused(a: Any, b: Any, c: Any) -> np.float32:
    """a * b + c, rounded once, over rationals; a zero result has the sign of a sum that starts from +0."""
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    return F(0) if exact == 0 else np.uint32(round_to_bits(exact, BINARY32)).view(F)


def fused_chain(a: Any, b: Any) -> np.float32:
    """An accumulator from +0 and fused multiply-adds."""
    total = F(0)
    for x, y in zip(a, b):
        total = fused(x, y, total)
    return total


def lanes(x: Any, width: int) -> Any:
    """Running sums that are halved at the end, neighbours first."""
    sums = [chain(x[i::width]) for i in range(width)]
    while len(sums) > 1:
        sums = [sums[i] + sums[i + 1] for i in range(0, len(sums), 2)]
    return sums[0]


def blocks(x: Any, size: int) -> Any:
    """Blocks in sequence."""
    return chain([chain(x[i : i + size]) for i in range(0, len(x), size)])


def halves(x: Any) -> Any:
    """The larger half on the left."""
    if len(x) == 1:
        return x[0]
    middle = (len(x) + 1) // 2
    return halves(x[:middle]) + halves(x[middle:])


def warp(x: Any, width: int) -> Any:
    """Sums that are halved by distance: 16, 8, 4, 2, 1."""
    sums = [chain(x[i::width]) for i in range(width)]
    while len(sums) > 1:
        half = len(sums) // 2
        sums = [sums[i] + sums[i + half] for i in range(half)]
    return sums[0]


def kahan(x: Any) -> np.float32:
    """Neumaier's sum."""
    total, lost = x[0], F(0)
    for term in x[1:]:
        new = total + term
        big, small = (total, term) if abs(total) >= abs(term) else (term, total)
        lost, total = lost + ((big - new) + small), new
    return F(total + lost)


def exact_sum(x: Any) -> np.float32:
    """Rounded once."""
    exact = sum(Fraction(float(t)) for t in x)
    return F(0) if exact == 0 else np.uint32(round_to_bits(exact, BINARY32)).view(F)


SUMS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "sequential": (chain, 11),
    "reverse": (lambda x: chain(x[::-1]), 11),
    "pairwise": (halves, 13),
    "lanes:width=4": (lambda x: lanes(x, 4), 23),
    "blocked:block=5": (lambda x: blocks(x, 5), 23),
    "split_k": (lambda x: chain([chain(x[0:6]), chain(x[6:12]), chain(x[12:17]), chain(x[17:22])]), 22),
    "warp_tree:width=8": (lambda x: warp(x, 8), 40),
    "sequential:accumulator=binary64": (lambda x: F(chain(x.astype(np.float64))), 12),
    "lanes:accumulator=binary64,width=4": (lambda x: F(lanes(x.astype(np.float64), 4)), 22),
    "exact": (exact_sum, 12),
    "compensated": (kahan, 12),
    "tree:pairs=((((0, 2), 3), 1), 4)": (lambda x: chain([x[2], x[0], x[3], x[1], x[4]]), 5),
}
"""Sums by the schedule that they are, each with a number of terms at which no simpler one has its steps."""

PRODUCTS: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "sequential": (lambda a, b: chain(a * b), 9),
    "sequential:fused=True": (fused_chain, 9),
    "blocked:fused=True,block=4": (lambda a, b: chain([fused_chain(a[i : i + 4], b[i : i + 4]) for i in (0, 4, 8)]), 12),
    "lanes:fused=True,width=2": (lambda a, b: fused_chain(a[::2], b[::2]) + fused_chain(a[1::2], b[1::2]), 10),
    "sequential:accumulator=binary64": (lambda a, b: F(chain((a * b).astype(np.float64))), 9),
    "sequential:fused=True,accumulator=binary64": (lambda a, b: F(chain(a.astype(np.float64) * b.astype(np.float64))), 9),
    "exact:fused=True": (lambda a, b: exact_products(a, b), 9),
}
"""Sums of products, likewise."""


def exact_products(a: Any, b: Any) -> np.float32:
    """Rounded once."""
    exact = sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b))
    return F(0) if exact == 0 else np.uint32(round_to_bits(exact, BINARY32)).view(F)


def through_doubles(x: Any) -> np.float32:
    """Exact, but rounded to binary64 first."""
    return F(math.fsum(x.tolist()))


@pytest.fixture(params=SUMS)
def known_sum(request: pytest.FixtureRequest) -> tuple[str, Callable[[Any], Any], int]:
    """A schedule's text, a black box that has it, and n."""
    return (request.param, *SUMS[request.param])


@pytest.fixture(params=PRODUCTS)
def known_product(request: pytest.FixtureRequest) -> tuple[str, Callable[[Any, Any], Any], int]:
    """A schedule's text, a black box of products that has it, and n."""
    return (request.param, *PRODUCTS[request.param])
