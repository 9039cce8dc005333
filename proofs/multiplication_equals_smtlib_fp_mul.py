"""The softfloat multiplication, the very function that numba compiles, is SMT-LIB's fp.mul for every pair of operands.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.mul's number, zeros with their sign, and
the canonical NaN where fp.mul gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).

At binary16 z3 was not done in one minute, bitwuzla not in two: that two multipliers agree is hard. For binary16 and binary32
``multiplication_rounds_its_integer_product`` proves all but the integer product.
"""

import z3

from fpsem.smt.theorem import Run, Theorem, smtlib_goals
from fpsem.softfloat import multiply

PLAN = (
    Run("e5m2"),
    Run("toy8"),
    Run("toy8", "bitwuzla", fast=False),
    Run("e5m2", "bitwuzla", fast=False),
    Run("bfloat16", "bitwuzla", fast=False, cases=("RNE", "RTP", "RTZ")),
)

THEOREM = Theorem(
    "softfloat.mul equals fp.mul in every direction of SMT-LIB for all pairs of operands",
    smtlib_goals(PLAN, multiply.mul, multiply.width, z3.fpMul, 2),
)
