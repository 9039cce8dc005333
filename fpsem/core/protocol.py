"""The scalar protocol: what a domain must give so that every graph has a meaning in it.

A domain works on numpy arrays of its scalars. What a scalar is, is the domain's business: a uint32 code, a float32, a
z3 term, a rational, a ball. Shape work is numpy's, for all domains alike; the protocol is arithmetic only.

Laws are stated for real numbers x, y, z embedded in the domain. ``round`` is the domain's own rounding: the identity for
exact domains, an enclosure for enclosing ones, correct rounding to binary32 for IEEE ones. A domain's ``contract`` says
which, and ``fpsem.testing.check_domain`` holds it to that.

Nothing outside a domain may ask one of its truths for a ``bool``: z3 has none to give, and an enclosure may not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fpsem.core.rounding import Rounding
from fpsem.core.schedule import Schedule

Array = npt.NDArray[Any]
"""A numpy array of a domain's scalars, or of its truths, or of concrete integers."""


class Kind(Enum):
    """What a domain's numbers are."""

    ENCLOSES = "each scalar contains the real value"
    ROUNDS = "each operation is the exact one rounded once to binary32's precision, exponent unbounded above"
    IEEE = "each operation is IEEE 754 binary32's, special values included"
    FORMULA = "each scalar is a formula; equality with the real value is up to algebra"


@dataclass(frozen=True)
class Contract:
    """What a domain promises of its scalars.

    Args:
        kind: what the numbers are.
        elementary_ulps: how far, in ulps of the correctly rounded result, an elementary function may be off; 0 means
            correctly rounded, None that the domain has no elementary functions.
        concrete: whether scalars are values (not terms), so that bits can be read.
        rounding: the direction of every operation that rounds.
        scheduled: whether reductions keep to ``schedule``; a library's own do not.
        gradual_underflow: whether subnormal numbers are kept; where they are flushed, nothing is promised about results that
            they take part in.
    """

    kind: Kind
    elementary_ulps: int | None = 0
    concrete: bool = True
    rounding: Rounding = Rounding.NEAREST_EVEN
    scheduled: bool = True
    gradual_underflow: bool = True


@dataclass(frozen=True)
class Accumulator:
    """What sums are held in while they grow: a wider format's arithmetic, or the exact one. Arrays are of its own numbers.

    Args:
        widen: a scalar of the domain as a number of the accumulator, exactly.
        narrow: the scalar that a number is rounded to, once.
        add: the sum of two numbers, rounded as the accumulator is.
        sub: the difference.
        mul: the product of two widened scalars.
        fma: the product of two widened scalars, plus a number, rounded once.
    """

    widen: Callable[[Array], Array]
    narrow: Callable[[Array], Array]
    add: Callable[[Array, Array], Array]
    sub: Callable[[Array, Array], Array]
    mul: Callable[[Array, Array], Array]
    fma: Callable[[Array, Array, Array], Array]


EXACT = "exact"
"""The accumulator that never rounds, which the schedule Exact asks for."""


class ScalarDomain(Protocol):
    """The one scalar protocol. Arrays broadcast as numpy's do; every method is elementwise and pure."""

    # -- identity ------------------------------------------------------------------------------------------------

    def __hash__(self) -> int:
        """A domain is a value: what was prepared for one serves all that are equal to it."""

    @property
    def name(self) -> str:
        """The name that tables and the command line use."""

    @property
    def contract(self) -> Contract:
        """What the domain promises."""

    @property
    def schedule(self) -> Schedule:
        """The order in which reductions over this domain add."""

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        """Ops that the domain computes itself, by op name; called as the op's meaning is, without the domain.

        Law: equal to the op's derived meaning: bit for bit where the contract is IEEE or ROUNDS, and enclosing the
        same real value where it is ENCLOSES."""

    def refine(self, outputs: list[Array]) -> ScalarDomain | None:
        """A sharper domain to run again with, or None where the outputs are as sharp as promised."""

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        """Embed an object array of exact numbers (int or Fraction). Law: ``constant(x) = round(x)``."""

    def pi(self) -> Array:
        """The number pi, as an array of no dimensions. Law: ``pi() = round(pi)``: the constant that no other primitive gives."""

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        """Embed binary32 codes. Law: exact for finite codes. Domains without NaN or infinity raise UndefinedError."""

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        """The nearest-even binary32 codes. Law: ``to_bits(from_bits(b)) = b`` for finite b, up to the sign of zero in
        domains that have one zero; NaN gives a NaN. Raises UnableError where the scalar does not decide its bits."""

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        """Nearby doubles, for people and plots: within one binary64 ulp of some point of the scalar."""

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        """Lower and upper ends as object arrays of Fractions. Law: ``lo <= value <= hi``; equal for exact scalars.
        Raises UndefinedError where there is no finite value."""

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        """``round(x + y)``. inf - inf is NaN; x + (-x) is +0 (-0 when rounding downward). Commutative."""

    def sub(self, x: Array, y: Array) -> Array:
        """``round(x - y)``. Law: ``sub(x, y) = add(x, neg(y))``."""

    def mul(self, x: Array, y: Array) -> Array:
        """``round(x * y)``. 0 * inf is NaN; the sign is the product of the signs. Commutative."""

    def div(self, x: Array, y: Array) -> Array:
        """``round(x / y)``. x / 0 is a signed infinity, 0 / 0 and inf / inf are NaN; undefined in the reals."""

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        """``round(x * y + z)``, rounded once. 0 * inf + z is NaN."""

    def sqrt(self, x: Array) -> Array:
        """``round(sqrt(x))``. sqrt(-0) is -0; of a negative number NaN; undefined in the reals."""

    def neg(self, x: Array) -> Array:
        """-x, exact; flips the sign bit, of NaN too."""

    def abs(self, x: Array) -> Array:
        """|x|, exact; clears the sign bit, of NaN too."""

    def minimum(self, x: Array, y: Array) -> Array:
        """The lesser, exact. -0 < +0; a NaN operand gives NaN (IEEE 754-2019 clause 9.6 minimum)."""

    def maximum(self, x: Array, y: Array) -> Array:
        """The greater, exact. -0 < +0; a NaN operand gives NaN (IEEE 754-2019 clause 9.6 maximum)."""

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        """``round(e**x)``. exp(0) = 1, exp(-inf) = +0, exp(+inf) = +inf."""

    def expm1(self, x: Array) -> Array:
        """``round(e**x - 1)``. expm1(±0) = ±0, expm1(-inf) = -1."""

    def log(self, x: Array) -> Array:
        """``round(ln x)``. log(1) = +0, log(±0) = -inf; of a negative number NaN; undefined in the reals for x <= 0."""

    def log1p(self, x: Array) -> Array:
        """``round(ln(1 + x))``. log1p(±0) = ±0, log1p(-1) = -inf; below -1 NaN."""

    def sin(self, x: Array) -> Array:
        """``round(sin x)``, x in radians. sin(±0) = ±0, sin(±inf) is NaN."""

    def cos(self, x: Array) -> Array:
        """``round(cos x)``, x in radians. cos(±0) = 1, cos(±inf) is NaN."""

    def tan(self, x: Array) -> Array:
        """``round(tan x)``, x in radians. tan(±0) = ±0, tan(±inf) is NaN. No number of a format is a pole."""

    def atan(self, x: Array) -> Array:
        """``round(atan x)``, in radians, between -pi/2 and pi/2. atan(±0) = ±0, atan(±inf) = ±round(pi/2)."""

    def tanh(self, x: Array) -> Array:
        """``round(tanh x)``. tanh(±0) = ±0, tanh(±inf) = ±1."""

    def erf(self, x: Array) -> Array:
        """``round(erf x)``, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x. erf(±0) = ±0, erf(±inf) = ±1."""

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        """The domain's truth of x < y; false on NaN, and for -0 < +0."""

    def less_equal(self, x: Array, y: Array) -> Array:
        """The domain's truth of x <= y; false on NaN."""

    def equal(self, x: Array, y: Array) -> Array:
        """The domain's truth of x = y; false on NaN; -0 = +0."""

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        """x where the truth holds, else y; a scalar that covers both where the domain does not know."""

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        """x rounded to the named format's grid, to nearest even, in the domain's own representation.
        Exact domains keep x: a cast is the identity of the reals."""

    def is_nan(self, x: Array) -> Array:
        """The domain's truth of "is a NaN"; always false where there is none."""

    def is_finite(self, x: Array) -> Array:
        """The domain's truth of "is neither infinite nor NaN"."""

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """What sums are held in under a schedule with this accumulator, or "exact"; asked for only where the schedule names one.
        Exact domains give their own arithmetic. Raises UnsupportedError where sums cannot be held so."""


ARITHMETIC: Mapping[str, int] = {
    "add": 2, "sub": 2, "mul": 2, "div": 2, "fma": 3, "sqrt": 1, "neg": 1, "abs": 1, "minimum": 2, "maximum": 2,
}  # fmt: skip
"""Arithmetic primitives and how many operands each takes."""

ELEMENTARY: tuple[str, ...] = ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "atan", "tanh", "erf")
"""Elementary primitives, all of one operand."""

COMPARISONS: tuple[str, ...] = ("less", "less_equal", "equal")
"""Primitives that give the domain's truth."""


def own_accumulator(domain: ScalarDomain) -> Accumulator:
    """Sums held in the domain's own scalars."""
    return Accumulator(_itself, _itself, domain.add, domain.sub, domain.mul, domain.fma)


def _itself(x: Array) -> Array:
    return x


def exact_array(values: Any) -> Array:
    """An object array of ints and Fractions from nested numbers. Raises TypeError for anything inexact but floats,
    whose exact value is taken."""
    raw = np.asarray(values, dtype=object)
    out = np.empty(raw.shape, dtype=object)
    for index, value in np.ndenumerate(raw):
        out[index] = value if isinstance(value, (int, Fraction)) else Fraction(value)
    return out
