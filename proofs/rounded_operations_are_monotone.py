"""Rounding is monotone, and with it addition, multiplication and the fused multiply-add: greater operands, no smaller results.

"round" and a direction: for a <= b of a wider sort, fp.to_fp of a is at most that of b, infinities too. To nearest even, for all
finite operands with a <= b: "add": a + c <= b + c. "mul": a * c <= b * c where c is not negative (negating c turns it round).
"fma addend": c * d + a <= c * d + b. "fma factor": a * c + d <= b * c + d where c is not negative.

At binary32 solvers were asked of rounding, from binary64. In that a product of two binary32 numbers is exact, so it follows that
multiplication is monotone at binary32. Addition is decided in formats of 16 bits and fewer: at binary32 bitwuzla was not done
in 60 seconds, nor in 90 for neighbouring a and b alone. Nor was it with multiplication at binary16. It calls its support of
toy8, e5m2 and bfloat16 experimental; z3 decides what it can of the same.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.exact import WIDER
from fpsem.smt.theorem import DIRECTIONS, NEAREST, Run, Theorem, as_number, code_symbols, is_finite, planned

ROUNDED_FROM = {**WIDER, "bfloat16": z3.Float32()}
"""The sort of the numbers that are rounded."""

RESULTS = {
    "add": lambda x, c, d: NEAREST.add(x, c),
    "mul": lambda x, c, d: NEAREST.mul(x, c),
    "fma addend": lambda x, c, d: NEAREST.fma(c, d, x),
    "fma factor": lambda x, c, d: NEAREST.fma(x, c, d),
}
"""What grows with x."""

NOT_NEGATIVE = ("mul", "fma factor")
"""The results that need a c that is not negative."""


def _rounding(name: str, direction: str) -> Any:
    sort = as_number(format_named(name), code_symbols(format_named(name), 1)[0]).sort()
    a, b = (z3.FP(symbol, ROUNDED_FROM[name]) for symbol in "ab")
    low, high = (z3.fpToFP(DIRECTIONS[direction][1](), x, sort) for x in (a, b))
    return z3.And(z3.fpLEQ(a, b), z3.Not(z3.fpLEQ(low, high)))


def _negation(name: str, case: str, not_negative: tuple[str, ...] = NOT_NEGATIVE) -> Any:
    """Case: "round" and a direction, or one of ``RESULTS``. Fewer that need a sign is for seeing it fail."""
    if case.startswith("round"):
        return _rounding(name, case.split()[1])
    f = format_named(name)
    a, b, c, d = (as_number(f, code) for code in code_symbols(f, 4))
    low, high = (RESULTS[case](x, c, d) for x in (a, b))
    signs = [z3.fpIsPositive(c)] if case in not_negative else []
    return z3.And(is_finite(a, b, c, d), z3.fpLEQ(a, b), *signs, z3.Not(z3.fpLEQ(low, high)))


ROUND = tuple(f"round {direction}" for direction in DIRECTIONS)
PLAN = (
    Run("toy6", cases=(*ROUND, "add", "mul", "fma addend")),
    Run("toy6", fast=False, cases=("fma factor",)),
    *(Run(name, cases=ROUND[:1]) for name in ("bfloat16", "binary16", "binary32")),
    Run("binary32", fast=False, cases=ROUND[1:]),
    Run("bfloat16", fast=False, cases=("add",)),
    Run("binary16", fast=False, cases=("add",)),
    Run("toy8", "bitwuzla", fast=False, cases=tuple(RESULTS)),
    Run("e5m2", "bitwuzla", fast=False, cases=tuple(RESULTS)),
    Run("bfloat16", "bitwuzla", fast=False, cases=("add", "mul")),
    Run("binary16", "bitwuzla", fast=False, cases=("add",)),
    Run("binary32", "bitwuzla", fast=False, cases=ROUND),
)

THEOREM = Theorem(
    "of a greater operand the result exceeds or equals fp.to_fp, fp.add, fp.fma or, by no negative factor, fp.mul of the less",
    planned(PLAN, _negation),
)
