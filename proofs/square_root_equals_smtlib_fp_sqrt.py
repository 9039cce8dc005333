"""The softfloat square root, the very function that numba compiles, is SMT-LIB's fp.sqrt for every operand.

For round-to-nearest-even, in the formats listed: the code is that of fp.sqrt's number, zeros with their sign, and the canonical
NaN where fp.sqrt gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).
"""

import z3

from fpsem.smt.theorem import Theorem, smtlib_goals
from fpsem.softfloat import square_root

PLAN = {
    "toy8": ("z3", True),
    "bfloat16": ("z3", True),
    "binary16": ("z3", True),
}

THEOREM = Theorem(
    "softfloat.sqrt equals fp.sqrt in nearest-even for every operand",
    smtlib_goals(PLAN, square_root.sqrt, square_root.width, z3.fpSqrt, 1),
)
