"""In words of 64 bits, which numba compiles, an algorithm gives the same code as in words of its least width.

The other theorems are about words of the least width that the algorithm says it needs, which are the easiest for a solver. For
the formats and operations listed, for every operand, in nearest even: both give the same code. Division, square root, fused
multiply-add and remainder are decided in small formats only: at binary32 bitwuzla was not done in 25 seconds, and what is left is
the argument that no step exceeds the least width, so that the zeros above change nothing.
"""

from typing import Any

from fpsem.core.formats import format_named
from fpsem.smt.theorem import Run, Theorem, as_words, code_symbols, code_term, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS
from fpsem.softfloat.words.machine import WIDTH


def _negation(name: str, operation: str) -> Any:
    f, ours = format_named(name), OPERATIONS[operation]
    codes = code_symbols(f, ours.operands)
    words = (as_words(width, codes) for width in (ours.width(f), WIDTH))
    least, machine = (code_term(f, ours.algorithm(f, Attributes(), *given)[0]) for given in words)
    return least != machine


PLAN = (
    Run("toy8", cases=("mul", "div", "sqrt")),
    Run("binary16", cases=("add", "sub", "round_to_integral", "minimum")),
    Run("toy6", cases=("remainder",)),
    Run("toy6", fast=False, cases=("fma",)),
    Run("binary32", "bitwuzla", fast=False, cases=("add", "sub", "mul", "round_to_integral", "minimum")),
)

THEOREM = Theorem(
    "in words of 64 bits the code is the same as in words of the least width, which equals fp.add and the others",
    planned(PLAN, _negation),
)
