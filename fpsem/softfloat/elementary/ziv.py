"""Correctly rounded elementary functions by Ziv's loop over Arb: slow, readable, the judge of faster code.

Each function is enclosed in a ball at growing precision until both ends of the ball round to the same answer. That
answer is then the correctly rounded one, for rounding is monotone and the ball contains the value. Flags are part of the
answer: numbers with one code and the same flags make an interval, in which there may be one exact number, the code's own.
That one the value is not, by what follows.

Why the loop ends: it would not if the value were itself a boundary of the rounding, that is a number of the format or
halfway between two. Those are rational, and the rational values are answered outright: ``rational_values`` says which they
are, and by which theorems there are no others.

Where the value lies so close to a limit that no format in use can tell how close, or beyond the range of exponents, a
stand-in is rounded in its place; ``round_function`` states what this asks of the rounding.

What this module does not do: run fast (a tenth of a millisecond for each argument).

Source: Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded last bit", 1991; Johansson,
"Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", 2017; IEEE 754-2019 clauses 9.2 and 9.2.1 for
the special values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import flint
import numpy as np
import numpy.typing as npt

from fpsem.core.errors import ShapeError, UnableError, UndefinedError, UnknownNameError
from fpsem.core.exact import round_pi
from fpsem.core.formats import Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat.attributes import Attributes, Flag
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.names import ELEMENTARY
from fpsem.softfloat.elementary.rational_values import rational_value
from fpsem.softfloat.elementary.special_values import DOMAIN, Kind, Operand, Special, special_value
from fpsem.softfloat.rational import rounded as rounded_to_code
from fpsem.softfloat.special import Result, is_signaling, never, operands, with_nans
from fpsem.softfloat.unpacked import infinity
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.word import Word

T = TypeVar("T")

_FIRST_PRECISION = 96
_LAST_PRECISION = 1 << 22

_CLOSE = Fraction(1, 1 << 1024)
"""Closer to a number than this is as good as next to it."""


class Exponents(NamedTuple):
    """Between which exponents a rounding tells numbers apart.

    Args:
        low: it is constant on the magnitudes of ``(0, 2**low]``, which is below -1.
        high: it is constant on those from ``2**high``, which is at least 4; None where it is nowhere.
    """

    low: int
    high: int | None


_ALL = Exponents(-(1 << 20), None)
_LARGEST = 1 << 20
"""Values from 2 to this power on have too many digits to be written."""


# -- on numbers ------------------------------------------------------------------------------------------------------


def round_function(
    name: str, x: Fraction | Sequence[Fraction], rounded: Callable[[Fraction], T], exponents: Exponents = _ALL
) -> T:
    """The value of the named function at x, correctly rounded.

    Args:
        name: one of ``names.ELEMENTARY``.
        x: the argument, exact; or a sequence of as many as the function takes.
        rounded: the rounding. It must be monotone with rational boundaries, each of fewer than a thousand bits, and constant
            where the stand-ins are used: as ``exponents`` says; on numbers closer than ``2**-1024`` to 1 and to 2 from below,
            and to an argument above 1024 from above; and on the negatives of all these. Rounding to any format with
            precision below 1000 and smallest exponent above ``-2**19``, in any direction, is of this kind.
        exponents: where magnitudes round alike.

    Raises:
        UndefinedError: where the function has no real value.
        UnableError: where the value has more than a million digits (and exponents have no upper limit); and when 2**22 bits
            of working precision do not decide (an argument with hundreds of thousands of digits).
        UnknownNameError: for another name.
    """
    arguments = (x,) if isinstance(x, Fraction) else tuple(x)
    _check(name, arguments)
    _check_domain(name, arguments)
    answer = _stand_in(name, arguments, exponents)
    if answer is None:
        answer = rational_value(name, *arguments)
    return rounded(answer) if answer is not None else _ziv(name, arguments, rounded)


def _check_domain(name: str, x: Sequence[Fraction]) -> None:
    special = special_value(name, *(Operand(number < 0, number) for number in x))
    if special is not None and special.kind in (Kind.INVALID, Kind.POLE):
        low, high = DOMAIN.get(name, ("0, or below it with an integer exponent", "infinity"))
        raise UndefinedError(f"{name} is undefined here: its domain is from {low} to {high}, poles excepted")
    if name == "atan2" and not any(x):
        raise UndefinedError("atan2 is undefined here: (0, 0) has no angle")


def _stand_in(name: str, x: Sequence[Fraction], e: Exponents) -> Fraction | None:
    """A number that rounds as the value does, where the value is too close to a limit to be told from it."""
    if name == "pow":
        return _power_stand_in(x[0], x[1], e)
    limit = _beyond(name, x[0], e)
    return limit if limit is not None else _close_stand_in(name, x[0])


def _beyond(name: str, x: Fraction, e: Exponents) -> Fraction | None:
    """A stand-in for values outside of the range of exponents.

    As e > 2: for x < 0, softplus x and logistic x are below exp x, which is below ``2**x``; for x > 0, erfc x is below
    ``exp(-x**2)``; for x > 4, expm1 x and exp x are above ``2**x``, and sinh x and cosh x above ``2**(x - 1)``.
    """
    high = _LARGEST if e.high is None else e.high
    match name:
        case "exp" | "exp2" | "exp10" | "logistic" | "softplus" if x <= e.low:
            return Fraction(2) ** e.low
        case "erfc" if x > 0 and x * x >= -e.low:
            return Fraction(2) ** e.low
        case "exp" | "exp2" | "exp10" | "expm1" if x > high:
            return _huge(name, e)
        case "sinh" | "cosh" if abs(x) > high + 1:
            return -_huge(name, e) if name == "sinh" and x < 0 else _huge(name, e)
        case _:
            return None


def _close_stand_in(name: str, x: Fraction) -> Fraction | None:
    """A stand-in for values next to a limit: 1 less what is below 2**-1024, and the like.

    The distances: for expm1 and logistic exp(-2**10) < 2**-1024, and for softplus the same to x; 1 - tanh(2**9) <
    2 exp(-2**10); and 1 - erf(2**5) < exp(-2**10), which is what erfc(-2**5) is below 2.
    """
    match name:
        case "expm1" if x <= -(1 << 10):
            return _CLOSE - 1
        case "logistic" if x >= 1 << 10:
            return 1 - _CLOSE
        case "softplus" if x >= 1 << 10:
            return x + _CLOSE
        case "erfc" if x <= -(1 << 5):
            return 2 - _CLOSE
        case "tanh" | "erf" if abs(x) >= 1 << (9 if name == "tanh" else 5):
            return 1 - _CLOSE if x > 0 else _CLOSE - 1
        case _:
            return None


def _power_stand_in(x: Fraction, y: Fraction, e: Exponents) -> Fraction | None:
    """A stand-in for powers outside of the range of exponents."""
    if y == 0 or abs(x) in (0, 1):
        return None
    with flint.ctx.workprec(_FIRST_PRECISION):
        exponent = ball("log2", _arb(abs(x))) * _arb(y)
    sign = -1 if x < 0 and y.numerator % 2 else 1
    if exponent < e.low:
        return sign * Fraction(2) ** e.low
    return sign * _huge("pow", e) if exponent > (_LARGEST if e.high is None else e.high) else None


def _huge(name: str, e: Exponents) -> Fraction:
    if e.high is None:
        raise UnableError(f"{name} of such a number: the value has more than 2**20 binary digits")
    return Fraction(2) ** e.high


def _ziv(name: str, x: Sequence[Fraction], rounded: Callable[[Fraction], T]) -> T:
    """Raise the precision until the two ends agree. The value is not rational, or a long power."""
    precision = _FIRST_PRECISION
    while precision <= _LAST_PRECISION:
        ends = _ends(name, x, precision)
        if ends is not None:
            answer = rounded(ends[0])
            if answer == rounded(ends[1]):
                return answer
        precision *= 2
    raise UnableError(f"{name}: {_LAST_PRECISION} bits of working precision do not decide the rounding")


def _ends(name: str, x: Sequence[Fraction], precision: int) -> tuple[Fraction, Fraction] | None:
    """Rationals on both sides of the value, or None where the precision is too low to give any."""
    with flint.ctx.workprec(precision):
        made = ball(name, *map(_arb, x))
        return (_fraction(made.lower()), _fraction(made.upper())) if made.is_finite() else None


def _arb(x: Fraction) -> Any:
    return flint.arb(flint.fmpq(x.numerator, x.denominator))


def _fraction(point: Any) -> Fraction:
    exact = point.fmpq()
    return Fraction(int(exact.p), int(exact.q))


# -- on codes --------------------------------------------------------------------------------------------------------


def elementary_results(name: str, given: Sequence[Array], fmt: Format, mode: Attributes) -> tuple[Array, Array]:
    """The results of the named function and their flags, correctly rounded, special values included.

    Args:
        name: one of ``names.ELEMENTARY``.
        given: the operands, arrays of codes of one shape: one, or two (x and y of pow, y and x of atan2). Equal ones are
            computed once.
        fmt: the format of the operands and the result.
        mode: all attributes are honoured.

    Returns:
        Codes in the format's dtype, and flags, bits of ``Flag``, in uint8, both in the shape of the operands.

    Raises:
        ShapeError: for operands of different shapes.
        TypeError: for another number of operands than the function takes.
        UnknownNameError: for another name.
    """
    shape = np.shape(given[0]) if len(given) else ()
    if any(np.shape(codes) != shape for codes in given):
        raise ShapeError(f"{name}: operands of shapes {', '.join(str(np.shape(codes)) for codes in given)} are not of one shape")
    _check(name, given)
    rows = list(zip(*(np.asarray(codes).ravel().tolist() for codes in given)))
    results = {row: elementary_result(name, row, fmt, mode) for row in dict.fromkeys(rows)}
    made, flags = (np.array([results[row][part] for row in rows], kind) for part, kind in ((0, fmt.dtype), (1, np.uint8)))
    return made.reshape(shape), flags.reshape(shape)


def elementary_bits(
    name: str, codes: npt.NDArray[Any], fmt: Format, direction: Rounding = Rounding.NEAREST_EVEN
) -> npt.NDArray[Any]:
    """The results of a function of one operand on an array of codes, without flags: those of ``elementary_results``."""
    return elementary_results(name, (codes,), fmt, Attributes(rounding=direction))[0]


def elementary_result(name: str, codes: Sequence[int], fmt: Format, mode: Attributes) -> tuple[int, int]:
    """The code and the flags of one result; what ``elementary_results`` says holds of each of its elements.

    Args:
        name: one of ``names.ELEMENTARY``.
        codes: the operands.
        fmt: the format of the operands and the result.
        mode: all attributes are honoured.
    """
    _check(name, codes)
    machine = IntegerMachine(fmt.width + 1)
    given = [Word(machine, code) for code in codes]
    taken = [_operand(word.term, fmt) for word in operands(fmt, mode, *given)]
    special = special_value(name, *taken)
    signaling = any(is_signaling(fmt, word).term for word in given)
    invalid = special is not None and special.kind is Kind.INVALID
    if signaling or invalid or (special is None and any(x.is_nan for x in taken)):
        return _nan(given, invalid, fmt, mode)
    if special is not None:
        return _encode(special, fmt, mode)
    numbers = tuple(Fraction(x.value) for x in taken)
    return round_function(name, numbers, _rounding(fmt, mode), Exponents(fmt.emin - fmt.precision - 2, fmt.emax + 2))


def _check(name: str, given: Sequence[Any]) -> None:
    if name not in ELEMENTARY:
        raise UnknownNameError("elementary function", name, ELEMENTARY)
    if len(given) != ELEMENTARY[name]:
        raise TypeError(f"{name} takes {ELEMENTARY[name]} operands, {len(given)} were given")


def _operand(code: int, fmt: Format) -> Operand:
    negative = bool(code & fmt.sign_mask)
    if fmt.is_finite(code):
        return Operand(negative, fmt.decode(code))
    return Operand(negative, math.nan if fmt.is_nan(code) else -math.inf if negative else math.inf)


def _rounding(fmt: Format, mode: Attributes) -> Callable[[Fraction], tuple[int, int]]:
    return lambda value: rounded_to_code(value < 0, abs(value), fmt, mode)


def _nan(given: Sequence[Word], invalid: bool, fmt: Format, mode: Attributes) -> tuple[int, int]:
    """The NaN that the arithmetic gives for these operands, one of which is a NaN or which have no value."""
    no = never(given[0])
    made = with_nans(fmt, mode, given, Result(given[0], given[0] & 0), ~no if invalid else no)
    return made.code.term, made.flags.term


def _encode(special: Special, fmt: Format, mode: Attributes) -> tuple[int, int]:
    """The code and the flags of a special value; an infinity is what it is elsewhere in a format that has none."""
    match special.kind:
        case Kind.NUMBER:
            return rounded_to_code(special.negative, special.magnitude, fmt, mode)
        case Kind.PI:
            return round_pi(lambda pi: rounded_to_code(special.negative, pi * special.magnitude, fmt, mode))
        case _:
            sign = Word(IntegerMachine(fmt.width + 1), fmt.sign_mask if special.negative else 0)
            return infinity(fmt, sign).term, Flag.DIVIDE_BY_ZERO if special.kind is Kind.POLE else 0
