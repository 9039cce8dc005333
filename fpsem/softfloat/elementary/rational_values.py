"""Where an elementary function of rational numbers is rational: these values are answered outright, and are all there are.

Numbers of a format and points halfway between two are rational, so at every other argument the value is none of them, and a
ball around it, if only narrow enough, rounds to one answer (``ziv``). Why these are all, x and y being rational:

* exp, expm1, log, log1p, sin, cos, tan, sinh, cosh, tanh and their inverses, logistic: by the theorem of Hermite and
  Lindemann ``e**a`` is transcendental for every algebraic a but 0, and each of these is an algebraic function of ``e**x`` or
  of ``e**(i x)``, or the inverse of one. So x or the value is 0.
* softplus, nowhere: with a rational value y, ``e**y - e**x - e**0 = 0``, against Lindemann and Weierstrass unless two of y, x
  and 0 are equal. Neither y = x nor y = 0 can be (e**0 and e**x are not 0); at x = 0, y is log 2.
* erf, erfc: by the theorem of Siegel and Shidlovskii on the values of E-functions only at 0.
* exp2, exp10: 2**(p/q) = r in lowest terms means 2**p = r**q. Prime factors are unique, so q divides p: x is an integer.
  The same for 10 = 2 5. log2, log10: the value is a rational y with 2**y = x, so it is an integer, and x a power.
* pow: x**(p/q) = r means r**q = x**p, so q divides the exponent of every prime in x: x is a q-th power of a rational.
  cbrt, rsqrt, hypot: the same with q = 3, 2, 2. Of a number of a format, q is a power of two.
* atan2: a rational angle other than 0 has a transcendental sine and cosine, by Hermite and Lindemann; but they are algebraic.

A power with thousands of digits is not written out: it is given as none, although it is rational. It is no boundary of a
rounding, for it has an odd factor of more than a thousand bits in its numerator, or any in its denominator.

Source: Baker, "Transcendental Number Theory", chapters 1 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import flint

_LONG = 1 << 12
"""Powers whose odd part has more bits than this are not written out."""

RATIONAL_AT: Mapping[str, tuple[int, Fraction]] = {
    **dict.fromkeys(("expm1", "log1p", "sin", "tan", "sinh", "tanh", "erf"), (0, Fraction(0))),
    **dict.fromkeys(("asin", "atan", "asinh", "atanh"), (0, Fraction(0))),
    **dict.fromkeys(("exp", "cos", "cosh", "erfc"), (0, Fraction(1))),
    **dict.fromkeys(("log", "acos", "acosh"), (1, Fraction(0))),
    "logistic": (0, Fraction(1, 2)),
}
"""The only rational argument with a rational value, and that value, of functions with one."""


def rational_value(name: str, *x: Fraction) -> Fraction | None:
    """The function's value where it is rational, and no longer than a few thousand digits; else None.

    Args:
        name: one of ``names.ELEMENTARY``.
        x: the arguments, of the function's domain; for exp2, exp10 and pow such that the value's exponent is moderate.
    """
    if name in RATIONAL_AT:
        argument, value = RATIONAL_AT[name]
        return value if x[0] == argument else None
    return _AT_MANY[name](*x)


def _power_of(base: int) -> Callable[[Fraction], Fraction | None]:
    return lambda x: Fraction(base) ** x.numerator if x.denominator == 1 else None


def _logarithm(base: int) -> Callable[[Fraction], Fraction | None]:
    """The integer y with ``base**y = x``."""

    def exact(x: Fraction) -> Fraction | None:
        if x.numerator != 1 and x.denominator != 1:
            return None
        whole, y = x.numerator * x.denominator, 0
        while whole % base == 0:
            whole, y = whole // base, y + 1
        return None if whole != 1 else Fraction(y if x >= 1 else -y)

    return exact


def _cbrt(x: Fraction) -> Fraction | None:
    root = _root(abs(x), 3)
    return root if root is None or x > 0 else -root


def _rsqrt(x: Fraction) -> Fraction | None:
    root = _root(x, 2)
    return None if root is None else 1 / root


def _hypot(x: Fraction, y: Fraction) -> Fraction | None:
    return _root(x * x + y * y, 2)


def _atan2(y: Fraction, x: Fraction) -> Fraction | None:
    return Fraction(0) if y == 0 and x > 0 else None


def _pow(x: Fraction, y: Fraction) -> Fraction | None:
    if x == 0 or y == 0:
        return Fraction(y == 0)
    if x < 0 and y.denominator != 1:
        return None
    root = x if y.denominator == 1 else _root(x, y.denominator)
    if root is None or abs(y.numerator) * sum(_odd(n).bit_length() - 1 for n in root.as_integer_ratio()) > _LONG:
        return None
    return root**y.numerator


def _root(x: Fraction, q: int) -> Fraction | None:
    """The q-th root of a number that is not negative, where it is rational."""
    ends = x.as_integer_ratio()
    roots = [int(flint.fmpz(n).root(q)) if q < n.bit_length() else min(n, 1) for n in ends]
    exact = all(root**q == n for root, n in zip(roots, ends))
    return Fraction(*roots) if exact else None


def _odd(n: int) -> int:
    """What is left of a nonzero integer without its factors of two and its sign."""
    return abs(n) // (n & -n)


_AT_MANY: Mapping[str, Callable[..., Fraction | None]] = {
    "exp2": _power_of(2),
    "exp10": _power_of(10),
    "log2": _logarithm(2),
    "log10": _logarithm(10),
    "cbrt": _cbrt,
    "rsqrt": _rsqrt,
    "softplus": lambda x: None,
    "hypot": _hypot,
    "pow": _pow,
    "atan2": _atan2,
}
