"""Operations that numba has no plain Python for, as LLVM instructions, for emitted kernels.

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
    """x where the truth holds, else y, both uint64 or both float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    return x(types.boolean, x, x), generate


@intrinsic  # type: ignore[untyped-decorator]
def bits(typing_context: Any, x: Any) -> Any:
    """The code of a float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.uint64(types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def double(typing_context: Any, x: Any) -> Any:
    """The float64 of a code."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def widen(typing_context: Any, x: Any) -> Any:
    """The float64 of a binary32 code in a uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        single = builder.bitcast(builder.trunc(arguments[0], ir.IntType(32)), ir.FloatType())
        return builder.fpext(single, ir.DoubleType())

    return types.float64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def narrow(typing_context: Any, x: Any) -> Any:
    """The binary32 code of a float64, rounded to nearest even, in a uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        single = builder.bitcast(builder.fptrunc(arguments[0], ir.FloatType()), ir.IntType(32))
        return builder.zext(single, ir.IntType(64))

    return types.uint64(types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def square_root(typing_context: Any, x: Any) -> Any:
    """llvm.sqrt of a float64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        root = builder.module.declare_intrinsic("llvm.sqrt", [ir.DoubleType()])
        return builder.call(root, arguments)

    return types.float64(types.float64), generate
