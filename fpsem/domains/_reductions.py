"""The reductions of domains whose scalars are binary32, compiled: what ``fpsem.core.reduction`` means, bit for bit.

Which loops serve which schedule is decided here: a domain's own arithmetic, the machine's doubles for sums that are held in
binary64, the long accumulator for exact ones. What no loop serves is left to the plain meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fpsem.core.errors import ScheduleError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.core.reduction import by_matrices, rows, tree_of
from fpsem.core.schedule import Exact, Schedule, wider_accumulator
from fpsem.domains import _exact_loops
from fpsem.domains._scheduled import FLOATS, Kernels

_WIDE = {
    fused: Kernels(
        f"float64_sums_of_{name}",
        np.dtype(np.float64),
        f"""{FLOATS}


@numba.njit(forceinline=True)
def mul(x, y):
    return {product}


@numba.njit(forceinline=True)
def fma(x, y, z):
    return x * y + z
""",
        ("eight",),
        chained=True,
    )
    for fused, name, product in ((True, "products", "x * y"), (False, "rounded_products", "np.float64(np.float32(x * y))"))
}
"""Sums of binary32 numbers in doubles, by whether products are fused. Exact products of two such numbers are doubles."""

_EXACT = Kernels("binary32_exact_sums", np.dtype(np.int64), "")


@dataclass(frozen=True)
class Doubles:
    """How a domain's scalars become doubles, and doubles scalars.

    Args:
        widen: scalars as doubles, exactly.
        narrow: doubles rounded to scalars; None where wide sums in the domain are not the machine's.
        narrow_odd: doubles that were rounded to odd, rounded to scalars as what they were rounded from.
        zero: the exact sum of numbers that cancel: +0 or -0.
    """

    widen: Callable[[Array], Array]
    narrow: Callable[[Array], Array] | None
    narrow_odd: Callable[[Array], Array]
    zero: float = 0.0

    def exact_sum(self, terms: Array) -> Array:
        """The exact sum of the rows of (n, m), rounded once."""
        sums, limbs = np.empty(terms.shape[1]), np.empty(_exact_loops.LIMBS, np.int64)
        codes = np.ascontiguousarray(self.widen(terms).T).view(np.int64)
        _EXACT.module("exact").exact_sums(codes, self.zero, limbs, sums)
        return self.narrow_odd(sums)

    def exact_product(self, a: Array, b: Array) -> Array:
        """The product of two matrices, each exact sum of exact products rounded once."""
        sums, limbs = np.empty((len(a), b.shape[1])), np.empty(_exact_loops.LIMBS, np.int64)
        left, right = (np.ascontiguousarray(self.widen(x)).view(np.int64) for x in (a, b.T))
        _EXACT.module("exact").exact_products(left, right, self.zero, limbs, sums)
        return self.narrow_odd(sums)


def require_threads(threads: int) -> None:
    """Raises ScheduleError for what is no number of threads."""
    if type(threads) is not int or threads < 1:
        raise ScheduleError(f"threads={threads!r}: must be a positive integer")


def reductions(
    schedule: Schedule,
    kernels: Kernels,
    mul: Callable[[Array, Array], Array],
    neg: Callable[[Array], Array],
    extreme: Kernels,
    doubles: Doubles,
    threads: int = 1,
) -> Mapping[str, Callable[..., Array]]:
    """The overrides of a domain: its sums, maxima and matrix products; maxima only, where wide sums are not the machine's.

    Args:
        schedule: the order.
        kernels: whose ``add``, ``sub``, ``mul`` and ``fma`` are the domain's.
        mul: the domain's product.
        neg: the domain's negation.
        extreme: whose ``add`` is the domain's maximum.
        doubles: the domain's conversions.
        threads: how many work on the product of two matrices; they never change a bit.
    """
    made = {"max": _over_axes(lambda terms: extreme.sum(tree_of(schedule), terms))}
    found = _sums_and_products(schedule, kernels, mul, neg, doubles, threads)
    if found is None:
        return made
    summed, product = found

    def by_row(a: Array, b: Array) -> Array:
        return np.stack([summed(mul(row[:, None], b)) for row in a])

    def matmul(a: Array, b: Array) -> Array:
        return mul(a, b) if a.shape[-1] == 1 else by_matrices(product or by_row, a, b)

    return {**made, "sum": _over_axes(summed), "matmul": matmul}


def _sums_and_products(
    schedule: Schedule,
    kernels: Kernels,
    mul: Callable[[Array, Array], Array],
    neg: Callable[[Array], Array],
    doubles: Doubles,
    threads: int,
) -> tuple[Callable[[Array], Array], Callable[[Array, Array], Array] | None] | None:
    """The sum of rows, and the product of matrices where it is more than sums of rounded products, row by row."""
    if isinstance(schedule, Exact):
        return _unless_single(doubles.exact_sum), doubles.exact_product if schedule.fused else None
    if wider_accumulator(schedule, BINARY32) is None:
        widen, narrow, held = np.asarray, np.asarray, kernels
    elif doubles.narrow is None:
        return None
    else:
        widen, narrow, held = doubles.widen, doubles.narrow, _WIDE[schedule.fused]  # type: ignore[assignment]

    def summed(terms: Array) -> Array:
        return narrow(held.sum(schedule, widen(terms)))

    def product(a: Array, b: Array) -> Array:
        if schedule.has_tree:
            return narrow(held.product(schedule, widen(a), widen(b), threads))
        return narrow(held.compensated_product(widen(a), widen(b), widen(neg(a))))

    return _unless_single(summed), product if schedule.has_tree or schedule.fused else None


def _unless_single(summed: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The sum of rows; of one, the row as it is."""
    return lambda terms: np.array(terms[0]) if len(terms) == 1 else summed(terms)


def _over_axes(summed: Callable[[Array], Array]) -> Callable[..., Array]:
    """The sum of rows as a reduction over axes, several of them in C order."""

    def reduced(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        terms, shape = rows(x, axis, keepdims)
        return summed(terms).reshape(shape)

    return reduced
