"""CuPyFloat32: float32 on a GPU; scalars are CuPy arrays of float32.

Guarantees: every operation is a kernel of ``fpsem/kernels`` that asks for its rounding by name, so that the arithmetic is IEEE
754's in round-to-nearest with subnormals, never contracted but by fma and by schedules that fuse. Reductions follow the schedule;
those that are trees over float32 run as kernels, others as their derived meaning. Elementary functions are correctly rounded: the
kernels leave about one argument in millions undecided, which the host settles. All bits are IEEE32Exec's but for those of NaNs.
With ``elementary="library"`` elementary functions are CUDA's, of which it documents largest errors and no bits.
Does not: say which NaN a result is.

With ``device="cpu"`` the same sources are built by the system's C compiler, and scalars are numpy arrays: all of this without a
GPU, CuPy excepted; "library" is then the C library.

Source: IEEE 754-2019; CUDA C++ Programming Guide, appendices on floating-point computation and mathematical functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.codes import decode_array, encode_array
from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Accumulator, Array, Contract, Kind, exact_array
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.domains._device_reductions import Reductions
from fpsem.domains._kernels import DEVICES, Device, cast_sources, device_named, function_source, source_of

LIBRARY_ULPS: Mapping[str, int] = {
    "atan": 2, "cos": 2, "erf": 2, "exp": 2, "expm1": 1, "log": 1, "log1p": 1, "sin": 2, "tan": 4, "tanh": 2,
}  # fmt: skip
"""Largest errors, in ulps of the correctly rounded result, that the CUDA C++ Programming Guide documents for float32 functions,
over the full range and without fast mathematics: the table of single-precision functions in its appendix on mathematical
functions. The guide says that they come from tests that were extensive, not exhaustive."""


@dataclass(frozen=True)
class CuPyFloat32:
    """The domain.

    Args:
        schedule: the order of reductions, a Schedule or its text.
        elementary: "correctly_rounded" for the functions of IEEE32Exec, "library" for CUDA's.
        device: "gpu" for CuPy's current one, which is looked for when first it is used; "cpu" for the C compiler's build.

    Raises:
        UnknownNameError: no such schedule, choice of functions or device.
        MissingExtraError: when first used: the device is "gpu", and CuPy is not installed.
        UnsupportedError: when first used: there is no GPU, or no C compiler.
    """

    schedule: Schedule = Sequential()
    elementary: str = "correctly_rounded"
    device: str = "gpu"

    def __post_init__(self) -> None:
        if self.elementary not in ("library", "correctly_rounded"):
            raise UnknownNameError("elementary functions", self.elementary, ("library", "correctly_rounded"))
        if self.device not in DEVICES:
            raise UnknownNameError("device", self.device, DEVICES)
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "cupy_float32"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.IEEE, elementary_ulps=max(LIBRARY_ULPS.values()) if self.elementary == "library" else 0)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        own = Reductions(self.device, self.schedule, self.exp, self._number).by_op
        is_tree = self.schedule.has_tree and wider_accumulator(self.schedule, BINARY32) is None
        return own if is_tree else {"max": own["max"]}

    def refine(self, outputs: list[Array]) -> None:
        return None

    @property
    def _device(self) -> Device:
        return device_named(self.device)

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self.from_bits(encode_array(values))

    def _number(self, value: Any) -> np.float32:
        """One exact number, rounded, as an argument of kernels."""
        return np.float32(encode_array(exact_array([value])).view(np.float32)[0])

    def pi(self) -> Array:
        return self.from_bits(np.array(round_pi(lambda x: round_to_bits(x, BINARY32)), dtype=np.uint32))

    def from_bits(self, bits: Array) -> Array:
        return self._device.arrays.asarray(bits).view(np.float32)  # type: ignore[no-any-return]

    def to_bits(self, x: Array) -> Array:
        return np.ascontiguousarray(self._device.host(x)).view(np.uint32).reshape(x.shape)

    def to_float(self, x: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return self._device.host(x).astype(np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        exact = decode_array(self.to_bits(x))
        return exact, exact

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._each("add", x, y)

    def sub(self, x: Array, y: Array) -> Array:
        return self._each("sub", x, y)

    def mul(self, x: Array, y: Array) -> Array:
        return self._each("mul", x, y)

    def div(self, x: Array, y: Array) -> Array:
        return self._each("div", x, y)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._each("fma", x, y, z)

    def sqrt(self, x: Array) -> Array:
        return self._each("sqrt", x)

    def neg(self, x: Array) -> Array:
        return self._each("neg", x)

    def abs(self, x: Array) -> Array:
        return self._each("abs", x)

    def minimum(self, x: Array, y: Array) -> Array:
        return self._each("minimum", x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return self._each("maximum", x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._elementary("exp", x)

    def expm1(self, x: Array) -> Array:
        return self._elementary("expm1", x)

    def log(self, x: Array) -> Array:
        return self._elementary("log", x)

    def log1p(self, x: Array) -> Array:
        return self._elementary("log1p", x)

    def sin(self, x: Array) -> Array:
        return self._elementary("sin", x)

    def cos(self, x: Array) -> Array:
        return self._elementary("cos", x)

    def tan(self, x: Array) -> Array:
        return self._elementary("tan", x)

    def atan(self, x: Array) -> Array:
        return self._elementary("atan", x)

    def tanh(self, x: Array) -> Array:
        return self._elementary("tanh", x)

    def erf(self, x: Array) -> Array:
        return self._elementary("erf", x)

    def _elementary(self, name: str, x: Array) -> Array:
        if self.elementary == "library":
            return self._launched(source_of("library"), f"float32_{name}_kernel", (np.float32,), x)[0]
        made, decided = self.attempt(name, x)
        if not decided.all():
            self._settle(name, self._codes(x), made, ~decided)
        return made.view(np.float32)

    def attempt(self, name: str, x: Array) -> tuple[Array, Array]:
        """What the kernel of a correctly rounded function gives: codes, and for each whether it is decided."""
        made, decided = self._launched(*function_source(name), (np.uint32, np.bool_), self._codes(x))
        return made, decided

    def _settle(self, name: str, codes: Array, made: Array, where: Array) -> None:
        """The host's results where the kernel's are not decided."""
        from fpsem.softfloat.elementary.ziv import elementary_bits  # balls are a heavy import

        settled = elementary_bits(name, self._device.host(codes[where]), BINARY32)
        made[where] = self._device.arrays.asarray(settled)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return self._each("less", x, y, gives=np.bool_)

    def less_equal(self, x: Array, y: Array) -> Array:
        return self._each("less_equal", x, y, gives=np.bool_)

    def equal(self, x: Array, y: Array) -> Array:
        return self._each("equal", x, y, gives=np.bool_)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return self._each("select", truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        codes = self._codes(x)
        for source, kernel, dtype in cast_sources(format):
            (codes,) = self._launched(source, kernel, (dtype,), codes)
        return codes.view(np.float32)

    def is_nan(self, x: Array) -> Array:
        return self._each("is_nan", x, gives=np.bool_)

    def is_finite(self, x: Array) -> Array:
        return self._each("is_finite", x, gives=np.bool_)

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        raise UnsupportedError(f"{self.name} holds sums in binary32 only, not in {format}; ieee32 has the same bits")

    def _codes(self, x: Array) -> Array:
        """The codes of an array of the device, there."""
        return self._device.arrays.ascontiguousarray(x).reshape(x.shape).view(np.uint32)  # type: ignore[no-any-return]

    # -- kernels -------------------------------------------------------------------------------------------------

    def _each(self, name: str, *operands: Array, gives: Any = np.float32) -> Array:
        """A kernel of elementwise.cu."""
        return self._launched(source_of("elementwise"), f"float32_{name}_kernel", (gives,), *operands)[0]

    def _launched(self, source: str, kernel: str, gives: tuple[Any, ...], *operands: Array) -> tuple[Array, ...]:
        """The results of a kernel over elements, of these dtypes; operands broadcast as numpy's do."""
        device = self._device
        arrays = device.arrays
        shape = np.broadcast_shapes(*(x.shape for x in operands))
        given = [arrays.ascontiguousarray(arrays.broadcast_to(arrays.asarray(x), shape)) for x in operands]
        made: tuple[Array, ...] = tuple(arrays.empty(shape, dtype) for dtype in gives)
        device.launch(source, kernel, made[0].size, np.uint64(made[0].size), *made, *given)
        return made
