"""What statements about rounding need: a number ``m * 2**e`` as SMT-LIB has it, and machines that multiply or divide abstractly.

An abstract machine gives, for an operation, whatever the statement says: a free bit-vector, say. What is then proved of an
algorithm holds whatever integer that operation gives, so nothing is asked of a solver about a multiplier or a divider.

Source: Brain, Tinelli, Ruemmer, Wahl, "An Automatable Formal Semantics for IEEE-754 Floating-Point Arithmetic", 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import z3

from fpsem.core.formats import Format
from fpsem.softfloat.words.symbolic import SymbolicMachine

WIDER: Mapping[str, Any] = {"toy6": z3.Float16(), "binary16": z3.Float32(), "binary32": z3.Float64()}
"""A sort with room for a product of two numbers of the format, exactly, of those that both solvers take."""


class AbstractMachine(SymbolicMachine):
    """Words as bit-vectors, some operations having another meaning.

    Args:
        width: bits of a word.
        meanings: what those operations give, by their names.
    """

    def __init__(self, width: int, meanings: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(width)
        self.meanings = meanings

    def operate(self, name: str, *terms: Any) -> Any:
        """The meaning given, else the usual one."""
        return self.meanings[name](*terms) if name in self.meanings else super().operate(name, *terms)


def exact_number(sort: Any, sign: Any, exponent: Any, m: Any) -> Any:
    """The number ``(-1)**sign * m * 2**exponent``, without rounding.

    It is ``(2**n + m) - 2**n`` scaled, n being the bits of m: SMT-LIB's own subtraction brings the leading bit up.

    Args:
        sort: with at least n + 1 digits, and room for the exponent.
        sign: one bit.
        exponent: signed.
        m: unsigned; not zero, whose sign would be lost.
    """
    n, field_bits, fraction_bits = m.size(), sort.ebits(), sort.sbits() - 1
    bias = (1 << (field_bits - 1)) - 1
    moved = _signed_of(field_bits, exponent) + (bias + n)
    above = z3.fpFP(sign, moved, z3.Concat(m, z3.BitVecVal(0, fraction_bits - n)))
    return z3.fpSub(z3.RNE(), above, z3.fpFP(sign, moved, z3.BitVecVal(0, fraction_bits)))


def _signed_of(bits: int, x: Any) -> Any:
    """A signed bit-vector in that many bits, which must suffice."""
    return z3.SignExt(bits - x.size(), x) if x.size() <= bits else z3.Extract(bits - 1, 0, x)


def sign_bit(f: Format, code: Any) -> Any:
    """The sign of a code, one bit."""
    return z3.Extract(f.width - 1, f.width - 1, code)


def true_exponent(f: Format, code: Any) -> Any:
    """The exponent of a finite code's last place, signed, of ``exponent_bits + 4`` bits: room for sums of two."""
    field = z3.Extract(f.width - 2, f.fraction_bits, code)
    biased = z3.If(field == 0, z3.BitVecVal(1, f.exponent_bits), field)
    return z3.ZeroExt(4, biased) - (f.bias + f.fraction_bits)
