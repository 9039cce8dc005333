"""A second oracle: MPFR, in gmpy2's context of binary32, for values and flags.

Its known differences: it has no ties away and one NaN, quiet; and it raises underflow for exact subnormal results too, so that
its flag counts together with inexact only. It detects tininess after rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem.softfloat import Flag, arithmetic
from fpsem.testing.operands import columns

gmpy2 = pytest.importorskip("gmpy2", reason="gmpy2 is not installed: there is no second oracle")

DIRECTIONS = {
    "nearest_even": gmpy2.RoundToNearest,
    "toward_zero": gmpy2.RoundToZero,
    "upward": gmpy2.RoundUp,
    "downward": gmpy2.RoundDown,
}
OPERATIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda c, x, y: c.add(x, y)),
    "sub": (2, lambda c, x, y: c.sub(x, y)),
    "mul": (2, lambda c, x, y: c.mul(x, y)),
    "div": (2, lambda c, x, y: c.div(x, y)),
    "fma": (3, lambda c, x, y, z: c.fma(x, y, z)),
    "sqrt": (1, lambda c, x: c.sqrt(x)),
}
F32 = arithmetic("binary32")


def number(code: int) -> Any:
    return gmpy2.mpfr(float(np.uint32(code).view(np.float32)))


def read(value: Any) -> int:
    """The code of a result; the canonical NaN for NaN."""
    if gmpy2.is_nan(value):
        return 0x7FC00000
    return int(np.float32(float(value)).view(np.uint32))


def raised(context: Any) -> Flag:
    flags = Flag(0)
    for name, flag in (("inexact", Flag.INEXACT), ("overflow", Flag.OVERFLOW), ("invalid", Flag.INVALID)):
        flags |= flag if getattr(context, name) else Flag(0)
    flags |= Flag.DIVIDE_BY_ZERO if context.divzero else Flag(0)
    return flags | (Flag.UNDERFLOW if context.underflow and context.inexact else Flag(0))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_flags_are_those_of_mpfr(name: str, direction: str) -> None:
    arity, compute = OPERATIONS[name]
    operands = columns(arity, 1_500, seed=11, limit=2_500)
    quiet = np.all([(x & 0x7FFFFFFF) <= 0x7F800000 for x in operands], axis=0)  # MPFR has no signaling NaN
    operands = tuple(x[quiet] for x in operands)
    codes, flags = getattr(F32, name)(*operands, rounding=direction, with_flags=True)
    rows = [[number(code) for code in row] for row in zip(*(x.tolist() for x in operands))]
    with gmpy2.context(gmpy2.ieee(32), round=DIRECTIONS[direction]) as context:
        for place, row in enumerate(rows):
            context.clear_flags()
            expected = read(compute(context, *row))
            assert (int(codes[place]), Flag(int(flags[place]))) == (expected, raised(context)), row
