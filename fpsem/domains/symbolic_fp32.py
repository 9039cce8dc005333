"""SymbolicFP32: z3 floating-point terms; scalars are z3 FPs of binary32 in object arrays, truths are z3 Bools.

Guarantees: add, sub, mul, div, fma, sqrt are SMT-LIB's in the rounding direction; minimum and maximum are written out, since
SMT-LIB leaves opposite zeros open. SMT-LIB knows one NaN, so payloads do not exist.
Does not: elementary functions (they raise UnsupportedError), nearest-even's lesser kin to_odd.

Source: SMT-LIB theory FloatingPoint; Brain, Tinelli, Ruemmer and Wahl, "An automatable formal semantics for IEEE-754", 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import z3

from fpsem.core.codes import decode_array, encode_array
from fpsem.core.errors import UnableError, UnknownNameError, UnsupportedError
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, format_named
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator

_MODES: Mapping[Rounding, Callable[[], Any]] = {
    Rounding.NEAREST_EVEN: z3.RNE,
    Rounding.NEAREST_AWAY: z3.RNA,
    Rounding.TOWARD_ZERO: z3.RTZ,
    Rounding.UPWARD: z3.RTP,
    Rounding.DOWNWARD: z3.RTN,
}


@dataclass(frozen=True)
class SymbolicFP32:
    """The domain.

    Args:
        rounding: the rounding direction of every operation, a Rounding or its name; SMT-LIB has no to_odd.
        schedule: the order of reductions, a Schedule or its text.

    Raises:
        UnknownNameError: no such direction or schedule.
    """

    rounding: Rounding | str = Rounding.NEAREST_EVEN
    schedule: Schedule = Sequential()

    def __post_init__(self) -> None:
        direction = rounding_named(self.rounding)
        if direction not in _MODES:
            raise UnknownNameError("SMT-LIB rounding direction", direction.value, [known.value for known in _MODES])
        object.__setattr__(self, "rounding", direction)
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "symbolic_fp32"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.IEEE, elementary_ulps=None, concrete=False, rounding=rounding_named(self.rounding))

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> None:
        return None

    @property
    def _mode(self) -> Any:
        return _MODES[rounding_named(self.rounding)]()

    def symbols(self, name: str, shape: tuple[int, ...]) -> Array:
        """An array of free variables, named ``name[i,j]``."""
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            out[index] = z3.FP(f"{name}[{','.join(map(str, index))}]" if index else name, _sort())
        return out

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self.from_bits(encode_array(values, BINARY32, rounding_named(self.rounding)))

    def pi(self) -> Array:
        direction = rounding_named(self.rounding)
        return self.from_bits(np.array(round_pi(lambda x: round_to_bits(x, BINARY32, direction)), dtype=np.uint32))

    def from_bits(self, bits: Array) -> Array:
        return _each(lambda code: z3.simplify(z3.fpBVToFP(z3.BitVecVal(int(code), BINARY32.width), _sort())), bits)

    def to_bits(self, x: Array) -> Array:
        return _each(_code, x).astype(np.uint32)

    def to_float(self, x: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return self.to_bits(x).view(np.float32).astype(np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        exact = decode_array(self.to_bits(x))
        return exact, exact

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: z3.fpAdd(self._mode, a, b), x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: z3.fpSub(self._mode, a, b), x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: z3.fpMul(self._mode, a, b), x, y)

    def div(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: z3.fpDiv(self._mode, a, b), x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return _each(lambda a, b, c: z3.fpFMA(self._mode, a, b, c), x, y, z)

    def sqrt(self, x: Array) -> Array:
        return _each(lambda a: z3.fpSqrt(self._mode, a), x)

    def neg(self, x: Array) -> Array:
        return _each(z3.fpNeg, x)

    def abs(self, x: Array) -> Array:
        return _each(z3.fpAbs, x)

    def minimum(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: _choose(a, b, z3.Or(z3.fpLT(a, b), z3.And(z3.fpEQ(a, b), z3.fpIsNegative(a)))), x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return _each(lambda a, b: _choose(a, b, z3.Or(z3.fpGT(a, b), z3.And(z3.fpEQ(a, b), z3.fpIsPositive(a)))), x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        _unsupported("exp")

    def expm1(self, x: Array) -> Array:
        _unsupported("expm1")

    def log(self, x: Array) -> Array:
        _unsupported("log")

    def log1p(self, x: Array) -> Array:
        _unsupported("log1p")

    def sin(self, x: Array) -> Array:
        _unsupported("sin")

    def cos(self, x: Array) -> Array:
        _unsupported("cos")

    def tan(self, x: Array) -> Array:
        _unsupported("tan")

    def atan(self, x: Array) -> Array:
        _unsupported("atan")

    def tanh(self, x: Array) -> Array:
        _unsupported("tanh")

    def erf(self, x: Array) -> Array:
        _unsupported("erf")

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return _each(z3.fpLT, x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return _each(z3.fpLEQ, x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return _each(z3.fpEQ, x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return _each(z3.If, truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        f = format_named(format)
        if not f.has_infinity:
            raise UnsupportedError(f"SMT-LIB has no format like {f.name}: its formats all have infinities")
        narrow = z3.FPSort(f.exponent_bits, f.precision)
        return _each(lambda a: z3.fpToFP(z3.RNE(), z3.fpToFP(z3.RNE(), a, narrow), _sort()), x)

    def is_nan(self, x: Array) -> Array:
        return _each(z3.fpIsNaN, x)

    def is_finite(self, x: Array) -> Array:
        return _each(lambda a: z3.Not(z3.Or(z3.fpIsInf(a), z3.fpIsNaN(a))), x)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in SMT-LIB's binary64. Raises UnsupportedError for exact ones, which would be terms of real numbers."""
        if format == BINARY32.name:
            return own_accumulator(self)
        if format == EXACT:
            raise UnsupportedError(f"schedule {self.schedule}: {self.name} has no exact sums; use ieee32 or rounded_real")
        wide = FORMATS[format]
        sort = z3.FPSort(wide.exponent_bits, wide.precision)

        def to(sort: Any) -> Callable[[Array], Array]:
            return lambda x: _each(lambda a: z3.fpToFP(self._mode, a, sort), x)

        return Accumulator(to(sort), to(_sort()), self.add, self.sub, self.mul, self.fma)


def _sort() -> Any:
    return z3.FPSort(BINARY32.exponent_bits, BINARY32.precision)


def _each(function: Callable[..., Any], *arrays: Array) -> Array:
    """Apply to each element, and keep an array: z3 terms are not numbers to numpy."""
    operands = np.broadcast_arrays(*arrays)
    out = np.empty(operands[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = function(*(operand[index] for operand in operands))
    return out


def _choose(a: Any, b: Any, first: Any) -> Any:
    """a where ``first`` holds, else b; NaN when either is."""
    return z3.If(z3.fpIsNaN(a), a, z3.If(z3.fpIsNaN(b), b, z3.If(first, a, b)))


def _code(term: Any) -> int:
    """The code of a closed term. Raises UnableError for a term with variables."""
    value = z3.simplify(term)
    if not isinstance(value, z3.FPNumRef):
        raise UnableError(f"the term {str(term)[:80]} has variables: it stands for many numbers; ask a solver")
    if value.isNaN():
        return BINARY32.nan
    code: int = z3.simplify(z3.fpToIEEEBV(value)).as_long()
    return code


def _unsupported(name: str) -> NoReturn:
    raise UnsupportedError(f"SMT-LIB has no {name}; use the domains real, ieee32 or numpy_float32")
