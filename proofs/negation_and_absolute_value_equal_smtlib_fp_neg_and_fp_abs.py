"""The softfloat negation and absolute value are SMT-LIB's fp.neg and fp.abs for every operand, and touch the sign bit only.

SMT-LIB has one NaN without a sign. That the sign of a NaN too is flipped or cleared, and its payload kept, as the standard's
clause 5.5.1 says, is proved of the bits.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import Run, Theorem, as_number, as_words, code_symbols, code_term, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.compare import width
from fpsem.softfloat.operations import OPERATIONS


def _negation(name: str, operation: str) -> Any:
    f = format_named(name)
    (code,) = code_symbols(f, 1)
    result = code_term(f, OPERATIONS[operation].algorithm(f, Attributes(), *as_words(width(f), [code]))[0])
    bits, wanted = (code ^ f.sign_mask, z3.fpNeg) if operation == "neg" else (code & f.magnitude_mask, z3.fpAbs)
    return z3.Not(z3.And(result == bits, as_number(f, result) == wanted(as_number(f, code))))


CASES = ("neg", "abs")
PLAN = (
    Run("binary32", cases=CASES),
    Run("binary64", cases=CASES),
    Run("binary32", "bitwuzla", fast=False, cases=CASES),
)

THEOREM = Theorem(
    "softfloat's neg and abs: each equals fp.neg or fp.abs for every operand, and changes the sign bit only",
    planned(PLAN, _negation),
)
