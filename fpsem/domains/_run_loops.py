"""Loops of scheduled sums along one row of many terms, for the kinds of schedules that need no list of steps.

Written over ``add`` of scalars, as ``_loops`` is, and printed by ``_scheduled`` in the same way. A row is an array of its own.
"""

from __future__ import annotations

from typing import Any

from fpsem.domains._loops import add


def chain(x: Any, start: int, stop: int) -> Any:
    """((x[start] + x[start + 1]) + ...)."""
    total = x[start]
    for i in range(start + 1, stop):
        total = add(total, x[i])
    return total


def eight(x: Any, start: int, n: int) -> Any:
    """numpy's order for 8 to 128 terms; eight sums by name, so that they stay in registers."""
    r0, r1, r2, r3 = x[start], x[start + 1], x[start + 2], x[start + 3]
    r4, r5, r6, r7 = x[start + 4], x[start + 5], x[start + 6], x[start + 7]
    whole = start + n - n % 8
    for i in range(start + 8, whole, 8):
        r0, r1, r2, r3 = add(r0, x[i]), add(r1, x[i + 1]), add(r2, x[i + 2]), add(r3, x[i + 3])
        r4, r5, r6, r7 = add(r4, x[i + 4]), add(r5, x[i + 5]), add(r6, x[i + 6]), add(r7, x[i + 7])
    total = add(add(add(r0, r1), add(r2, r3)), add(add(r4, r5), add(r6, r7)))
    for i in range(whole, start + n):
        total = add(total, x[i])
    return total


def numpy_leaf(x: Any, start: int, n: int) -> Any:
    """numpy's order for up to 128 terms."""
    return chain(x, start, start + n) if n < 8 else eight(x, start, n)


def numpys(x: Any, rest: Any, held: Any) -> Any:
    """The schedule NumPyPairwise. A walk over the tree: at each depth, the terms that are left to the right half, and the left
    half's sum once there is one. Both have room for 64 depths."""
    n, start, depth = x.size, 0, 0
    while True:
        while n > 128:
            half = n // 2 - (n // 2) % 8
            rest[depth] = n - half
            n, depth = half, depth + 1
        total = numpy_leaf(x, start, n)
        start += n
        while depth > 0 and rest[depth - 1] == 0:
            depth -= 1
            total = add(held[depth], total)
        if depth == 0:
            return total
        held[depth - 1], n, rest[depth - 1] = total, rest[depth - 1], 0


def halves(x: Any, leaf: int, rest: Any, held: Any) -> Any:
    """The schedule Pairwise, walked over as in ``numpys``."""
    n, start, depth = x.size, 0, 0
    while True:
        while n > leaf:
            rest[depth] = n // 2
            n, depth = n - n // 2, depth + 1
        total = chain(x, start, start + n)
        start += n
        while depth > 0 and rest[depth - 1] == 0:
            depth -= 1
            total = add(held[depth], total)
        if depth == 0:
            return total
        held[depth - 1], n, rest[depth - 1] = total, rest[depth - 1], 0


def runs(x: Any, ends: Any, sums: Any) -> None:
    """The sums of runs of consecutive terms, each in sequence."""
    start = 0
    for i in range(ends.size):
        sums[i] = chain(x, start, ends[i])
        start = ends[i]


def lanes(x: Any, sums: Any) -> None:
    """As many running sums as there is room for, term i into sum i mod their number; there are at least so many terms."""
    width = sums.size
    for j in range(width):
        sums[j] = x[j]
    whole = x.size - x.size % width
    for i in range(width, whole, width):
        for j in range(width):
            sums[j] = add(sums[j], x[i + j])
    for j in range(x.size - whole):
        sums[j] = add(sums[j], x[whole + j])
