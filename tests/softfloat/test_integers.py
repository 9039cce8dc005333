"""Conversions to and from integers, against exact rationals, numpy, and the platforms' rules where there is no integer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fpsem.core.exact import round_significand, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.operands import columns, corner_codes

KINDS = {"int32": np.int32, "uint32": np.uint32, "int64": np.int64, "uint64": np.uint64}
RULES = ("x86", "riscv", "arm")
INEXACT, OVERFLOW, INVALID = 1, 4, 16


def limits(kind: str) -> tuple[int, int]:
    return int(np.iinfo(kind).min), int(np.iinfo(kind).max)


def expected(code: int, f: Format, kind: str, rule: str, direction: Rounding) -> tuple[int, int]:
    """The integer and the flags, by the words of IEEE 754 and the platforms' manuals."""
    (least, most), negative = limits(kind), bool(code & f.sign_mask)
    if f.is_finite(code):
        x = f.decode(code)
        n = round_significand(x, 0, negative, direction) * (-1 if negative else 1)
        if least <= n <= most:
            return n, INEXACT * (n != x)
    if rule == "x86":
        return (least or most), INVALID
    if f.is_nan(code):
        return (most if rule == "riscv" else 0), INVALID
    return (least if negative else most), INVALID


def operands(f: Format, count: int) -> list[int]:
    """Every code of a narrow format; of a wide one corners, random ones, and ones near the limits of the integers."""
    if f.width <= 8:
        return list(range(1 << f.width))
    rng = np.random.default_rng(1)
    random = rng.integers(0, 1 << f.width, count, dtype=np.uint64).tolist()
    powers = [Fraction(s << e) / (1 << d) for e in (31, 32, 63, 64) for s in (1, -1) for d in range(0, 70, 3)]
    near = [round_to_bits(power, f) for power in powers]
    halves = [round_to_bits(Fraction(n, 4), f) for n in range(-20, 21)]
    return [*corner_codes(f), *random, *(c + step for c in near for step in (-1, 0, 1)), *halves]


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("kind", KINDS)
def test_codes_become_integers_as_their_exact_values_round(kind: str, direction: Rounding) -> None:
    for format, machine in (("toy6", "integer"), ("e5m2", "integer"), ("e4m3", None), ("binary32", None), ("binary64", None)):
        f = FORMATS[format]
        codes = operands(f, 100)
        given = np.array(codes, f.dtype)
        found, flags = getattr(arithmetic(f, machine), f"to_{kind}")(given, rounding=direction, with_flags=True)
        assert found.dtype == KINDS[kind]
        wanted = [expected(code, f, kind, "x86", direction) for code in codes]
        assert list(zip(found.tolist(), flags.tolist())) == wanted, format


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_integer_each_platform_gives_its_own(kind: str, rule: str) -> None:
    codes = operands(BINARY32, 100)
    found, flags = getattr(arithmetic(integers=rule), f"to_{kind}")(np.array(codes, np.uint32), with_flags=True)
    wanted = [expected(code, BINARY32, kind, rule, Rounding.NEAREST_EVEN) for code in codes]
    assert list(zip(found.tolist(), flags.tolist())) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_the_two_machines_make_the_same_integers(kind: str) -> None:
    (codes,) = columns(1, 2_000, seed=5)
    machines = [arithmetic("binary32", machine) for machine in ("numba", "integer")]
    one, other = (getattr(machine, f"to_{kind}")(codes, with_flags=True) for machine in machines)
    assert all(np.array_equal(x, y) for x, y in zip(one, other))


@pytest.mark.parametrize("kind", KINDS)
def test_the_two_machines_make_the_same_codes_of_integers(kind: str) -> None:
    given = np.random.default_rng(7).integers(*limits(kind), 2_000, KINDS[kind], endpoint=True)
    machines = [arithmetic("binary32", machine) for machine in ("numba", "integer")]
    one, other = (getattr(machine, f"from_{kind}")(given, with_flags=True) for machine in machines)
    assert all(np.array_equal(x, y) for x, y in zip(one, other))


def test_machine_words_hold_the_conversions_of_binary64() -> None:
    for name in ("to_int64", "to_uint64", "from_int64", "from_uint64"):
        assert OPERATIONS[name].width(FORMATS["binary64"]) == 64


def test_truncation_is_numpy_s_where_the_integer_exists() -> None:
    x = (np.random.default_rng(0).standard_normal(50_000) * 1e8).astype(np.float32)
    assert np.array_equal(arithmetic().to_int32(x.view(np.uint32), rounding="toward_zero"), x.astype(np.int32))


def test_inexact_is_not_raised_where_it_is_not_asked_for_but_invalid_is() -> None:
    x = np.array([1.5, 3e9, -1.0], np.float32).view(np.uint32)
    assert arithmetic().to_int32(x, with_flags=True)[1].tolist() == [INEXACT, INVALID, 0]
    assert arithmetic().to_int32(x, exact=False, with_flags=True)[1].tolist() == [0, INVALID, 0]
    assert arithmetic().to_uint32(x, with_flags=True)[1].tolist() == [INEXACT, 0, INVALID]


@pytest.mark.parametrize("direction", Rounding)
@pytest.mark.parametrize("kind", KINDS)
def test_integers_become_codes_rounded_once(kind: str, direction: Rounding) -> None:
    least, most = limits(kind)
    rng = np.random.default_rng(2)
    random = rng.integers(least, most, 150, KINDS[kind], endpoint=True).tolist()
    random = [n >> s for n, s in zip(random, rng.integers(0, 60, 150).tolist())]
    powers = [s * (1 << e) + d for e in range(64) for s in (1, -1) for d in (-1, 0, 1)]
    given = [n for n in (least, most, 0, *powers, *random) if least <= n <= most]
    column = np.array(given, KINDS[kind])
    for format, machine in (("toy6", "integer"), ("e4m3", "integer"), ("binary16", None), ("binary32", None), ("binary64", None)):
        f = FORMATS[format]
        found, flags = getattr(arithmetic(f, machine), f"from_{kind}")(column, rounding=direction, with_flags=True)
        assert found.tolist() == [round_to_bits(Fraction(n), f, direction) for n in given], format
        is_same = [f.is_finite(c) and f.decode(c) == n for c, n in zip(found.tolist(), given)]
        assert ((flags & INEXACT) == 0).tolist() == is_same, format


def test_an_integer_beyond_the_format_overflows() -> None:
    assert [int(r) for r in arithmetic("binary16").from_int32(-65520, with_flags=True)] == [0xFC00, INEXACT | OVERFLOW]
    assert int(arithmetic("binary16").from_int32(-65520, rounding="upward")) == 0xFBFF


@pytest.mark.parametrize(("name", "given"), [("from_int32", 1 << 31), ("from_uint32", -1), ("from_int32", 1 << 40)])
def test_an_integer_that_the_operand_cannot_hold_is_refused(name: str, given: int) -> None:
    with pytest.raises(ValueError, match="have 32 bits"):
        getattr(arithmetic(), name)(given)


def test_operands_are_integers_of_the_name_s_dtype_whatever_the_format() -> None:
    assert int(arithmetic("tf32").from_uint32(np.uint32(1 << 31))) == (127 + 31) << 10
    with pytest.raises(TypeError, match="integers here are int64"):
        arithmetic().from_int64(np.zeros(2, np.int32))
