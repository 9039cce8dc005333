"""The softfloat comparisons are SMT-LIB's fp.eq, fp.lt, fp.leq and "a NaN among them", for every pair of operands.

Whether a comparison signals shows in its flags only, so the quiet and the signaling ones have the same specification here.
SMT-LIB has no flags: nothing is said about them.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import Run, Theorem, as_number, as_words, code_symbols, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.compare import width
from fpsem.softfloat.operations import OPERATIONS

SPECIFICATIONS = {
    "equal": z3.fpEQ,
    "equal_signaling": z3.fpEQ,
    "less": z3.fpLT,
    "less_quiet": z3.fpLT,
    "less_equal": z3.fpLEQ,
    "less_equal_quiet": z3.fpLEQ,
    "unordered": lambda x, y: z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y)),
}


def _negation(name: str, operation: str) -> Any:
    f = format_named(name)
    codes = code_symbols(f, 2)
    truth = OPERATIONS[operation].algorithm(f, Attributes(), *as_words(width(f), codes))[0].term
    return truth != SPECIFICATIONS[operation](*(as_number(f, code) for code in codes))


PLAN = (
    Run("binary32", cases=tuple(SPECIFICATIONS)),
    Run("binary64", cases=tuple(SPECIFICATIONS)),
    Run("binary32", "bitwuzla", fast=False, cases=tuple(SPECIFICATIONS)),
)

THEOREM = Theorem(
    "softfloat's comparison equals fp.eq, fp.lt, fp.leq or unorderedness for every pair of operands",
    planned(PLAN, _negation),
)
