"""x + y is x, to nearest even, when ``|y| <= ulp(x)/4``; and the exact condition, which is weaker.

ulp(x) is the distance from x to the next number away from zero: ``2**(e - p + 1)``, e being x's exponent and emin for subnormal
numbers. Away from zero y is lost when it is less than half an ulp, and at half an ulp when x is even. Toward zero the same holds
but where x is a power of two: its neighbour there is half as far, so half of all that, and x is even. At and below the smallest
normal number that neighbour is not nearer. "quarter" is the sufficient condition, "exactly" the necessary and sufficient one.

For every finite x but zero, and every finite y. ``4|y|`` is exact, or overflows, and then it is no less than any ulp.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.theorem import NEAREST, Run, Theorem, as_number, code_symbols, is_finite, planned


def _ulp(f: Format, code: Any) -> Any:
    """The code of ulp(x): exponent field less p - 1; where that is not positive, a subnormal power of two."""
    field = z3.LShR(code & f.magnitude_mask, f.fraction_bits)
    one = z3.BitVecVal(1, f.width)
    subnormal = z3.If(field == 0, one, one << (field - 1))
    return z3.If(z3.UGT(field, f.fraction_bits), (field - f.fraction_bits) << f.fraction_bits, subnormal)


def _exactly(f: Format, code: Any, inward: Any, ulp: Any, twice: Any) -> Any:
    """The condition under which y, given 2|y| and whether it points from x toward zero, is lost."""
    half = z3.Or(z3.fpLT(twice, ulp), z3.And(code & 1 == 0, z3.fpEQ(twice, ulp)))
    nearer = z3.And(inward, code & f.fraction_mask == 0, z3.UGT(code & f.magnitude_mask, f.min_normal))
    return z3.If(nearer, z3.fpLEQ(NEAREST.add(twice, twice), ulp), half)


def _negation(name: str, case: str, times: int = 4) -> Any:
    """Case: "quarter" or "exactly". The lemma is of four times |y|; others are for seeing it fail."""
    f = format_named(name)
    code, added = code_symbols(f, 2)
    x, y, ulp = as_number(f, code), as_number(f, added), as_number(f, _ulp(f, code))
    lost, given = NEAREST.add(x, y) == x, z3.And(is_finite(x, y), z3.Not(z3.fpIsZero(x)))
    if case == "quarter":
        scaled = NEAREST.mul(z3.FPVal(times, x.sort()), z3.fpAbs(y))
        return z3.And(given, z3.fpLEQ(scaled, ulp), z3.Not(lost))
    twice = NEAREST.add(z3.fpAbs(y), z3.fpAbs(y))
    return z3.And(given, _exactly(f, code, z3.fpIsNegative(x) != z3.fpIsNegative(y), ulp, twice) != lost)


CASES = ("quarter", "exactly")
PLAN = (
    Run("toy6", cases=CASES),
    Run("bfloat16", cases=CASES),
    Run("binary16", cases=CASES),
    Run("binary32", cases=CASES),
    Run("binary64", fast=False, cases=CASES),
    Run("binary32", "bitwuzla", fast=False, cases=CASES),
)

THEOREM = Theorem(
    "x equals fp.add(x, y) for every x but zero and every y of at most a quarter of x's ulp; and the exact condition",
    planned(PLAN, _negation),
)
