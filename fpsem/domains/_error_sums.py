"""Rounding errors of scheduled sums of binary32 numbers: half an ulp at each node of the tree, from the range of its floats.

Guarantees: what ``fpsem.domains._error_rules`` does step by step, only faster: half ulps of all nodes are taken at once.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.3 (running error analysis).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.reduction import tree_of
from fpsem.core.schedule import AnyOrder, Schedule, fold
from fpsem.domains import _error_rules as rules
from fpsem.domains import _outward as outward
from fpsem.domains._error_rules import float_ends, real_ends
from fpsem.domains._matrix import interval_product, upper_product

_AT_ONCE = 1 << 21
"""How many products are held at once."""


def product(a: Array, b: Array, schedule: Schedule) -> Array:
    """The product of (n, k) and (k, m), each entry a sum in the schedule's order."""
    rows = max(1, _AT_ONCE // max(1, b.size))
    parts = [_product(a[i : i + rows], b, schedule) for i in range(0, len(a), rows)]
    return np.concatenate(parts) if parts else _product(a, b, schedule)


def _product(a: Array, b: Array, schedule: Schedule) -> Array:
    x, y = a.T[:, :, None], b[:, None, :]
    with np.errstate(all="ignore"):
        corners = [p * q for p in float_ends(x) for q in float_ends(y)]
        exact = np.stack([np.minimum.reduce(corners), np.maximum.reduce(corners)], axis=1)
        grids = np.maximum(x["grid"] + y["grid"], rules.FREE)
        sure = (rules.is_power(x) | rules.is_power(y)) & (grids >= rules.LEAST)
        own = np.where(sure, 0.0, _halves(exact, grids))
        floats = _single(exact)
        if schedule.fused:
            own, moved, total = _fused(exact, floats, own, grids, schedule)
        else:
            moved, total = _nodes(floats, grids.min(axis=0), schedule)
        own = outward.up((own.sum(axis=0) + moved) * (1 + len(own) * 2.0**-50))
    own = np.where(own <= 2.0**-1000, 0.0, own)  # the sum of halves of ulps is 0 or far above
    real = interval_product(real_ends(a), real_ends(b))
    return rules.settled(real, (total[0], total[1]), rules.plus(_carried(a, b), own), grids.min(axis=0))


def total(terms: Array, schedule: Schedule) -> Array:
    """The sum of the rows (n, m) of two or more terms."""
    floats = np.stack(float_ends(terms), axis=1)
    grid = terms["grid"].min(axis=0)
    with np.errstate(all="ignore"):
        moved, summed = _nodes(floats, grid, schedule)
        err = outward.up((terms["err"].sum(axis=0) + moved) * (1 + len(terms) * 2.0**-50))
    err = np.where(terms["err"].any(axis=0) | (moved > 0), err, 0.0)
    real = fold(tree_of(schedule), [real_ends(term) for term in terms], outward.add)
    return rules.settled(real, (summed[0], summed[1]), err, grid)


def _carried(a: Array, b: Array) -> Any:
    """How far the exact products of floats, added exactly, are from the real sum at most."""
    size = outward.largest(*real_ends(a)), outward.largest(*float_ends(b))
    finite = np.isfinite(a["err"]).all() and np.isfinite(b["err"]).all()
    if not finite:
        return np.full((len(a), b.shape[1]), np.inf)
    return rules.plus(upper_product(size[0], b["err"]), upper_product(a["err"], size[1]))


def _nodes(terms: Array, grid: Any, schedule: Schedule) -> tuple[Any, Array]:
    """What the nodes of a sum of floats (n, 2, ...) round by, added up; and the ends of the sum."""
    if isinstance(schedule, AnyOrder):
        return _any_order(terms, grid)
    sums, some_are_0 = list[Array](), not terms.any(axis=1).all()

    def add(p: Array, q: Array) -> Array:
        sums.append(_moving(p + q, p, q) if some_are_0 else p + q)
        return _single(p + q)

    root = fold(schedule, list(terms), add)
    return (_halves(np.stack(sums), grid).sum(axis=0) if sums else 0.0), root


def _any_order(terms: Array, grid: Any) -> tuple[Any, Array]:
    """The same for every tree; where the terms are rounded products, for these or the exact ones.

    No path has more than n - 1 nodes: all sums stay within (1 + u)**(n - 1) - 1 of the sum of sizes of the exact ones. A tree of
    n terms has at most n - k + 1 nodes of k terms or more (by induction: 1 + (a - k + 1) + (b - k + 1) <= a + b - k + 1 from
    k = 2 on), so that the half ulps of its nodes add up to no more than those of the sums of the 2, 3, ..., n largest terms. To
    add 0 is exact: n counts the terms that are something else.
    """
    n = len(terms)
    if n == 1:
        return 0.0, terms[0]
    slack = 1 + n * 2.0**-50
    sizes = outward.up(np.abs(terms).max(axis=1).sum(axis=0) * (slack + 2.0**-23))
    apart = outward.up(rules.relative_error(n - 1) * sizes + n * 2.0**-148)  # an fma may underflow
    most = np.sort(np.maximum(np.stack([-terms[:, 0], terms[:, 1]]), 0), axis=1)[:, ::-1].cumsum(axis=1).max(axis=0)[1:]
    reach = outward.up(most * (slack + 2.0**-23) + apart)
    halves = _halves(np.stack([reach, reach], axis=1), grid)
    counted = np.arange(2, n + 1).reshape(-1, *[1] * sizes.ndim) <= terms.any(axis=1).sum(axis=0)
    nodes = outward.up(np.where(counted, halves, 0.0).sum(axis=0) * slack)
    moved = np.where(sizes == 0, 0.0, np.minimum(apart, nodes))
    away = outward.up(moved + sizes * n * 2.0**-52)
    ends = np.stack([outward.down(terms[:, 0].sum(axis=0) - away), outward.up(terms[:, 1].sum(axis=0) + away)])
    held = np.isfinite(_single(reach[-1]))
    return np.where(held, moved, np.inf), np.where(held, _single(ends), np.array([-np.inf, np.inf]).reshape(2, *[1] * sizes.ndim))


def _fused(exact: Array, floats: Array, own: Array, grids: Any, schedule: Schedule) -> tuple[Array, Any, Array]:
    """What products that are rounded by themselves, and nodes, round by; and the ends of the sum."""
    n, sums, rounded = len(exact), list[Array](), list[int]()
    slots: list[Any] = [None] * n
    for left, right in schedule.steps(n):
        if left < n and slots[left] is None:
            slots[left] = floats[left]
            rounded.append(left)
        held = slots[left]
        if right < n:
            wide = held + exact[right]
            wide = np.stack([np.nextafter(wide[0], -np.inf), np.nextafter(wide[1], np.inf)])
            sums.append(_moving(wide, exact[right]))
        else:
            wide = held + slots[right]
            sums.append(_moving(wide, held, slots[right]))
        slots.append(_single(wide))
    if n == 1:
        return own, 0.0, floats[0]
    return own[rounded], _halves(np.stack(sums), grids.min(axis=0)).sum(axis=0), slots[-1]


def _moving(total: Array, *parts: Array) -> Array:
    """The sum's ends where rounding may move it; 0 where a part is 0, and what is added to it a float."""
    return np.where(np.logical_and.reduce([part.any(axis=0) for part in parts]), total, 0.0)


def _single(x: Array) -> Array:
    return x.astype(np.float32).astype(np.float64)


def _halves(exact: Array, grid: Any) -> Any:
    """How far rounding moves numbers between ends (n, 2, ...) on a grid."""
    size = np.maximum(np.abs(exact[:, 0]), np.abs(exact[:, 1]))
    fits = (size <= np.ldexp(1.0, np.minimum(grid, 900) + BINARY32.precision)) & (grid >= rules.LEAST)
    return np.where(fits, 0.0, rules.half_ulp(size))
