"""Operations of the processor that numpy lacks or does otherwise, as ufuncs: fused multiply-add, minimum and maximum.

And, for compiled loops, eight running sums of machine floats in one vector.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_LANES = 8
_TWO, _THREE = (numba.float32(*[numba.float32] * operands) for operands in (2, 3))


@intrinsic  # type: ignore[untyped-decorator]
def llvm_fma(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
    """llvm.fma: the instruction where the processor has it, else a call of the C library's fmaf."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def eight_lanes(typing_context: Any, x: Any, start: Any, stop: Any) -> Any:
    """Eight running sums over x[start:stop], whose length is a multiple of 8, joined as ((0+1)+(2+3))+((4+5)+(6+7)): one
    vector, which LLVM would not find by itself in numba's loops."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        scalar = context.get_value_type(x.dtype)
        vector, bytes_each = ir.VectorType(scalar, _LANES), x.dtype.bitwidth // 8
        data = context.make_array(x)(context, builder, arguments[0]).data

        def load(index: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(data, [index]), vector.as_pointer()), align=bytes_each)

        entry, loop, after = builder.block, builder.append_basic_block("lanes"), builder.append_basic_block("joined")
        step = ir.Constant(ir.IntType(64), _LANES)
        first, second = load(arguments[1]), builder.add(arguments[1], step)
        builder.cbranch(builder.icmp_signed("<", second, arguments[2]), loop, after)
        builder.position_at_end(loop)
        index, sums = builder.phi(ir.IntType(64)), builder.phi(vector)
        added, following = builder.fadd(sums, load(index)), builder.add(index, step)
        index.add_incoming(second, entry)
        sums.add_incoming(first, entry)
        index.add_incoming(following, loop)
        sums.add_incoming(added, loop)
        builder.cbranch(builder.icmp_signed("<", following, arguments[2]), loop, after)
        builder.position_at_end(after)
        total = builder.phi(vector)
        total.add_incoming(first, entry)
        total.add_incoming(added, loop)
        parts = [builder.extract_element(total, ir.Constant(ir.IntType(32), i)) for i in range(_LANES)]
        while len(parts) > 1:
            parts = [builder.fadd(left, right) for left, right in zip(parts[::2], parts[1::2])]
        return parts[0]

    return x.dtype(x, types.int64, types.int64), generate


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
