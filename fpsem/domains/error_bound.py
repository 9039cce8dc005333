"""ErrorBound: scalars (lo, hi, err): the real value lies in [lo, hi], and the binary32 execution is within err of it.

Guarantees, for every input of the region that the leaves describe: the enclosure of the real value, and
``|binary32 - real| <= err`` for the execution in round-to-nearest with correctly rounded elementary functions (IEEE32Exec)
in this domain's schedule. Where overflow, a pole or an undefined result cannot be excluded, err is infinite, never a guess.
All bounds are doubles rounded outward, so they are theorems and not estimates.
Does not: track how errors correlate; an error made twice counts twice.

Rules: each operation adds half an ulp of the largest magnitude that its result may have. Products and quotients carry errors
by ``|x|e_y + |y|e_x + e_x e_y`` and ``(e_x + |x/y| e_y) / min|y|``, functions by the mean value theorem.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.3 (running error analysis); Solovyev et al.,
"Rigorous estimation of floating-point round-off errors with symbolic Taylor expansions", 2019 (half-ulp steps).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import pi_bracket, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format, format_named
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.reduction import pairs_of, rows
from fpsem.core.region import Box
from fpsem.core.schedule import Compensated, Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.domains import _outward as outward
from fpsem.domains._compensated_bound import compensated_error, upper_sum

_DTYPE = np.dtype([("lo", np.float64), ("hi", np.float64), ("err", np.float64)])


@dataclass(frozen=True)
class ErrorBound:
    """The domain.

    Args:
        schedule: the order of reductions that the bound holds for, a Schedule or its text.
    """

    schedule: Schedule = Sequential()

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "error_bound"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        """Compensated sums have a bound of their own: step by step, a bound cannot see that errors are added to be cancelled."""
        if not isinstance(self.schedule, Compensated):
            return {}
        return {"sum": self._compensated_sum, "matmul": self._compensated_product}

    def refine(self, outputs: list[Array]) -> None:
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        rows = [_embed(Fraction(value)) for value in values.reshape(-1)]
        return np.array(rows, dtype=_DTYPE).reshape(values.shape)

    def pi(self) -> Array:
        low, high = pi_bracket(64)
        bottom, _, error = _embed(low)
        return _pack(bottom, _embed(high)[1], outward.up(error + float(high - low)))

    def from_bits(self, bits: Array) -> Array:
        values = outward.numbers(bits)
        return _pack(values, values, np.zeros_like(values))

    def box(self, lo: Array, hi: Array) -> Array:
        """Inputs that may be any binary32 numbers between two float32 arrays. Raises ValueError for an empty box."""
        region = Box(np.asarray(lo, np.float32), np.asarray(hi, np.float32))
        return _pack(region.lo, region.hi, np.zeros(region.shape))

    def to_bits(self, x: Array) -> Array:
        raise UnableError("an error bound stands for many executions; read its enclosure, or run the domain ieee32")

    def to_float(self, x: Array) -> Array:
        return outward.middle(_ends(x))

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        bad = np.argwhere(~(np.isfinite(x["lo"]) & np.isfinite(x["hi"])))
        if len(bad):
            raise UndefinedError(f"the element at index {tuple(map(int, bad[0]))} may be undefined on this region")
        return outward.fractions(_ends(x))

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _rounded(outward.add(_ends(x), _ends(y)), outward.up(x["err"] + y["err"]))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        return _rounded(*_product(x, y))

    def div(self, x: Array, y: Array) -> Array:
        nearest = outward.down(outward.least(*_ends(y)) - y["err"])
        quotient = outward.div(_ends(x), _ends(y))
        with np.errstate(all="ignore"):
            carried = outward.up(outward.up(x["err"] + outward.up(outward.largest(*quotient) * y["err"])) / nearest)
        return _rounded(quotient, np.where(nearest > 0, carried, np.inf))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        product, err = _product(x, y)
        return _rounded(outward.add(product, _ends(z)), outward.up(err + z["err"]))

    def sqrt(self, x: Array) -> Array:
        root, moved = outward.sqrt(_ends(x)), outward.sqrt((_below(x), _above(x)))
        with np.errstate(all="ignore"):
            carried = outward.up(x["err"] / outward.down(root[0] + moved[0]))
        sure = (x["err"] == 0) | (x["lo"] > x["err"])
        return _rounded(root, np.where(sure, np.where(x["err"] == 0, 0.0, carried), np.inf))

    def neg(self, x: Array) -> Array:
        return _pack(-x["hi"], -x["lo"], x["err"])

    def abs(self, x: Array) -> Array:
        return _pack(outward.least(*_ends(x)), outward.largest(*_ends(x)), x["err"])

    def minimum(self, x: Array, y: Array) -> Array:
        return _pack(np.minimum(x["lo"], y["lo"]), np.minimum(x["hi"], y["hi"]), np.maximum(x["err"], y["err"]))

    def maximum(self, x: Array, y: Array) -> Array:
        return _pack(np.maximum(x["lo"], y["lo"]), np.maximum(x["hi"], y["hi"]), np.maximum(x["err"], y["err"]))

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

    # -- order and choice: true or false where the real and the float must agree, else unknown -------------------

    def less(self, x: Array, y: Array) -> Array:
        return outward.decide(_above(x) < _below(y), _below(x) >= _above(y))

    def less_equal(self, x: Array, y: Array) -> Array:
        return outward.decide(_above(x) <= _below(y), _below(x) > _above(y))

    def equal(self, x: Array, y: Array) -> Array:
        same = (_above(x) == _below(y)) & (_below(x) == _above(y))
        return outward.decide(same, (_above(x) < _below(y)) | (_below(x) > _above(y)))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        known = np.where(truth == outward.TRUE, x, y)
        lo, hi = np.minimum(x["lo"], y["lo"]), np.maximum(x["hi"], y["hi"])
        either = _pack(lo, hi, outward.up(outward.up(hi - lo) + np.maximum(x["err"], y["err"])))
        return np.where(truth == outward.UNKNOWN, either, known)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return _rounded(_ends(x), x["err"], format_named(format))

    def is_nan(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), outward.FALSE, outward.UNKNOWN)

    def is_finite(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), outward.TRUE, outward.UNKNOWN)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in binary64, each step with its own half ulp; or exactly, without any."""
        if format == BINARY32.name:
            return own_accumulator(self)

        def held(ends: outward.Ends, err: Any) -> Array:
            return _pack(*ends, err) if format == EXACT else _rounded(ends, err, FORMATS[format])

        def add(x: Array, y: Array) -> Array:
            return held(outward.add(_ends(x), _ends(y)), outward.up(x["err"] + y["err"]))

        def fma(x: Array, y: Array, z: Array) -> Array:
            product, err = _product(x, y)
            return held(outward.add(product, _ends(z)), outward.up(err + z["err"]))

        return Accumulator(
            widen=np.asarray,
            narrow=lambda x: _rounded(_ends(x), x["err"]),
            add=add,
            sub=lambda x, y: add(x, self.neg(y)),
            mul=lambda x, y: held(*_product(x, y)),
            fma=fma,
        )

    def _compensated_sum(self, x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        terms, shape = rows(x, axis, keepdims)
        if len(terms) < 2:
            return terms.reshape(shape)
        return self._compensated([(_ends(term), term["err"]) for term in terms]).reshape(shape)

    def _compensated_product(self, a: Array, b: Array) -> Array:
        pairs = pairs_of(a, b)
        if len(pairs) == 1:
            return self.mul(*pairs[0])
        if self.schedule.fused:
            return self._compensated([_product(x, y) for x, y in pairs], products=True)
        rounded = [self.mul(x, y) for x, y in pairs]
        return self._compensated([(_ends(x), x["err"]) for x in rounded])

    def _compensated(self, terms: list[tuple[outward.Ends, Any]], products: bool = False) -> Array:
        """The sum of terms, each enclosed and computed to within an error, or of exact products that are off by so much."""
        f = FORMATS[self.schedule.accumulator or BINARY32.name]
        ends = reduce(outward.add, [ends for ends, _ in terms])
        carried = upper_sum(np.array([err for _, err in terms]))
        sizes = np.array([outward.up(outward.largest(*ends) + err) for ends, err in terms])
        total = outward.up(outward.largest(*ends) + carried)
        err = outward.up(carried + compensated_error(sizes, total, f, products))
        return _pack(*ends, err) if f == BINARY32 else _rounded(ends, err)


def _pack(lo: Any, hi: Any, err: Any) -> Array:
    out = np.empty(np.broadcast_shapes(np.shape(lo), np.shape(hi), np.shape(err)), dtype=_DTYPE)
    out["lo"], out["hi"], out["err"] = lo, hi, err
    return out


def _above(x: Array) -> Any:
    return np.where(x["err"] == 0, x["hi"], outward.up(x["hi"] + x["err"]))


def _below(x: Array) -> Any:
    return np.where(x["err"] == 0, x["lo"], outward.down(x["lo"] - x["err"]))


def _ends(x: Array) -> outward.Ends:
    """The enclosure of the real value."""
    return x["lo"], x["hi"]


def _rounded(ends: outward.Ends, err: Any, f: Format = BINARY32) -> Array:
    """Add the error of rounding a number that is within err of the interval; infinite where it may overflow."""
    magnitude = outward.up(outward.largest(*ends) + err)
    _, exponent = np.frexp(np.where(np.isfinite(magnitude), magnitude, 1.0))
    half_ulp = np.ldexp(1.0, np.maximum(exponent - 1, f.emin) - f.precision)
    safe = magnitude <= float(f.decode(f.max_finite))
    exact = (ends[0] == 0) & (ends[1] == 0) & (err == 0)
    return _pack(*ends, np.where(exact, 0.0, np.where(safe, outward.up(err + half_ulp), np.inf)))


def _product(x: Array, y: Array) -> tuple[outward.Ends, Any]:
    """Enclosure of the real product, and how far the product of the floats may be off before it is rounded."""
    with np.errstate(invalid="ignore"):
        left, right = (outward.up(outward.largest(*_ends(a)) * b["err"]) for a, b in ((x, y), (y, x)))
        carried = outward.up(outward.up(left + right) + outward.up(x["err"] * y["err"]))
    exact = (x["err"] == 0) & (y["err"] == 0)
    zero = (_is_zero(x) & np.isfinite(y["err"])) | (_is_zero(y) & np.isfinite(x["err"]))
    return outward.mul(_ends(x), _ends(y)), np.where(exact | zero, 0.0, carried)


def _is_zero(x: Array) -> Any:
    """Where the real value and the float are both exactly 0."""
    return (x["lo"] == 0) & (x["hi"] == 0) & (x["err"] == 0)


def _embed(value: Fraction) -> tuple[float, float, float]:
    code = round_to_bits(value, BINARY32)
    error = abs(BINARY32.decode(code) - value) if BINARY32.is_finite(code) else None
    err = np.inf if error is None else float(outward.up(float(error))) if error else 0.0
    return (*outward.around(value), err)


def _function(name: str, x: Array) -> Array:
    """Range of an elementary function by balls; its error by the largest slope over all that both arguments may be."""
    from fpsem.domains._elementary_range import range_and_slope  # balls are a heavy import

    lo, hi, slope = range_and_slope(name, x["lo"], x["hi"], _below(x), _above(x))
    with np.errstate(invalid="ignore"):
        err = np.where(x["err"] == 0, 0.0, outward.up(slope * x["err"]))
    return _rounded((lo, hi), np.where(np.isfinite(slope), err, np.inf))
