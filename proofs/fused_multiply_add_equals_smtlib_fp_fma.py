"""The softfloat fused multiply-add, the very function that numba compiles, is SMT-LIB's fp.fma for every triple of operands.

For round-to-nearest-even, in the formats listed: the code is that of fp.fma's number, zeros with their sign, and the canonical
NaN where fp.fma gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).
"""

import z3

from fpsem.smt.theorem import Theorem, smtlib_goals
from fpsem.softfloat import fused

PLAN = {
    "e5m2": ("z3", True),
    "toy8": ("z3", False),
}

THEOREM = Theorem(
    "softfloat.fma equals fp.fma in nearest-even for every triple of operands",
    smtlib_goals(PLAN, fused.fma, fused.width, z3.fpFMA, 3),
)
