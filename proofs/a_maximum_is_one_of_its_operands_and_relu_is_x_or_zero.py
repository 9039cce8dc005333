"""The maximum that runs is exact: its code is the code of one operand, and its number is no less than either.

Of softfloat's maximum, for every pair of operands but NaN, infinities too; of two zeros it is the positive one. relu(x), which is
maximum(x, +0), has the code of x when x is greater than zero, else that of +0, and it is the canonical NaN of every NaN, as is
the maximum. So both commit no rounding error. SMT-LIB leaves fp.max of opposite zeros open; here nothing is.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.theorem import Run, Theorem, as_number, as_words, code_symbols, code_term, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS


def _maximum(f: Format, *codes: Any) -> Any:
    ours = OPERATIONS["maximum"]
    return code_term(f, ours.algorithm(f, Attributes(), *as_words(ours.width(f), codes))[0])


def _negation(name: str, case: str) -> Any:
    """Case: "maximum" or "relu"."""
    f = format_named(name)
    a, b = code_symbols(f, 2)
    if case == "relu":
        zero = z3.BitVecVal(0, f.width)
        made, x = _maximum(f, a, zero), as_number(f, a)
        wanted = z3.If(z3.fpIsNaN(x), z3.BitVecVal(f.nan, f.width), z3.If(z3.fpGT(x, as_number(f, zero)), a, zero))
        return made != wanted
    made, x, y = _maximum(f, a, b), as_number(f, a), as_number(f, b)
    number, nan = as_number(f, made), z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y))
    greatest = z3.And(z3.Or(made == a, made == b), z3.fpGEQ(number, x), z3.fpGEQ(number, y))
    zeros = z3.Implies(z3.And(z3.fpIsZero(x), z3.fpIsZero(y)), made == a & b)
    return z3.Not(z3.If(nan, made == f.nan, z3.And(greatest, zeros)))


CASES = ("maximum", "relu")
PLAN = (
    *(Run(name, cases=CASES) for name in ("toy6", "bfloat16", "binary16", "binary32", "binary64")),
    Run("binary32", "bitwuzla", fast=False, cases=CASES),
)

THEOREM = Theorem(
    "softfloat.maximum equals fp.geq's greater operand code for code, so it is exact, and relu(x) is x or +0",
    planned(PLAN, _negation),
)
