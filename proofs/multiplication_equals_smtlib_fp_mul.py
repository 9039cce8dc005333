"""The softfloat multiplication, the very function that numba compiles, is SMT-LIB's fp.mul for every pair of operands.

For round-to-nearest-even, in the formats listed: the code is that of fp.mul's number, zeros with their sign, and the canonical
NaN where fp.mul gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).
"""

import z3

from fpsem.smt.theorem import Theorem, smtlib_goals
from fpsem.softfloat import multiply

PLAN = {
    "e5m2": ("z3", True),
    "toy8": ("z3", True),
    "bfloat16": ("bitwuzla", False),
}

THEOREM = Theorem(
    "softfloat.mul equals fp.mul in nearest-even for every pair of operands",
    smtlib_goals(PLAN, multiply.mul, multiply.width, z3.fpMul, 2),
)
