"""The processor's fused multiply-add as a numpy ufunc: LLVM's fma on binary32."""

from __future__ import annotations

from typing import Any

import numba
from numba.core import types
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator]
def _llvm_fma(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
    """llvm.fma: the instruction where the processor has it, else a call of the C library's fmaf."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@numba.vectorize([numba.float32(numba.float32, numba.float32, numba.float32)], cache=True)  # type: ignore[untyped-decorator]
def fma(x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    return _llvm_fma(x, y, z)
