"""Scheduled sums and matrix products at the speed of compiled code: what ``fold`` and ``fold_products`` mean, bit for bit.

A schedule's tree becomes a short program over a few registers, each a vector; ``_loops`` runs it. The kernels of a kind of
scalar are compiled once and kept on disk.

Source: Sethi and Ullman, "The generation of optimal code for arithmetic expressions", 1970, for trees over registers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule, Steps
from fpsem.domains import _loops

_HEADER = '''"""Emitted by fpsem.domains._scheduled: {name}."""

from typing import Any

import numba
import numpy as np

from fpsem.domains._loops import REGISTER_TERM, TERM_REGISTER, TERMS

{definitions}
READ = numba.types.Array(numba.{scalar}, 2, "C", readonly=True)
PROGRAM = numba.types.Array(numba.uint64, 2, "C", readonly=True)
'''

_LOOP = """

@numba.njit([numba.void({parameters})], cache=True, nogil=True, error_model="numpy")
{source}"""

_PARAMETERS = {
    "sums": "READ, PROGRAM, numba.{scalar}[:, ::1]",
    "products": "READ, READ, PROGRAM, numba.{scalar}[:, :, ::1], numba.boolean",
}

_ROWS = 64
"""Rows of a product that are worked on at a time, so that their registers stay near."""


@dataclass(frozen=True)
class Program:
    """A schedule's tree over registers.

    Args:
        steps: (s, 4): for each step its kind, left, right and target, as ``_loops`` reads them.
        registers: how many are needed.
    """

    steps: npt.NDArray[np.uint64]
    registers: int

    @property
    def result(self) -> int:
        """The register of the sum."""
        return int(self.steps[-1, 3])


@lru_cache(maxsize=256)
def program(schedule: Schedule, n: int) -> Program:
    """The program of a sum of n terms, n at least 2."""
    where: dict[int, int] = {}
    free: list[int] = []
    steps, used, tree = [], 0, schedule.steps(n)
    for slot in _depth_first(tree, n):
        left, right = tree[slot - n]
        operands = [where.get(term, term) for term in (left, right)]
        held = [where.pop(term) for term in (left, right) if term >= n]
        if held:
            target, *spare = held
            free += spare
        elif free:
            target = free.pop()
        else:
            target, used = used, used + 1
        where[slot] = target
        steps.append((_KINDS[left < n, right < n], *operands, target))
    return Program(np.array(steps, np.uint64), used)


def _depth_first(tree: Steps, n: int) -> list[int]:
    """The slots of the inner nodes, each after its operands and a whole subtree before the next, so that few are held at once."""
    order, waiting = [], [n + len(tree) - 1]
    while waiting:
        slot = waiting.pop()
        if slot >= n:
            order.append(slot)
            waiting += tree[slot - n]
    return order[::-1]


_KINDS = {
    (True, True): _loops.TERMS,
    (True, False): _loops.TERM_REGISTER,
    (False, True): _loops.REGISTER_TERM,
    (False, False): _loops.REGISTERS,
}


@dataclass(frozen=True)
class Kernels:
    """The loops for one kind of scalar.

    Args:
        name: for the cache and for messages.
        dtype: of the scalars.
        definitions: Python source that defines ``add`` of scalars for numba, and ``mul`` and ``fma`` for products.
        loops: those that are needed.
    """

    name: str
    dtype: np.dtype[Any]
    definitions: str
    loops: tuple[str, ...] = tuple(_PARAMETERS)

    @cached_property
    def _module(self) -> Any:
        from fpsem.softfloat.words.machine import load_module  # numba takes half a second to import

        text = _HEADER.format(name=self.name, scalar=self.dtype, definitions=self.definitions)
        for name in self.loops:
            parameters = _PARAMETERS[name].format(scalar=self.dtype)
            text += _LOOP.format(parameters=parameters, source=inspect.getsource(getattr(_loops, name)))
        return load_module(self.name, text)

    def sum(self, schedule: Schedule, terms: Array) -> Array:
        """The sum of the rows of (n, m), in the order of the schedule."""
        if len(terms) < 2:
            return np.array(terms[0])
        plan = program(schedule, len(terms))
        registers = np.empty((plan.registers, terms.shape[1]), self.dtype)
        self._module.sums(np.ascontiguousarray(terms), plan.steps, registers)
        return np.asarray(registers[plan.result])

    def matmul(self, schedule: Schedule, a: Array, b: Array) -> Array:
        """The product of (..., n, k) and (..., k, m), leading dimensions as in the op ``matmul``; k is at least 2."""
        if b.ndim == 2:
            rows = self._product(schedule, a.reshape(-1, a.shape[-1]), b)
            return rows.reshape(*a.shape[:-1], b.shape[-1])
        lead = b.shape[:-2]
        many = np.broadcast_to(a, (*lead, *a.shape[-2:])).reshape(prod(lead), *a.shape[-2:])
        made = [self._product(schedule, x, y) for x, y in zip(many, b.reshape(prod(lead), *b.shape[-2:]))]
        return np.stack(made).reshape(*lead, a.shape[-2], b.shape[-1])

    def _product(self, schedule: Schedule, a: Array, b: Array) -> Array:
        """The product of two matrices; the loops' vectors run along the longer side, for products do not mind their order."""
        if b.shape[1] < a.shape[0]:
            return np.ascontiguousarray(self._product(schedule, b.T, a.T).T)
        plan, b = program(schedule, a.shape[1]), np.ascontiguousarray(b)
        parts = [self._rows(plan, np.ascontiguousarray(a[i : i + _ROWS]), b, schedule.fused) for i in range(0, len(a), _ROWS)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _rows(self, plan: Program, a: Array, b: Array, fused: bool) -> Array:
        registers = np.empty((plan.registers, len(a), b.shape[1]), self.dtype)
        self._module.products(a, b, plan.steps, registers, fused)
        return np.asarray(registers[plan.result])


def reductions(
    schedule: Schedule,
    kernels: Kernels,
    mul: Callable[[Array, Array], Array],
    extreme: Kernels,
) -> Mapping[str, Callable[..., Array]]:
    """The overrides of a domain: its sums, maxima and matrix products.

    Args:
        schedule: the order.
        kernels: whose ``add``, ``mul`` and ``fma`` are the domain's.
        mul: the domain's product, for sums of one.
        extreme: whose ``add`` is the domain's maximum.
    """

    def matmul(a: Array, b: Array) -> Array:
        return mul(a, b) if a.shape[-1] == 1 else kernels.matmul(schedule, a, b)

    return {"matmul": matmul, "max": _over_axes(schedule, extreme), "sum": _over_axes(schedule, kernels)}


def _over_axes(schedule: Schedule, kernels: Kernels) -> Callable[..., Array]:
    """The sum of rows as a reduction over axes, several of them in C order."""

    def reduced(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        rows, shape = _rows(x, axis, keepdims)
        return kernels.sum(schedule, rows).reshape(shape)

    return reduced


def _rows(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[Array, tuple[int, ...]]:
    """The terms of a reduction as rows, and the shape of its result."""
    listed = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = sorted(a % x.ndim for a in listed)
    others = [i for i in range(x.ndim) if i not in axes]
    terms = x.transpose(*axes, *others).reshape(prod(x.shape[i] for i in axes), -1)
    return terms, tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
