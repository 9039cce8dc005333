"""Ranges of real values by affine forms, which know how each value moves with the inputs.

A scalar is mid + the sum of slope_i t_i + e for unknowns t_i in [-1, 1], one for each input that is not fixed, and |e| <= rad;
beside it ends, by interval arithmetic and by the form. What is not linear in an operation goes to rad: of a product that of
the two movements, of a function how far its slope is from the middle one times how far its argument moves.

Guarantees: the ends hold the real value of every node at every input of the box; all rounding is counted in rad.
Does not: make unknowns of its own for what is not linear, so of two values with the same e nothing is seen.

Source: de Figueiredo and Stolfi, "Affine arithmetic: concepts and applications", Numerical Algorithms 37, 2004; Singh et al.,
"Fast and effective robustness certification", NeurIPS 2018 (the maximum with 0); Higham, "Accuracy and Stability of Numerical
Algorithms", 2nd ed., section 3.1 (rounding of sums of products).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any, cast

import numpy as np

from fpsem.core.protocol import ELEMENTARY, Array, ScalarDomain
from fpsem.core.reduction import by_matrices, rows
from fpsem.core.region import Box
from fpsem.core.schedule import Sequential
from fpsem.domains import _outward as outward
from fpsem.domains._matrix import interval_product
from fpsem.domains._outward import Ends
from fpsem.domains.interval import Interval
from fpsem.graph import autodiff
from fpsem.graph.denote import Interpreter
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.trace import trace

LARGEST = 1 << 24
"""How many slopes all values of a graph may have together."""

_ROOM, _LEAST = 64, 2.0**-1000
"""A value is wrong by as many last bits of its parts as it has slopes and terms, and by so many more; or, tiny, by so much."""


def real_ranges(graph: Graph, params: Mapping[str, Any], boxes: Mapping[str, Box], given: Mapping[str, Any]) -> dict[int, Ends]:
    """Ends of the real values of nodes over a box; none where the graph is too large for it, or one op deep.

    Args:
        graph: the graph.
        params: float32 tensors, or codes, by parameter name.
        boxes: of the inputs that are scalars, by name.
        given: the inputs that are integers, by name.
    """
    unknowns = sum(int((~box.fixed).sum()) for box in boxes.values())
    values = sum(prod(node.shape) for node in graph.nodes if node.attributes.get("name") not in graph.parameters)
    if not unknowns or unknowns * values > LARGEST or not _is_deep(graph):
        return {}
    domain, leaves, first = _Affine(unknowns), dict(given), 0
    for name, box in boxes.items():
        leaves[name] = domain.inputs(box, first)
        first += int((~box.fixed).sum())
    for name, x in params.items():
        leaves[name] = domain.parameter(np.ascontiguousarray(x).view(np.uint32).reshape(np.shape(x)))
    found: dict[int, Ends] = {}

    def note(index: int, value: Array) -> None:
        if graph.op(index).sort is Sort.SCALAR:
            found[index] = _ends(value)

    with np.errstate(all="ignore"), suppress(TypeError):  # a large parameter among other values: what was found before holds
        Interpreter(graph, cast(ScalarDomain, domain)).interpret(leaves, note)
    return found


def _is_deep(graph: Graph) -> bool:
    """Whether a node reads what others computed: where none does, intervals and the rules of ops are as good, and faster."""
    return any(graph.nodes[i].inputs for node in graph.nodes for i in node.inputs)


@dataclass(frozen=True)
class _Form:
    """The parts of scalars as doubles.

    Args:
        mid: (...).
        slopes: (..., unknowns); 0.0 where there are none.
        rad: (...).
        ends: lower and upper, (...).
    """

    mid: Any
    slopes: Any
    rad: Any
    ends: Ends

    @property
    def moves(self) -> Any:
        """How far the scalar is from its middle at most, nearly."""
        return (np.abs(self.slopes).sum(axis=-1) if np.ndim(self.slopes) else 0.0) + self.rad

    @property
    def size(self) -> Any:
        """The largest of its magnitudes by the form, nearly."""
        return np.abs(self.mid) + self.moves


def _ends(x: Array) -> Ends:
    return x["lo"], x["hi"]


def _form(x: Array) -> _Form:
    assert x.dtype.names is not None
    mid, rad = (np.ascontiguousarray(x[part]).reshape(x.shape) for part in ("mid", "rad"))
    return _Form(mid, x["slopes"] if "slopes" in x.dtype.names else 0.0, rad, _ends(x))


def _scaled(factor: Any, slopes: Any) -> Any:
    """Slopes, each scalar's times its own factor."""
    return np.asarray(factor)[..., None] * slopes


@dataclass(frozen=True)
class _Affine:
    """The part of a domain that real values need."""

    unknowns: int

    name = "affine"
    schedule = Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {"matmul": self._matmul, "sum": self._sum, "softmax": self._softmax, "log_softmax": self._log_softmax}

    @property
    def dtype(self) -> np.dtype[Any]:
        """What scalars are."""
        return np.dtype([*_PARTS, ("slopes", np.float64, (self.unknowns,))])

    def _made(self, ends: Ends, mid: Any, slopes: Any, rad: Any, size: Any, terms: int = 0) -> Array:
        """Scalars of a form that was computed in doubles from numbers of that size, in sums of so many terms."""
        unit = (terms + self.unknowns + _ROOM) * 2.0**-52
        lo, hi, mid, rad = np.broadcast_arrays(*ends, mid, outward.up((rad + unit * size) * (1 + unit) + _LEAST))
        out = np.zeros(lo.shape, self.dtype)
        out["slopes"] = slopes
        reach = outward.up((np.abs(out["slopes"]).sum(axis=-1) + rad) * (1 + unit))
        middle = np.where(np.isfinite(lo) & np.isfinite(hi), lo / 2 + hi / 2, 0.0)
        half = outward.farthest(middle, lo, hi)
        by_ends = ~np.isfinite(reach + mid) | (half < rad) | outward.is_whole((lo, hi))
        out["lo"] = np.where(by_ends, lo, np.maximum(lo, outward.down(mid - reach)))
        out["hi"] = np.where(by_ends, hi, np.minimum(hi, outward.up(mid + reach)))
        out["mid"], out["rad"] = np.where(by_ends, middle, mid), np.where(by_ends, half, rad)
        out["slopes"][by_ends] = 0
        return out

    # -- embed -------------------------------------------------------------------------------------------------------

    def inputs(self, box: Box, first: int) -> Array:
        """Inputs of a box; its unknowns are numbered from the first."""
        lo, hi = (np.asarray(end, np.float64) for end in (box.lo, box.hi))
        slopes, moved = np.zeros((lo.size, self.unknowns)), ~box.fixed
        slopes[np.flatnonzero(moved), np.arange(first, first + moved.sum())] = (hi / 2 - lo / 2)[moved]
        size = np.where(moved, outward.largest(lo, hi), 0.0)
        return self._made((lo, hi), lo / 2 + hi / 2, slopes.reshape(*lo.shape, -1), 0.0, size)

    def parameter(self, bits: Array) -> Array:
        """A parameter; one that is large is kept without slopes, which would all be 0."""
        if bits.size * self.unknowns <= LARGEST >> 4:
            return self.from_bits(bits)
        out = np.zeros(bits.shape, _PARTS)
        out["mid"] = out["lo"] = out["hi"] = outward.numbers(bits)
        return out

    def from_bits(self, bits: Array) -> Array:
        return self._points(outward.numbers(bits))

    def constant(self, values: Array) -> Array:
        ends = np.array([outward.around(Fraction(value)) for value in values.reshape(-1)]).reshape(*values.shape, 2)
        return self._points(ends[..., 0], ends[..., 1])

    def pi(self) -> Array:
        return self._points(*_ends(Interval().pi()))

    def _points(self, lo: Array, hi: Array | None = None) -> Array:
        """Numbers, or what lies between two neighbours."""
        hi = lo if hi is None else hi
        return self._made((lo, hi), lo, 0.0, hi - lo, np.where(hi == lo, 0.0, np.abs(lo)))

    # -- arithmetic --------------------------------------------------------------------------------------------------

    def neg(self, x: Array) -> Array:
        a = _form(x)
        return self._made(outward.neg(a.ends), -a.mid, -a.slopes, a.rad, 0.0)

    def add(self, x: Array, y: Array) -> Array:
        a, b = _form(x), _form(y)
        return self._made(outward.add(a.ends, b.ends), a.mid + b.mid, a.slopes + b.slopes, a.rad + b.rad, a.size + b.size)

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        a, b = _form(x), _form(y)
        ends, bent = outward.mul(a.ends, b.ends), a.moves * b.moves
        mid, slopes = a.mid * b.mid, _scaled(a.mid, b.slopes) + _scaled(b.mid, a.slopes)
        rad = np.abs(a.mid) * b.rad + np.abs(b.mid) * a.rad
        if x is y:  # its movement squared is not negative
            ends, mid, bent = _squared(a.ends, ends), mid + bent / 2, bent / 2
        return self._made(ends, mid, slopes, rad + bent, a.size * b.size)

    def div(self, x: Array, y: Array) -> Array:
        by_parts = self.mul(x, self._function("reciprocal", y, outward.div((np.float64(1), np.float64(1)), _ends(y))))
        return self._within(by_parts, outward.div(_ends(x), _ends(y)))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self.add(self.mul(x, y), z)

    def sqrt(self, x: Array) -> Array:
        return self._function("sqrt", x, outward.sqrt(_ends(x)))

    def abs(self, x: Array) -> Array:
        return self._within(self.maximum(x, self.neg(x)), outward.magnitude(_ends(x)))

    def minimum(self, x: Array, y: Array) -> Array:
        return self.neg(self.maximum(self.neg(x), self.neg(y)))

    def maximum(self, x: Array, y: Array) -> Array:
        """y + max(x - y, 0), the latter between a line and the line moved up to 0 where x - y may have either sign."""
        d = self.sub(x, y)
        a, (lo, hi) = _form(d), _ends(d)
        line = np.clip(hi / (hi - lo), 0.0, 1.0)
        top = np.maximum(outward.up(hi * outward.up(1 - line)), outward.up(-line * lo))  # max(d, 0) - line d, from 0 on
        ends, rad = (np.maximum(lo, 0.0), np.maximum(hi, 0.0)), line * a.rad + top / 2
        positive = self._made(ends, line * a.mid + top / 2, _scaled(line, a.slopes), rad, a.size)
        either = self.add(y, positive)
        sure = np.where(lo >= 0, self._lifted(x), np.where(hi <= 0, self._lifted(y), either))
        return self._within(sure, outward.maximum(_ends(x), _ends(y)))

    def _lifted(self, x: Array) -> Array:
        a = _form(x)
        return self._made(a.ends, a.mid, a.slopes, a.rad, 0.0)

    def _within(self, x: Array, ends: Ends) -> Array:
        """Scalars that are known to lie between ends, too; undefined where these are the whole line."""
        a = _form(x)
        known = outward.where(~outward.is_whole(ends), (np.maximum(a.ends[0], ends[0]), np.minimum(a.ends[1], ends[1])))
        return self._made(known, a.mid, a.slopes, a.rad, 0.0)

    # -- elementary --------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if name not in ELEMENTARY:
            raise AttributeError(name)
        return lambda x: self._function(name, x, outward.function(name, _ends(x)))

    def _function(self, name: str, x: Array, ends: Ends) -> Array:
        """f(c) + s (x - c) for the middle s of all slopes and a c of the range, whose value f(c) is known by its ends."""
        a, (lo, hi) = _form(x), _ends(x)
        c = np.where(np.isfinite(lo) & np.isfinite(hi), np.clip(a.mid, lo, hi), 0.0)
        value, derivative = _interpreters(name)
        (low, high), (least, most) = _over(value, c, c), _over(derivative, lo, hi)
        slope, middle = least / 2 + most / 2, low / 2 + high / 2
        # from the rounded middles: a half of two ends may be far from theirs, where these are subnormal
        bent = outward.farthest(slope, least, most) * outward.farthest(c, lo, hi) + outward.farthest(middle, low, high)
        size = np.abs(middle) + np.abs(slope) * (a.size + np.abs(c))
        return self._made(ends, middle + slope * (a.mid - c), _scaled(slope, a.slopes), np.abs(slope) * a.rad + bent, size)

    # -- order and choice --------------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        lo, hi = _ends(self.sub(x, y))
        return outward.decide(hi < 0, lo >= 0)

    def less_equal(self, x: Array, y: Array) -> Array:
        lo, hi = _ends(self.sub(x, y))
        return outward.decide(hi <= 0, lo > 0)

    def equal(self, x: Array, y: Array) -> Array:
        lo, hi = _ends(self.sub(x, y))
        return outward.decide((lo == 0) & (hi == 0), (hi < 0) | (lo > 0))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        ends = outward.hull(_ends(x), _ends(y))
        either = self._made(ends, np.nan, 0.0, np.nan, 0.0)
        return np.where(truth == outward.UNKNOWN, either, np.where(truth == outward.TRUE, self._lifted(x), self._lifted(y)))

    def cast(self, x: Array, format: str) -> Array:
        return x

    def is_nan(self, x: Array) -> Array:
        return np.full(x.shape, outward.UNKNOWN)

    is_finite = is_nan

    # -- reductions --------------------------------------------------------------------------------------------------

    def _sum(self, x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        terms, shape = rows(x, axis, keepdims)
        a, lost = _form(self._lifted(terms)), len(terms) * 2.0**-52
        low, high = (outward.up(np.abs(end).sum(0) * lost) for end in a.ends)
        ends = outward.down(a.ends[0].sum(0) - low), outward.up(a.ends[1].sum(0) + high)
        made = self._made(ends, a.mid.sum(0), a.slopes.sum(0), a.rad.sum(0), a.size.sum(0), len(terms))
        return made.reshape(shape)

    def _matmul(self, x: Array, y: Array) -> Array:
        return by_matrices(self._product, x, y)

    def _product(self, x: Array, y: Array) -> Array:
        """The product of (n, k) and (k, m)."""
        a, b = _form(x), _form(y)
        slopes: Any = 0.0
        if np.ndim(a.slopes):  # (n, unknowns, k) @ (k, m)
            slopes = slopes + (np.ascontiguousarray(a.slopes.swapaxes(1, 2)) @ b.mid).swapaxes(1, 2)
        if np.ndim(b.slopes):
            slopes = slopes + np.tensordot(a.mid, b.slopes, 1)
        rad = np.abs(a.mid) @ b.rad + a.rad @ np.abs(b.mid) + a.moves @ b.moves
        return self._made(interval_product(a.ends, b.ends), a.mid @ b.mid, slopes, rad, a.size @ b.size, x.shape[1])

    def _softmax(self, x: Array, axis: int = -1) -> Array:
        weights = self.exp(self._shifted(x, axis))
        known = ~outward.is_whole(_ends(x)).any(axis=axis, keepdims=True)
        ends = outward.where(known, (np.zeros(x.shape), np.ones(x.shape)))
        return self._within(self.div(weights, self._sum(weights, axis, True)), ends)

    def _log_softmax(self, x: Array, axis: int = -1) -> Array:
        shifted = self._shifted(x, axis)
        return self.sub(shifted, self.log(self._sum(self.exp(shifted), axis, True)))

    def _shifted(self, x: Array, axis: int) -> Array:
        """The scores less a number: the result is the same for any."""
        middles = x["mid"].max(axis=axis, keepdims=True)
        return self.sub(x, self._points(np.where(np.isfinite(middles), middles, 0.0)))


_PARTS = [(part, np.float64) for part in ("lo", "hi", "mid", "rad")]


def _squared(x: Ends, ends: Ends) -> Ends:
    """The ends of a square, which is not negative."""
    return np.where(outward.is_whole(ends), ends[0], np.maximum(ends[0], 0.0)), ends[1]


@cache
def _interpreters(name: str) -> tuple[Interpreter, Interpreter]:
    """A function of one real value over intervals, and its derivative."""
    graph = trace(lambda x: 1 / x if name == "reciprocal" else x.apply(name), ())
    return Interpreter(graph, Interval()), Interpreter(autodiff.grad(graph), Interval())


def _over(function: Interpreter, lo: Array, hi: Array) -> Ends:
    """The range of a function over intervals."""
    x = Interval().between(lo, hi)
    (value,) = function.interpret(dict.fromkeys(function.graph.inputs, x)).values()
    return _ends(np.broadcast_to(value, x.shape))
