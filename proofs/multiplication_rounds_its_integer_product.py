"""The softfloat multiplication is right whatever integer its one integer multiplication gives.

The word's multiplication is replaced by an arbitrary m of 2p bits, not zero unless a significand is. For all codes and all m the
result is fp.to_fp, in the direction named, of ``m * 2**e``, e being the sum of the exponents of the operands' last places; or
the NaN, the infinity or the zero that the standard asks for, with its sign.

What is left to an argument: that m is the product of the significands. Both are below 2**p, so their product is below 2**(2p) and
the word, of 2p bits and more, holds it exactly. As ``(ma * 2**ea) * (mb * 2**eb) = (ma * mb) * 2**(ea + eb)``, the result is then
fp.mul. ``multiplication_equals_smtlib_fp_mul`` has the whole of it by solver in small formats, where solvers manage.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.exact import WIDER, AbstractMachine, exact_number, sign_bit, true_exponent
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, code_symbols, code_term, is_number, planned
from fpsem.softfloat import multiply
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.words.word import Word


def _negation(name: str, direction: str) -> Any:
    f = format_named(name)
    rounding, theirs = DIRECTIONS[direction]
    width = multiply.width(f)
    m = z3.BitVec("m", 2 * f.precision)

    def any_product(x: Any, y: Any) -> Any:
        return z3.If(z3.Or(x == 0, y == 0), z3.BitVecVal(0, width), z3.ZeroExt(width - m.size(), m))

    machine, codes = AbstractMachine(width, {"mul": any_product}), code_symbols(f, 2)
    words = (Word(machine, z3.ZeroExt(width - f.width, code)) for code in codes)
    result = code_term(f, multiply.mul(f, Attributes(rounding), *words)[0])
    x, y = (as_number(f, code) for code in codes)
    sign, exponent = sign_bit(f, codes[0]) ^ sign_bit(f, codes[1]), true_exponent(f, codes[0]) + true_exponent(f, codes[1])
    infinite, zero = z3.Or(z3.fpIsInf(x), z3.fpIsInf(y)), z3.Or(z3.fpIsZero(x), z3.fpIsZero(y))
    nan = z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y), z3.And(infinite, zero))
    magnitude = z3.If(infinite, z3.fpPlusInfinity(x.sort()), z3.fpPlusZero(x.sort()))
    special = z3.If(nan, z3.fpNaN(x.sort()), z3.If(sign == 1, z3.fpNeg(magnitude), magnitude))
    rounded = z3.fpToFP(theirs(), exact_number(WIDER[name], sign, exponent, m), x.sort())
    wanted = z3.If(z3.Or(nan, infinite, zero), special, rounded)
    return z3.And(m != 0, z3.Not(is_number(f, result, wanted)))


PLAN = (
    Run("binary16"),
    Run("binary32", "bitwuzla", fast=False),
)

THEOREM = Theorem(
    "softfloat.mul equals fp.to_fp of its integer product, scaled, whatever that is, for every pair of operands",
    planned(PLAN, _negation),
)
