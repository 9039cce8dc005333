"""Interval: scalars (lo, hi), doubles rounded outward, that contain the real value for every input of a region.

Guarantees: the real value of every node lies in its interval, for every input that the leaves describe; where an operation may
be undefined (a pole, the root or logarithm of a number that may be negative) the interval is the whole line, infinite ends.
Truths have three values; a choice that is not known gives the hull of both.
Does not: track how values depend on one another, so x - x is an interval about 0; nor say anything of binary32 executions, for
which see ErrorBound.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009; ranges of elementary functions from Arb balls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import pi_bracket
from fpsem.core.protocol import Array, Contract, Kind
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential
from fpsem.domains import _outward as outward

_DTYPE = np.dtype([("lo", np.float64), ("hi", np.float64)])


@dataclass(frozen=True)
class Interval:
    """The domain. It has no schedule to choose: the real value of a sum has no order."""

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "interval"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES)

    @property
    def schedule(self) -> Schedule:
        return Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        rows = [outward.around(Fraction(value)) for value in values.reshape(-1)]
        return np.array(rows, dtype=_DTYPE).reshape(values.shape)

    def pi(self) -> Array:
        low, high = pi_bracket(64)
        return _pack((outward.around(low)[0], outward.around(high)[1]))

    def from_bits(self, bits: Array) -> Array:
        values = outward.numbers(bits)
        return _pack((values, values))

    def box(self, region: Box) -> Array:
        """Inputs that may be any real numbers between the ends of a box."""
        return _pack((region.lo.astype(np.float64), region.hi.astype(np.float64)))

    def to_bits(self, x: Array) -> Array:
        with np.errstate(over="ignore", under="ignore"):
            low, high = (np.asarray(end).astype(np.float32).view(np.uint32) for end in _ends(x))
        if not np.array_equal(low, high):
            raise UnableError("an interval stands for many numbers; read its enclosure, or use the domain real")
        return np.asarray(low)

    def to_float(self, x: Array) -> Array:
        return outward.middle(_ends(x))

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        bad = np.argwhere(~(np.isfinite(x["lo"]) & np.isfinite(x["hi"])))
        if len(bad):
            raise UndefinedError(f"element {[int(i) for i in bad[0]]} may be undefined on this region")
        return outward.fractions(_ends(x))

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _pack(outward.add(_ends(x), _ends(y)))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        return _pack(outward.mul(_ends(x), _ends(y)))

    def div(self, x: Array, y: Array) -> Array:
        return _pack(outward.div(_ends(x), _ends(y)))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return _pack(outward.add(outward.mul(_ends(x), _ends(y)), _ends(z)))

    def sqrt(self, x: Array) -> Array:
        return _pack(outward.sqrt(_ends(x)))

    def neg(self, x: Array) -> Array:
        return _pack((-x["hi"], -x["lo"]))

    def abs(self, x: Array) -> Array:
        return _pack((outward.least(*_ends(x)), outward.largest(*_ends(x))))

    def minimum(self, x: Array, y: Array) -> Array:
        return _pack((np.minimum(x["lo"], y["lo"]), np.minimum(x["hi"], y["hi"])))

    def maximum(self, x: Array, y: Array) -> Array:
        return _pack((np.maximum(x["lo"], y["lo"]), np.maximum(x["hi"], y["hi"])))

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return _function("exp", x)

    def expm1(self, x: Array) -> Array:
        return _function("expm1", x)

    def log(self, x: Array) -> Array:
        return _function("log", x)

    def log1p(self, x: Array) -> Array:
        return _function("log1p", x)

    def sin(self, x: Array) -> Array:
        return _function("sin", x)

    def cos(self, x: Array) -> Array:
        return _function("cos", x)

    def tanh(self, x: Array) -> Array:
        return _function("tanh", x)

    def erf(self, x: Array) -> Array:
        return _function("erf", x)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return outward.decide(x["hi"] < y["lo"], x["lo"] >= y["hi"])

    def less_equal(self, x: Array, y: Array) -> Array:
        return outward.decide(x["hi"] <= y["lo"], x["lo"] > y["hi"])

    def equal(self, x: Array, y: Array) -> Array:
        same = (x["hi"] == y["lo"]) & (x["lo"] == y["hi"])
        return outward.decide(same, (x["hi"] < y["lo"]) | (x["lo"] > y["hi"]))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        hull = _pack((np.minimum(x["lo"], y["lo"]), np.maximum(x["hi"], y["hi"])))
        return np.where(truth == outward.UNKNOWN, hull, np.where(truth == outward.TRUE, x, y))

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return x

    def is_nan(self, x: Array) -> Array:
        return np.full(x.shape, outward.FALSE)

    def is_finite(self, x: Array) -> Array:
        return np.full(x.shape, outward.TRUE)


def _pack(ends: outward.Ends) -> Array:
    out = np.empty(np.broadcast_shapes(np.shape(ends[0]), np.shape(ends[1])), dtype=_DTYPE)
    out["lo"], out["hi"] = ends
    return out


def _ends(x: Array) -> outward.Ends:
    return x["lo"], x["hi"]


def _function(name: str, x: Array) -> Array:
    from fpsem.domains._elementary_range import range_and_slope  # balls are a heavy import

    lo, hi, _ = range_and_slope(name, *_ends(x), *_ends(x))
    return _pack((lo, hi))
