"""The domain of directions: ranges of binary32 executions, each with the input elements it may rise and fall with.

Guarantees, of the execution IEEE32Exec (to nearest even, correctly rounded elementary functions) in the domain's schedule, for
all inputs of a region: a scalar is a number of its range, not NaN unless it says so; and moving one input element up within
its box makes it greater only if the element is in its set ``up``, less only if it is in ``down``. Numbers are compared, so -0 is
+0. Where a NaN cannot be excluded the range is the whole line and the sets are full.

Why: rounding is monotone, so an operation rises and falls in each operand where its exact result does, overflow included; going
from one input to the other operand by operand, each step stays in the operands' ranges. Ranges are not those of the domain
interval, whose whole line stands for NaN too: here they tell overflow from NaN.
Does not: track how values depend on one another (x - x may do either), know sums that are exact or in every order; sines and
cosines are followed on the turns next to 0 only, and division by what may be a zero of either sign is lost.

Source: monotonicity of rounding: Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 2.2; IEEE 754-2019
clauses 4.3.1 and 6; the analysis of signs: Cousot and Cousot, "Abstract interpretation", POPL 1977.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import UnsupportedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.region import Box
from fpsem.core.schedule import Schedule, Sequential, schedule_of
from fpsem.domains import _outward as outward
from fpsem.domains.interval import Interval

_QUARTER, _HALF = (np.nextafter(np.float32(turn), np.float32(0)) for turn in (np.pi / 2, np.pi))
"""The largest binary32 numbers below a quarter and half of a turn."""

_NONE, _EVERY = np.uint8(0), np.iinfo(np.uint8).max
_Sets = tuple[Any, Any]
"""The input elements with which a value may rise, and may fall: bits of uint8 along the last axis."""


@dataclass(frozen=True)
class Directed:
    """The domain of ranges of binary32 executions, each with the input elements it may rise and fall with.

    Args:
        elements: how many input elements there are.
        schedule: the order of reductions in the execution, a Schedule or its text.
    """

    elements: int
    schedule: Schedule = Sequential()

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", self._points.schedule)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "directions"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.IEEE, concrete=False)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    @property
    def _points(self) -> Interval:
        """What reads ranges; on points it is IEEE 754's binary32."""
        return Interval(BINARY32.name, schedule_of(self.schedule))

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self._fixed(self._points.constant(values))

    def pi(self) -> Array:
        return self._fixed(self._points.pi())

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        return self._fixed(self._points.from_bits(bits))

    def inputs(self, box: Box, first: int) -> Array:
        """Inputs that may be any numbers of a box, its elements numbered in C order from ``first`` on."""
        place = first + np.arange(prod(box.shape))
        sets = np.zeros((len(place), -(-self.elements // 8)), dtype=np.uint8)
        sets[np.arange(len(place)), place // 8] = 1 << (7 - place % 8)
        sets[box.fixed.reshape(-1)] = _NONE
        ends = self._points.box(box)
        return _rows(ends["lo"], ends["hi"], np.False_, (sets.reshape(*box.shape, -1), np.zeros_like(sets[0])))

    def codes(self, x: Array) -> npt.NDArray[np.uint8]:
        """Of each scalar and input element, along a last axis: 1 if it may rise, plus 2 if it may fall."""
        rises, falls = (np.unpackbits(x[way], axis=-1, count=self.elements) for way in ("up", "down"))
        return np.asarray(rises + 2 * falls, dtype=np.uint8)

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        return self._points.to_bits(x)

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        return self._points.to_float(x)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        return self._points.enclosure(x)

    # -- arithmetic: the range from the ends, whether NaN is possible, and the sets -------------------------------

    def add(self, x: Array, y: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            lo, hi = x["lo"] + y["lo"], x["hi"] + y["hi"]
        apart = (np.isposinf(x["hi"]) & np.isneginf(y["lo"])) | (np.isneginf(x["lo"]) & np.isposinf(y["hi"]))
        return _rows(lo, hi, x["nan"] | y["nan"] | apart, _joined(_sets(x), _sets(y)))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        if x is y:  # a square is that of the magnitude
            x = y = self.abs(x)
        undefined = x["nan"] | y["nan"] | _zero_times_infinity(x, y)
        return _rows(*_corners(np.multiply, x, y), undefined, _joined(_turned(x, y), _turned(y, x)))

    def div(self, x: Array, y: Array) -> Array:
        pole = np.signbit(y["lo"]) != np.signbit(y["hi"])  # -0 and +0 are one number and have two reciprocals
        undefined = (_may_be_zero(x) & _may_be_zero(y)) | (_may_be_infinite(x) & _may_be_infinite(y))
        sets = _joined(_turned(x, y), _turned(self.neg(y), x))
        return _rows(*_corners(np.divide, x, y), x["nan"] | y["nan"] | pole | undefined, sets)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        from fpsem.domains._hardware import fma as fused  # numba is a heavy import

        lo, _ = _corners(lambda a, b: fused(a, b, z["lo"]), x, y)
        _, hi = _corners(lambda a, b: fused(a, b, z["hi"]), x, y)
        apart = (_may_be_infinite(x) | _may_be_infinite(y)) & _may_be_infinite(z)
        undefined = x["nan"] | y["nan"] | z["nan"] | _zero_times_infinity(x, y) | apart
        return _rows(lo, hi, undefined, _joined(_turned(x, y), _turned(y, x), _sets(z)))

    def sqrt(self, x: Array) -> Array:
        with np.errstate(invalid="ignore"):
            lo, hi = np.sqrt(x["lo"]), np.sqrt(x["hi"])
        return _rows(lo, hi, x["nan"] | (x["lo"] < 0), _sets(x))

    def neg(self, x: Array) -> Array:
        return _rows(-x["hi"], -x["lo"], x["nan"], (x["down"], x["up"]))

    def abs(self, x: Array) -> Array:
        ends = np.abs(x["lo"]), np.abs(x["hi"])
        low = np.where(np.signbit(x["lo"]) != np.signbit(x["hi"]), np.zeros_like(ends[0]), np.minimum(*ends))
        return _rows(low, np.maximum(*ends), x["nan"], _turned(x, x))

    def minimum(self, x: Array, y: Array) -> Array:
        return self.neg(self.maximum(self.neg(x), self.neg(y)))

    def maximum(self, x: Array, y: Array) -> Array:
        lo, hi = outward.greater(x["lo"], y["lo"]), outward.greater(x["hi"], y["hi"])
        beaten = x["hi"] <= y["lo"], y["hi"] <= x["lo"]
        return _rows(lo, hi, x["nan"] | y["nan"], _joined(_where(~beaten[0], _sets(x)), _where(~beaten[1], _sets(y))))

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._rising("exp", x)

    def expm1(self, x: Array) -> Array:
        return self._rising("expm1", x)

    def log(self, x: Array) -> Array:
        return self._rising("log", x)

    def log1p(self, x: Array) -> Array:
        return self._rising("log1p", x)

    def atan(self, x: Array) -> Array:
        return self._rising("atan", x)

    def tanh(self, x: Array) -> Array:
        return self._rising("tanh", x)

    def erf(self, x: Array) -> Array:
        return self._rising("erf", x)

    def sin(self, x: Array) -> Array:
        return self._turning("sin", x, _within(x, -_QUARTER, _QUARTER), np.False_)

    def cos(self, x: Array) -> Array:
        return self._turning("cos", x, _within(x, -_HALF, 0), _within(x, 0, _HALF))

    def tan(self, x: Array) -> Array:
        return self._turning("tan", x, np.True_, np.False_)  # it rises but at poles, where its range is the whole line

    # -- order and choice: truths too have sets, of the elements with which they may become true, and false -------

    def less(self, x: Array, y: Array) -> Array:
        return _compared(x, y, x["hi"] < y["lo"], x["lo"] >= y["hi"])

    def less_equal(self, x: Array, y: Array) -> Array:
        return _compared(x, y, x["hi"] <= y["lo"], x["lo"] > y["hi"])

    def equal(self, x: Array, y: Array) -> Array:
        same = (x["hi"] == y["lo"]) & (x["lo"] == y["hi"])
        found = _compared(x, y, same, (x["hi"] < y["lo"]) | (x["lo"] > y["hi"]))
        return _truths(found["truth"], _either(_sets(found)))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        truth, x, y = np.broadcast_arrays(truth, x, y)
        known = truth["truth"] != outward.UNKNOWN
        lo, hi = outward.lesser(x["lo"], y["lo"]), outward.greater(x["hi"], y["hi"])
        below, above = x["hi"] <= y["lo"], x["lo"] >= y["hi"]  # so much moves where the choice changes
        comes, goes = truth["up"], truth["down"]
        rises, falls = _kept(~below, comes) | _kept(~above, goes), _kept(~above, comes) | _kept(~below, goes)
        either = _rows(lo, hi, x["nan"] | y["nan"], _joined(_sets(x), _sets(y), (rises, falls)))
        return np.where(known, np.where(truth["truth"] == outward.TRUE, x, y), either)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return self._at_ends(lambda points: self._points.cast(points, format), x)

    def is_nan(self, x: Array) -> Array:
        return _truths(np.where(x["nan"], outward.UNKNOWN, outward.FALSE), _either(_sets(x)))

    def is_finite(self, x: Array) -> Array:
        finite = np.isfinite(x["lo"]) & np.isfinite(x["hi"])
        never = ~x["nan"] & np.isinf(x["lo"]) & (x["lo"] == x["hi"])
        return _truths(outward.decide(finite, never), _either(_sets(x)))

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums of executions held in binary64, whose sums and products are rounded as numpy rounds them: to nearest even.

        Raises:
            UnsupportedError: exact sums of executions.
        """
        if format == BINARY32.name:
            return own_accumulator(self)
        if format == EXACT:
            raise UnsupportedError(f"schedule {self.schedule}: no direction is known of exact sums; use a tree of additions")

        def in_dtype(x: Array, dtype: type[np.floating[Any]]) -> Array:
            with np.errstate(over="ignore", under="ignore"):
                lo, hi = (np.asarray(x[end]).astype(dtype) for end in ("lo", "hi"))
            return _rows(lo, hi, x["nan"], _sets(x))

        return Accumulator(
            widen=lambda x: in_dtype(x, np.float64),
            narrow=lambda x: in_dtype(x, np.float32),
            add=self.add,
            sub=self.sub,
            mul=self.mul,
            fma=lambda x, y, z: self.add(self.mul(x, y), z),  # products of two binary32 numbers are exact in binary64
        )

    # -- helpers -------------------------------------------------------------------------------------------------

    def _fixed(self, points: Array) -> Array:
        """Points, which depend on no input."""
        none = np.zeros(-(-self.elements // 8), dtype=np.uint8)
        return _rows(points["lo"], points["hi"], np.isnan(points["lo"]), (none, none))

    def _at_ends(self, function: Callable[[Array], Array], x: Array) -> Array:
        """A function that rises: its range from its values at the ends, which are NaN where it is NaN anywhere."""
        ends = np.stack([x["lo"], x["hi"]])
        lo, hi = function(self._points.between(ends, ends))["lo"]
        return _rows(lo, hi, x["nan"] | np.isnan(lo) | np.isnan(hi), _sets(x))

    def _rising(self, name: str, x: Array) -> Array:
        return self._at_ends(getattr(self._points, name), x)

    def _turning(self, name: str, x: Array, rises: Any, falls: Any) -> Array:
        """A function that rises on some ranges of x and falls on others."""
        found = getattr(self._points, name)(self._points.between(x["lo"], x["hi"]))
        undefined = np.isnan(found["lo"]) | outward.is_whole((found["lo"], found["hi"]))
        sets = _joined(_where(~np.asarray(falls), _sets(x)), _where(~np.asarray(rises), (x["down"], x["up"])))
        return _rows(found["lo"], found["hi"], x["nan"] | undefined, sets)


def _rows(lo: Any, hi: Any, nan: Any, sets: _Sets) -> Array:
    """Scalars; where NaN is possible the whole line, which may rise and fall with everything."""
    up, down = sets
    bits = ("up", np.uint8, (np.shape(up)[-1],)), ("down", np.uint8, (np.shape(up)[-1],))
    out = np.empty(np.shape(lo), dtype=[("lo", lo.dtype), ("hi", lo.dtype), ("nan", np.bool_), *bits])
    out["lo"], out["hi"], out["nan"], out["up"], out["down"] = lo, hi, nan, up, down
    if np.any(nan):
        lost = out["nan"]
        for field, value in (("lo", -np.inf), ("hi", np.inf), ("up", _EVERY), ("down", _EVERY)):
            out[field][lost] = value
    return out


def _truths(truth: Any, sets: _Sets) -> Array:
    up, down = sets
    bits = ("up", np.uint8, (np.shape(up)[-1],)), ("down", np.uint8, (np.shape(up)[-1],))
    out = np.empty(np.shape(truth), dtype=[("truth", np.int8), *bits])
    out["truth"], out["up"], out["down"] = truth, up, down
    return out


def _compared(x: Array, y: Array, surely: Any, surely_not: Any) -> Array:
    """The truth of x < y or x <= y: it may come where y rises or x falls, and go where y falls or x rises."""
    decided = np.where(x["nan"] | y["nan"], outward.UNKNOWN, outward.decide(surely, surely_not))
    return _truths(decided, _joined(_sets(y), (x["down"], x["up"])))


def _sets(x: Array) -> _Sets:
    return x["up"], x["down"]


def _joined(*sets: _Sets) -> _Sets:
    ups, downs = zip(*sets)
    return reduce(np.bitwise_or, ups), reduce(np.bitwise_or, downs)


def _either(sets: _Sets) -> _Sets:
    return _joined(sets, sets[::-1])


def _kept(where: Any, elements: Any) -> Any:
    return np.where(np.asarray(where)[..., None], elements, _NONE)


def _where(where: Any, sets: _Sets) -> _Sets:
    return _kept(where, sets[0]), _kept(where, sets[1])


def _turned(x: Array, by: Array) -> _Sets:
    """How x moves when it is multiplied by a number of the range of ``by`` that stays as it is."""
    return _joined(_where(by["hi"] > 0, _sets(x)), _where(by["lo"] < 0, (x["down"], x["up"])))


def _within(x: Array, lo: Any, hi: Any) -> Any:
    return (lo <= x["lo"]) & (x["hi"] <= hi)


def _may_be_zero(x: Array) -> Any:
    return (x["lo"] <= 0) & (x["hi"] >= 0)


def _may_be_infinite(x: Array) -> Any:
    return np.isinf(x["lo"]) | np.isinf(x["hi"])


def _zero_times_infinity(x: Array, y: Array) -> Any:
    return (_may_be_zero(x) & _may_be_infinite(y)) | (_may_be_zero(y) & _may_be_infinite(x))


def _corners(operation: Callable[[Any, Any], Any], x: Array, y: Array) -> tuple[Any, Any]:
    """The least and greatest result of an operation that is monotone in each operand, over their ranges."""
    with np.errstate(all="ignore"):
        found = [operation(a, b) for a in (x["lo"], x["hi"]) for b in (y["lo"], y["hi"])]
    return reduce(outward.lesser, found), reduce(outward.greater, found)
