"""The softfloat subtraction, the very function that numba compiles, is SMT-LIB's fp.sub for every pair of operands.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.sub's number, zeros with their sign, and
the canonical NaN where fp.sub gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).

At binary32 and binary64 ("as addition") it is proved that ``sub(a, b)`` is ``add(a, neg(b))``, code for code, which is how
SMT-LIB and the standard relate fp.sub to fp.add: with the theorem of addition this is fp.sub at binary32.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_words, code_symbols, code_term, planned, smtlib_goals
from fpsem.softfloat import add
from fpsem.softfloat.attributes import Attributes


def _negation(name: str, case: str) -> Any:
    """Case: "as addition", a direction."""
    f, mode = format_named(name), Attributes(DIRECTIONS[case.split()[-1]][0])
    x, y = code_symbols(f, 2)
    difference = add.sub(f, mode, *as_words(add.width(f), [x, y]))[0]
    total = add.add(f, mode, *as_words(add.width(f), [x, y ^ f.sign_mask]))[0]
    return code_term(f, difference) != code_term(f, total)


CASES = tuple(f"as addition {direction}" for direction in DIRECTIONS)
PLAN = (
    Run("toy8"),
    Run("binary16", cases=("RNE",)),
    Run("binary16", fast=False, cases=tuple(DIRECTIONS)[1:]),
    Run("toy8", "bitwuzla", fast=False),
)
AS_ADDITION = (
    Run("binary32", cases=CASES),
    Run("binary64", cases=CASES),
)

THEOREM = Theorem(
    "softfloat.sub equals fp.sub in every direction of SMT-LIB for all pairs of operands",
    smtlib_goals(PLAN, add.sub, add.width, z3.fpSub, 2) + planned(AS_ADDITION, _negation),
)
