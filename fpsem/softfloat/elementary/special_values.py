"""The special values of the elementary functions, as tables: infinities, zeros with a sign of their own, poles, no value.

Guaranteed: what ``special_value`` gives is the result of the standard; where it gives None the operands are all finite and
the function has a real value there, to be rounded, or one of them is a NaN and so is the result.

What this module does not do: signaling NaNs, which make every result a NaN before one looks here.

Source: IEEE 754-2019 clauses 9.2 and 9.2.1; C23 annex F.10 for cbrt, erf and erfc; for logistic and softplus, limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import NamedTuple


class Operand(NamedTuple):
    """An operand as a number.

    Args:
        negative: its sign, that of a zero and an infinity too.
        value: a rational, an infinity or NaN.
    """

    negative: bool
    value: Fraction | float

    @property
    def is_nan(self) -> bool:
        """Whether it is no number."""
        return isinstance(self.value, float) and math.isnan(self.value)

    @property
    def is_infinite(self) -> bool:
        """Whether it is an infinity."""
        return isinstance(self.value, float) and math.isinf(self.value)

    @property
    def is_integer(self) -> bool:
        """Whether it is a finite integer."""
        return isinstance(self.value, Fraction) and self.value.denominator == 1

    @property
    def is_odd(self) -> bool:
        """Whether it is an odd integer."""
        return isinstance(self.value, Fraction) and self.value.denominator == 1 and self.value.numerator % 2 == 1


class Kind(Enum):
    """What a special result is."""

    NUMBER = auto()
    PI = auto()
    """A multiple of pi, to be rounded."""
    INFINITY = auto()
    POLE = auto()
    """An infinity that raises divideByZero."""
    INVALID = auto()
    """No value."""


@dataclass(frozen=True)
class Special:
    """A special result.

    Args:
        kind: what it is.
        negative: its sign.
        magnitude: of a number; or of a multiple of pi, how many.
    """

    kind: Kind
    negative: bool = False
    magnitude: Fraction = Fraction(0)

    def __neg__(self) -> Special:
        return Special(self.kind, not self.negative, self.magnitude)

    def signed(self, negative: bool) -> Special:
        """The same, or its negative."""
        return -self if negative else self


ZERO, ONE, TWO = (Special(Kind.NUMBER, magnitude=Fraction(n)) for n in (0, 1, 2))
QUARTER_PI, HALF_PI, THREE_QUARTERS_PI, PI = (Special(Kind.PI, magnitude=Fraction(n, 4)) for n in (1, 2, 3, 4))
INFINITY, POLE, INVALID = Special(Kind.INFINITY), Special(Kind.POLE), Special(Kind.INVALID)


# -- one operand -----------------------------------------------------------------------------------------------------


class AtInfinity(NamedTuple):
    """The results at -infinity and at +infinity."""

    below: Special
    above: Special


AT_INFINITY: Mapping[str, AtInfinity] = {
    **dict.fromkeys(("exp", "exp2", "exp10", "softplus"), AtInfinity(ZERO, INFINITY)),
    "expm1": AtInfinity(-ONE, INFINITY),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "acosh"), AtInfinity(INVALID, INFINITY)),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atanh"), AtInfinity(INVALID, INVALID)),
    **dict.fromkeys(("sinh", "asinh", "cbrt"), AtInfinity(-INFINITY, INFINITY)),
    "cosh": AtInfinity(INFINITY, INFINITY),
    **dict.fromkeys(("tanh", "erf"), AtInfinity(-ONE, ONE)),
    "atan": AtInfinity(-HALF_PI, HALF_PI),
    "erfc": AtInfinity(TWO, ZERO),
    "rsqrt": AtInfinity(INVALID, ZERO),
    "logistic": AtInfinity(ZERO, ONE),
}  # fmt: skip

KEEPS_ZERO = frozenset(
    ("expm1", "log1p", "sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh", "erf", "cbrt")
)
"""These give a zero operand back, sign and all."""

POLES: Mapping[tuple[str, int], Special] = {
    **dict.fromkeys((("log", 0), ("log2", 0), ("log10", 0), ("log1p", -1), ("atanh", -1)), -POLE),
    ("atanh", 1): POLE,
}
"""The finite arguments at which a function is infinite, but for rsqrt, whose pole has the sign of the zero."""

DOMAIN: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("log", "log2", "log10", "rsqrt"), (0.0, math.inf)),
    "log1p": (-1.0, math.inf),
    "acosh": (1.0, math.inf),
    **dict.fromkeys(("asin", "acos", "atanh"), (-1.0, 1.0)),
}
"""The least and the largest argument, of functions that are not defined everywhere; a pole is one of these."""


def _unary(name: str, x: Operand) -> Special | None:
    if x.is_infinite:
        return AT_INFINITY[name][0 if x.negative else 1]
    low, high = DOMAIN.get(name, (-math.inf, math.inf))
    if not low <= x.value <= high:
        return INVALID
    if x.value == 0 and name in KEEPS_ZERO:
        return ZERO.signed(x.negative)
    if x.value == 0 and name == "rsqrt":
        return POLE.signed(x.negative)
    return POLES.get((name, int(x.value))) if x.is_integer else None


# -- two operands ----------------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """What a function of two operands gives where a condition holds."""

    holds: Callable[[Operand, Operand], bool]
    gives: Callable[[Operand, Operand], Special | None]


def _odd_sign(special: Special) -> Callable[[Operand, Operand], Special]:
    """The special value, with the sign of x where y is an odd integer."""
    return lambda x, y: special.signed(x.negative and y.is_odd)


POW: tuple[Rule, ...] = (
    Rule(lambda x, y: y.value == 0, lambda x, y: ONE),  # also for a NaN x
    Rule(lambda x, y: x.value == 1, lambda x, y: ONE),  # also for a NaN y
    Rule(lambda x, y: x.is_nan or y.is_nan, lambda x, y: None),
    Rule(lambda x, y: x.value == -1 and y.is_infinite, lambda x, y: ONE),
    Rule(lambda x, y: x.value == 0 and y.value == -math.inf, lambda x, y: INFINITY),
    Rule(lambda x, y: x.value == 0 and y.negative, _odd_sign(POLE)),
    Rule(lambda x, y: x.value == 0, _odd_sign(ZERO)),
    Rule(lambda x, y: y.is_infinite, lambda x, y: INFINITY if (-1 < x.value < 1) == y.negative else ZERO),
    Rule(lambda x, y: x.is_infinite and y.negative, _odd_sign(ZERO)),
    Rule(lambda x, y: x.is_infinite, _odd_sign(INFINITY)),
    Rule(lambda x, y: x.negative and not y.is_integer, lambda x, y: INVALID),
)
"""Of x and y; the first rule that holds is the one."""

HYPOT: tuple[Rule, ...] = (
    Rule(lambda x, y: x.is_infinite or y.is_infinite, lambda x, y: INFINITY),  # also beside a NaN
)

ATAN2: Mapping[tuple[str, str, bool], Special] = {
    ("zero", "zero", False): ZERO,
    ("zero", "zero", True): PI,
    ("zero", "number", False): ZERO,
    ("zero", "number", True): PI,
    ("zero", "infinity", False): ZERO,
    ("zero", "infinity", True): PI,
    ("number", "zero", False): HALF_PI,
    ("number", "zero", True): HALF_PI,
    ("number", "infinity", False): ZERO,
    ("number", "infinity", True): PI,
    ("infinity", "zero", False): HALF_PI,
    ("infinity", "zero", True): HALF_PI,
    ("infinity", "number", False): HALF_PI,
    ("infinity", "number", True): HALF_PI,
    ("infinity", "infinity", False): QUARTER_PI,
    ("infinity", "infinity", True): THREE_QUARTERS_PI,
}
"""By what y is, what x is, and whether x is negative, the angle for a positive y; its negative is for a negative y."""


def _by_rules(rules: tuple[Rule, ...], x: Operand, y: Operand) -> Special | None:
    return next((rule.gives(x, y) for rule in rules if rule.holds(x, y)), None)


def _atan2(y: Operand, x: Operand) -> Special | None:
    special = ATAN2.get((_what(y), _what(x), x.negative))
    return None if special is None else special.signed(y.negative)


def _what(x: Operand) -> str:
    return "infinity" if x.is_infinite else "nan" if x.is_nan else "zero" if x.value == 0 else "number"


def special_value(name: str, *operands: Operand) -> Special | None:
    """The special result on these operands; None where a NaN operand, or the rounding of a real number, makes it.

    Args:
        name: one of ``names.ELEMENTARY``.
        operands: as many as the function takes.
    """
    match name:
        case "pow":
            return _by_rules(POW, *operands)
        case "hypot":
            return _by_rules(HYPOT, *operands)
        case "atan2":
            return _atan2(*operands)
        case _:
            return None if operands[0].is_nan else _unary(name, *operands)
