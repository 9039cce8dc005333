"""IEEE32Exec: bit-exact IEEE 754 binary32 on any machine; scalars are uint32 codes.

Guarantees: every operation is the correctly rounded one, by the algorithms of ``fpsem.softfloat``; NaN results are the
canonical NaN unless another is asked for. Elementary functions are correctly rounded too, for every argument. Flags are raised
where an object to raise them on is given.
Does not: promise IEEE 754's results where subnormals are flushed, for the standard has none.

Source: IEEE 754-2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
import numpy.typing as npt

from fpsem.core.codes import decode_array, encode_array
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import EXACT, Accumulator, Array, Contract, Kind, own_accumulator
from fpsem.core.rounding import Rounding, rounding_named
from fpsem.core.schedule import Schedule, Sequential, schedule_of, wider_accumulator
from fpsem.domains._exact_sums import exact_accumulator, round_number
from fpsem.domains._reductions import Doubles, reductions, require_threads
from fpsem.domains._scheduled import Kernels
from fpsem.softfloat import Arithmetic, arithmetic
from fpsem.softfloat.attributes import NaN, Subnormals, choice
from fpsem.softfloat.raised import Raised

_BINARY64 = FORMATS["binary64"]


@dataclass(frozen=True)
class IEEE32Exec:
    """The domain.

    Args:
        rounding: the rounding direction of every operation, a Rounding or its name.
        schedule: the order of reductions, a Schedule or its text.
        nan: which NaN operations give: "canonical", "x86", "arm" or "cuda".
        subnormals: "keep", "flush_inputs", "flush_outputs" or "flush".
        flags: what exceptions are raised on, a ``softfloat.Raised``; operations are then slower, reductions much.
        threads: how many work on a matrix product; they never change a bit.

    Raises:
        UnknownNameError: no such direction, schedule, NaN or treatment of subnormals.
        ScheduleError: an accumulator narrower than binary32.
    """

    rounding: Rounding | str = Rounding.NEAREST_EVEN
    schedule: Schedule = Sequential()
    nan: NaN | str = NaN.CANONICAL
    subnormals: Subnormals | str = Subnormals.KEEP
    flags: Raised | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounding", rounding_named(self.rounding))
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        wider_accumulator(self.schedule, BINARY32)
        require_threads(self.threads)
        object.__setattr__(self, "nan", choice("choice of NaN", NaN, self.nan))
        object.__setattr__(self, "subnormals", choice("treatment of subnormals", Subnormals, self.subnormals))

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "ieee32"

    @property
    def contract(self) -> Contract:
        return Contract(Kind.IEEE, rounding=self._direction, gradual_underflow=self.subnormals is Subnormals.KEEP)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        if self.flags is not None:
            return {}
        sums, maxima = _kernels(self._f32, self._direction)
        return reductions(self.schedule, sums, self.mul, self.neg, maxima, self._doubles, self.threads)

    def refine(self, outputs: list[Array]) -> None:
        return None

    @property
    def _direction(self) -> Rounding:
        return rounding_named(self.rounding)

    @cached_property
    def _f32(self) -> Arithmetic:
        return arithmetic(BINARY32, nan=self.nan, subnormals=self.subnormals)

    @cached_property
    def _f64(self) -> Arithmetic:
        return arithmetic(_BINARY64, nan=self.nan, subnormals=self.subnormals)

    def _computed(self, name: str, *operands: Array | Format, rounds: bool = False, of: Arithmetic | None = None) -> Array:
        """An operation of the arithmetic, its exceptions raised where that is asked for."""
        options = {"rounding": self.rounding} if rounds else {}
        operation = getattr(of or self._f32, name)
        if self.flags is None:
            return operation(*operands, **options)  # type: ignore[no-any-return]
        result, raised = operation(*operands, **options, with_flags=True)
        self.flags.raise_flags(raised)
        return result  # type: ignore[no-any-return]

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return encode_array(values, BINARY32, self._direction)

    def pi(self) -> Array:
        return np.array(round_pi(lambda x: round_to_bits(x, BINARY32, self._direction)), dtype=np.uint32)

    def from_bits(self, bits: Array) -> Array:
        return bits

    def to_bits(self, x: Array) -> Array:
        return x

    def to_float(self, x: Array) -> Array:
        return _floats(x)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        exact = decode_array(x)
        return exact, exact

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._computed("add", x, y, rounds=True)

    def sub(self, x: Array, y: Array) -> Array:
        return self._computed("sub", x, y, rounds=True)

    def mul(self, x: Array, y: Array) -> Array:
        return self._computed("mul", x, y, rounds=True)

    def div(self, x: Array, y: Array) -> Array:
        return self._computed("div", x, y, rounds=True)

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._computed("fma", x, y, z, rounds=True)

    def sqrt(self, x: Array) -> Array:
        return self._computed("sqrt", x, rounds=True)

    def neg(self, x: Array) -> Array:
        return self._computed("neg", x)

    def abs(self, x: Array) -> Array:
        return self._computed("abs", x)

    def minimum(self, x: Array, y: Array) -> Array:
        return self._computed("minimum", x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        return self._computed("maximum", x, y)

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._computed("exp", x, rounds=True)

    def expm1(self, x: Array) -> Array:
        return self._computed("expm1", x, rounds=True)

    def log(self, x: Array) -> Array:
        return self._computed("log", x, rounds=True)

    def log1p(self, x: Array) -> Array:
        return self._computed("log1p", x, rounds=True)

    def sin(self, x: Array) -> Array:
        return self._computed("sin", x, rounds=True)

    def cos(self, x: Array) -> Array:
        return self._computed("cos", x, rounds=True)

    def tan(self, x: Array) -> Array:
        return self._computed("tan", x, rounds=True)

    def atan(self, x: Array) -> Array:
        return self._computed("atan", x, rounds=True)

    def tanh(self, x: Array) -> Array:
        return self._computed("tanh", x, rounds=True)

    def erf(self, x: Array) -> Array:
        return self._computed("erf", x, rounds=True)

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return self._computed("less", x, y)

    def less_equal(self, x: Array, y: Array) -> Array:
        return self._computed("less_equal", x, y)

    def equal(self, x: Array, y: Array) -> Array:
        return self._computed("equal", x, y)

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        return np.where(truth, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        narrow = self._f32.convert(x, format)
        return arithmetic(format).convert(narrow, BINARY32)

    def is_nan(self, x: Array) -> Array:
        return np.asarray(np.isnan(_floats(x)))

    def is_finite(self, x: Array) -> Array:
        return np.asarray(np.isfinite(_floats(x)))

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in binary64, by the same algorithms and in the same direction; or exactly. NaN among what is summed exactly
        gives the NaN of an invalid operation; an exact sum raises no flag but those of its conversions and its one rounding."""
        if format == BINARY32.name:
            return own_accumulator(self)
        if format == EXACT:
            return exact_accumulator(lambda x: self._widened(x).view(np.float64), self._from_exact, self._direction)
        add, sub, mul, fma = (partial(self._computed, name, rounds=True, of=self._f64) for name in ("add", "sub", "mul", "fma"))
        return Accumulator(self._widened, self._narrowed, add, sub, mul, fma)

    def _widened(self, x: Array) -> Array:
        """binary32 codes as codes of binary64."""
        return self._computed("convert", x, _BINARY64)

    def _narrowed(self, x: Array) -> Array:
        """Codes of binary64 rounded to binary32."""
        return self._computed("convert", x, BINARY32, rounds=True, of=self._f64)

    @property
    def _doubles(self) -> Doubles:
        """Compiled sums in doubles: the machine's are this domain's to nearest even, without flushing, with one NaN."""
        plain = self.nan is NaN.CANONICAL and self.subnormals is Subnormals.KEEP and self._direction is Rounding.NEAREST_EVEN
        zero = -0.0 if self._direction is Rounding.DOWNWARD else 0.0
        return Doubles(
            widen=lambda x: self._widened(x).view(np.float64),
            narrow=_singles if plain else None,
            narrow_odd=_singles if plain else lambda x: self._from_odd(x.view(np.uint64)),
            zero=zero,
        )

    def _from_exact(self, numbers: Array) -> Array:
        """Exact numbers rounded once: to odd in binary64 first, which decides every later rounding as the number itself does."""
        odd = np.asarray(np.frompyfunc(lambda x: round_number(x, _BINARY64, Rounding.TO_ODD), 1, 1)(numbers), dtype=np.uint64)
        return self._from_odd(odd)

    def _from_odd(self, odd: Array) -> Array:
        """Codes of binary64, rounded to odd, rounded once more; NaN gives the NaN of an invalid operation."""
        infinity = np.array(BINARY32.overflow_code, BINARY32.dtype)
        invalid = self._f32.sub(infinity, infinity)
        return np.where(np.isnan(odd.view(np.float64)), invalid, self._narrowed(odd))


@cache
def _kernels(f32: Arithmetic, direction: Rounding) -> tuple[Kernels, Kernels]:
    """Sums and products in a direction, and maxima."""
    steps = "\n\n".join(f32.source(name, direction) for name in ("add", "sub", "mul", "fma"))
    sums = Kernels(f"binary32_sums_{direction.value}", BINARY32.dtype, steps, ordered=f32.attributes.nan in (NaN.X86, NaN.ARM))
    return sums, Kernels("binary32_maxima", BINARY32.dtype, f32.source("maximum", called="add"))


def _singles(x: Array) -> Array:
    """Doubles rounded to nearest even by the machine; any NaN is the canonical one."""
    with np.errstate(all="ignore"):
        codes = x.astype(np.float32).view(np.uint32)
    return np.where(np.isnan(x), np.uint32(BINARY32.nan), codes)


def _floats(x: Array) -> npt.NDArray[np.float64]:
    """The codes as doubles, exactly. A signalling NaN makes the conversion raise a flag, which says nothing here."""
    with np.errstate(invalid="ignore"):
        return np.asarray(x).view(np.float32).astype(np.float64)
