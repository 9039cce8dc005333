"""The softfloat remainder is SMT-LIB's fp.rem for every pair of operands.

For the formats listed: the code is that of fp.rem's number, zeros with their sign, and the canonical NaN where fp.rem gives NaN.
The remainder is exact, so there is no direction.

In a word wide enough these formats need one step of the long division; binary32 in machine words needs several. Words of the bits
named are so narrow that the same algorithm takes two steps (toy6 with 11 bits, toy8 with 17) or four (toy8 with 14). That a step
is right in every format is argued in the algorithm's docstring; at binary32 nothing is asked of a solver.
"""

from typing import Any

import z3

from fpsem.smt.theorem import Run, Theorem, equals_smtlib, planned
from fpsem.softfloat import remainder


def _negation(name: str, case: str) -> Any:
    """Case: "exact", in a word for one step, or "exact in words of ... bits"."""
    width = remainder.width if case == "exact" else lambda _: int(case.split()[-2])
    return equals_smtlib(name, remainder.remainder, width, lambda _, x, y: z3.fpRem(x, y), 2)


PLAN = (
    Run("toy6", cases=("exact",)),
    Run("toy8", cases=("exact",)),
    Run("toy6", cases=("exact in words of 11 bits",)),
    Run("toy8", fast=False, cases=("exact in words of 17 bits", "exact in words of 14 bits")),
)

THEOREM = Theorem("softfloat.remainder equals fp.rem for every pair of operands", planned(PLAN, _negation))
