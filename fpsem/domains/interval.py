"""Interval: scalars (lo, hi) that contain, for every input of a region, the real value; or what binary32 executions give.

Guarantees, by ``semantics``:

* ``real``: the real value of every node lies in its interval. Ends are doubles. Those of each sum, product, quotient, root
  and fused multiply-add are the exact ends of the operation on the operands' intervals, rounded once, down and up; those of
  an elementary function are rounded outward, a few last bits wider.
* ``binary32``: the result of every execution in binary32, round to nearest even, elementary functions correctly rounded,
  reductions in the domain's schedule (that is IEEE32Exec with this schedule), lies in the interval. Ends are binary32 numbers,
  those of each operation rounded to nearest even, infinite where it may overflow; -0 is below +0. On points the domain is
  IEEE 754's binary32, special values included.

Where an operation may be undefined (a pole, the root or logarithm of a number that may be negative, in binary32 whatever may
give NaN) the interval is the whole line, which has no enclosure and is handed on by every operation. In binary32, NaN ends
stand for NaN alone. Truths have three values; a choice that is not known gives the hull of both.
Does not: track how values depend on one another, so x - x is an interval about 0.

Source: Moore, Kearfott and Cloud, "Introduction to Interval Analysis", 2009; ranges of elementary functions from Arb balls;
that rounding is monotone, so that rounded ends enclose executions: Muller et al., "Handbook of Floating-Point Arithmetic".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fpsem.core.codes import encode_array
from fpsem.core.errors import UnableError, UndefinedError, UnknownNameError, UnsupportedError
from fpsem.core.exact import pi_bracket, round_pi, round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.reduction import by_matrices
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.domains import _nearest as nearest
from fpsem.domains import _outward as outward
from fpsem.domains._matrix import interval_product

_DTYPES = {
    "real": np.dtype([("lo", np.float64), ("hi", np.float64)]),
    "binary32": np.dtype([("lo", np.float32), ("hi", np.float32)]),
}


@dataclass(frozen=True)
class Interval:
    """The domain.

    Args:
        semantics: whose values the intervals contain: "real", or "binary32" for executions.
        schedule: the order of reductions in these executions, a Schedule or its text; the real value of a sum has no order.
        fast: whether products of matrices of real values are taken as such: as fast as a few of them, a little wider.

    Raises:
        UnknownNameError: no such semantics or schedule.
        UnsupportedError: a schedule for real values.
    """

    semantics: str = "real"
    schedule: Schedule = Sequential()
    fast: bool = False

    def __post_init__(self) -> None:
        if self.semantics not in _DTYPES:
            raise UnknownNameError("semantics", self.semantics, _DTYPES)
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)
        if self._is_real and self.schedule != Sequential():
            raise UnsupportedError("interval takes no schedule: real sums do not depend on their order (see binary32)")

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "interval"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES if self._is_real else Kind.IEEE)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {"matmul": self._product} if self._is_real and self.fast else {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    @property
    def _is_real(self) -> bool:
        return self.semantics == "real"

    @property
    def _rules(self) -> Any:
        """The functions of ends that round as the semantics asks."""
        return outward if self._is_real else nearest

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        if not self._is_real:
            return self.from_bits(encode_array(values))
        rows = [outward.around(Fraction(value)) for value in values.reshape(-1)]
        return np.array(rows, dtype=_DTYPES["real"]).reshape(values.shape)

    def pi(self) -> Array:
        if not self._is_real:
            return self.from_bits(np.array(round_pi(lambda x: round_to_bits(x, BINARY32)), dtype=np.uint32))
        low, high = pi_bracket(64)
        return self._pack((outward.around(low)[0], outward.around(high)[1]))

    def from_bits(self, bits: Array) -> Array:
        values = outward.numbers(bits) if self._is_real else np.ascontiguousarray(bits).reshape(bits.shape).view(np.float32)
        return self._pack((values, values))

    def box(self, region: Box) -> Array:
        """Inputs that may be any numbers between the ends of a box."""
        return self.between(region.lo, region.hi)

    def between(self, lo: Array, hi: Array) -> Array:
        """Inputs that may be any numbers between two arrays of them, zeros of either sign where the ends differ.

        Raises:
            ValueError: an end is not a number of the semantics (binary64 for real values), or lies above the other.
        """
        made = self._pack((lo, hi))
        good = (made["lo"] == lo) & (made["hi"] == hi) & (made["lo"] <= made["hi"])
        if not good.all():
            index = [int(i) for i in np.argwhere(~good)[0]]
            raise ValueError(f"element {index}: no ends of an interval of {made.dtype['lo']} numbers, the lower one first")
        made["lo"] = np.where((made["lo"] == 0) & (made["lo"] != made["hi"]), -0.0, made["lo"])
        made["hi"] = np.where((made["hi"] == 0) & (made["lo"] != made["hi"]), 0.0, made["hi"])
        return made

    def to_bits(self, x: Array) -> Array:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            low, high = (np.asarray(end).astype(np.float32).view(np.uint32) for end in _ends(x))
        if not np.array_equal(low, high):
            raise UnableError("an interval stands for many numbers; read its enclosure, or use the domain real")
        return np.asarray(low)

    def to_float(self, x: Array) -> Array:
        return outward.middle((x["lo"].astype(np.float64), x["hi"].astype(np.float64)))

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        bad = np.argwhere(~_is_bounded(x))
        if len(bad):
            raise UndefinedError(f"element {[int(i) for i in bad[0]]} may be undefined on this region")
        return outward.fractions(_ends(x))

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._pack(self._rules.add(_ends(x), _ends(y)))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        if x is y:  # a square is that of the magnitude
            x = y = self.abs(x)
        return self._pack(self._rules.mul(_ends(x), _ends(y)))

    def div(self, x: Array, y: Array) -> Array:
        return self._pack(self._rules.div(_ends(x), _ends(y)))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._pack(self._rules.fma(_ends(x), _ends(y), _ends(z)))

    def sqrt(self, x: Array) -> Array:
        return self._pack(self._rules.sqrt(_ends(x)))

    def neg(self, x: Array) -> Array:
        return self._pack(outward.neg(_ends(x)))

    def abs(self, x: Array) -> Array:
        return self._pack(outward.magnitude(_ends(x)))

    def minimum(self, x: Array, y: Array) -> Array:
        return self._pack(outward.minimum(_ends(x), _ends(y)))

    def maximum(self, x: Array, y: Array) -> Array:
        return self._pack(outward.maximum(_ends(x), _ends(y)))

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._function("exp", x)

    def expm1(self, x: Array) -> Array:
        return self._function("expm1", x)

    def log(self, x: Array) -> Array:
        return self._function("log", x)

    def log1p(self, x: Array) -> Array:
        return self._function("log1p", x)

    def sin(self, x: Array) -> Array:
        return self._function("sin", x)

    def cos(self, x: Array) -> Array:
        return self._function("cos", x)

    def tan(self, x: Array) -> Array:
        return self._function("tan", x)

    def atan(self, x: Array) -> Array:
        return self._function("atan", x)

    def tanh(self, x: Array) -> Array:
        return self._function("tanh", x)

    def erf(self, x: Array) -> Array:
        return self._function("erf", x)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return _decided(x, y, x["hi"] < y["lo"], x["lo"] >= y["hi"])

    def less_equal(self, x: Array, y: Array) -> Array:
        return _decided(x, y, x["hi"] <= y["lo"], x["lo"] > y["hi"])

    def equal(self, x: Array, y: Array) -> Array:
        same = (x["hi"] == y["lo"]) & (x["lo"] == y["hi"])
        return _decided(x, y, same, (x["hi"] < y["lo"]) | (x["lo"] > y["hi"]))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        either = self._pack(outward.hull(_ends(x), _ends(y)))
        return np.where(truth == outward.UNKNOWN, either, np.where(truth == outward.TRUE, x, y))

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return x if self._is_real else self._pack(nearest.cast(_ends(x), format))

    def is_nan(self, x: Array) -> Array:
        return np.where(outward.is_whole(_ends(x)), outward.UNKNOWN, np.where(_is_nan(x), outward.TRUE, outward.FALSE))

    def is_finite(self, x: Array) -> Array:
        never = _is_nan(x) | ((x["lo"] == x["hi"]) & np.isinf(x["lo"]))
        sure = np.full(x.shape, self._is_real) | _is_bounded(x)
        return np.where(outward.is_whole(_ends(x)), outward.UNKNOWN, outward.decide(sure, never))

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums of executions held in binary64: intervals of doubles, each end rounded to nearest even.

        Raises:
            UnsupportedError: exact sums of executions.
        """
        if self._is_real or format == BINARY32.name:
            return own_accumulator(self)
        if format == EXACT:
            raise UnsupportedError(f"schedule {self.schedule}: {self.name} encloses no exact sums; use the domain error_bound")
        doubles, singles = Interval("real")._pack, self._pack

        def add(x: Array, y: Array) -> Array:
            return doubles(nearest.add(_ends(x), _ends(y)))

        def mul(x: Array, y: Array) -> Array:
            return doubles(nearest.mul(_ends(x), _ends(y)))

        return Accumulator(
            widen=lambda x: doubles(_ends(x)),
            narrow=lambda x: singles(nearest.to_single(_ends(x))),
            add=add,
            sub=lambda x, y: add(x, doubles(outward.neg(_ends(y)))),
            mul=mul,
            fma=lambda x, y, z: add(mul(x, y), z),  # products of two binary32 numbers are exact in binary64
        )

    def _product(self, a: Array, b: Array) -> Array:
        return by_matrices(lambda x, y: self._pack(interval_product(_ends(x), _ends(y))), a, b)

    # -- helpers -------------------------------------------------------------------------------------------------

    def _function(self, name: str, x: Array) -> Array:
        return self._pack(self._rules.function(name, _ends(x)))

    def _pack(self, ends: outward.Ends) -> Array:
        out = np.empty(np.broadcast_shapes(np.shape(ends[0]), np.shape(ends[1])), dtype=_DTYPES[self.semantics])
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # of numbers that ``between`` then refuses
            out["lo"], out["hi"] = ends
        return out


def _ends(x: Array) -> outward.Ends:
    return x["lo"], x["hi"]


def _is_nan(x: Array) -> Any:
    return np.isnan(x["lo"])


def _is_bounded(x: Array) -> Any:
    return np.isfinite(x["lo"]) & np.isfinite(x["hi"])


def _decided(x: Array, y: Array, surely: Any, surely_not: Any) -> Array:
    """The truth of a comparison: false on NaN, unknown where an operand is the whole line."""
    lost = outward.is_whole(_ends(x)) | outward.is_whole(_ends(y))
    nan = _is_nan(x) | _is_nan(y)
    return np.where(nan, outward.FALSE, np.where(lost, outward.UNKNOWN, outward.decide(surely, surely_not)))
