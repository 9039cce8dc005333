"""The meaning of reductions over a domain: its schedule, walked over its primitives. Fast paths are checked against this.

Sums of trees are ``fold`` and ``fold_products``, whatever they are held in. A compensated sum is written here over add and sub.
The exact sum is a sequential one in an accumulator that never rounds. A sum of one term is that term, and a sum of one product
is that product, rounded as the domain rounds.

Source: Knuth, "The Art of Computer Programming", vol. 2, section 4.2.2, theorem B (TwoSum); Ogita, Rump and Oishi, "Accurate sum
and dot product", SIAM J. Sci. Comput. 26, 2005, algorithms 4.4 (Sum2) and 5.3 (Dot2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import EXACT, Accumulator, Array, ScalarDomain, own_accumulator
from fpsem.core.schedule import AnyOrder, Compensated, Exact, Schedule, Sequential, fold, fold_products

Pair = tuple[Array, Array]


def total(domain: ScalarDomain, terms: Sequence[Array]) -> Array:
    """The scheduled sum of one or more terms.

    Raises:
        ScheduleError: there are no terms, or not as many as the schedule is for.
        UnsupportedError: the domain has not the accumulator that the schedule asks for.
    """
    if len(terms) == 1:
        return terms[0]
    held = _held(domain)
    wide = [held.widen(term) for term in terms]
    if isinstance(domain.schedule, Compensated) and wide:
        return held.narrow(_compensated(wide, held))
    return held.narrow(fold(tree_of(domain.schedule), wide, held.add))


def total_of_products(domain: ScalarDomain, pairs: Sequence[Pair]) -> Array:
    """The scheduled sum of one or more products. Raises as ``total`` does."""
    if len(pairs) == 1 or not domain.schedule.fused:
        return total(domain, [domain.mul(a, b) for a, b in pairs])
    held = _held(domain)
    if isinstance(domain.schedule, Compensated):
        return held.narrow(_compensated_products(domain, pairs, held))
    wide = [(held.widen(a), held.widen(b)) for a, b in pairs]
    return held.narrow(fold_products(tree_of(domain.schedule), wide, held.add, held.mul, held.fma))


def greatest(domain: ScalarDomain, terms: Sequence[Array]) -> Array:
    """The maximum of one or more terms, taken in the schedule's order."""
    return fold(tree_of(domain.schedule), terms, domain.maximum)


def tree_of(schedule: Schedule) -> Schedule:
    """The schedule itself where it is a tree; else a sequential one, fused where it is."""
    return schedule if schedule.has_tree else Sequential(fused=schedule.fused)


def rows(x: Array, axis: int | Sequence[int] | None, keepdims: bool) -> tuple[Array, tuple[int, ...]]:
    """The terms of a reduction over axes (several of them in C order; None for all) as rows (n, m), and the result's shape."""
    listed = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = sorted(a % x.ndim for a in listed)
    others = [i for i in range(x.ndim) if i not in axes]
    terms = x.transpose(*axes, *others).reshape(prod(x.shape[i] for i in axes), prod(x.shape[i] for i in others))
    return terms, tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)


def pairs_of(a: Array, b: Array) -> list[Pair]:
    """The factors of a matrix product of (..., n, k) and (..., k, m), for each of the k terms; they broadcast to its shape."""
    return [(a[..., :, i, None], b[..., None, i, :]) for i in range(a.shape[-1])]


def by_matrices(product: Callable[[Array, Array], Array], a: Array, b: Array, arrays: Any = np) -> Array:
    """The product of (..., n, k) and (..., k, m), leading dimensions as in the op ``matmul``, by a product of two matrices.

    Args:
        product: of (n, k) and (k, m).
        a: the left factor.
        b: the right factor.
        arrays: numpy, or what has its functions for the arrays at hand.
    """
    if b.ndim == 2:
        return product(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    lead = b.shape[:-2]
    many = arrays.broadcast_to(a, (*lead, *a.shape[-2:])).reshape(prod(lead), *a.shape[-2:])
    made = [product(x, y) for x, y in zip(many, b.reshape(prod(lead), *b.shape[-2:]))]
    stacked: Array = arrays.stack(made).reshape(*lead, a.shape[-2], b.shape[-1])
    return stacked


def _held(domain: ScalarDomain) -> Accumulator:
    """What the domain's sums are held in."""
    if isinstance(domain.schedule, AnyOrder):
        raise UnsupportedError("this sum has no rule for every order: give one schedule")
    named = EXACT if isinstance(domain.schedule, Exact) else domain.schedule.accumulator
    return own_accumulator(domain) if named is None else domain.accumulator(named)


def _two_sum(a: Array, b: Array, held: Accumulator) -> Pair:
    """a + b rounded, and its error; the error is exact where sums round to nearest and nothing overflows."""
    s = held.add(a, b)
    moved = held.sub(s, a)
    return s, held.add(held.sub(a, held.sub(s, moved)), held.sub(b, moved))


def _compensated(terms: Sequence[Array], held: Accumulator) -> Array:
    """The errors of the additions are added in sequence, from the first of them on."""
    running, errors = _two_sum(terms[0], terms[1], held)
    for term in terms[2:]:
        running, error = _two_sum(running, term, held)
        errors = held.add(errors, error)
    return held.add(running, errors)


def _compensated_products(domain: ScalarDomain, pairs: Sequence[Pair], held: Accumulator) -> Array:
    """What the rounded products and sums are too much is added up, and taken away at the end: Dot2, all errors negated."""
    running, excess = _two_product(domain, *pairs[0], held)
    for a, b in pairs[1:]:
        product, more = _two_product(domain, a, b, held)
        running, error = _two_sum(running, product, held)
        excess = held.add(excess, held.sub(more, error))
    return held.sub(running, excess)


def _two_product(domain: ScalarDomain, a: Array, b: Array, held: Accumulator) -> Pair:
    """a * b rounded, and how much that is too much: the product less a * b, exact where it is no smaller than numbers can be."""
    y = held.widen(b)
    product = held.mul(held.widen(a), y)
    return product, held.fma(held.widen(domain.neg(a)), y, product)
