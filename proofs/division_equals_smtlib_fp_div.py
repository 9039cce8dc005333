"""The softfloat division, the very function that numba compiles, is SMT-LIB's fp.div for every pair of operands.

For round-to-nearest-even, in the formats listed: the code is that of fp.div's number, zeros with their sign, and the canonical
NaN where fp.div gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).
"""

import z3

from fpsem.smt.theorem import Theorem, smtlib_goals
from fpsem.softfloat import divide

PLAN = {
    "e5m2": ("z3", True),
    "toy8": ("z3", True),
}

THEOREM = Theorem(
    "softfloat.div equals fp.div in nearest-even for every pair of operands",
    smtlib_goals(PLAN, divide.div, divide.width, z3.fpDiv, 2),
)
