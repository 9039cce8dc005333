"""Operations of the processor that numpy lacks or does otherwise, as ufuncs: fused multiply-add, minimum and maximum."""

from __future__ import annotations

from typing import Any

import numba
from numba.core import types
from numba.extending import intrinsic

_TWO, _THREE = (numba.float32(*[numba.float32] * operands) for operands in (2, 3))


@intrinsic  # type: ignore[untyped-decorator]
def llvm_fma(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
    """llvm.fma: the instruction where the processor has it, else a call of the C library's fmaf."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@numba.vectorize([_THREE], cache=True)  # type: ignore[untyped-decorator]
def fma(x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    return llvm_fma(x, y, z)


@numba.vectorize([_TWO], cache=True)  # type: ignore[untyped-decorator]
def maximum(x: Any, y: Any) -> Any:
    """The larger; +0 of opposite zeros, a NaN where there is one (numpy.maximum may give either zero)."""
    if x == y:
        return x + y if x == 0 else x
    return x if x > y or x != x else y


@numba.vectorize([_TWO], cache=True)  # type: ignore[untyped-decorator]
def minimum(x: Any, y: Any) -> Any:
    """The smaller; -0 of opposite zeros, a NaN where there is one."""
    if x == y:
        return -(-x - y) if x == 0 else x
    return x if x < y or x != x else y
