"""Two operations that numba has no plain Python for, as LLVM instructions, for emitted kernels.

``choose`` is a select and not a branch: LLVM moves computations into the arms of a branch and then cannot vectorise it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator]
def count_leading_zeros(typing_context: Any, x: Any) -> Any:
    """llvm.ctlz of a uint64, defined at 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def choose(typing_context: Any, truth: Any, x: Any, y: Any) -> Any:
    """x where the truth holds, else y, of uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return types.uint64(types.boolean, types.uint64, types.uint64), generate
