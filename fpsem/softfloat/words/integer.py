"""Words as Python integers: slow, readable, of any width, and strict: a shift or division that no machine defines raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def _signed(x: int, width: int) -> int:
    return x - (1 << width) if x >> (width - 1) else x


def _shift(x: int, amount: int, width: int, left: bool) -> int:
    if amount >= width:
        raise ValueError(f"a word of {width} bits is shifted by {amount}")
    return x << amount if left else x >> amount


def _quiet(f: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on numpy's numbers without its warnings: infinities and NaNs are results here."""

    def operation(width: int, *terms: Any) -> Any:
        with np.errstate(all="ignore"):
            return f(width, *terms)

    return operation


_MEANING: Mapping[str, Callable[..., Any]] = {
    "add": lambda w, x, y: x + y,
    "sub": lambda w, x, y: x - y,
    "mul": lambda w, x, y: x * y,
    "div": lambda w, x, y: x // y,
    "and": lambda w, x, y: x & y,
    "or": lambda w, x, y: x | y,
    "xor": lambda w, x, y: x ^ y,
    "shift_left": lambda w, x, y: _shift(x, y, w, left=True),
    "shift_right": lambda w, x, y: _shift(x, y, w, left=False),
    "count_leading_zeros": lambda w, x: w - x.bit_length(),
    "less": lambda w, x, y: x < y,
    "signed_less": lambda w, x, y: _signed(x, w) < _signed(y, w),
    "equal": lambda w, x, y: x == y,
    "all": lambda w, x, y: x and y,
    "any": lambda w, x, y: x or y,
    "not": lambda w, x: not x,
    "select": lambda w, t, x, y: x if t else y,
    "double_add": _quiet(lambda w, x, y: x + y),
    "double_sub": _quiet(lambda w, x, y: x - y),
    "double_mul": _quiet(lambda w, x, y: x * y),
    "double_div": _quiet(lambda w, x, y: x / y),
    "double_sqrt": _quiet(lambda w, x: np.sqrt(x)),
    "double_less": lambda w, x, y: bool(x < y),
    "double_equal": lambda w, x, y: bool(x == y),
    "double_select": lambda w, t, x, y: x if t else y,
    "bits": lambda w, x: int(x.view(np.uint64)),
    "double": lambda w, x: np.uint64(x).view(np.float64),
    "widen": lambda w, x: np.float64(np.uint32(x).view(np.float32)),
    "narrow": _quiet(lambda w, x: int(np.float32(x).view(np.uint32))),
}


class IntegerMachine:
    """Terms are ints below 2**width, and bools; binary64 numbers are numpy's.

    Args:
        width: bits of a word.
    """

    def __init__(self, width: int) -> None:
        self.width = width

    def constant(self, value: int) -> int:
        return value & ((1 << self.width) - 1)

    def operate(self, name: str, *terms: Any) -> Any:
        result = _MEANING[name](self.width, *terms)
        return result if isinstance(result, bool | float) else self.constant(result)
