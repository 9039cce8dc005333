"""Rounding to odd, which SMT-LIB does not have, is proved by its definition over the directions that it has.

Let u, d and z be SMT-LIB's result upward, downward and toward zero. Where u and d are equal numbers the result is exact, and the
code is that of z. Elsewhere the code is odd and its number is u or d: the neighbour with an odd significand. Beyond the
largest finite number the neighbours are that number, which is odd, and infinity. NaNs are the canonical one.

Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.core.rounding import Rounding
from fpsem.smt.theorem import Run, Theorem, as_number, as_words, code_symbols, code_term, is_number, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS

SPECIFICATIONS = {
    "add": z3.fpAdd,
    "sub": z3.fpSub,
    "mul": z3.fpMul,
    "div": z3.fpDiv,
    "sqrt": z3.fpSqrt,
    "fma": z3.fpFMA,
}


def _negation(name: str, operation: str) -> Any:
    f, ours, theirs = format_named(name), OPERATIONS[operation], SPECIFICATIONS[operation]
    codes = code_symbols(f, ours.operands)
    code = code_term(f, ours.algorithm(f, Attributes(Rounding.TO_ODD), *as_words(ours.width(f), codes))[0])
    numbers = [as_number(f, x) for x in codes]
    up, down, cut = (theirs(direction(), *numbers) for direction in (z3.RTP, z3.RTN, z3.RTZ))
    number = as_number(f, code)
    odd = z3.And(z3.Extract(0, 0, code) == 1, z3.Or(number == up, number == down))
    return z3.Not(z3.If(z3.Or(z3.fpIsNaN(cut), z3.fpEQ(up, down)), is_number(f, code, cut), odd))


PLAN = (
    Run("toy8", cases=("add", "sub", "mul", "div", "sqrt")),
    Run("e5m2", cases=("mul", "div")),
    Run("e5m2", fast=False, cases=("fma",)),
    Run("binary16", fast=False, cases=("add", "sub", "sqrt")),
)

THEOREM = Theorem(
    "a result rounded to odd equals fp.add, fp.mul, ... toward zero if exact, else the odd one of upward and downward",
    planned(PLAN, _negation),
)
