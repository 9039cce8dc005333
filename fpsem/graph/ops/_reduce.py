"""The meaning of reductions: the domain's schedule walked over its primitives. Fast paths are checked against this."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from fpsem.core.protocol import Array, ScalarDomain, exact_array
from fpsem.core.schedule import fold, fold_products
from fpsem.graph.ops._shapes import axes_indices, reduced


def number(domain: ScalarDomain, value: Any) -> Array:
    """One exact number as a scalar array of the domain."""
    return domain.constant(exact_array(value))


def reduce(
    domain: ScalarDomain,
    x: Array,
    axis: int | tuple[int, ...] | None,
    keepdims: bool,
    combine: Callable[[Array, Array], Array],
) -> Array:
    """Fold the terms along the axes (several axes: in C order) with ``combine``, in the domain's schedule."""
    axes = axes_indices(axis, x.ndim)
    kept = [n for i, n in enumerate(x.shape) if i not in axes]
    # never 0-d: numpy would hand out bare scalars
    terms = np.moveaxis(x, axes, range(len(axes))).reshape(-1, *(kept or [1]))
    total: Array = fold(domain.schedule, list(terms), combine)
    return total.reshape(reduced(x.shape, axis, keepdims))


def summed(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The scheduled sum along the axes, by the domain's own where it has one: for ops that contain such a sum."""
    own = domain.overrides.get("sum")
    return reduce(domain, x, axis, keepdims, domain.add) if own is None else own(x, axis=axis, keepdims=keepdims)


def largest(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The maximum along the axes, by the domain's own where it has one."""
    own = domain.overrides.get("max")
    return reduce(domain, x, axis, keepdims, domain.maximum) if own is None else own(x, axis=axis, keepdims=keepdims)


def products(domain: ScalarDomain, a: Array, b: Array) -> Array:
    """The matrix product of (..., n, k) and (..., k, m), each entry a scheduled sum of k products."""
    pairs = [(a[..., :, i, None], b[..., None, i, :]) for i in range(a.shape[-1])]
    return fold_products(domain.schedule, pairs, domain.add, domain.mul, domain.fma)


def multiply(domain: ScalarDomain, a: Array, b: Array) -> Array:
    """The matrix product of ``products``, by the domain's own where it has one: for ops that contain such a product."""
    own = domain.overrides.get("matmul")
    return products(domain, a, b) if own is None else own(a, b)


def average(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The scheduled sum along the axes, divided once by the count."""
    count = prod(x.shape[i] for i in axes_indices(axis, x.ndim))
    return domain.div(summed(domain, x, axis, keepdims), number(domain, count))
