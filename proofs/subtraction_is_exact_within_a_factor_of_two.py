"""Sterbenz's lemma: x - y is exact when x and y have one sign and neither is more than twice the other.

For every such pair of finite operands, subnormal ones too; doubling is exact, or overflows to what is not exceeded anyway.

Source: Sterbenz, "Floating-Point Computation", 1974; Muller et al., "Handbook of Floating-Point Arithmetic", 2018, chapter 4.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import NEAREST, Run, Theorem, as_number, code_symbols, differ_exactly, is_finite, planned


def _negation(name: str, case: str, factor: float = 2.0) -> Any:
    """Case: "exact". The lemma is of the factor 2; others are for seeing it fail."""
    f = format_named(name)
    x, y = (as_number(f, code) for code in code_symbols(f, 2))
    times = z3.FPVal(factor, x.sort())
    near = [z3.fpLEQ(z3.fpAbs(a), NEAREST.mul(times, z3.fpAbs(b))) for a, b in ((x, y), (y, x))]
    one_sign = z3.fpIsNegative(x) == z3.fpIsNegative(y)
    return z3.And(is_finite(x, y), one_sign, *near, z3.Not(differ_exactly(x, y)))


PLAN = (
    Run("toy6", cases=("exact",)),
    Run("bfloat16", cases=("exact",)),
    Run("binary16", cases=("exact",)),
    Run("binary32", cases=("exact",)),
    Run("binary64", fast=False, cases=("exact",)),
    Run("binary32", "bitwuzla", fast=False, cases=("exact",)),
)

THEOREM = Theorem(
    "fp.sub upward equals fp.sub downward, so it is exact, for numbers of one sign, neither more than twice the other",
    planned(PLAN, _negation),
)
