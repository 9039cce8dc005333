"""The trusted base: what fpsem runs on and does not check, each with what rests on it.

A fault in one of these could make a claim hold that is false, or a result wrong that no check sees. What is only used to find
things, and whose answers are checked afterwards, is not here: a solver's counterexamples are replayed, attacks are run.
"""

from __future__ import annotations

from typing import NamedTuple


class Trusted(NamedTuple):
    """Something that is not checked.

    Args:
        name: what.
        rests: what would be wrong if it were.
        narrowed: what makes less rest on it; empty where nothing does.
    """

    name: str
    rests: str
    narrowed: str = ""


TRUSTED: tuple[Trusted, ...] = (
    Trusted(
        "the Python interpreter and its integers",
        "everything; the exact meaning of rounding (core.exact) on integers of any length",
    ),
    Trusted(
        "numpy",
        "the shape work of every domain; NumPyFloat32; the float64 ends of Interval and ErrorBound",
        "NumPyFloat32 is compared with IEEE32Exec, and the intervals with Real",
    ),
    Trusted(
        "numba and LLVM",
        "IEEE32Exec's loops: what was proved over bit-vectors is what the compiled loop computes",
        "the loops are compared with exact results on every operand of 8-bit formats, and with the processor",
    ),
    Trusted(
        "the printer of words to numba and CUDA C",
        "as for the compilers: one line for each word operation (softfloat.words)",
        "as for the compilers",
    ),
    Trusted(
        "the processor's binary32 and binary64 arithmetic, and its fma",
        "NumPyFloat32; the ends of Interval and ErrorBound, rounded outward by error-free transformations in binary64",
        "binary32 is compared with IEEE32Exec, whose arithmetic is on integers; binary64 is not",
    ),
    Trusted(
        "BLAS",
        "whatever is bounded from the library's float64 matrix product: that it is conventional (blas-products-are-conventional)",
    ),
    Trusted(
        "the GPU, its driver, nvcc and NVRTC",
        "CuPyFloat32 on a GPU (cuda-arithmetic-is-ieee, gpu-runs-the-kernels-as-the-cpu-build-does)",
        "where there is a GPU, ieee32-equals-kernels runs on it",
    ),
    Trusted(
        "the system's C compiler and C library",
        "CuPyFloat32 on the CPU; erf of NumPyFloat32",
        "the kernels are compared with IEEE32Exec",
    ),
    Trusted(
        "z3 and bitwuzla, and their readings of SMT-LIB",
        "the PROVED claims, and every Proved verdict of prove",
        "some goals are proved by both; a Refuted verdict is replayed bit for bit",
    ),
    Trusted(
        "Arb and FLINT",
        "Real; the ranges of elementary functions in Interval and ErrorBound; brackets of the reference that sweeps compare with",
        "SymbolicReal evaluates to Real, by another library",
    ),
    Trusted(
        "sympy and mpmath",
        "SymbolicReal: its formulas and their simplification",
        "formulas are compared with Real at rational points",
    ),
    Trusted(
        "the theorems behind the rules",
        "ErrorBound's rules and Interval's: they are argued in their sources and tested, not machine-checked",
        "IEEE32Exec and Real are compared with them on primitives, random graphs and every op",
    ),
    Trusted(
        "Hypothesis and pytest",
        "that tests ran: they draw cases and report failures; no claim of this ledger rests on them",
    ),
)
"""What is trusted, the widest first."""
