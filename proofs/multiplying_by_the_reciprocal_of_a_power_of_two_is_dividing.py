"""x * (1/c) is x / c for every x, infinities, NaN and subnormal results too, when c is a power of two whose reciprocal is finite.

For every such c of either sign, subnormal ones too, to nearest even: 1/c is then exact, so both sides round the same number once.
The reciprocal of a c below the format's smallest normal power may overflow; of those nothing is said.

For c = 3 it is false, with a witness at every format: 1/3 is rounded, and then the product again.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.theorem import NEAREST, Run, Theorem, as_number, code_symbols, is_finite, planned, witnesses


def _is_power_of_two(f: Format, code: Any) -> Any:
    """One bit is set of the significand: none of a normal number's fraction, one of a subnormal's."""
    magnitude = code & f.magnitude_mask
    one_bit = z3.And(magnitude != 0, magnitude & (magnitude - 1) == 0)
    return z3.If(z3.UGE(magnitude, f.min_normal), code & f.fraction_mask == 0, one_bit)


def _sides(of: Any, x: Any, c: Any, one: Any) -> tuple[Any, Any]:
    return of.mul(x, of.div(one, c)), of.div(x, c)


def _negation(name: str, case: str, of_c: Any = _is_power_of_two) -> Any:
    """Case: "c = 2**k"; another condition on c is for seeing it fail."""
    f = format_named(name)
    x, c = code_symbols(f, 2)
    one = z3.FPVal(1.0, as_number(f, c).sort())
    left, right = _sides(NEAREST, as_number(f, x), as_number(f, c), one)
    return z3.And(of_c(f, c), is_finite(as_number(f, c), NEAREST.div(one, as_number(f, c))), z3.Not(left == right))


def _x_three_and_one(f: Format) -> tuple[int | None, int, int]:
    """3 is 1.5 * 2: one above 1 in the field of the exponent, and the first bit of the fraction."""
    one = f.bias << f.fraction_bits
    return None, one + f.implicit_bit + f.implicit_bit // 2, one


FORMATS = ("toy6", "bfloat16", "binary16", "binary32")
PLAN = (
    *(Run(name, cases=("c = 2**k",)) for name in FORMATS),
    Run("binary32", "bitwuzla", fast=False, cases=("c = 2**k",)),
)
FAILS = tuple(Run(name, cases=("c = 3 fails",)) for name in FORMATS)

THEOREM = Theorem(
    "fp.mul by 1/c equals fp.div by c for every x when c is a power of two with a finite reciprocal, and not when c is 3",
    planned(PLAN, _negation) + witnesses(FAILS, {"c = 3 fails": _sides}, _x_three_and_one),
)
