"""The softfloat fused multiply-add, the very function that numba compiles, is SMT-LIB's fp.fma for every triple of operands.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.fma's number, zeros with their sign, and
the canonical NaN where fp.fma gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).

For binary16 and binary32 ``fused_multiply_add_rounds_its_exact_sum`` proves all but the integer product: that two multipliers
agree is hard for a solver.
"""

import z3

from fpsem.smt.theorem import Run, Theorem, smtlib_goals
from fpsem.softfloat import fused

PLAN = (
    Run("e5m2", cases=("RNE", "RTZ")),
    Run("e5m2", fast=False, cases=("RNA", "RTP", "RTN")),
    Run("toy8", fast=False),
    Run("toy8", "bitwuzla", fast=False, cases=("RNE", "RTP")),
)

THEOREM = Theorem(
    "softfloat.fma equals fp.fma in every direction of SMT-LIB for every triple of operands",
    smtlib_goals(PLAN, fused.fma, fused.width, z3.fpFMA, 3),
)
