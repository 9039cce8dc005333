"""Rounded reals: each operation is the exact one, rounded once to a format's precision, exponent unbounded above.

This is the arithmetic of pencil-and-paper error analysis, and of proofs: a scalar is a ``Fraction`` on the format's
grid, subnormals included. It equals IEEE 754 arithmetic wherever that one meets no infinity, no NaN and asks for no
sign of zero.

Guaranteed: every operation is correctly rounded in the direction asked for, elementary functions and roots included.

What this module does not do: overflow (exponents grow beyond the format's, and memory with them), NaN and infinities
(an operation without a value raises UndefinedError, also in a branch that is not chosen), signed zeros (there is one
zero), flags.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 2.2; Boldo and Melquiond, "Flocq: a
unified library for proving floating-point algorithms in Coq", 2011, where the grid is called FLT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.codes import decode_array
from fpsem.core.errors import UndefinedError
from fpsem.core.exact import exponent_of, round_pi, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, Format, format_named
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.softfloat.elementary.ziv import round_function


@dataclass(frozen=True)
class RoundedReal:
    """The real numbers of a format's grid. Object arrays of ``Fraction``; truths are numpy bools.

    Args:
        format: the format whose precision and subnormal grid results are rounded to, by name.
        rounding: the direction of every rounding but those of ``cast`` and ``to_bits``, which are to nearest even.
        schedule: the order in which reductions add.

    Raises:
        UnknownNameError: for a format or direction that does not exist.
        ScheduleError: the schedule's accumulator is narrower than the format.
    """

    format: str | Format = "binary32"
    rounding: str | Rounding = "nearest_even"
    schedule: Schedule = field(default_factory=Sequential)

    def __post_init__(self) -> None:
        format_named(self.format)
        rounding_named(self.rounding)
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, format_named(self.format))

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "rounded_real"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ROUNDS, rounding=rounding_named(self.rounding))

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> RoundedReal | None:
        """None: every scalar is exactly what is meant."""
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self._rounded(lambda value: Fraction(int(value.numerator), int(value.denominator)), values)

    def pi(self) -> Array:
        to, direction = format_named(self.format), rounding_named(self.rounding)
        return np.array(round_pi(lambda x: round_to_precision(x, to, direction)), dtype=object)

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        """The number that each code stands for, rounded where the format is narrower than binary32. Raises
        UndefinedError at an infinity or NaN, naming its index."""
        return self._rounded(Fraction, decode_array(bits))

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        """The nearest-even binary32 codes: +0 for zero, an infinity for a number beyond the largest finite one."""
        return np.asarray(_map(lambda value: round_to_bits(value, BINARY32), x), dtype=np.uint32)

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        return np.asarray(_map(_double, x), dtype=np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        """The scalars themselves, twice."""
        return x, x

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._rounded(lambda x, y: x + y, x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return self._rounded(lambda x, y: x - y, x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return self._rounded(lambda x, y: x * y, x, y)

    def div(self, x: Array, y: Array) -> Array:
        """``round(x / y)``. Raises UndefinedError where y is 0."""
        return self._rounded(_quotient, x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._rounded(lambda x, y, z: x * y + z, x, y, z)

    def sqrt(self, x: Array) -> Array:
        """``round(sqrt(x))``. Raises UndefinedError where x is negative."""
        return self._rounded(lambda x: _root(x, format_named(self.format)), x)

    def neg(self, x: Array) -> Array:
        return _map(lambda x: -x, x)

    def abs(self, x: Array) -> Array:
        return _map(abs, x)

    def minimum(self, x: Array, y: Array) -> Array:
        return _map(min, x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return _map(max, x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        """``round(e**x)``. Raises UnableError where x is above 2**20."""
        return self._elementary("exp", x)

    def expm1(self, x: Array) -> Array:
        """``round(e**x - 1)``. Raises UnableError where x is above 2**20."""
        return self._elementary("expm1", x)

    def log(self, x: Array) -> Array:
        """``round(ln x)``. Raises UndefinedError where x is not positive."""
        return self._elementary("log", x)

    def log1p(self, x: Array) -> Array:
        """``round(ln(1 + x))``. Raises UndefinedError where x is not above -1."""
        return self._elementary("log1p", x)

    def sin(self, x: Array) -> Array:
        return self._elementary("sin", x)

    def cos(self, x: Array) -> Array:
        return self._elementary("cos", x)

    def tan(self, x: Array) -> Array:
        return self._elementary("tan", x)

    def atan(self, x: Array) -> Array:
        return self._elementary("atan", x)

    def tanh(self, x: Array) -> Array:
        return self._elementary("tanh", x)

    def erf(self, x: Array) -> Array:
        return self._elementary("erf", x)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return np.asarray(x < y, dtype=bool)

    def less_equal(self, x: Array, y: Array) -> Array:
        return np.asarray(x <= y, dtype=bool)

    def equal(self, x: Array, y: Array) -> Array:
        return np.asarray(x == y, dtype=bool)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return np.where(truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        """x rounded to nearest even on the named format's grid, again without overflow."""
        to = format_named(format)
        return _map(lambda value: round_to_precision(value, to), x)

    def is_nan(self, x: Array) -> Array:
        """Never: a real number is a number."""
        return np.zeros(np.shape(x), dtype=bool)

    def is_finite(self, x: Array) -> Array:
        """Always."""
        return np.ones(np.shape(x), dtype=bool)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held on a wider format's grid, in the same direction; or exactly."""
        narrow = partial(self._rounded, lambda value: value)
        if format == EXACT:
            arithmetic = (lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y, z: x * y + z)
            return Accumulator(np.asarray, narrow, *(partial(_map, operation) for operation in arithmetic))
        wide = replace(self, format=format, schedule=Sequential())
        return Accumulator(np.asarray, narrow, wide.add, wide.sub, wide.mul, wide.fma)

    # -- the walk over an array ----------------------------------------------------------------------------------

    def _rounded(self, operation: Callable[..., Any], *operands: Array) -> Array:
        """The exact operation, then the rounding."""
        to, direction = format_named(self.format), rounding_named(self.rounding)
        return _map(lambda *scalars: round_to_precision(operation(*scalars), to, direction), *operands)

    def _elementary(self, name: str, x: Array) -> Array:
        to, direction = format_named(self.format), rounding_named(self.rounding)
        return _map(lambda x: round_function(name, x, lambda value: round_to_precision(value, to, direction)), x)


# -- on scalars ------------------------------------------------------------------------------------------------------


def _map(operation: Callable[..., Any], *operands: Array) -> Array:
    return np.asarray(np.frompyfunc(operation, len(operands), 1)(*operands), dtype=object)


def _quotient(x: Fraction, y: Fraction) -> Fraction:
    if y == 0:
        raise UndefinedError(f"div: {x} / 0 is not a real number")
    return x / y


def _root(x: Fraction, to: Format) -> Fraction:
    """The root where it is a short enough dyadic number, else a number that every rounding to the format takes to the
    same result: with t / 2**s < root < (t + 1) / 2**s, the point midway between the two.

    The scale s is so large that all numbers of the format near the root, and all midpoints between two of them, are
    multiples of ``2**-s``.
    """
    if x < 0:
        raise UndefinedError(f"sqrt: the root of {x} is not a real number")
    if x == 0:
        return x
    s = max(to.precision + 2 - max(exponent_of(x) // 2, to.emin), 0)
    scaled = x * 4**s
    t = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(t, 2**s) if t * t == scaled else Fraction(2 * t + 1, 2 ** (s + 1))


def _double(x: Fraction) -> float:
    """The nearest double; an infinity beyond the largest."""
    try:
        return float(x)
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")
