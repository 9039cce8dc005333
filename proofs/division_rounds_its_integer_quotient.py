"""The softfloat division is right whatever quotient and remainder its one integer division gives.

The word's division is replaced by an arbitrary q with ``2**(t-1) <= q < 2**(t+1)``, t = p + 2, as ``(mx << t) // my`` is for
normalised significands, and the comparison of ``q * my`` with the dividend by an arbitrary truth "exact". For all codes and all
of these the result is fp.to_fp, in the direction named, of ``q * 2**e`` if exact, else of ``(q + 1/2) * 2**e``, e being the
difference of the exponents of the normalised operands' last places less t; or the NaN, the infinity or the zero that the
standard asks for, with its sign.

What is left to an argument: the quotient of the numbers is ``(q + r / my) * 2**e`` with a remainder ``0 <= r < my``, by what the
word's division is. Where r is not 0, it lies strictly between q and q + 1, and so does q + 1/2; results and the midpoints
between them are integers in that unit, so both round alike, in every direction: the result is then fp.div.
``division_equals_smtlib_fp_div`` has the whole of it by solver in small formats, where solvers manage.
"""

from typing import Any

import z3

from fpsem.core.formats import Format, format_named
from fpsem.smt.exact import WIDER, AbstractMachine, exact_number, sign_bit, true_exponent
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, code_symbols, code_term, is_number, planned
from fpsem.softfloat import divide
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.words.word import Word


def _exponent(f: Format, code: Any) -> Any:
    """The exponent of the last place when the leading bit has been brought to the top, for numbers that are not zero."""
    exponent, fraction = true_exponent(f, code), z3.Extract(f.fraction_bits - 1, 0, code)
    for leading in range(f.fraction_bits):
        found = z3.And(z3.Extract(f.width - 2, f.fraction_bits, code) == 0, z3.LShR(fraction, leading) == 1)
        exponent = z3.If(found, true_exponent(f, code) - (f.fraction_bits - leading), exponent)
    return exponent


def _negation(name: str, direction: str) -> Any:
    f = format_named(name)
    rounding, theirs = DIRECTIONS[direction]
    width, t = divide.width(f), f.precision + 2
    q, exact = z3.BitVec("q", t + 1), z3.Bool("exact")
    dividends: list[Any] = []

    def any_quotient(dividend: Any, divisor: Any) -> Any:
        dividends.append(dividend)
        return z3.ZeroExt(width - q.size(), q)

    def any_product(quotient: Any, divisor: Any) -> Any:
        return z3.If(exact, dividends[0], dividends[0] + 1)

    machine, codes = AbstractMachine(width, {"div": any_quotient, "mul": any_product}), code_symbols(f, 2)
    words = (Word(machine, z3.ZeroExt(width - f.width, code)) for code in codes)
    result = code_term(f, divide.div(f, Attributes(rounding), *words)[0])
    x, y = (as_number(f, code) for code in codes)
    sign, exponent = sign_bit(f, codes[0]) ^ sign_bit(f, codes[1]), _exponent(f, codes[0]) - _exponent(f, codes[1]) - (t + 1)
    infinite, zero = z3.Or(z3.fpIsInf(x), z3.fpIsZero(y)), z3.Or(z3.fpIsZero(x), z3.fpIsInf(y))
    nan = z3.Or(z3.fpIsNaN(x), z3.fpIsNaN(y), z3.And(infinite, zero))
    magnitude = z3.If(infinite, z3.fpPlusInfinity(x.sort()), z3.fpPlusZero(x.sort()))
    special = z3.If(nan, z3.fpNaN(x.sort()), z3.If(sign == 1, z3.fpNeg(magnitude), magnitude))
    halves = z3.Concat(q, z3.If(exact, z3.BitVecVal(0, 1), z3.BitVecVal(1, 1)))
    wanted = z3.If(
        z3.Or(nan, infinite, zero), special, z3.fpToFP(theirs(), exact_number(WIDER[name], sign, exponent, halves), x.sort())
    )
    return z3.And(z3.UGE(q, 1 << (t - 1)), z3.Not(is_number(f, result, wanted)))


PLAN = (
    Run("binary16"),
    Run("binary32", "bitwuzla", fast=False),
)

THEOREM = Theorem(
    "softfloat.div equals fp.to_fp of its integer quotient, scaled, whatever that is, for every pair of operands",
    planned(PLAN, _negation),
)
