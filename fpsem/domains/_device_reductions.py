"""Sums, maxima, matrix products, softmax and layer norm on a device: shapes arranged for the kernels of ``fpsem/kernels``.

A kernel works on terms (n, m), the terms of sum j in column j. What this module does: bring operands into that shape, hand over
the schedule's program with room for its registers, and bring results back. Bits are those of the ops' derived meaning.

Readable twin: ``fpsem/domains/_scheduled.py``, which does the same for compiled loops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.core.reduction import by_matrices, rows
from fpsem.core.schedule import Lanes, Schedule, Sequential, WarpTree
from fpsem.domains._kernels import device_named, source_of
from fpsem.domains._scheduled import program

Axes = int | tuple[int, ...] | None
_WARP = 32


@dataclass(frozen=True)
class Reductions:
    """The overrides of a domain on a device.

    Args:
        device: its name.
        schedule: the order of sums.
        exp: the domain's exponential.
        constant: embeds one number, which the domain rounds.
    """

    device: str
    schedule: Schedule
    exp: Callable[[Array], Array]
    constant: Callable[[Any], np.float32]

    @property
    def by_op(self) -> Mapping[str, Callable[..., Array]]:
        """By op name."""
        return {
            "layer_norm": self.layer_norm,
            "matmul": self.matmul,
            "max": self.max,
            "softmax": self.softmax,
            "sum": self.sum,
        }

    # -- ops -----------------------------------------------------------------------------------------------------

    def sum(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """The sum along axes, several of them in C order."""
        terms, shape = self._terms(x, axis, keepdims)
        return self.column_sums(terms).reshape(shape)

    def column_sums(self, terms: Array) -> Array:
        """The sums of the columns of (n, m), by a kernel made for the schedule where there is one."""
        n, m = terms.shape
        if isinstance(self.schedule, Sequential):
            return self._columns("float32_sum_sequential_kernel", terms)
        if isinstance(self.schedule, (Lanes, WarpTree)) and is_warp(self.schedule, n):
            order = np.uint64(self.schedule.width), np.uint64(isinstance(self.schedule, Lanes))
            return self._columns("float32_sum_warp_kernel", terms, *order, threads=_WARP)
        out = self._empty(m)
        self._launch("reduce", "float32_sum_kernel", m, out, terms, *self._program(n, m))
        return out

    def max(self, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
        """The maximum along axes."""
        terms, shape = self._terms(x, axis, keepdims)
        return self._columns("float32_max_kernel", terms).reshape(shape)

    def matmul(self, a: Array, b: Array) -> Array:
        """The product of (..., n, k) and (..., k, m), leading dimensions as in the op ``matmul``."""
        return by_matrices(self._product, a, b, device_named(self.device).arrays)

    def softmax(self, x: Array, *, axis: int) -> Array:
        """exp(x - max) over its sum."""
        terms, _ = self._terms(x, axis, True)
        n, m = terms.shape
        shifted, out = self._empty(n, m), self._empty(n, m)
        self._launch("softmax", "float32_softmax_shift_kernel", m, shifted, terms, np.uint64(n))
        weights = self.exp(shifted)
        self._launch("softmax", "float32_softmax_divide_kernel", m, out, weights, np.uint64(n), *self._program(n, m))
        return self._back(out, x.shape, (axis % x.ndim,))

    def layer_norm(
        self,
        x: Array,
        weight: Array | None = None,
        bias: Array | None = None,
        *,
        normalized_shape: tuple[int, ...],
        eps: float,
    ) -> Array:
        """(x - mean) / sqrt(variance + eps), times the weight, plus the bias."""
        axes = tuple(range(x.ndim - len(normalized_shape), x.ndim))
        terms, _ = self._terms(x, axes, True)
        n, m = terms.shape
        out, squares = self._empty(n, m), self._empty(n, m)
        given = [out if t is None else self._held(t) for t in (weight, bias)]
        told = [np.uint64(t is not None) for t in (weight, bias)]
        numbers = np.uint64(n), self.constant(n), self.constant(eps)
        parts = (out, terms, *given, *numbers, *told, *self._program(n, m), squares)
        self._launch("layer_norm", "float32_layer_norm_kernel", m, *parts)
        return self._back(out, x.shape, axes)

    # -- kernels -------------------------------------------------------------------------------------------------

    def _product(self, a: Array, b: Array) -> Array:
        """The product of two matrices."""
        (n, k), m = a.shape, b.shape[1]
        out, fused = self._empty(n, m), np.uint64(self.schedule.fused)
        operands = out, self._held(a), self._held(b), np.uint64(k), np.uint64(m), fused
        if isinstance(self.schedule, Sequential):
            self._launch("matmul", "float32_matmul_sequential_kernel", n * m, *operands)
        else:
            self._launch("matmul", "float32_matmul_kernel", n * m, *operands, *self._program(k, n * m))
        return out

    def _columns(self, kernel: str, terms: Array, *numbers: np.uint64, threads: int = 1) -> Array:
        """A kernel of reduce.cu over columns, so many threads for each."""
        (n, m), device = terms.shape, device_named(self.device)
        out = self._empty(m)
        device.launch(source_of("reduce"), kernel, threads * m, np.uint64(m), out, terms, np.uint64(n), *numbers)
        return out

    def _program(self, n: int, columns: int) -> tuple[Any, ...]:
        """The program of a sum of n terms as a kernel takes it: steps, program, and registers for so many sums."""
        if n < 2:
            return np.uint64(0), self._empty(1), self._empty(1)
        steps, registers = _on(self.device, self.schedule, n)
        return np.uint64(len(steps)), steps, self._empty(registers, columns)

    def _launch(self, file: str, kernel: str, elements: int, *arguments: Any) -> None:
        device_named(self.device).launch(source_of(file), kernel, elements, np.uint64(elements), *arguments)

    # -- arrays --------------------------------------------------------------------------------------------------

    def _empty(self, *shape: int) -> Array:
        return device_named(self.device).arrays.empty(shape, np.float32)  # type: ignore[no-any-return]

    def _held(self, x: Array) -> Array:
        arrays = device_named(self.device).arrays
        return arrays.ascontiguousarray(arrays.asarray(x))  # type: ignore[no-any-return]

    def _terms(self, x: Array, axis: Axes, keepdims: bool) -> tuple[Array, tuple[int, ...]]:
        """The terms of a reduction as rows, and the shape of its result."""
        terms, shape = rows(x, axis, keepdims)
        return self._held(terms), shape

    def _back(self, terms: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
        """Terms as rows in the shape that they came from."""
        order = [*axes, *(i for i in range(len(shape)) if i not in axes)]
        return terms.reshape(tuple(shape[i] for i in order)).transpose(*np.argsort(order).tolist())


def is_warp(schedule: Schedule, n: int) -> bool:
    """Whether a sum of n terms in this schedule is one that a warp's lanes and shuffles compute."""
    if not isinstance(schedule, (Lanes, WarpTree)):
        return False
    width = schedule.width
    return width <= min(_WARP, n) and width & (width - 1) == 0


@lru_cache(maxsize=64)
def _on(device: str, schedule: Schedule, n: int) -> tuple[Any, int]:
    """The program of a sum of n terms on the device, and how many registers it needs."""
    plan = program(schedule, n)
    return device_named(device).arrays.asarray(np.ascontiguousarray(plan.steps)), plan.registers
