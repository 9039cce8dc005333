"""The softfloat minimum and maximum, in the three ways of the standard, are SMT-LIB's fp.min and fp.max for every two operands.

SMT-LIB gives the number where one operand is a NaN: so do ``minimum_number`` and ``maximum_number``. For ``minimum`` and
``maximum`` the specification is a NaN where one operand is; for ``min_num`` and ``max_num`` where one is signaling, which is said
of the bits.
SMT-LIB leaves open which zero fp.min and fp.max of zeros of opposite signs are: there the code is proved to be that
of -0 for the minima and of +0 for the maxima. A NaN result is the canonical one.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.theorem import Run, Theorem, as_number, as_words, code_symbols, code_term, is_number, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.compare import width
from fpsem.softfloat.operations import OPERATIONS

CASES = ("minimum", "maximum", "minimum_number", "maximum_number", "min_num", "max_num")


def _signaling(f: Format, code: Any) -> Any:
    return z3.And(z3.fpIsNaN(as_number(f, code)), z3.Extract(f.fraction_bits - 1, f.fraction_bits - 1, code) == 0)


def _negation(name: str, operation: str) -> Any:
    f = format_named(name)
    codes = code_symbols(f, 2)
    result = code_term(f, OPERATIONS[operation].algorithm(f, Attributes(), *as_words(width(f), codes))[0])
    x, y = (as_number(f, code) for code in codes)
    least = operation.startswith("min")
    nan = z3.BoolVal(False)
    if operation in ("minimum", "maximum"):
        nan = z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y))
    if operation in ("min_num", "max_num"):
        nan = z3.Or(*(_signaling(f, code) for code in codes))
    wanted = z3.If(nan, z3.fpNaN(x.sort()), (z3.fpMin if least else z3.fpMax)(x, y))
    opposite = z3.And(z3.fpIsZero(x), z3.fpIsZero(y), codes[0] != codes[1])
    zero = z3.BitVecVal(f.sign_mask if least else 0, f.width)
    return z3.Not(z3.If(opposite, result == zero, is_number(f, result, wanted)))


PLAN = (
    Run("binary32", cases=CASES),
    Run("binary64", cases=CASES),
    Run("binary32", "bitwuzla", fast=False, cases=CASES),
)

THEOREM = Theorem(
    "softfloat's extreme of two numbers equals fp.min or fp.max for every pair of operands, with -0 below +0",
    planned(PLAN, _negation),
)
