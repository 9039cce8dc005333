"""Addition, multiplication and the factors of a fused multiply-add may be swapped: the same number, or NaN both times.

For every pair or triple of operands, infinities and NaN too, zeros with their sign, to nearest even. SMT-LIB has one NaN: of
which payload is passed on nothing is said.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import NEAREST, Run, Theorem, as_number, code_symbols, planned

SIDES = {
    "add": lambda x, y, z: (NEAREST.add(x, y), NEAREST.add(y, x)),
    "mul": lambda x, y, z: (NEAREST.mul(x, y), NEAREST.mul(y, x)),
    "fma": lambda x, y, z: (NEAREST.fma(x, y, z), NEAREST.fma(y, x, z)),
}


def _negation(name: str, case: str) -> Any:
    """Case: one of ``SIDES``."""
    f = format_named(name)
    left, right = SIDES[case](*(as_number(f, code) for code in code_symbols(f, 3)))
    return z3.Not(left == right)


PLAN = (
    Run("toy6", cases=tuple(SIDES)),
    Run("bfloat16", cases=("add", "mul")),
    Run("binary16", cases=("add", "mul")),
    Run("binary32", cases=("add", "mul")),
    Run("binary32", "bitwuzla", fast=False, cases=tuple(SIDES)),
)

THEOREM = Theorem(
    "fp.add(x, y) equals fp.add(y, x) for all operands, and so do fp.mul and the factors of fp.fma",
    planned(PLAN, _negation),
)
