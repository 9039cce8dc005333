"""The softfloat addition, the very function that numba compiles, is SMT-LIB's fp.add for every pair of operands.

For round-to-nearest-even: the code is that of fp.add's number, zeros with their sign, and the canonical NaN where fp.add
gives NaN (SMT-LIB has one NaN, so nothing is said about payloads). Subtraction follows: it is addition with the sign of the
second operand flipped. Bitwuzla decides binary32 (all 2**64 pairs) in minutes; z3 decides the 16-bit formats in seconds, and
bitwuzla confirms them.
"""

import z3

from fpsem.smt.theorem import Theorem, smtlib_goals
from fpsem.softfloat import add

PLAN = {
    "binary16": ("z3", True),
    "bfloat16": ("z3", True),
    "binary32": ("bitwuzla", False),
}

THEOREM = Theorem(
    "softfloat.add equals fp.add in nearest-even for all pairs of operands",
    smtlib_goals(PLAN, add.add, add.width, z3.fpAdd, 2),
)
