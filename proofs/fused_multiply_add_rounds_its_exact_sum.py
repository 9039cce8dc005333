"""The softfloat fused multiply-add is right whatever integer its one integer multiplication gives.

The word's multiplication is replaced by an arbitrary m of 2p bits, not zero unless a significand is. For all codes a, b, c and
all m the result is the rounding, in the direction named, of ``m * 2**e + c``, e being the sum of the exponents of the last places
of a and b; with infinities, zeros and NaNs as SMT-LIB's fp.add has them.

That sum is given in SMT-LIB by fp.add in a format of more than twice the precision (binary16 for toy6, binary32 for binary16,
binary64 for binary32), which holds ``m * 2**e`` and c exactly, and fp.to_fp. A directed rounding to the wider format, then in the
same direction to the narrower, is the directed rounding. To nearest, the sum is first rounded to odd (toward zero, the last bit
set where upward and downward differ), which with two more digits is innocuous (Boldo and Melquiond 2008).

What is left to an argument: that m is the product of the significands. Both are below 2**p, so their product is below 2**(2p) and
the word holds it exactly. ``fused_multiply_add_equals_smtlib_fp_fma`` has the whole of it by solver in small formats.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.exact import WIDER, AbstractMachine, exact_number, sign_bit, true_exponent
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, code_symbols, code_term, is_number, planned
from fpsem.softfloat import fused
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.words.word import Word


def _sum(sort: Any, direction: str, x: Any, y: Any) -> tuple[Any, Any]:
    """x + y in the sort, rounded so that a further rounding in the direction is the rounding of the sum; a condition."""
    if direction in ("RTP", "RTN", "RTZ"):
        return z3.fpAdd(DIRECTIONS[direction][1](), x, y), z3.BoolVal(True)
    up, down, cut = (z3.fpAdd(rounding(), x, y) for rounding in (z3.RTP, z3.RTN, z3.RTZ))
    bits = z3.BitVec("bits", sort.ebits() + sort.sbits())
    odd = z3.fpBVToFP(bits | 1, sort)
    return z3.If(z3.Or(z3.fpIsNaN(cut), z3.fpEQ(up, down)), cut, odd), z3.fpBVToFP(bits, sort) == cut


def _negation(name: str, direction: str) -> Any:
    f, sort = format_named(name), WIDER[name]
    rounding, theirs = DIRECTIONS[direction]
    width = fused.width(f)
    m = z3.BitVec("m", 2 * f.precision)

    def any_product(x: Any, y: Any) -> Any:
        return z3.If(z3.Or(x == 0, y == 0), z3.BitVecVal(0, width), z3.ZeroExt(width - m.size(), m))

    machine, codes = AbstractMachine(width, {"mul": any_product}), code_symbols(f, 3)
    words = (Word(machine, z3.ZeroExt(width - f.width, code)) for code in codes)
    result = code_term(f, fused.fma(f, Attributes(rounding), *words)[0])
    x, y, z = (as_number(f, code) for code in codes)
    sign, exponent = sign_bit(f, codes[0]) ^ sign_bit(f, codes[1]), true_exponent(f, codes[0]) + true_exponent(f, codes[1])
    infinite, zero = z3.Or(z3.fpIsInf(x), z3.fpIsInf(y)), z3.Or(z3.fpIsZero(x), z3.fpIsZero(y))
    nan = z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y), z3.And(infinite, zero))
    magnitude = z3.If(infinite, z3.fpPlusInfinity(sort), z3.fpPlusZero(sort))
    special = z3.If(nan, z3.fpNaN(sort), z3.If(sign == 1, z3.fpNeg(magnitude), magnitude))
    product = z3.If(z3.Or(nan, infinite, zero), special, exact_number(sort, sign, exponent, m))
    total, given = _sum(sort, direction, product, z3.fpToFP(z3.RNE(), z, sort))
    return z3.And(m != 0, given, z3.Not(is_number(f, result, z3.fpToFP(theirs(), total, x.sort()))))


PLAN = (
    Run("toy6", cases=("RNE", "RTZ")),
    Run("toy6", fast=False, cases=("RNA", "RTP", "RTN")),
    Run("binary16", "bitwuzla", fast=False, cases=("RTZ",)),
    Run("binary32", "bitwuzla", fast=False),
)

THEOREM = Theorem(
    "softfloat.fma equals fp.to_fp of its integer product plus the addend, whatever that product is",
    planned(PLAN, _negation),
)
