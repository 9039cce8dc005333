"""The last steps of every operation, normalise, denormalise and round_and_pack, are SMT-LIB's rounding of a number.

For every sign, every significand m of the bits named, not zero, and every exponent e of 3 bits more than the format's field:
the code is fp.to_fp, in the direction named, of the number ``m * 2**e``, which binary128 holds exactly. Subnormal results and
overflow are inside that range.

The significands: 26 bits are those of a root, 27 of a quotient, 48 of a product, 52 of a fused multiply-add, all at binary32.
Where the lowest bit is sticky, m stands for any number strictly between its even neighbours: the places where a direction
changes its mind are multiples of half a unit in the last place, even there, so all of that interval rounds as m does.
"sticky" proves as much by solver for a shift: m of 4 bits more, shifted right with a sticky bit, still rounds as m itself.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.exact import exact_number
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, as_words, code_term, is_number, planned
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, denormalise, normalise, shift_right_jam

_JAMMED = 4


def _negation(name: str, case: str) -> Any:
    """Case: a number of bits, "bits" or "sticky", a direction."""
    digits, kind, direction = case.split()
    lost = _JAMMED if kind == "sticky" else 0
    f, bits = format_named(name), int(digits) + lost
    rounding, theirs = DIRECTIONS[direction]
    sign, m, e = z3.BitVec("sign", 1), z3.BitVec("m", bits), z3.BitVec("e", f.exponent_bits + 3)
    width = bits + f.exponent_bits + 2
    biased = z3.SignExt(width - e.size(), e)
    negative, significand, exponent = as_words(width, [sign, m, biased])
    x = normalise(Unpacked(negative << (f.width - 1), exponent, significand), bits - 1)
    if lost:
        x = Unpacked(x.sign, x.exponent, shift_right_jam(x.significand, (x.significand & 0) + lost))
    top = bits - lost - 1
    code = code_term(f, round_and_pack(f, Attributes(rounding), denormalise(x, top), top - f.fraction_bits)[0])
    place = z3.SignExt(1, e) - (f.bias + bits - 1)
    wanted = z3.fpToFP(theirs(), exact_number(z3.FPSort(15, 113), sign, place, m), as_number(f, code).sort())
    return z3.And(m != 0, z3.Not(is_number(f, code, wanted)))


def _cases(*kinds: str) -> tuple[str, ...]:
    return tuple(f"{kind} {direction}" for kind in kinds for direction in DIRECTIONS)


PLAN = (
    Run("binary16", cases=_cases("22 bits")),
    Run("binary32", "bitwuzla", fast=False, cases=_cases("26 bits", "27 bits", "27 sticky", "48 bits", "52 bits")),
    Run("binary32", fast=False, cases=("48 bits RNE",)),
)

THEOREM = Theorem(
    "softfloat's rounder equals fp.to_fp of the exact number, for every sign, exponent and significand",
    planned(PLAN, _negation),
)
