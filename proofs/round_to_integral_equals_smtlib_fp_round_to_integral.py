"""The softfloat round_to_integral is SMT-LIB's fp.roundToIntegral for every operand.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.roundToIntegral's number, zeros with
their sign, and the canonical NaN for every NaN. Nothing is said about flags.
"""

import z3

from fpsem.smt.theorem import Run, Theorem, smtlib_goals
from fpsem.softfloat import compare, integral

PLAN = (
    Run("binary16"),
    Run("binary32"),
    Run("binary32", "bitwuzla", fast=False),
)

THEOREM = Theorem(
    "softfloat.round_to_integral equals fp.roundToIntegral in every direction of SMT-LIB for every operand",
    smtlib_goals(PLAN, integral.round_to_integral, compare.width, z3.fpRoundToIntegral, 1),
)
