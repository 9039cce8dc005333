"""Every operation on every operand of small formats, against the exact result rounded once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from fpsem.core.formats import FORMATS
from fpsem.core.protocol import ARITHMETIC, COMPARISONS
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.expected import arithmetic_code, comparison

KNOWN = {**ARITHMETIC, **dict.fromkeys(COMPARISONS, 2)}
"""The primitives, whose exact results are known; the other operations have tests of their own."""
ROUNDED = [name for name, operands in KNOWN.items() if OPERATIONS[name].rounds and operands <= 2]
UNROUNDED = [name for name in KNOWN if not OPERATIONS[name].rounds]
EIGHT_BITS = ("toy8", "e4m3", "e5m2")


@cache
def every(format: str, operands: int) -> tuple[Any, ...]:
    """Every tuple of codes of the format, as one array for each operand."""
    f = FORMATS[format]
    codes = np.arange(1 << f.width, dtype=np.uint32).astype(f.dtype)
    return tuple(np.ascontiguousarray(axis.ravel()) for axis in np.meshgrid(*[codes] * operands, indexing="ij"))


def expected(name: str, format: str, columns: tuple[Any, ...], direction: Rounding = Rounding.NEAREST_EVEN) -> Any:
    f, rows = FORMATS[format], zip(*(column.tolist() for column in columns))
    if OPERATIONS[name].is_truth:
        return np.array([comparison(name, row, f) for row in rows])
    return np.array([arithmetic_code(name, row, direction, f) for row in rows], dtype=f.dtype)


def assert_same(name: str, columns: tuple[Any, ...], found: Any, wanted: Any) -> None:
    """All codes alike, or the first few operands at which they are not."""
    differ = np.flatnonzero(found != wanted)
    shown = [(*(hex(x[i]) for x in columns), hex(found[i]), hex(wanted[i])) for i in differ[:5]]
    assert not len(differ), f"{name} (operands, found, expected): {shown}"


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("name", ROUNDED)
def test_toy6_is_exact_on_every_operand_in_every_direction_in_the_least_word(name: str, direction: Rounding) -> None:
    columns = every("toy6", OPERATIONS[name].operands)
    found = getattr(arithmetic("toy6", "integer"), name)(*columns, rounding=direction)
    assert_same(name, columns, found, expected(name, "toy6", columns, direction))


@pytest.mark.parametrize("name", UNROUNDED)
@pytest.mark.parametrize("format", ["toy6", *EIGHT_BITS])
def test_operations_that_do_not_round_are_exact_on_every_operand(format: str, name: str) -> None:
    columns = every(format, OPERATIONS[name].operands)
    assert_same(name, columns, getattr(arithmetic(format), name)(*columns), expected(name, format, columns))


@pytest.mark.parametrize("name", ROUNDED)
@pytest.mark.parametrize("format", EIGHT_BITS)
def test_8_bit_formats_are_exact_on_every_operand_to_nearest_even(format: str, name: str) -> None:
    columns = every(format, OPERATIONS[name].operands)
    assert_same(name, columns, getattr(arithmetic(format), name)(*columns), expected(name, format, columns))


def test_toy6_fma_is_exact_on_every_triple_to_nearest_even() -> None:
    columns = every("toy6", 3)
    assert_same("fma", columns, arithmetic("toy6").fma(*columns), expected("fma", "toy6", columns))


@pytest.mark.parametrize("direction", [d for d in Rounding if d is not Rounding.NEAREST_EVEN])
def test_toy6_fma_is_exact_on_every_17th_triple_in_every_other_direction(direction: Rounding) -> None:
    columns = tuple(np.ascontiguousarray(column[::17]) for column in every("toy6", 3))
    found = arithmetic("toy6").fma(*columns, rounding=direction)
    assert_same("fma", columns, found, expected("fma", "toy6", columns, direction))


@pytest.mark.parametrize("format", EIGHT_BITS)
def test_8_bit_fma_is_exact_on_every_1021st_triple(format: str) -> None:
    columns = tuple(np.ascontiguousarray(column[::1021]) for column in every(format, 3))
    assert_same("fma", columns, arithmetic(format).fma(*columns), expected("fma", format, columns))
