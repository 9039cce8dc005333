"""Two throw-away domains that keep their contracts: IEEE over numpy's float32, and real numbers over rationals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import erf
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import UndefinedError, UnsupportedError
from fpsem.core.exact import pi_bracket, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, FORMATS
from fpsem.core.protocol import Array, Contract, Kind
from fpsem.core.schedule import Schedule, Sequential
from fpsem.softfloat.elementary.ziv import elementary_bits
from fpsem.testing.expected import bracket, settled

DOUBLES: Mapping[str, Callable[[Array], Array]] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh")},
    "atan": np.arctan,
    "erf": np.vectorize(erf, otypes=[np.float64]),
}


@dataclass(frozen=True)
class NumPyReference:
    """Correct IEEE binary32: hardware float32, fma by rounding to odd in binary64, elementary functions by choice.

    Args:
        elementary: "ziv" for correctly rounded, "double" for binary64 rounded once more, "none".
    """

    elementary: str = "ziv"
    name: str = "reference"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.IEEE, {"ziv": 0, "double": 1, "none": None}[self.elementary])

    @property
    def schedule(self) -> Schedule:
        return Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    def constant(self, values: Array) -> Array:
        codes = [round_to_bits(Fraction(value), BINARY32) for value in values.ravel()]
        return np.array(codes, np.uint32).reshape(values.shape).view(np.float32)

    def pi(self) -> Array:
        return self.constant(np.array(pi_bracket(64)[0], dtype=object))

    def from_bits(self, bits: Array) -> Array:
        return np.array(bits, np.uint32).view(np.float32)

    def to_bits(self, x: Array) -> Array:
        return np.asarray(x, np.float32).view(np.uint32)

    def to_float(self, x: Array) -> Array:
        return np.asarray(x, np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        if not np.isfinite(x).all():
            raise UndefinedError("an infinity or a NaN has no enclosure")
        out = np.empty(np.shape(x), dtype=object)
        for index, value in np.ndenumerate(x):
            out[index] = Fraction(float(value))
        return out, out

    def add(self, x: Array, y: Array) -> Array:
        return self._quiet(np.add, x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return self._quiet(np.subtract, x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return self._quiet(np.multiply, x, y)

    def div(self, x: Array, y: Array) -> Array:
        return self._quiet(np.divide, x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._quiet(_fused, x, y, z)

    def sqrt(self, x: Array) -> Array:
        return self._quiet(np.sqrt, x)

    def neg(self, x: Array) -> Array:
        return np.negative(x)

    def abs(self, x: Array) -> Array:
        return np.abs(x)

    def minimum(self, x: Array, y: Array) -> Array:
        return self._quiet(_minimum, x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return -self._quiet(_minimum, np.negative(x), np.negative(y))

    def less(self, x: Array, y: Array) -> Array:
        return np.less(x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return np.less_equal(x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return np.equal(x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return np.where(truth, x, y)

    def cast(self, x: Array, format: str) -> Array:
        if format == "binary16":
            return self._quiet(lambda x: np.asarray(x).astype(np.float16), x)
        bits = self.to_bits(x)
        even = np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
        return np.where(np.isnan(x), x, ((bits + even) & np.uint32(0xFFFF0000)).view(np.float32))

    def is_nan(self, x: Array) -> Array:
        return np.isnan(x)

    def is_finite(self, x: Array) -> Array:
        return np.isfinite(x)

    def _quiet(self, compute: Callable[..., Array], *operands: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(compute(*operands)).astype(np.float32)

    def _elementary(self, name: str, x: Array) -> Array:
        if self.elementary == "none":
            raise UnsupportedError(name)
        if self.elementary == "double":
            return self._quiet(lambda x: DOUBLES[name](np.asarray(x, np.float64)), x)
        return elementary_bits(name, self.to_bits(x), BINARY32).astype(np.uint32).view(np.float32)


def _fused(x: Array, y: Array, z: Array) -> Array:
    """x * y + z in binary64, rounded to odd: the product is exact there, and the sum's error is known exactly."""
    product, addend = np.broadcast_arrays(np.multiply(x, y, dtype=np.float64), np.asarray(z, np.float64))
    total = np.asarray(product + addend)
    part = total - product
    error = (product - (total - part)) + (addend - part)
    inexact_and_even = np.isfinite(total) & (error != 0) & (total.view(np.uint64) & np.uint64(1) == 0)
    return np.where(inexact_and_even, np.nextafter(total, np.where(error > 0, np.inf, -np.inf)), total)


def _minimum(x: Array, y: Array) -> Array:
    ordered = np.where(np.less(x, y) | (np.equal(x, y) & np.signbit(x)), x, y)
    return np.where(np.isnan(x) | np.isnan(y), np.float32(np.nan), ordered)


@dataclass(frozen=True)
class RationalReference:
    """Real numbers as pairs (low, high) of rationals in an object array; operands must be points.

    Args:
        kind: ROUNDS rounds each result; ENCLOSES and FORMULA give it to some 60 bits.
    """

    kind: Kind = Kind.ENCLOSES
    concrete: bool = True
    name: str = "rational"

    @property
    def contract(self) -> Contract:
        return Contract(self.kind, 0, self.concrete)

    @property
    def schedule(self) -> Schedule:
        return Sequential()

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    def constant(self, values: Array) -> Array:
        return self._each(lambda x: (self.round(Fraction(x)),) * 2, values)

    def pi(self) -> Array:
        return self._each(lambda bits: tuple(self.round(end) for end in pi_bracket(bits)), np.array(200, dtype=object))

    def from_bits(self, bits: Array) -> Array:
        return self._each(self._decoded, bits.astype(object))

    def to_bits(self, x: Array) -> Array:
        return self._each(lambda pair: round_to_bits(_point(pair), BINARY32), x).astype(np.uint32)

    def to_float(self, x: Array) -> Array:
        return self._each(lambda pair: float(pair[0]), x).astype(np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        return self._each(lambda pair: pair[0], x), self._each(lambda pair: pair[1], x)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return self._each(lambda t, a, b: a if t else b, truth, x, y)

    def cast(self, x: Array, format: str) -> Array:
        kept = self.kind is not Kind.ROUNDS
        return self._each(lambda p: p if kept else (round_to_precision(_point(p), FORMATS[format]),) * 2, x)

    def less(self, x: Array, y: Array) -> Array:
        return self._each(lambda a, b: _point(a) < _point(b), x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return self._each(lambda a, b: _point(a) <= _point(b), x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return self._each(lambda a, b: _point(a) == _point(b), x, y)

    def is_nan(self, x: Array) -> Array:
        return self._each(lambda a: False, x)

    def is_finite(self, x: Array) -> Array:
        return self._each(lambda a: True, x)

    def round(self, x: Fraction) -> Fraction:
        return round_to_precision(x, BINARY32) if self.kind is Kind.ROUNDS else x

    def result(self, name: str, *operands: Any) -> tuple[Fraction, Fraction]:
        points = [_point(pair) for pair in operands]
        rounded = settled(name, points, self.round) if self.kind is Kind.ROUNDS else None
        found = bracket(name, points, 60) if rounded is None else (rounded, rounded)
        if found is None:
            raise UndefinedError(f"{name} of {points}")
        return found

    @staticmethod
    def _decoded(code: int) -> tuple[Fraction, Fraction]:
        if not BINARY32.is_finite(code):
            raise UndefinedError(f"{code:#x} is no real number")
        return (BINARY32.decode(code),) * 2

    @staticmethod
    def _each(compute: Callable[..., Any], *arrays: Array) -> Array:
        same = np.broadcast_arrays(*arrays)
        out = np.empty(same[0].shape, dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = compute(*(x[index] for x in same))
        return out

    def _primitive(self, name: str, *operands: Array) -> Array:
        return self._each(lambda *pairs: self.result(name, *pairs), *operands)


def _point(pair: tuple[Fraction, Fraction]) -> Fraction:
    assert pair[0] == pair[1], "the reference takes points only"
    return pair[0]


for _name in DOUBLES:
    setattr(NumPyReference, _name, lambda self, x, name=_name: self._elementary(name, x))
for _name in (*DOUBLES, "add", "sub", "mul", "div", "fma", "sqrt", "neg", "abs", "minimum", "maximum"):
    setattr(RationalReference, _name, lambda self, *x, name=_name: self._primitive(name, *x))


@pytest.fixture(scope="session")
def numpy_reference() -> type[NumPyReference]:
    return NumPyReference


@pytest.fixture(scope="session")
def rational_reference() -> type[RationalReference]:
    return RationalReference
