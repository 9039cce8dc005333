"""Scheduled sums and matrix products at the speed of compiled code: what ``fold`` and ``fold_products`` mean, bit for bit.

A schedule's tree becomes a short program over a few registers, each a vector; ``_loops`` runs it. Sums of many terms go row by
row, by loops that need no list of steps (``_run_loops``). Sums held in binary64 are the same loops over the machine's doubles.
The kernels of a kind of scalar are compiled once and kept on disk, each group of them when it is first needed.

Source: Sethi and Ullman, "The generation of optimal code for arithmetic expressions", 1970, for trees over registers.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.protocol import Array
from fpsem.core.schedule import (
    Blocked,
    Compensated,
    Lanes,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    Steps,
    WarpTree,
)
from fpsem.domains import _exact_loops, _loops, _run_loops

_HEADER = '''"""Emitted by fpsem.domains._scheduled: {name}."""

from math import ldexp
from typing import Any

import numba
import numpy as np

from fpsem.domains._exact_loops import BIAS, FRACTION, IMPLICIT, INFINITY, MAGNITUDE, POINT, SPARE, TOP
from fpsem.domains._loops import REGISTER_TERM, TERM_REGISTER, TERMS

{definitions}
SCALAR = numba.{scalar}
READ = numba.types.Array(SCALAR, 2, "C", readonly=True)
ROW = numba.types.Array(SCALAR, 1, "C", readonly=True)
PROGRAM = numba.types.Array(numba.uint64, 2, "C", readonly=True)
ENDS = numba.types.Array(numba.int64, 1, "C", readonly=True)
'''

_LOOP = """

@numba.njit({signature}cache=True, nogil=True, error_model="numpy")
{source}"""

_GROUPS: Mapping[str, tuple[Any, Mapping[str, str]]] = {
    "sums": (_loops, {"sums": "void(READ, PROGRAM, SCALAR[:, ::1])"}),
    "products": (_loops, {"step_of_products": "", "products": "void(READ, READ, PROGRAM, SCALAR[:, :, ::1], numba.boolean)"}),
    "chained": (
        _loops,
        {
            "step_of_products": "",
            "are_a_chain": "",
            "fused_chain": "",
            "separate_chain": "",
            "chained_products": "void(READ, READ, PROGRAM, SCALAR[:, :, ::1], numba.boolean)",
        },
    ),
    "compensated": (
        _loops,
        {
            "compensated_sums": "void(READ, SCALAR[::1], SCALAR[::1])",
            "compensated_products": "void(READ, READ, READ, SCALAR[:, ::1], SCALAR[:, ::1])",
        },
    ),
    "rows": (
        _run_loops,
        {
            "chain": "",
            "eight": "",
            "numpy_leaf": "",
            "numpys": "SCALAR(ROW, numba.int64[::1], SCALAR[::1])",
            "halves": "SCALAR(ROW, numba.int64, numba.int64[::1], SCALAR[::1])",
            "runs": "void(ROW, ENDS, SCALAR[::1])",
            "lanes": "void(ROW, SCALAR[::1])",
        },
    ),
    "exact": (
        _exact_loops,
        {
            "place": "",
            "carried": "",
            "rounded_to_odd": "",
            "settled": "",
            "exact_sums": "void(READ, numba.float64, numba.int64[::1], numba.float64[::1])",
            "exact_products": "void(READ, READ, numba.float64, numba.int64[::1], numba.float64[:, ::1])",
        },
    ),
}
"""The loops that are compiled together: where they are written, and the types of each; none for what is part of others."""

_ROWS, _COLUMNS = 32, 512
"""Of a product, what is worked on at a time, so that its registers stay near."""

_LONG, _MANY = 32, 1 << 16
"""A sum goes row by row where it has so many times more terms than there are sums, or so many that a list of steps is long."""


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
        definitions: Python source that defines ``add`` of scalars for numba; ``mul`` and ``fma`` for products, and ``sub`` for
            compensated sums.
        own: the names of loops that the definitions define too, in a faster way.
        chained: whether products go eight steps of a chain at a time, which pays where memory is slower than arithmetic.
        ordered: whether the order of two operands decides which NaN a result is.
    """

    name: str
    dtype: np.dtype[Any]
    definitions: str
    own: tuple[str, ...] = ()
    chained: bool = False
    ordered: bool = False

    def module(self, group: str) -> Any:
        """A group of loops, compiled."""
        return _load(self, group)

    def sum(self, schedule: Schedule, terms: Array) -> Array:
        """The sum of the rows of (n, m), in the order of the schedule."""
        n, m = terms.shape
        if n < 2:
            return np.array(terms[0])
        if isinstance(schedule, Compensated):
            running, errors = np.empty((2, m), self.dtype)
            self.module("compensated").compensated_sums(np.ascontiguousarray(terms), running, errors)
            return np.asarray(running)
        if isinstance(schedule, _KNOWN_ROWS) and (n >= _LONG * m or n > _MANY):
            return np.array([self._row(schedule, row) for row in np.ascontiguousarray(terms.T)], self.dtype)
        return self._columns(schedule, terms)

    def _columns(self, schedule: Schedule, terms: Array) -> Array:
        """Step by step, each over all sums."""
        plan = program(schedule, len(terms))
        registers = np.empty((plan.registers, terms.shape[1]), self.dtype)
        self.module("sums").sums(np.ascontiguousarray(terms), plan.steps, registers)
        return np.asarray(registers[plan.result])

    def _row(self, schedule: Schedule, row: Array) -> Any:
        """One sum of many terms."""
        loops, n = self.module("rows"), len(row)
        rest, held = np.zeros(64, np.int64), np.empty(64, self.dtype)
        match schedule:
            case Reverse():
                return self._runs(np.ascontiguousarray(row[::-1]), [n])[0]
            case Pairwise(leaf=leaf):
                return loops.halves(row, leaf, rest, held)
            case NumPyPairwise():
                return loops.numpys(row, rest, held)
            case Lanes(width=width) | WarpTree(width=width):
                parts = np.empty(min(width, n), self.dtype)
                loops.lanes(row, parts)
                return self._columns(schedule, parts[:, None])[0] if len(parts) > 1 else parts[0]
            case Blocked() | SplitK():
                return self._row(Sequential(), self._runs(row, schedule.runs(n)))
            case _:
                return self._runs(row, [n])[0]

    def _runs(self, row: Array, ends: list[int]) -> Array:
        """The sums of runs of a row, each in sequence."""
        sums = np.empty(len(ends), self.dtype)
        self.module("rows").runs(row, np.array(ends, np.int64), sums)
        return sums

    def product(self, schedule: Schedule, a: Array, b: Array, threads: int = 1) -> Array:
        """The product of two matrices, tile by tile, some at a time where there are threads: each entry is one thread's.

        The loops' vectors run along the longer side, for products do not mind the order of factors but where it decides a NaN.
        """
        if b.shape[1] < a.shape[0] and not self.ordered:
            return np.ascontiguousarray(self.product(schedule, b.T, a.T, threads).T)
        plan, made = program(schedule, a.shape[1]), np.empty((len(a), b.shape[1]), self.dtype)
        rows = {i: np.ascontiguousarray(a[i : i + _ROWS]) for i in range(0, len(a), _ROWS)}
        panels = {j: np.ascontiguousarray(b[:, j : j + _COLUMNS]) for j in range(0, b.shape[1], _COLUMNS)}

        def tile(place: tuple[int, int]) -> None:
            i, j = place
            made[i : i + _ROWS, j : j + _COLUMNS] = self._tile(plan, rows[i], panels[j], schedule.fused)

        places = [(i, j) for j in panels for i in rows]
        if threads == 1 or len(places) == 1:
            for place in places:
                tile(place)
        else:
            with ThreadPoolExecutor(min(threads, len(places))) as pool:
                list(pool.map(tile, places))
        return made

    def _tile(self, plan: Program, a: Array, b: Array, fused: bool) -> Array:
        registers = np.empty((plan.registers, len(a), b.shape[1]), self.dtype)
        loop = self.module("chained").chained_products if self.chained else self.module("products").products
        loop(a, b, plan.steps, registers, fused)
        return np.asarray(registers[plan.result])

    def compensated_product(self, a: Array, b: Array, minus_a: Array) -> Array:
        """The product of two matrices, with the errors of sums and products."""
        running, excess = np.empty((2, len(a), b.shape[1]), self.dtype)
        operands = (np.ascontiguousarray(x) for x in (a, b, minus_a))
        self.module("compensated").compensated_products(*operands, running, excess)
        return np.asarray(running)


_KNOWN_ROWS = (Sequential, Reverse, Pairwise, Lanes, WarpTree, Blocked, SplitK, NumPyPairwise)
"""The schedules of which ``_row`` knows the order."""


@cache
def _load(kernels: Kernels, group: str) -> Any:
    from fpsem.softfloat.words.machine import load_module  # numba takes half a second to import

    home, loops = _GROUPS[group]
    hardware = hashlib.sha256(Path(__file__).with_name("_hardware.py").read_bytes()).hexdigest()  # part of what is compiled
    text = _HEADER.format(name=f"{kernels.name} over {hardware[:16]}", scalar=kernels.dtype, definitions=kernels.definitions)
    for name, types in ((name, types) for name, types in loops.items() if name not in kernels.own):
        signature = f"[{types}], ".replace("[void", "[numba.void") if types else "forceinline=True, "
        text += _LOOP.format(signature=signature, source=inspect.getsource(getattr(home, name)))
    return load_module(f"{kernels.name}_{group}", text)


FLOATS = """
from fpsem.domains._hardware import eight_lanes


@numba.njit(forceinline=True, error_model="numpy")
def eight(x, start, n):
    whole = start + n - n % 8
    total = eight_lanes(x, start, whole)
    for i in range(whole, start + n):
        total = total + x[i]
    return total


@numba.njit(forceinline=True)
def add(x, y):
    return x + y


@numba.njit(forceinline=True)
def sub(x, y):
    return x - y
"""
"""For machine floats: ``add``, ``sub`` and the loop ``eight``."""
