"""The softfloat conversion between formats is SMT-LIB's fp.to_fp for every operand.

For the formats and directions listed, narrowing and widening: the code is that of fp.to_fp's number, zeros with their sign, and
the canonical NaN of the target for every NaN. Widening is exact; its five directions are proved alike.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, as_words, code_symbols, code_term, is_number, planned
from fpsem.softfloat import convert
from fpsem.softfloat.attributes import Attributes


def _negation(name: str, case: str) -> Any:
    """Case: "to", a format, a direction."""
    _, target, direction = case.split()
    f, to = format_named(name), format_named(target)
    rounding, theirs = DIRECTIONS[direction]
    (code,) = code_symbols(f, 1)
    result = code_term(to, convert.convert(f, to, Attributes(rounding), *as_words(convert.width(f, to), [code]))[0])
    wanted = z3.fpToFP(theirs(), as_number(f, code), as_number(to, result).sort())
    return z3.Not(is_number(to, result, wanted))


def _to(*formats: str) -> tuple[str, ...]:
    return tuple(f"to {to} {direction}" for to in formats for direction in DIRECTIONS)


PLAN = (
    Run("binary32", cases=_to("binary16", "bfloat16")),
    Run("binary32", cases=_to("binary64")),
    Run("binary16", cases=_to("binary32", "bfloat16")),
    Run("bfloat16", cases=_to("binary32", "binary16")),
    Run("binary64", cases=_to("binary32")),
    Run("binary32", "bitwuzla", fast=False, cases=_to("binary16", "binary64")),
)

THEOREM = Theorem("softfloat.convert equals fp.to_fp for every operand", planned(PLAN, _negation))
