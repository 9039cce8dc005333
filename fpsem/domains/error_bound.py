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
from typing import Any

import numpy as np

from fpsem.core.codes import decode_array
from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.exact import pi_bracket, round_to_bits
from fpsem.core.formats import BINARY32, Format, format_named
from fpsem.core.protocol import Array, Contract, Kind
from fpsem.core.schedule import Schedule, Sequential, schedule_of

_DTYPE = np.dtype([("lo", np.float64), ("hi", np.float64), ("err", np.float64)])
_FALSE, _TRUE, _UNKNOWN = np.int8(0), np.int8(1), np.int8(-1)


@dataclass(frozen=True)
class ErrorBound:
    """The domain.

    Args:
        schedule: the order of reductions that the bound holds for, a Schedule or its text.
    """

    schedule: Schedule = Sequential()

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", schedule_of(self.schedule))

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "error_bound"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.ENCLOSES)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        rows = [_embed(Fraction(value)) for value in values.reshape(-1)]
        return np.array(rows, dtype=_DTYPE).reshape(values.shape)

    def pi(self) -> Array:
        low, high = pi_bracket(64)
        bottom, _, error = _embed(low)
        return _pack(bottom, _embed(high)[1], _up(error + float(high - low)))

    def from_bits(self, bits: Array) -> Array:
        values = bits.view(np.float32).astype(np.float64)
        if not np.isfinite(values).all():
            decode_array(bits)  # raises, naming the element
        return _pack(values, values, np.zeros_like(values))

    def box(self, lo: Array, hi: Array) -> Array:
        """Inputs that may be any binary32 numbers between two float32 arrays. Raises ValueError for an empty box."""
        low, high = np.asarray(lo, np.float32).astype(np.float64), np.asarray(hi, np.float32).astype(np.float64)
        if not (low <= high).all() or not np.isfinite([low, high]).all():
            raise ValueError("a box needs finite ends with lo <= hi everywhere")
        return _pack(low, high, np.zeros_like(low))

    def to_bits(self, x: Array) -> Array:
        raise UnableError("an error bound stands for many executions; read its enclosure, or run the domain ieee32")

    def to_float(self, x: Array) -> Array:
        return x["lo"] / 2 + x["hi"] / 2

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        bad = np.argwhere(~(np.isfinite(x["lo"]) & np.isfinite(x["hi"])))
        if len(bad):
            raise UndefinedError(f"the element at index {tuple(map(int, bad[0]))} may be undefined on this region")
        exact = np.frompyfunc(Fraction, 1, 1)
        return np.asarray(exact(x["lo"]), dtype=object), np.asarray(exact(x["hi"]), dtype=object)

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _rounded(_down(x["lo"] + y["lo"]), _up(x["hi"] + y["hi"]), _up(x["err"] + y["err"]))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def mul(self, x: Array, y: Array) -> Array:
        return _rounded(*_product(x, y))

    def div(self, x: Array, y: Array) -> Array:
        least = _down(_mignitude(y) - y["err"])
        safe = least > 0
        with np.errstate(all="ignore"):
            corners = [a / b for a in (x["lo"], x["hi"]) for b in (y["lo"], y["hi"])]
            lo, hi = _down(np.minimum.reduce(corners)), _up(np.maximum.reduce(corners))
            err = _up(_up(x["err"] + _up(_largest(lo, hi) * y["err"])) / least)
        return _rounded(*_where(safe, lo, hi, err))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        lo, hi, err = _product(x, y)
        return _rounded(_down(lo + z["lo"]), _up(hi + z["hi"]), _up(err + z["err"]))

    def sqrt(self, x: Array) -> Array:
        with np.errstate(invalid="ignore"):
            low, least = np.sqrt(x["lo"]), np.sqrt(_down(x["lo"] - x["err"]))
            moved = np.where(x["err"] > 0, _up(x["err"] / _down(_down(low) + _down(least))), 0.0)
            lo, hi = np.maximum(_down(low), 0), _up(np.sqrt(x["hi"]))
        sure = (x["lo"] >= 0) & ((x["err"] == 0) | (x["lo"] > x["err"]))
        return _rounded(*_where(sure, lo, hi, moved))

    def neg(self, x: Array) -> Array:
        return _pack(-x["hi"], -x["lo"], x["err"])

    def abs(self, x: Array) -> Array:
        return _pack(_mignitude(x), _largest(x["lo"], x["hi"]), x["err"])

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
        return _decide(_above(x) < _below(y), _below(x) >= _above(y))

    def less_equal(self, x: Array, y: Array) -> Array:
        return _decide(_above(x) <= _below(y), _below(x) > _above(y))

    def equal(self, x: Array, y: Array) -> Array:
        same = (_above(x) == _below(y)) & (_below(x) == _above(y))
        return _decide(same, (_above(x) < _below(y)) | (_below(x) > _above(y)))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        known = np.where(truth == _TRUE, x, y)
        lo, hi = np.minimum(x["lo"], y["lo"]), np.maximum(x["hi"], y["hi"])
        either = _pack(lo, hi, _up(_up(hi - lo) + np.maximum(x["err"], y["err"])))
        return np.where(truth == _UNKNOWN, either, known)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        return _rounded(x["lo"], x["hi"], x["err"], format_named(format))

    def is_nan(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), _FALSE, _UNKNOWN)

    def is_finite(self, x: Array) -> Array:
        return np.where(np.isfinite(x["err"]), _TRUE, _UNKNOWN)


def _pack(lo: Any, hi: Any, err: Any) -> Array:
    out = np.empty(np.broadcast_shapes(np.shape(lo), np.shape(hi), np.shape(err)), dtype=_DTYPE)
    out["lo"], out["hi"], out["err"] = lo, hi, err
    return out


def _up(x: Any) -> Any:
    """At least the exact value that x is the nearest double of; NaN (inf - inf) counts as infinite."""
    return np.where(np.isnan(x), np.inf, np.nextafter(x, np.inf))


def _down(x: Any) -> Any:
    return np.where(np.isnan(x), -np.inf, np.nextafter(x, -np.inf))


def _largest(lo: Any, hi: Any) -> Any:
    return np.maximum(np.abs(lo), np.abs(hi))


def _mignitude(x: Array) -> Any:
    """The least |x| in the enclosure."""
    return np.maximum(np.maximum(x["lo"], -x["hi"]), 0.0)


def _above(x: Array) -> Any:
    return np.where(x["err"] == 0, x["hi"], _up(x["hi"] + x["err"]))


def _below(x: Array) -> Any:
    return np.where(x["err"] == 0, x["lo"], _down(x["lo"] - x["err"]))


def _decide(surely: Any, surely_not: Any) -> Array:
    return np.where(surely, _TRUE, np.where(surely_not, _FALSE, _UNKNOWN))


def _where(defined: Any, lo: Any, hi: Any, err: Any) -> tuple[Any, Any, Any]:
    """Nothing is known where the operation may be undefined."""
    return np.where(defined, lo, -np.inf), np.where(defined, hi, np.inf), np.where(defined, err, np.inf)


def _rounded(lo: Any, hi: Any, err: Any, f: Format = BINARY32) -> Array:
    """Add the error of rounding a number that is within err of [lo, hi]; infinite where it may overflow."""
    magnitude = _up(_largest(lo, hi) + err)
    _, exponent = np.frexp(np.where(np.isfinite(magnitude), magnitude, 1.0))
    half_ulp = np.ldexp(1.0, np.maximum(exponent - 1, f.emin) - f.precision)
    safe = magnitude <= float(f.decode(f.max_finite))
    exact = (lo == 0) & (hi == 0) & (err == 0)
    return _pack(lo, hi, np.where(exact, 0.0, np.where(safe, _up(err + half_ulp), np.inf)))


def _product(x: Array, y: Array) -> tuple[Any, Any, Any]:
    """Enclosure of the real product, and how far the product of the floats may be off before it is rounded."""
    with np.errstate(invalid="ignore"):
        corners = [a * b for a in (x["lo"], x["hi"]) for b in (y["lo"], y["hi"])]
        lo, hi = _down(np.minimum.reduce(corners)), _up(np.maximum.reduce(corners))
        left, right = _up(_largest(x["lo"], x["hi"]) * y["err"]), _up(_largest(y["lo"], y["hi"]) * x["err"])
        carried = _up(_up(left + right) + _up(x["err"] * y["err"]))
    exact = (x["err"] == 0) & (y["err"] == 0)
    zero = ((x["lo"] == 0) & (x["hi"] == 0) & (x["err"] == 0)) | ((y["lo"] == 0) & (y["hi"] == 0) & (y["err"] == 0))
    return np.where(zero, 0.0, lo), np.where(zero, 0.0, hi), np.where(exact | zero, 0.0, carried)


def _embed(value: Fraction) -> tuple[float, float, float]:
    near, code = float(value), round_to_bits(value, BINARY32)
    error = abs(BINARY32.decode(code) - value) if BINARY32.is_finite(code) else None
    err = np.inf if error is None else float(_up(float(error))) if error else 0.0
    return (near, near, err) if Fraction(near) == value else (float(_down(near)), float(_up(near)), err)


def _function(name: str, x: Array) -> Array:
    """Range of an elementary function by balls; its error by the largest slope over all that both arguments may be."""
    from fpsem.domains._elementary_range import range_and_slope  # balls are a heavy import

    lo, hi, slope = range_and_slope(name, x["lo"], x["hi"], _below(x), _above(x))
    with np.errstate(invalid="ignore"):
        err = np.where(x["err"] == 0, 0.0, _up(slope * x["err"]))
    return _rounded(lo, hi, np.where(np.isfinite(slope), err, np.inf))
