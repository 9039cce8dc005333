"""A rational number as a code of a format, rounded by the rounder of the arithmetic: with every attribute, and the flags.

What this module does not do: say which zero an exact 0 is (the caller gives the sign), or treat infinities and NaNs.

Source: IEEE 754-2019 clauses 4.3 and 7.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from fpsem.core.exact import exponent_of
from fpsem.core.formats import Format
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.rounder import round_and_pack
from fpsem.softfloat.unpacked import Unpacked, denormalise
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.word import Word

_EXTRA = 3


def rounded(negative: bool, x: Fraction, f: Format, mode: Attributes) -> tuple[int, int]:
    """The code of the number of that sign and magnitude, and its flags.

    Args:
        negative: the sign, of a zero too.
        x: the magnitude.
        f: the format.
        mode: the direction, and what else the rounder asks.
    """
    sign, top = f.sign_mask if negative else 0, f.fraction_bits + _EXTRA
    if x == 0:
        return sign, 0
    e = exponent_of(x)
    numerator, denominator = x.as_integer_ratio()
    cut, rest = divmod(numerator << max(top - e, 0), denominator << max(e - top, 0))
    return _packed(sign, min(e, f.emax + 1) + f.bias, cut | (rest != 0), f, mode)


@lru_cache(maxsize=256)
def _packed(sign: int, exponent: int, significand: int, f: Format, mode: Attributes) -> tuple[int, int]:
    """Kept for a while, because the two ends of a narrow interval are asked for one after the other."""
    machine = IntegerMachine(f.width + 64)
    exact = Unpacked(*(Word(machine, machine.constant(part)) for part in (sign, exponent, significand)))
    result = round_and_pack(f, mode, denormalise(exact, f.fraction_bits + _EXTRA), _EXTRA)
    return result.code.term, result.flags.term
