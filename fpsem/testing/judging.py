"""Judges: one for each kind of contract. A judge says what a primitive must give, reads what it gave, and compares.

What is expected of a defined result is a code (IEEE), a rational (ROUNDS) or a bracket of rationals (ENCLOSES,
FORMULA); None stands for undefined. What is read is the domain's bits, its enclosure, or its double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from fpsem.core.errors import UndefinedError
from fpsem.core.exact import exponent_of, round_to_bits, round_to_precision
from fpsem.core.formats import BINARY32, Format
from fpsem.core.protocol import ELEMENTARY, Array, Kind, ScalarDomain
from fpsem.core.rounding import Rounding
from fpsem.testing.expected import REACH, Range, arithmetic_code, bracket, cast_code, ordinal, settled
from fpsem.testing.operands import Columns

_LARGEST = BINARY32.decode(BINARY32.max_finite)
_WIDEST = Fraction(1, 2**20)  # an enclosure at points may be this wide, relative to 1, the result or fma's product
_FORMULA_ERROR = 1e-12  # of a formula read as a double, relative


class Judge(Protocol):
    """How results are expected, read and compared under one kind of contract."""

    @property
    def special(self) -> bool:
        """Whether infinities and NaNs are operands."""

    def takes(self, name: str, codes: Sequence[int]) -> bool:
        """Whether the primitive is tried at these operands."""

    def expect(self, name: str, columns: Columns) -> list[Any]:
        """What the primitive must give, row by row; None where the result is undefined."""

    def number(self, x: Fraction) -> Any:
        """What the embedded number x must be."""

    def cast(self, code: int, to: Format) -> Any:
        """What the embedded code cast to a narrower format must be."""

    def read(self, x: Array) -> list[Any]:
        """What the domain says of each scalar."""

    def meets(self, got: Any, want: Any, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        """Whether what was read is what was expected, up to some units in the last place; row holds the operands."""

    def refuses(self, got: Any) -> bool:
        """Whether an undefined result was answered as it must be."""

    def excuses(self, want: Any) -> bool:
        """Whether a domain may be unable to give this result."""

    def same(self, a: Any, b: Any) -> bool:
        """Whether two readings can be of one and the same result."""

    def show(self, value: Any) -> str:
        """A reading or an expectation, readable."""


def rows(columns: Columns) -> list[tuple[int, ...]]:
    """The operands of each call, as Python ints."""
    return list(zip(*(column.ravel().tolist() for column in columns)))


def show_code(code: int) -> str:
    """A binary32 code as hex bits and hex float."""
    return f"{code:#010x} ({float(np.uint32(code).view(np.float32)).hex()})"


def _show_fraction(x: Fraction) -> str:
    if abs(x) >= 2**1000:
        return f"about {'-' if x < 0 else ''}2**{exponent_of(x)}"
    return f"{float(x)!r}" if float(x) == x else f"about {float(x)!r}"


def _distance(x: Fraction, y: Fraction) -> Fraction:
    """Units in the last place of y between x and y."""
    exponent = max(exponent_of(y), BINARY32.emin) if y else BINARY32.emin
    return abs(x - y) / Fraction(2) ** (exponent - BINARY32.fraction_bits)


@dataclass(frozen=True)
class _Exact:
    """What the judges of real numbers share: finite operands, brackets, enclosures as pairs of rationals."""

    domain: ScalarDomain
    rounding: Rounding
    special: bool = False

    def takes(self, name: str, codes: Sequence[int]) -> bool:
        return name not in REACH or abs(BINARY32.decode(codes[0])) <= REACH[name]

    def expect(self, name: str, columns: Columns) -> list[Any]:
        return [bracket(name, [BINARY32.decode(code) for code in row]) for row in rows(columns)]

    def number(self, x: Fraction) -> Any:
        return x, x

    def cast(self, code: int, to: Format) -> Any:
        return self.number(BINARY32.decode(code))

    def read(self, x: Array) -> list[Any]:
        low, high = self.domain.enclosure(x)
        return list(zip(np.ravel(low).tolist(), np.ravel(high).tolist()))

    def refuses(self, got: Any) -> bool:
        return isinstance(got, UndefinedError)

    def excuses(self, want: Any) -> bool:
        return False

    def show(self, value: Any) -> str:
        if isinstance(value, tuple):
            return " .. ".join(_show_fraction(Fraction(end)) for end in dict.fromkeys(value))
        return _show_fraction(value) if isinstance(value, Fraction) else repr(value)


class _Encloses(_Exact):
    """The enclosure meets the bracket of the real value, and is not vacuous."""

    def meets(self, got: Range, want: Range, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        product = BINARY32.decode(row[0]) * BINARY32.decode(row[1]) if len(row) == 3 else Fraction(0)  # fma may cancel
        return self.same(got, want) and got[1] - got[0] <= _WIDEST * max(Fraction(1), abs(want[0]), abs(product))

    def excuses(self, want: Range) -> bool:
        return max(map(abs, want)) > _LARGEST

    def same(self, a: Range, b: Range) -> bool:
        return max(a[0], b[0]) <= min(a[1], b[1])


class _Rounds(_Exact):
    """The enclosure is the one point that the real value rounds to, the exponent unbounded above."""

    def _round(self, x: Fraction) -> Fraction:
        return round_to_precision(x, BINARY32, self.rounding)

    def expect(self, name: str, columns: Columns) -> list[Any]:
        return [settled(name, [BINARY32.decode(code) for code in row], self._round) for row in rows(columns)]

    def number(self, x: Fraction) -> Any:
        return self._round(x)

    def cast(self, code: int, to: Format) -> Any:
        return round_to_precision(BINARY32.decode(code), to)

    def meets(self, got: Range, want: Fraction, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        return got[0] == got[1] and _distance(got[0], want) <= ulps

    def same(self, a: Range, b: Range) -> bool:
        return a == b


class _Formula(_Exact):
    """The formula, read as a double, is near the real value."""

    def read(self, x: Array) -> list[Any]:
        return list(np.ravel(self.domain.to_float(x)).tolist())

    def meets(self, got: float, want: Range, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        return self.same(got, float(want[0]))

    def refuses(self, got: Any) -> bool:
        return isinstance(got, UndefinedError) or (isinstance(got, float) and not math.isfinite(got))

    def same(self, a: float, b: float) -> bool:
        return a == b or abs(a - b) <= _FORMULA_ERROR * abs(b)


@dataclass(frozen=True)
class _Ieee:
    """The bits are IEEE 754's; all NaNs are one."""

    domain: ScalarDomain
    rounding: Rounding
    special: bool = True

    def takes(self, name: str, codes: Sequence[int]) -> bool:
        return True

    def expect(self, name: str, columns: Columns) -> list[Any]:
        if name in ELEMENTARY:
            from fpsem.softfloat.elementary.ziv import elementary_bits

            return list(elementary_bits(name, columns[0], BINARY32, self.rounding).tolist())
        return [arithmetic_code(name, row, self.rounding) for row in rows(columns)]

    def number(self, x: Fraction) -> Any:
        return round_to_bits(x, BINARY32, self.rounding)

    def cast(self, code: int, to: Format) -> Any:
        return cast_code(code, to)

    def read(self, x: Array) -> list[Any]:
        return list(np.ravel(self.domain.to_bits(x)).tolist())

    def meets(self, got: int, want: int, ulps: int = 0, row: Sequence[int] = ()) -> bool:
        near = not BINARY32.is_nan(got) and not BINARY32.is_nan(want) and 0 < abs(ordinal(got) - ordinal(want)) <= ulps
        return near or self.same(got, want)

    def refuses(self, got: Any) -> bool:
        return False

    def excuses(self, want: Any) -> bool:
        return False

    def same(self, a: int, b: int) -> bool:
        return a == b or (BINARY32.is_nan(a) and BINARY32.is_nan(b))

    def show(self, value: Any) -> str:
        return show_code(value) if isinstance(value, int) else repr(value)


_JUDGES: Mapping[Kind, Callable[[ScalarDomain, Rounding], Judge]] = {
    Kind.ENCLOSES: _Encloses,
    Kind.ROUNDS: _Rounds,
    Kind.IEEE: _Ieee,
    Kind.FORMULA: _Formula,
}


def judge_of(domain: ScalarDomain, rounding: Rounding) -> Judge:
    """The judge of the domain's kind of contract."""
    return _JUDGES[domain.contract.kind](domain, rounding)
