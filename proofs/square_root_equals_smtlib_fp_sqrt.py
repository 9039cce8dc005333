"""The softfloat square root, the very function that numba compiles, is SMT-LIB's fp.sqrt for every operand.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.sqrt's number, zeros with their sign, and
the canonical NaN where fp.sqrt gives NaN (SMT-LIB has one NaN, so nothing is said about payloads). The formats are of 16 bits
and fewer, and tf32, which has the exponents of binary32 and the precision of binary16.

At binary32 neither solver was done in a minute; there it is left to an argument. Before the place 2**k, R being the digits of the
root found so far, ``integer_square_root`` has ``root = R * 2**(k+2)`` and ``0 <= remainder = n - R**2 * 2**(k+2)``, which is less
than ``(2R + 1) * 2**(k+2)``. As ``trial = (4R + 1) * 2**k = ((2R + 1)**2 - (2R)**2) * 2**k``, the next digit is 1 if and only if
trial fits, and in both cases the same holds of the next place. At the end (k = -2) root is R, ``R**2 <= n < (R + 1)**2``, and the
remainder is not zero if and only if n is no square. The rest is the rounder's theorem, for 26 bits.
"""

import z3

from fpsem.smt.theorem import Run, Theorem, smtlib_goals
from fpsem.softfloat import square_root

PLAN = (
    Run("toy8"),
    Run("bfloat16"),
    Run("binary16"),
    Run("tf32", fast=False),
    Run("toy8", "bitwuzla", fast=False),
    Run("bfloat16", "bitwuzla", fast=False),
    Run("binary16", "bitwuzla", fast=False, cases=("RNE",)),
)

THEOREM = Theorem(
    "softfloat.sqrt equals fp.sqrt in every direction of SMT-LIB for every operand",
    smtlib_goals(PLAN, square_root.sqrt, square_root.width, z3.fpSqrt, 1),
)
