"""Attributes: what IEEE 754 leaves open or lets a program choose, as one value that every algorithm takes; and its flags.

Source: IEEE 754-2019 clauses 4 (attributes), 6.2 (NaNs), 7 (exceptions); for the platforms' choices the Intel SDM, the Arm
Architecture Reference Manual, the RISC-V F extension and the CUDA C++ Programming Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import TypeVar

from fpsem.core.errors import UnknownNameError
from fpsem.core.rounding import Rounding

Named = TypeVar("Named", bound=Enum)


class Flag(IntFlag):
    """The five exceptions, as bits of the flags of an element (clause 7)."""

    INEXACT = 1
    UNDERFLOW = 2
    OVERFLOW = 4
    DIVIDE_BY_ZERO = 8
    INVALID = 16


class NaN(Enum):
    """Which NaN an operation gives; the value is the name that the public interface takes."""

    CANONICAL = "canonical"
    """The canonical one, positive and quiet, without payload: RISC-V."""
    X86 = "x86"
    """The first operand that is a NaN, made quiet; else the canonical one with its sign set: SSE and AVX."""
    ARM = "arm"
    """The first signaling operand, else the first quiet one, made quiet; else the canonical one. The addend of a fused
    multiply-add comes first."""
    CUDA = "cuda"
    """All ones but for the sign."""


class Tininess(Enum):
    """When a result counts as tiny, which with inexactness is underflow (clause 7.5)."""

    AFTER = "after"
    """When it would be below the smallest normal number if rounded with an unbounded exponent: x86, RISC-V."""
    BEFORE = "before"
    """When the exact result is: Arm."""


class Subnormals(Enum):
    """What becomes of subnormal numbers."""

    KEEP = "keep"
    FLUSH_INPUTS = "flush_inputs"
    """Subnormal operands are zeros of their sign."""
    FLUSH_OUTPUTS = "flush_outputs"
    """Tiny results that are not zero become zeros of their sign; that is inexact and an underflow."""
    FLUSH = "flush"
    """Both."""


class InfinityTimesZero(Enum):
    """What fma(0, infinity, quiet NaN) is (clause 7.2 leaves it open)."""

    INVALID = "invalid"
    """An invalid operation: RISC-V, Arm."""
    QUIET = "quiet"
    """The NaN of the addend, and no exception: Intel's FMA3."""


class Integers(Enum):
    """What a conversion to an integer gives where there is none; invalid is raised by all."""

    X86 = "x86"
    """The most negative integer, or the largest unsigned one."""
    RISCV = "riscv"
    """The nearest integer; the largest for NaN."""
    ARM = "arm"
    """The nearest integer; 0 for NaN."""


@dataclass(frozen=True)
class Attributes:
    """All of them.

    Args:
        rounding: the direction.
        nan: which NaN operations give.
        tininess: when a result is tiny.
        subnormals: what becomes of subnormal numbers.
        infinity_times_zero: what fma(0, infinity, quiet NaN) is.
        integers: what conversions to integers give where there is none.
        saturate: whether what overflows becomes the largest finite number; in conversions infinities do too (OCP's
            saturation mode).
    """

    rounding: Rounding = Rounding.NEAREST_EVEN
    nan: NaN = NaN.CANONICAL
    tininess: Tininess = Tininess.AFTER
    subnormals: Subnormals = Subnormals.KEEP
    infinity_times_zero: InfinityTimesZero = InfinityTimesZero.INVALID
    integers: Integers = Integers.X86
    saturate: bool = False

    @property
    def flushes_inputs(self) -> bool:
        """Whether subnormal operands are zeros."""
        return self.subnormals in (Subnormals.FLUSH_INPUTS, Subnormals.FLUSH)

    @property
    def flushes_outputs(self) -> bool:
        """Whether tiny results become zeros."""
        return self.subnormals in (Subnormals.FLUSH_OUTPUTS, Subnormals.FLUSH)


def choice(kind: str, options: type[Named], given: str | Named) -> Named:
    """An option by its name; an option passes through. Raises UnknownNameError that says what it is an option of."""
    if isinstance(given, options):
        return given
    names = {option.value: option for option in options}
    if given not in names:
        raise UnknownNameError(kind, given, names)
    return names[given]
