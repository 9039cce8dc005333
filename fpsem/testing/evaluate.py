"""Words as arrays of numpy: a program run instruction by instruction over whole arrays, without a compiler.

A program of 64-bit words that numba would take a second to compile runs at once here, some twenty times slower than compiled;
that pays where many attributes are tried on some thousands of operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.softfloat.words.program import Program, record

WIDTH = 64


def _leading_zeros(x: Array) -> Array:
    count, rest = np.full(x.shape, WIDTH, np.uint64), x.copy()
    for step in (32, 16, 8, 4, 2, 1):
        high = rest >> np.uint64(step)
        found = high != 0
        count = np.where(found, count - np.uint64(step), count)
        rest = np.where(found, high, rest)
    return np.asarray(count - rest)


_MEANING: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.floor_divide,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "shift_left": np.left_shift,
    "shift_right": np.right_shift,
    "count_leading_zeros": _leading_zeros,
    "less": np.less,
    "signed_less": lambda x, y: np.less(x.view(np.int64), y.view(np.int64)),
    "equal": np.equal,
    "all": np.logical_and,
    "any": np.logical_or,
    "not": np.logical_not,
    "select": np.where,
    "double_add": np.add,
    "double_sub": np.subtract,
    "double_mul": np.multiply,
    "double_div": np.divide,
    "double_sqrt": np.sqrt,
    "double_less": np.less,
    "double_equal": np.equal,
    "double_select": np.where,
    "bits": lambda x: x.view(np.uint64),
    "double": lambda x: x.view(np.float64),
    "widen": lambda x: x.astype(np.uint32).view(np.float32).astype(np.float64),
    "narrow": lambda x: x.astype(np.float32).view(np.uint32).astype(np.uint64),
}


def _extended(x: Array) -> Array:
    """As uint64, signed integers extended."""
    return np.asarray(x.astype(np.int64 if x.dtype.kind == "i" else np.uint64).view(np.uint64))


def evaluate(algorithm: Callable[..., Any], *operands: Array) -> tuple[Array, ...]:
    """The results of an algorithm of words, over arrays.

    Args:
        algorithm: takes a word for each operand, gives a tuple of words and truths.
        operands: arrays of integers of one shape; signed ones are extended.
    """
    return run(record(lambda *words: tuple(algorithm(*words)), len(operands), WIDTH), *operands)


def run(program: Program, *operands: Array) -> tuple[Array, ...]:
    """The results of a program of 64-bit words, over arrays of one shape."""
    shape = operands[0].shape
    values: dict[int, Array] = {}
    for index, step in program.live():
        if step.operation == "constant":
            values[index] = np.full(1, step.value, np.uint64)
        elif step.operation == "parameter":
            values[index] = _extended(operands[step.value])
        else:
            with np.errstate(all="ignore"):
                values[index] = _MEANING[step.operation](*(values[i] for i in step.arguments))
    return tuple(np.broadcast_to(values[index], shape) for index in program.results)
