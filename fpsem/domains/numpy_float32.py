"""NumPyFloat32: the machine's own float32; scalars are numpy float32.

Guarantees: add, sub, mul, div, sqrt are the machine's, which are IEEE 754's in round-to-nearest with subnormals; fma is the
machine's too (compiled by numba; where the processor has none, the C library's). Reductions follow the schedule asked for.
Does not: promise any bits of elementary functions under ``elementary="library"`` (numpy's own, up to 4 ulp seen), nor of
reductions under ``schedule="library"`` (whatever numpy.matmul and numpy.sum do on this machine).

Source: IEEE 754-2019; the numpy reference for its ufuncs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from fpsem.core.codes import decode_array, encode_array
from fpsem.core.errors import UnknownNameError
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.domains._exact_sums import exact_accumulator, round_number
from fpsem.domains._reductions import Doubles, reductions, require_threads
from fpsem.domains._scheduled import FLOATS, Kernels
from fpsem.softfloat import arithmetic

LIBRARY_ULPS = 4
"""How far numpy's own elementary functions may be off, in ulps: more than was ever seen."""


@dataclass(frozen=True)
class NumPyFloat32:
    """The domain.

    Args:
        schedule: the order of reductions, a Schedule or its text; "library" for numpy's own matmul and sum.
        elementary: "library" for numpy's functions, "correctly_rounded" for those of IEEE32Exec.
        threads: how many work on a matrix product; they never change a bit.

    Raises:
        UnknownNameError: no such schedule or choice of functions.
        ScheduleError: an accumulator narrower than binary32.
    """

    schedule: Schedule = Sequential()
    elementary: str = "library"
    threads: int = 1
    library_reductions: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        require_threads(self.threads)
        if self.elementary not in ("library", "correctly_rounded"):
            raise UnknownNameError("elementary functions", self.elementary, ("library", "correctly_rounded"))
        library = str(self.schedule) == "library"
        object.__setattr__(self, "library_reductions", library)
        object.__setattr__(self, "schedule", Sequential() if library else schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "numpy_float32"

    @property
    def contract(self) -> Contract:
        ulps = LIBRARY_ULPS if self.elementary == "library" else 0
        return Contract(Kind.IEEE, elementary_ulps=ulps, scheduled=not self.library_reductions)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        if self.library_reductions:
            return {"matmul": _quiet(np.matmul), "sum": _quiet(np.sum)}
        doubles = Doubles(self._doubles, self._singles, self._singles)
        return reductions(self.schedule, _SUMS, self.mul, self.neg, _MAXIMA, doubles, self.threads)

    def refine(self, outputs: list[Array]) -> None:
        return None

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return encode_array(values).view(np.float32)

    def pi(self) -> Array:
        return np.array(round_pi(lambda x: round_to_bits(x, BINARY32)), dtype=np.uint32).view(np.float32)

    def from_bits(self, bits: Array) -> Array:
        return bits.view(np.float32)

    def to_bits(self, x: Array) -> Array:
        return np.ascontiguousarray(x).view(np.uint32).reshape(x.shape)

    def to_float(self, x: Array) -> Array:
        return _quiet(np.asarray)(x, dtype=np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        exact = decode_array(self.to_bits(x))
        return exact, exact

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return _quiet(np.add)(x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return _quiet(np.subtract)(x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return _quiet(np.multiply)(x, y)

    def div(self, x: Array, y: Array) -> Array:
        return _quiet(np.divide)(x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return _quiet(_hardware().fma)(x, y, z)

    def sqrt(self, x: Array) -> Array:
        return _quiet(np.sqrt)(x)

    def neg(self, x: Array) -> Array:
        return np.negative(x)

    def abs(self, x: Array) -> Array:
        return np.abs(x)

    def minimum(self, x: Array, y: Array) -> Array:
        return _quiet(_hardware().minimum)(x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return _quiet(_hardware().maximum)(x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._elementary("exp", np.exp, x)

    def expm1(self, x: Array) -> Array:
        return self._elementary("expm1", np.expm1, x)

    def log(self, x: Array) -> Array:
        return self._elementary("log", np.log, x)

    def log1p(self, x: Array) -> Array:
        return self._elementary("log1p", np.log1p, x)

    def sin(self, x: Array) -> Array:
        return self._elementary("sin", np.sin, x)

    def cos(self, x: Array) -> Array:
        return self._elementary("cos", np.cos, x)

    def tan(self, x: Array) -> Array:
        return self._elementary("tan", np.tan, x)

    def atan(self, x: Array) -> Array:
        return self._elementary("atan", np.arctan, x)

    def tanh(self, x: Array) -> Array:
        return self._elementary("tanh", np.tanh, x)

    def erf(self, x: Array) -> Array:
        return self._elementary("erf", _erf, x)

    def _elementary(self, name: str, library: Callable[..., Any], x: Array) -> Array:
        if self.elementary == "library":
            return _quiet(library)(x)
        return self.from_bits(getattr(arithmetic(BINARY32), name)(self.to_bits(x)))

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return _quiet(np.less)(x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return _quiet(np.less_equal)(x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return _quiet(np.equal)(x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return np.where(truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        narrow = arithmetic(BINARY32).convert(self.to_bits(x), format)
        return self.from_bits(arithmetic(format).convert(narrow, BINARY32))

    def is_nan(self, x: Array) -> Array:
        return np.isnan(x)

    def is_finite(self, x: Array) -> Array:
        return np.isfinite(x)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in the machine's doubles, or exactly."""
        if format == BINARY32.name:
            return own_accumulator(self)
        if format == EXACT:
            return exact_accumulator(self._doubles, lambda x: _each_rounded(x).view(np.float32))
        add, sub, mul = (_quiet(function) for function in (np.add, np.subtract, np.multiply))
        return Accumulator(self._doubles, self._singles, add, sub, mul, lambda x, y, z: add(mul(x, y), z))

    def _doubles(self, x: Array) -> Array:
        return _quiet(np.asarray)(x, dtype=np.float64)

    def _singles(self, x: Array) -> Array:
        return _quiet(np.asarray)(x, dtype=np.float32)


_SUMS = Kernels(
    "float32_sums",
    np.dtype(np.float32),
    f"""{FLOATS}
from fpsem.domains._hardware import llvm_fma


@numba.njit(forceinline=True)
def mul(x, y):
    return x * y


@numba.njit(forceinline=True)
def fma(x, y, z):
    return llvm_fma(x, y, z)
""",
    ("eight",),
    chained=True,
)

_MAXIMA = Kernels(
    "float32_maxima",
    np.dtype(np.float32),
    """
@numba.njit(forceinline=True)
def add(x, y):
    if x == y:
        return x + y if x == 0 else x  # of opposite zeros +0
    return x if x > y or x != x else y
""",
)
"""Maxima are sums whose addition is the maximum; a NaN stays."""


def _quiet(function: Callable[..., Any]) -> Callable[..., Array]:
    """The function as an array function without numpy's warnings: overflow and NaN are results here, not accidents."""

    def call(*arguments: Any, **options: Any) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arguments, **options))

    return call


def _each_rounded(numbers: Array) -> Array:
    """Exact numbers as codes."""
    return np.asarray(np.frompyfunc(lambda x: round_number(x, BINARY32), 1, 1)(numbers), dtype=np.uint32)


def _erf(x: Array) -> Array:
    """Python's erf, in double precision, rounded: numpy has none."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(np.float32)


@cache
def _hardware() -> Any:
    from fpsem.domains import _hardware as ufuncs  # numba takes half a second to import

    return ufuncs
