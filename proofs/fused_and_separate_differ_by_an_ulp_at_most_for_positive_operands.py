"""fma(a, b, c) and a * b + c, rounded twice: for positive operands their codes differ by one at most, and differ somewhere.

To nearest even. "positive": for all finite operands that are positive or zero, subnormal ones too, the codes are equal or
neighbours; both results may be infinite, or one the largest number. "from 1/2 to 2": for operands in that box, which solvers
decide much faster. "differ": a witness at every format, so a compiler that contracts changes bits.

Nothing is said about a sum that cancels: there a rounded product may leave no digit of the fused result.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import NEAREST, Run, Theorem, as_number, code_symbols, is_finite, planned, witnesses


def _sides(of: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    return of.fma(a, b, c), of.add(of.mul(a, b), c)


def _negation(name: str, case: str, apart: int = 1) -> Any:
    """Case: "positive" or "from 1/2 to 2". For seeing it fail: "any sign", or codes none apart."""
    f = format_named(name)
    *codes, fused, separate = code_symbols(f, 5)
    numbers = [as_number(f, code) for code in codes]
    half, two = (z3.FPVal(end, numbers[0].sort()) for end in (0.5, 2.0))
    within = [z3.fpIsPositive(x) for x in numbers if case != "any sign"]
    within += [z3.And(z3.fpLEQ(half, x), z3.fpLEQ(x, two)) for x in numbers if case == "from 1/2 to 2"]
    sides = [as_number(f, code) == side for code, side in zip((fused, separate), _sides(NEAREST, *numbers))]
    near = [fused - separate == k for k in range(-apart, apart + 1)]
    return z3.And(is_finite(*numbers), *within, *sides, z3.Not(z3.Or(*near)))


PLAN = (
    Run("toy6", cases=("positive",)),
    Run("toy8", fast=False, cases=("positive",)),
    Run("bfloat16", fast=False, cases=("from 1/2 to 2",)),
    Run("bfloat16", "bitwuzla", fast=False, cases=("positive",)),
    Run("binary16", "bitwuzla", fast=False, cases=("positive",)),
    Run("binary32", "bitwuzla", fast=False, cases=("from 1/2 to 2", "positive")),
)
DIFFER = tuple(Run(name, cases=("differ",)) for name in ("toy6", "bfloat16", "binary16", "binary32"))

THEOREM = Theorem(
    "not always fp.fma equals fp.add of fp.mul, but for positive operands their codes differ by one at most",
    planned(PLAN, _negation) + witnesses(DIFFER, {"differ": _sides}, lambda f: (None, None, None)),
)
