"""Logarithms: what log, log2, log10, log1p, the inverse hyperbolic functions, softplus and pow share.

A positive normal number is m 2**e, m in [1/sqrt 2, sqrt 2). f = m - 1 is exact, 2 + f is exact for numbers of binary32 and else
rounded once, s = f / (2 + f) has one rounding more, and ln m = ln((1 + s) / (1 - s)) = s P(s**2).

With u = 2**-53: s is within 2 u, s**2 at most 0.0295, its error 5 u; P has degree 7 and positive coefficients, of which the
constant is 2 and the rest sums up to 0.0202: Horner's scheme has an error below 2 u for the last addition, and 0.02 * 17 u for
the rest; P itself is within 2**-58.2 of the function. With the rounding of s and that of the product ln m is within 4.5 u.
"""

from __future__ import annotations

from typing import NamedTuple

from fpsem.softfloat.elementary._exponential import LN_2_HIGH, LN_2_LOW
from fpsem.softfloat.elementary.approximation import horner
from fpsem.softfloat.elementary.coefficients import LOG
from fpsem.softfloat.words.double import BINARY64, Double, bits, choose, code_of, from_bits, from_integer

_FIELD = BINARY64.fraction_bits
_BELOW_ONE = code_of(1.0) - code_of(0.5**0.5)


class Split(NamedTuple):
    """A positive number ``(1 + f) 2**e``."""

    f: Double
    e: Double

    @property
    def log_m(self) -> Double:
        """ln (1 + f)."""
        s = self.f / (2.0 + self.f)
        return s * horner(LOG, s * s)

    @property
    def log(self) -> Double:
        """The natural logarithm: e H is exact for |e| <= 2**11; e L has an error below 2**-43 * 2**11 u, and each of the two
        sums one more rounding. As |e ln 2 + ln m| >= 0.999 |ln m| where e is not 0, the whole is below 7 u relatively."""
        return self.e * LN_2_HIGH + (self.log_m + self.e * LN_2_LOW)


def split(x: Double) -> Split:
    """A positive normal number taken apart; of others, something."""
    moved = bits(x) + _BELOW_ONE
    exponent = moved >> _FIELD
    m = from_bits(bits(x) - ((exponent - BINARY64.bias) << _FIELD))
    return Split(m - 1.0, from_integer(exponent) - float(BINARY64.bias))


def log_of_one_plus(x: Double) -> Double:
    """ln (1 + x) for x > -1, relatively precise near 0 too.

    1 + x has one rounding, which is an absolute error of u in the logarithm; where e is not 0, that is at least 0.34. For
    e = 0, f is x itself. The whole is below 10 u relatively.
    """
    f, e = split(1.0 + x)
    return Split(choose(e == 0.0, x, f), e).log
