"""The softfloat addition, the very function that numba compiles, is SMT-LIB's fp.add for every pair of operands.

In the five directions that SMT-LIB has, for the formats listed: the code is that of fp.add's number, zeros with their sign, and
the canonical NaN where fp.add gives NaN (SMT-LIB has one NaN, so nothing is said about payloads).

At binary32 (all 2**64 pairs) z3 decides each direction in three cases, which together are all: operands of the same sign; of
opposite signs with exponent fields that differ by one at most ("near", where leading bits cancel); and the other ones ("far").
Bitwuzla decides nearest even in one piece.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.exact import sign_bit
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, code_symbols, equals_smtlib, planned, smtlib_goals
from fpsem.softfloat import add

STATEMENT = (add.add, add.width, z3.fpAdd, 2)


def _case(f: Format, name: str) -> Any:
    x, y = code_symbols(f, 2)
    same = sign_bit(f, x) == sign_bit(f, y)
    fields = (z3.ZeroExt(1, z3.Extract(f.width - 2, f.fraction_bits, code)) for code in (x, y))
    near = z3.ULE(next(fields) - next(fields) + 1, 2)
    cases = {"same": same, "near": z3.And(z3.Not(same), near), "far": z3.And(z3.Not(same), z3.Not(near))}
    return cases[name]


def _negation(name: str, case: str) -> Any:
    """Case: "same", "near" or "far", a direction."""
    which, direction = case.split()
    return z3.And(_case(format_named(name), which), equals_smtlib(name, *STATEMENT, direction=direction))


PLAN = (
    Run("binary16"),
    Run("bfloat16", fast=False),
    Run("toy8", "bitwuzla", fast=False),
    Run("binary16", "bitwuzla", fast=False, cases=("RNE",)),
    Run("binary32", "bitwuzla", fast=False, cases=("RNE",)),
)
SPLIT = (Run("binary32", fast=False, cases=tuple(f"{case} {d}" for d in DIRECTIONS for case in ("same", "near", "far"))),)

THEOREM = Theorem(
    "softfloat.add equals fp.add in every direction of SMT-LIB for all pairs of operands",
    smtlib_goals(PLAN, *STATEMENT) + planned(SPLIT, _negation),
)
