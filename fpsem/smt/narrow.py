"""Executions in a narrower format: a domain of binary32 whose every result is rounded to the format's grid.

Guarantees: each operation is the domain's, of operands that the format holds, rounded once more by ``cast``. For add, sub, mul,
div and sqrt in a format of at most 11 digits that is the format's own correctly rounded operation: binary32 has 2p + 2 digits,
where rounding twice does no harm, and results that are subnormal in the format lose nothing in binary32 before. The exception is
tf32, whose exponents are binary32's own: a product or quotient below its least normal number may be rounded twice. neg, abs,
minimum, maximum, comparisons and choices are exact.
Does not: round fma and the elementary functions once; these are binary32's correctly rounded results, rounded once more.
Formats without infinities (e4m3) overflow to NaN, where rounding is not monotone and SMT-LIB has no sort: of them there are
executions only, neither terms nor intervals; see ``Question.enclose``.

Source: Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30(3), 1995; products and quotients of bfloat16, whose
exponents are binary32's too, by counting digits: a product has 16, and no quotient of 8-digit numbers is so near to a midpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from fpsem.core.codes import encode_array
from fpsem.core.errors import UnsupportedError
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32, format_named
from fpsem.core.protocol import ARITHMETIC, ELEMENTARY, Accumulator, Array, Kind, ScalarDomain, own_accumulator
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic

_EXACT = ("neg", "abs", "minimum", "maximum")
_ROUNDED = frozenset((*ARITHMETIC, *ELEMENTARY)) - frozenset(_EXACT)


def in_format(domain: ScalarDomain, format: str) -> ScalarDomain:
    """The domain in a format; in binary32 it is the domain itself. Raises what ``InFormat`` raises."""
    return domain if format == BINARY32.name else cast(ScalarDomain, InFormat(domain, format))


def require_narrow(format: str) -> None:
    """Refuse a format that binary32 does not hold.

    Raises:
        UnknownNameError: no such format.
        UnsupportedError: binary32 does not hold all its numbers.
    """
    f = format_named(format)
    if f.precision > BINARY32.precision or f.exponent_bits > BINARY32.exponent_bits:
        raise UnsupportedError(f"format {format}: binary32 must hold all its numbers, for each operation is binary32's, rounded")


@dataclass(frozen=True)
class InFormat:
    """A domain of binary32 executions, in a narrower format; it has the wrapped domain's scalars and is asked as that is.

    Args:
        domain: whose operations are rounded; of the contract IEEE, to nearest even.
        format: the format's name.

    Raises:
        UnknownNameError: no such format.
        UnsupportedError: binary32 does not hold all its numbers, or the domain is none of executions to nearest even.
    """

    domain: ScalarDomain
    format: str

    def __post_init__(self) -> None:
        require_narrow(self.format)
        contract = self.domain.contract
        if contract.kind is not Kind.IEEE or contract.rounding is not Rounding.NEAREST_EVEN:
            raise UnsupportedError(f"{self.domain.name}: {self.format} is for domains of binary32 executions to nearest even")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "domain":
            raise AttributeError(name)
        found = getattr(self.domain, name)
        return partial(self._rounded, found) if name in _ROUNDED else found

    def _rounded(self, operation: Callable[..., Array], *operands: Array) -> Array:
        return self.domain.cast(operation(*operands), self.format)

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        """None: the domain's own kernels know no other format."""
        return {}

    def refine(self, outputs: list[Array]) -> ScalarDomain | None:
        """The domain made sharper, in the format."""
        finer = self.domain.refine(outputs)
        return None if finer is None else in_format(finer, self.format)

    def constant(self, values: Array) -> Array:
        """Exact numbers, rounded to the format once."""
        return self.domain.from_bits(_widened(encode_array(values, format_named(self.format)), self.format))

    def pi(self) -> Array:
        """The number pi, rounded to the format once."""
        f = format_named(self.format)
        code = round_pi(lambda x: round_to_bits(x, f))
        return self.domain.from_bits(_widened(np.array(code, f.dtype), self.format))

    def from_bits(self, bits: Array) -> Array:
        """Codes of binary32, rounded to the format."""
        return self.domain.cast(self.domain.from_bits(bits), self.format)

    def cast(self, x: Array, format: str) -> Array:
        """x rounded to another format, and to this one."""
        return self._rounded(partial(self.domain.cast, format=format), x)

    def accumulator(self, format: str) -> Accumulator:
        """Sums held in the format itself. Raises UnsupportedError for any other."""
        if format != self.format:
            raise UnsupportedError(f"schedule {self.domain.schedule}: sums of {self.format} are not held in {format} here")
        return own_accumulator(cast(ScalarDomain, self))


def rounded(x: Array, format: str, direction: Rounding = Rounding.NEAREST_EVEN) -> Array:
    """float32 numbers rounded to a format, as its codes."""
    return arithmetic(BINARY32).convert(np.ascontiguousarray(x, np.float32).view(np.uint32), format, direction)


def numbers(codes: Array, format: str) -> Array:
    """Codes of a format that binary32 holds, as float32 numbers."""
    return _widened(codes, format).view(np.float32)


def _widened(codes: Array, format: str) -> Array:
    return np.asarray(arithmetic(format).convert(codes, BINARY32), np.uint32)


def within(lo: Array, hi: Array, format: str) -> tuple[Array, Array]:
    """The ends of the format's numbers in boxes: float32, the lower ends rounded up, the upper ones down.

    A box that holds none has an element whose lower end is not at most its upper one.
    """
    if format == BINARY32.name:
        return lo, hi
    low, high = rounded(lo, format, Rounding.UPWARD), rounded(hi, format, Rounding.DOWNWARD)
    return numbers(low, format), numbers(high, format)
