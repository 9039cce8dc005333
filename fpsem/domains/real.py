"""Exact reals: fractions for as long as they can be, then balls that contain the value.

A scalar is a flint ``fmpq`` (a rational, exact) while only field operations, choices, absolute values and roots of
squares have been applied to rationals; otherwise a flint ``arb`` (a midpoint and a radius), which contains the real
value. A rational that outgrows 2**15 bits turns into a ball as well.

Guaranteed: every scalar contains the value that real arithmetic gives, and so do ``enclosure`` and the matrix product;
``to_bits`` is that value correctly rounded, or raises. How wide balls become is not guaranteed but repaired: ``refine``
gives a domain of twice the working precision until the outputs are as sharp as asked.

A value that does not exist (x / 0, the root of a negative number, the logarithm of one) becomes an indeterminate ball
and is reported only when it is read, so that a branch not chosen does no harm. A ball that touches such a place is
indeterminate too, at this precision.

What this module does not do: infinities, NaN, signed zeros. flint's precision is global state: it is set around each
operation and put back, and so two threads must not compute in this domain at once.

Source: Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from math import prod
from operator import methodcaller
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from fpsem.core.codes import decode_array
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.schedule import Schedule, Sequential

_GUARD_BITS = 32
_LAST_WORKING = 1 << 14
_LONGEST_RATIONAL = 1 << 15
_LARGEST_EXPONENT = 1 << 20
_FLOOR_EXPONENT = BINARY32.emin - BINARY32.fraction_bits
"""Accuracy is relative down to binary32's smallest subnormal, and absolute below."""


class Ternary(Enum):
    """A truth that may not be known. It has no ``bool``: choose with ``select``."""

    TRUE = True
    FALSE = False
    UNKNOWN = None

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self} has no truth value: an enclosure may not know; use the domain's select")


@dataclass(frozen=True)
class Real:
    """The real numbers, enclosed. Object arrays of ``fmpq`` and ``arb``.

    Args:
        bits: accuracy asked of outputs: a ball's width is at most ``2**-bits`` times the larger of its magnitude and
            2**-149.
        working: precision of ball arithmetic in bits; 32 more than ``bits`` unless given.
    """

    bits: int = 128
    working: int | None = None

    def __post_init__(self) -> None:
        if self.bits < 1 or self._precision < 2:
            raise ValueError(f"Real(bits={self.bits}, working={self.working}): both must be positive")

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "real"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES)

    @property
    def schedule(self) -> Schedule:
        """Any order gives the same real sum; this is one of them."""
        return Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {"matmul": self._matmul}

    @property
    def _precision(self) -> int:
        return self.bits + _GUARD_BITS if self.working is None else self.working

    def refine(self, outputs: list[Array]) -> Real | None:
        """A copy of twice the working precision where some output is indeterminate, unknown or wider than asked; None
        where all are sharp, or the working precision would pass 2**14 bits."""
        wanted = 2 * self._precision
        with ctx.workprec(self._precision):
            sharp = all(self._is_sharp(scalar) for output in outputs for scalar in output.flat)
        return None if sharp or wanted > _LAST_WORKING else replace(self, working=wanted)

    def _is_sharp(self, scalar: Any) -> bool:
        if not isinstance(scalar, arb):
            return scalar is not Ternary.UNKNOWN
        width = 2 * scalar.rad() * arb(2) ** self.bits
        return bool(width <= scalar.abs_lower() or width <= arb(2) ** _FLOOR_EXPONENT)

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self._map(lambda value: fmpq(int(value.numerator), int(value.denominator)), values)

    def pi(self) -> Array:
        with ctx.workprec(self._precision):
            return _object(arb.pi())

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        """The number that each code stands for. Raises UndefinedError at an infinity or NaN, naming its index."""
        return self.constant(decode_array(bits))

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        """The value rounded once, to nearest even; zero, and a ball about it that rounds to zeros, gives +0.
        Raises UndefinedError at an indeterminate scalar, UnableError at a ball that does not decide."""
        with ctx.workprec(self._precision):
            return _read(x, _to_code).astype(np.uint32)

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        """Midpoints; NaN where indeterminate."""
        with ctx.workprec(64):
            return np.asarray(np.frompyfunc(lambda scalar: float(arb(scalar)), 1, 1)(x), dtype=np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        """The ends of the balls, exact, but for ends closer to 0 than 2**-2**20, which are moved outward.
        Raises UndefinedError at an indeterminate scalar, UnableError at an end beyond 2**(2**20)."""
        with ctx.workprec(self._precision):
            ends = _read(x, _ends)
        low, high = np.frompyfunc(lambda pair: pair, 1, 2)(ends)
        return _object(low), _object(high)

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: _settle(x + y), x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: _settle(x - y), x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: _settle(x * y), x, y)

    def div(self, x: Array, y: Array) -> Array:
        """x / y; indeterminate where y may be 0."""
        return self._map(lambda x, y: arb.nan() if y == 0 else _settle(x / y), x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._map(lambda x, y, z: _settle(x * y + z), x, y, z)

    def sqrt(self, x: Array) -> Array:
        """The root, exact for squares of rationals; indeterminate where x may be negative."""
        return self._map(_root, x)

    def neg(self, x: Array) -> Array:
        return self._map(lambda x: -x, x)

    def abs(self, x: Array) -> Array:
        return self._map(_magnitude, x)

    def minimum(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: x if x <= y else y if y <= x else arb(x).min(arb(y)), x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: x if x >= y else y if y >= x else arb(x).max(arb(y)), x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._elementary("exp", x)

    def expm1(self, x: Array) -> Array:
        return self._elementary("expm1", x)

    def log(self, x: Array) -> Array:
        return self._elementary("log", x)

    def log1p(self, x: Array) -> Array:
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
        return self._map(lambda x, y: _ternary(x < y, x >= y), x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: _ternary(x <= y, x > y), x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return self._map(lambda x, y: _ternary(x == y, x < y or x > y), x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        """x where TRUE, y where FALSE, the hull of both where UNKNOWN. Plain bools count as known truths."""
        return self._map(_choose, truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        """x: a format does not change a real number."""
        return x

    def is_nan(self, x: Array) -> Array:
        """Never: a real number is a number."""
        return np.full(np.shape(x), Ternary.FALSE, dtype=object)

    def is_finite(self, x: Array) -> Array:
        """Always."""
        return np.full(np.shape(x), Ternary.TRUE, dtype=object)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """The domain's own arithmetic: real sums depend on no accumulator."""
        return own_accumulator(self)

    # -- the walk over an array ----------------------------------------------------------------------------------

    def _map(self, operation: Callable[..., Any], *operands: Array) -> Array:
        with ctx.workprec(self._precision):
            return _object(np.frompyfunc(operation, len(operands), 1)(*operands))

    def _elementary(self, name: str, x: Array) -> Array:
        call = methodcaller(name)  # the protocol's names are Arb's
        return self._map(lambda x: call(arb(x)), x)

    def _matmul(self, a: Array, b: Array) -> Array:
        """The matrix product over the last two axes, others broadcast: exact over rationals, else rigorous balls."""
        with ctx.workprec(self._precision):
            if b.ndim == 2:
                rows = a.reshape(prod(a.shape[:-1]), a.shape[-1])
                return _product(rows, b).reshape(*a.shape[:-1], b.shape[-1])
            batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
            left, right = (np.broadcast_to(operand, batch + operand.shape[-2:]) for operand in (a, b))
            out = np.empty((*batch, a.shape[-2], b.shape[-1]), dtype=object)
            for index in np.ndindex(*batch):
                out[index] = _product(left[index], right[index])
            return out


# -- on scalars ------------------------------------------------------------------------------------------------------


def _object(value: Any) -> Array:
    return np.asarray(value, dtype=object)


def _settle(value: Any) -> Any:
    """A rational stays exact while it is short; repeated squaring would double its length each time."""
    return arb(value) if isinstance(value, fmpq) and value.height_bits() > _LONGEST_RATIONAL else value


def _root(x: Any) -> Any:
    if isinstance(x, fmpq) and x.p.is_square() and x.q.is_square():
        return fmpq(x.p.isqrt(), x.q.isqrt())
    return arb(x).sqrt()


def _magnitude(x: Any) -> Any:
    if x >= 0:
        return x
    return -x if x <= 0 else abs(x).nonnegative_part()


def _ternary(holds: bool, fails: bool) -> Ternary:
    return Ternary.TRUE if holds else Ternary.FALSE if fails else Ternary.UNKNOWN


def _choose(truth: Any, x: Any, y: Any) -> Any:
    match Ternary(truth):
        case Ternary.TRUE:
            return x
        case Ternary.FALSE:
            return y
        case Ternary.UNKNOWN:
            return arb(x).union(arb(y))


def _product(a: Array, b: Array) -> Array:
    """The product of two matrices at the current precision: of integers over common denominators, or of balls."""
    left, right = a.ravel().tolist(), b.ravel().tolist()
    exact = all(isinstance(scalar, fmpq) for scalar in (*left, *right))
    matrix = fmpq_mat if exact else arb_mat
    entries = (matrix(*a.shape, left) * matrix(*b.shape, right)).entries()
    out = np.empty(len(entries), dtype=object)
    out[:] = [_settle(entry) for entry in entries]
    return out.reshape(a.shape[0], b.shape[1])


# -- from and to bits and fractions ----------------------------------------------------------------------------------


def _read(x: Array, convert: Callable[[Any, str], Any]) -> Array:
    """Apply a conversion that needs a finite scalar, and may itself need to name the element."""
    out = np.empty(np.shape(x), dtype=object)
    for index, scalar in np.ndenumerate(x):
        element = f"element {_name(index)}"
        if isinstance(scalar, arb) and scalar.is_nan():
            raise UndefinedError(f"{element} is undefined, or was not told from an undefined one at this precision")
        if isinstance(scalar, arb) and not scalar.is_finite():
            raise UnableError(f"{element} has no known bound at this precision: refine the domain")
        out[index] = convert(scalar, element)
    return out


def _name(index: Any) -> str:
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def _to_code(scalar: Any, element: str) -> int:
    if isinstance(scalar, fmpq):
        return round_to_bits(Fraction(int(scalar.p), int(scalar.q)), BINARY32)
    low, high = (round_to_bits(_within_binary32(end), BINARY32) for end in (scalar.lower(), scalar.upper()))
    if low == high:
        return low
    if (low | high) & BINARY32.magnitude_mask == 0:
        return 0
    raise UnableError(f"{element} is a ball that spans codes {low:#010x} to {high:#010x}: refine the domain")


def _within_binary32(point: Any) -> Fraction:
    """The number, or one with the same nearest binary32 where its exponent is far outside the format's."""
    significand, exponent = (int(part) for part in point.man_exp())
    digits = significand.bit_length()
    nearest = min(max(digits + exponent, BINARY32.emin - BINARY32.precision - 2), BINARY32.emax + 4)
    return significand * Fraction(2) ** (nearest - digits)


def _ends(scalar: Any, element: str) -> tuple[Fraction, Fraction]:
    if isinstance(scalar, fmpq):
        value = Fraction(int(scalar.p), int(scalar.q))
        return value, value
    return _moved(scalar.lower(), -1, element), _moved(scalar.upper(), 1, element)


def _moved(point: Any, outward: int, element: str) -> Fraction:
    """The number, or the next one outward (1 is up, -1 down) of 0 and +-2**-2**20 where it is smaller than these."""
    significand, exponent = (int(part) for part in point.man_exp())
    size = significand.bit_length() + exponent
    if size > _LARGEST_EXPONENT:
        raise UnableError(f"{element} reaches beyond 2**(2**20): too long to write as a fraction")
    if size < -_LARGEST_EXPONENT:
        return Fraction(outward, 1 << _LARGEST_EXPONENT) if significand * outward > 0 else Fraction(0)
    return significand * Fraction(2) ** exponent
