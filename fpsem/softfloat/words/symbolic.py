"""Words as z3 bit-vectors, so that a solver can prove theorems about the algorithm that the machine runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import z3

_MEANING: Mapping[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": z3.UDiv,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "shift_left": lambda x, y: x << y,
    "shift_right": z3.LShR,
    "less": z3.ULT,
    "signed_less": lambda x, y: x < y,
    "equal": lambda x, y: x == y,
    "all": z3.And,
    "any": z3.Or,
    "not": z3.Not,
    "select": z3.If,
}


class SymbolicMachine:
    """Terms are z3 bit-vectors of the width, and z3 Bools.

    Args:
        width: bits of a word; the fewer, the easier for the solver.
    """

    def __init__(self, width: int) -> None:
        self.width = width

    def constant(self, value: int) -> Any:
        return z3.BitVecVal(value, self.width)

    def operate(self, name: str, *terms: Any) -> Any:
        return self._leading_zeros(terms[0]) if name == "count_leading_zeros" else _MEANING[name](*terms)

    def _leading_zeros(self, x: Any) -> Any:
        """By halving: while the upper half of what is left is zero, count it and shift it out."""
        is_zero, count = x == 0, self.constant(0)
        step = 1 << (self.width - 1).bit_length() >> 1
        while step:
            empty = z3.ULT(x, self.constant(1 << (self.width - step)))
            x, count = z3.If(empty, x << step, x), z3.If(empty, count + step, count)
            step //= 2
        return z3.If(is_zero, self.constant(self.width), count)
