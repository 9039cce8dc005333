"""Reductions over the axes of tensors: their meaning is ``fpsem.core.reduction``'s, or the domain's own where that is faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from fpsem.core.protocol import Array, ScalarDomain, exact_array
from fpsem.core.reduction import greatest, pairs_of, rows, total, total_of_products
from fpsem.graph.ops._shapes import axes_indices


def number(domain: ScalarDomain, value: Any) -> Array:
    """One exact number as a scalar array of the domain."""
    return domain.constant(exact_array(value))


def reduce(
    domain: ScalarDomain,
    x: Array,
    axis: int | tuple[int, ...] | None,
    keepdims: bool,
    combined: Callable[[ScalarDomain, Sequence[Array]], Array],
) -> Array:
    """The terms along the axes (several axes: in C order) as one, by ``total`` or ``greatest``."""
    terms, shape = rows(x, axes_indices(axis, x.ndim), keepdims)
    return combined(domain, list(terms)).reshape(shape)


def summed(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The scheduled sum along the axes, by the domain's own where it has one: for ops that contain such a sum."""
    own = domain.overrides.get("sum")
    return reduce(domain, x, axis, keepdims, total) if own is None else own(x, axis=axis, keepdims=keepdims)


def largest(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The maximum along the axes, by the domain's own where it has one."""
    own = domain.overrides.get("max")
    return reduce(domain, x, axis, keepdims, greatest) if own is None else own(x, axis=axis, keepdims=keepdims)


def products(domain: ScalarDomain, a: Array, b: Array) -> Array:
    """The matrix product of (..., n, k) and (..., k, m), each entry a scheduled sum of k products."""
    return total_of_products(domain, pairs_of(a, b))


def multiply(domain: ScalarDomain, a: Array, b: Array) -> Array:
    """The matrix product of ``products``, by the domain's own where it has one: for ops that contain such a product."""
    own = domain.overrides.get("matmul")
    return products(domain, a, b) if own is None else own(a, b)


def average(domain: ScalarDomain, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """The scheduled sum along the axes, divided once by the count."""
    count = prod(x.shape[i] for i in axes_indices(axis, x.ndim))
    return domain.div(summed(domain, x, axis, keepdims), number(domain, count))
