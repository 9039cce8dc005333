"""Words as the integers of CUDA C: programs printed as functions of scalars, and as kernels over arrays.

What is printed is C99 but for the words of CUDA, which ``target.h`` takes away on a CPU: one source compiles with nvcc, NVRTC,
and a compiler of C or C++. It holds unsigned integers of 64 bits, doubles, and no branch; a choice is a conditional expression
whose arms are values. No shift by 64 or more and no division by 0 is printed, since the algorithms have none (see
words/word.py).

Nothing here runs the code: ``c_compiler.py`` does so on the CPU.

Source: ISO/IEC 9899:1999 clauses 6.2.5 (unsigned arithmetic wraps) and 6.3.1.3 (conversions to unsigned types wrap); the
conversion to a signed type, which C leaves to the compiler, wraps in gcc, clang and nvcc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fpsem.softfloat.words.program import DOUBLES, TRUTHS_OF_DOUBLES, Instruction, Program

WIDTH = 64

Dtypes = tuple[np.dtype[Any], ...]

_PRINTED: Mapping[str, str] = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "and": "{} & {}",
    "or": "{} | {}",
    "xor": "{} ^ {}",
    "shift_left": "{} << {}",
    "shift_right": "{} >> {}",
    "count_leading_zeros": "fpsem_count_leading_zeros({})",
    "less": "{} < {}",
    "signed_less": "(int64_t){} < (int64_t){}",
    "equal": "{} == {}",
    "all": "{} & {}",
    "any": "{} | {}",
    "not": "!{}",
    "select": "{} ? {} : {}",
    "double_add": "fpsem_add({}, {})",
    "double_sub": "fpsem_sub({}, {})",
    "double_mul": "fpsem_mul({}, {})",
    "double_div": "fpsem_div({}, {})",
    "double_sqrt": "fpsem_sqrt({})",
    "double_less": "{} < {}",
    "double_equal": "{} == {}",
    "double_select": "{} ? {} : {}",
    "bits": "fpsem_bits({})",
    "double": "fpsem_double({})",
    "widen": "fpsem_widen({})",
    "narrow": "fpsem_narrow({})",
}

_TRUTHS = frozenset({"less", "signed_less", "equal", "all", "any", "not"}) | TRUTHS_OF_DOUBLES
"""The operations that give truths."""



@dataclass(frozen=True)
class Function:
    """A program with what C needs to know of it.

    Args:
        name: a C identifier.
        program: of words of 64 bits.
        operands: dtype of each operand, unsigned or signed; signed ones are extended.
        results: dtype of each result; bool for truths.
        about: lines of a comment that says what it computes.

    Raises:
        ValueError: for a name that is no identifier, or dtypes that do not fit the program.
    """

    name: str
    program: Program
    operands: Dtypes
    results: Dtypes
    about: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z]\w*", self.name, re.ASCII):
            raise ValueError(f"{self.name!r} is no name of a C function")
        if self.program.width != WIDTH:
            raise ValueError(f"{self.name}: C is printed for words of {WIDTH} bits, not of {self.program.width}")
        given, needed = (len(self.operands), len(self.results)), (self.program.parameters, len(self.program.results))
        if given != needed:
            raise ValueError(f"{self.name}: dtypes of (operands, results) number {given}; the program has {needed}")

    @property
    def kernel(self) -> str:
        """The name of its kernel."""
        return f"{self.name}_kernel"


def emit_function(f: Function) -> str:
    """``result name(a0, a1, ...)`` of scalars; results after the first are stored by pointers that come last."""
    operands = [f"{c_type(dtype)} a{i}" for i, dtype in enumerate(f.operands)]
    pointers = [f"{c_type(dtype)} *out{i}" for i, dtype in enumerate(f.results) if i]
    head = f"static __host__ __device__ inline {c_type(f.results[0])} {f.name}({', '.join([*operands, *pointers])})"
    body = [f"{_type(step)} v{i} = {_print(step, f.program)};" for i, step in f.program.live() if step.operation != "constant"]
    results = [_result(f.program, i, dtype) for i, dtype in zip(f.program.results, f.results)]
    stores = [f"*out{i} = {result};" for i, result in enumerate(results) if i]
    lines = [*(f"const {line}" for line in body), *stores, f"return {results[0]};"]
    return "\n".join([*_comment(f.about), head, "{", *(f"    {line}" for line in lines), "}"]) + "\n"


def emit_kernel(f: Function) -> str:
    """``void name_kernel(n, out0, ..., a0, ...)`` of arrays of n elements: a grid-stride loop, for any grid of one dimension.

    An output may be an operand's own array, and may not overlap it otherwise.
    """
    outs = [f"{c_type(dtype)} *out{i}" for i, dtype in enumerate(f.results)]
    operands = [f"const {c_type(dtype)} *a{i}" for i, dtype in enumerate(f.operands)]
    passed = [*(f"a{i}[i]" for i in range(len(operands))), *(f"&out{i}[i]" for i in range(1, len(outs)))]
    return "\n".join([
        f"FPSEM_EXPORT __global__ void {f.kernel}({', '.join(['uint64_t n', *outs, *operands])})",
        "{",
        "    for (uint64_t i = FPSEM_FIRST; i < n; i += FPSEM_STRIDE)",
        f"        out0[i] = {f.name}({', '.join(passed)});",
        "}",
    ]) + "\n"  # fmt: skip


def emit_module(functions: Sequence[Function], about: Sequence[str] = ()) -> str:
    """A whole file: a comment, ``target.h`` (and ``double.h`` where there are doubles), then each function and its kernel.

    It needs no other file of ours.

    Args:
        functions: of different names.
        about: lines of the comment that opens the file.

    Raises:
        ValueError: for two functions of one name.
    """
    names = [f.name for f in functions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two functions have the name {twice[0]!r}")
    doubles = any(step.operation in DOUBLES for f in functions for _, step in f.program.live())
    headers = [_header(name) for name in ("target.h", "double.h")[: 2 if doubles else 1]]
    opening = "\n".join(_comment(about))
    return "\n".join([opening, *headers, *(text for f in functions for text in (emit_function(f), emit_kernel(f)))])


def _header(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def c_type(dtype: np.dtype[Any]) -> str:
    """The C type of an element: bool, or an integer of 8, 16, 32 or 64 bits. Raises ValueError for another."""
    if dtype.kind not in "bui":
        raise ValueError(f"C is printed for integers and truths, not for {dtype}")
    return "bool" if dtype.kind == "b" else f"{dtype.name}_t"


def _comment(lines: Sequence[str]) -> list[str]:
    return [f"{'/*' if i == 0 else ' *'} {line}".rstrip() for i, line in enumerate(lines)] + ([" */"] if lines else [])


def _type(step: Instruction) -> str:
    if step.operation in DOUBLES:
        return "double"
    return "bool" if step.operation in _TRUTHS else "uint64_t"


def _print(step: Instruction, program: Program) -> str:
    if step.operation == "parameter":
        return f"(uint64_t)a{step.value}"
    return _PRINTED[step.operation].format(*(_reference(program, i) for i in step.arguments))


def _result(program: Program, index: int, dtype: np.dtype[Any]) -> str:
    is_truth = program.instructions[index].operation in _TRUTHS
    return _reference(program, index) if is_truth and dtype.kind == "b" else f"({c_type(dtype)}){_reference(program, index)}"


def _reference(program: Program, index: int) -> str:
    step = program.instructions[index]
    return f"UINT64_C({step.value:#x})" if step.operation == "constant" else f"v{index}"
