"""The softfloat conversions to and from integers are SMT-LIB's fp.to_sbv, fp.to_ubv, to_fp and to_fp_unsigned.

To integers of 32 and 64 bits: for every number that lies in the integers' range, the ends of which are powers of two, or 0 for
unsigned ones; outside of it, and for NaN, SMT-LIB says nothing, and platforms differ. From integers: for every integer. All five
directions of SMT-LIB.
"""

from typing import Any

import z3

from fpsem.core.formats import format_named
from fpsem.smt.theorem import DIRECTIONS, Run, Theorem, as_number, as_words, code_symbols, code_term, is_number, planned
from fpsem.softfloat import integers
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.words.symbolic import SymbolicMachine
from fpsem.softfloat.words.word import Word


def _negation(name: str, case: str) -> Any:
    """Case: "to" or "from", the integers, a direction."""
    way, kind, direction = case.split()
    signed, bits = not kind.startswith("u"), int(kind.removeprefix("u").removeprefix("int"))
    return (_to if way == "to" else _from)(name, signed, bits, direction)


def _to(name: str, signed: bool, bits: int, direction: str) -> Any:
    f, (rounding, theirs) = format_named(name), DIRECTIONS[direction]
    (code,) = code_symbols(f, 1)
    words = as_words(integers.width(bits)(f), [code])
    made = integers.to_integer(bits, signed)(f, Attributes(rounding), *words)[0].term
    number = as_number(f, code)
    wanted = (z3.fpToSBV if signed else z3.fpToUBV)(theirs(), number, z3.BitVecSort(bits))
    most = bits - 1 if signed else bits
    low = z3.fpGEQ(number, z3.FPVal(-(2.0**most) if signed else 0.0, number.sort()))
    inside = z3.And(low, z3.fpLT(number, z3.FPVal(2.0**most, number.sort())))
    return z3.And(inside, z3.Extract(bits - 1, 0, made) != wanted)


def _from(name: str, signed: bool, bits: int, direction: str) -> Any:
    f, (rounding, theirs) = format_named(name), DIRECTIONS[direction]
    n = z3.BitVec("n", bits)
    machine = SymbolicMachine(integers.width(bits)(f))
    word = Word(machine, (z3.SignExt if signed else z3.ZeroExt)(machine.width - bits, n))
    code = code_term(f, integers.from_integer(signed)(f, Attributes(rounding), word)[0])
    sort = as_number(f, code).sort()
    wanted = (z3.fpSignedToFP if signed else z3.fpUnsignedToFP)(theirs(), n, sort)
    return z3.Not(is_number(f, code, wanted))


def _cases(way: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"{way} {kind} {direction}" for kind in kinds for direction in DIRECTIONS)


INTEGERS = ("int32", "uint32", "int64", "uint64")
PLAN = (
    Run("binary32", cases=_cases("to", "int32", "uint32")),
    Run("binary32", cases=_cases("from", "int32", "uint32")),
    Run("binary32", "bitwuzla", fast=False, cases=_cases("to", *INTEGERS)),
    Run("binary32", "bitwuzla", fast=False, cases=_cases("from", *INTEGERS)),
)

THEOREM = Theorem(
    "softfloat.to_int32 equals fp.to_sbv for every number in range; so do the other integers, and the way back",
    planned(PLAN, _negation),
)
