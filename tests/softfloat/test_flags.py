"""Codes and flags together: on every operand of small formats under every attribute, and by their definition for wide ones."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.bridges.conformance import SMALL, every_mode, every_operand
from fpsem.core.exact import exponent_of, round_significand
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic, convert
from fpsem.softfloat.attributes import Attributes, Flag, InfinityTimesZero, Subnormals, Tininess
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.evaluate import evaluate
from fpsem.testing.neighbours import expected, expected_conversion
from fpsem.testing.strategies import codes

ONE, THREE, HUGE, LEAST, NAN, SIGNALING, INFINITY = (
    0x3F800000, 0x40400000, 0x7F7FFFFF, 1, 0x7FC00000, 0x7F800001, 0x7F800000,
)  # fmt: skip
MODES = list(every_mode())
FINEST = [m for m in MODES if m.subnormals is Subnormals.KEEP and not m.saturate]
"""Every direction and both rules of tininess."""
INVALID, INEXACT, UNDERFLOW, OVERFLOW = Flag.INVALID, Flag.INEXACT, Flag.UNDERFLOW, Flag.OVERFLOW


def label(mode: Attributes) -> str:
    return "-".join([mode.rounding.value, mode.tininess.value, mode.subnormals.value, *["saturate"] * mode.saturate])


def assert_same(what: str, operands: tuple[Any, ...], made: Any, wanted: Any) -> None:
    """Codes and flags alike, or the first few operands at which they are not."""
    differ = np.flatnonzero((made[0] != wanted.codes) | (made[1] != wanted.flags))
    shown = [
        (*(hex(x[i]) for x in operands), (hex(made[0][i]), int(made[1][i])), (hex(wanted.codes[i]), int(wanted.flags[i])))
        for i in differ[:4]
    ]
    assert not len(differ), f"{what}: {len(differ)} differ (operands, found, expected): {shown}"


def assert_exact(name: str, f: Format, mode: Attributes, operands: tuple[Any, ...]) -> None:
    made = evaluate(partial(OPERATIONS[name].algorithm, f, mode), *operands)
    assert_same(f"{name} of {f.name}, {label(mode)}", operands, made, expected(name, f, mode, *operands))


# -- every operand ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES, ids=label)
@pytest.mark.parametrize("format", ["toy6", "e5m2"])
def test_codes_and_flags_are_exact_on_every_operand_under_every_attribute(format: str, mode: Attributes) -> None:
    for name, arity in SMALL.items():
        assert_exact(name, FORMATS[format], mode, every_operand(FORMATS[format], arity))


@pytest.mark.parametrize("mode", FINEST, ids=label)
@pytest.mark.parametrize("format", ["toy8", "e4m3"])
def test_codes_and_flags_of_8_bit_formats_are_exact_on_every_operand(format: str, mode: Attributes) -> None:
    for name, arity in SMALL.items():
        assert_exact(name, FORMATS[format], mode, every_operand(FORMATS[format], arity))


@pytest.mark.parametrize("mode", FINEST, ids=label)
def test_fma_of_toy6_is_exact_on_every_third_triple(mode: Attributes) -> None:
    start = FINEST.index(mode) % 3
    assert_exact("fma", FORMATS["toy6"], mode, tuple(x[start::3] for x in every_operand(FORMATS["toy6"], 3)))


@pytest.mark.parametrize("mode", FINEST, ids=label)
@pytest.mark.parametrize("format", ["toy8", "e4m3", "e5m2", "binary16", "bfloat16"])
def test_fma_of_narrow_formats_is_exact_on_random_triples(format: str, mode: Attributes) -> None:
    f, rng = FORMATS[format], np.random.default_rng(FINEST.index(mode))
    operands = tuple(rng.integers(0, 1 << f.width, 8_000).astype(f.dtype) for _ in range(3))
    for chosen in (Subnormals.KEEP, Subnormals.FLUSH):
        assert_exact("fma", f, Attributes(mode.rounding, tininess=mode.tininess, subnormals=chosen), operands)


@pytest.mark.parametrize("mode", FINEST, ids=label)
@pytest.mark.parametrize("format", ["binary16", "bfloat16"])
def test_16_bit_formats_are_exact_on_random_pairs_and_every_root(format: str, mode: Attributes) -> None:
    f, rng = FORMATS[format], np.random.default_rng(FINEST.index(mode))
    assert_exact("sqrt", f, mode, every_operand(f, 1))
    a, b = (rng.integers(0, 1 << f.width, 8_000).astype(f.dtype) for _ in range(2))
    near = ((a & ~np.uint16(3)) | (b & np.uint16(3 | f.sign_mask))).astype(f.dtype)
    for name in ("add", "sub", "mul", "div"):
        assert_exact(name, f, mode, (a, b))
        assert_exact(name, f, mode, (a, near))


@pytest.mark.parametrize("name", [*SMALL, "fma"])
@pytest.mark.parametrize("attributes", [{}, {"tininess": "before", "subnormals": "flush_outputs"}, {"saturate": True}])
@pytest.mark.parametrize("direction", [Rounding.NEAREST_EVEN, Rounding.DOWNWARD])
def test_compiled_flags_are_the_exact_ones(name: str, attributes: dict[str, Any], direction: Rounding) -> None:
    f, rng, compiled = FORMATS["binary16"], np.random.default_rng(1), arithmetic("binary16", **attributes)
    operands = tuple(rng.integers(0, 1 << f.width, 30_000).astype(f.dtype) for _ in range(OPERATIONS[name].operands))
    made = getattr(compiled, name)(*operands, rounding=direction, with_flags=True)
    mode = compiled._mode(direction)
    assert_same(name, operands, made, expected(name, f, mode, *operands))
    assert np.array_equal(getattr(compiled, name)(*operands, rounding=direction), made[0])


# -- conversions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES, ids=label)
def test_conversions_are_exact_under_every_attribute(mode: Attributes) -> None:
    small, wide = ("toy6", "toy8", "e4m3", "e5m2"), ("binary16", "bfloat16")
    pairs = [*itertools.product(small, (*small, *wide)), *itertools.permutations(wide), *zip(wide, small[2:]), *zip(wide, small)]
    for f, to in ((FORMATS[f], FORMATS[to]) for f, to in pairs):
        step = 1 if f.name in small else 11  # every code of 8 bits, every 11th of 16
        operands = (every_operand(f, 1)[0][MODES.index(mode) % step :: step],)
        made = evaluate(partial(convert.convert, f, to, mode), *operands)
        wanted = expected_conversion(f, to, mode, *operands)
        assert_same(f"{f.name} to {to.name}, {label(mode)}", operands, made, wanted)


# -- by the definitions, for binary32 --------------------------------------------------------------------------------


def defined(exact: Fraction, f: Format, mode: Attributes, code: int) -> int:
    """The flags of a nonzero rational that was rounded to the code (clause 7, word by word)."""
    free = rounded_freely(exact, f, mode.rounding)
    overflow = abs(free) > f.decode(f.max_finite)
    inexact = overflow or f.decode(code) != exact
    tiny = abs(free if mode.tininess is Tininess.AFTER else exact) < f.decode(f.min_normal)
    return OVERFLOW * overflow | INEXACT * inexact | UNDERFLOW * (tiny and inexact)


def rounded_freely(x: Fraction, f: Format, direction: Rounding) -> Fraction:
    """x rounded to the precision, as if exponents had no bounds."""
    unit = exponent_of(x) - f.fraction_bits
    size = round_significand(x, unit, x < 0, direction) * Fraction(2) ** unit
    return -size if x < 0 else size


EXACT: dict[str, Any] = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
    "fma": lambda x, y, z: x * y + z,
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
@given(data=st.data())
def test_the_flags_of_binary32_are_those_of_their_definition(name: str, data: st.DataObject) -> None:
    f, finite = BINARY32, codes("binary32", allow_nan=False, allow_infinity=False)
    row = [data.draw(finite) for _ in range(OPERATIONS[name].operands)]
    numbers = [f.decode(x) for x in row]
    if name == "div" and numbers[1] == 0:
        return
    exact = EXACT[name](*numbers)
    mode = Attributes(data.draw(st.sampled_from(Rounding)), tininess=data.draw(st.sampled_from(Tininess)))
    machine = arithmetic("binary32", "integer", tininess=mode.tininess)
    code, flags = getattr(machine, name)(*row, rounding=mode.rounding, with_flags=True)
    if exact == 0:
        assert int(flags) == 0
    else:
        rounded = int(code) if f.is_finite(int(code)) else f.max_finite
        assert int(flags) == defined(exact, f, mode, rounded)


@pytest.mark.parametrize(("name", "operands", "flags"), [
    ("div", (ONE, 0), Flag.DIVIDE_BY_ZERO),
    ("div", (0, 0), INVALID),
    ("div", (INFINITY, 0), 0),
    ("div", (INFINITY, INFINITY), INVALID),
    ("div", (ONE, THREE), INEXACT),
    ("mul", (HUGE, HUGE), OVERFLOW | INEXACT),
    ("mul", (LEAST, LEAST), UNDERFLOW | INEXACT),
    ("mul", (0x00800000, 0x3F000000), 0),
    ("mul", (0, INFINITY), INVALID),
    ("add", (INFINITY, INFINITY | 1 << 31), INVALID),
    ("sub", (INFINITY, INFINITY | 1 << 31), 0),
    ("add", (HUGE, ONE), INEXACT),
    ("add", (NAN, INFINITY), 0),
    ("add", (SIGNALING, ONE), INVALID),
    ("sqrt", (0xBF800000,), INVALID),
    ("sqrt", (0x80000000,), 0),
    ("sqrt", (NAN | 1 << 31,), 0),
    ("neg", (SIGNALING,), 0),
    ("abs", (SIGNALING,), 0),
    ("classify", (SIGNALING,), 0),
    ("next_up", (HUGE,), 0),
    ("next_up", (SIGNALING,), INVALID),
])  # fmt: skip
def test_known_cases_raise_what_the_standard_says(name: str, operands: tuple[int, ...], flags: int) -> None:
    _, raised = getattr(arithmetic(), name)(*operands, with_flags=True)
    assert raised.dtype == np.uint8
    assert int(raised) == flags


def test_the_two_rules_of_tininess_differ_just_below_the_smallest_normal_number() -> None:
    """(1 + 2**-23) (2**-126 - 2**-149) is 2**-126 - 2**-172: with 24 digits already 2**-126."""
    x, y = 0x3F800001, 0x007FFFFF
    found = {rule: tuple(int(v) for v in arithmetic(tininess=rule).mul(x, y, with_flags=True)) for rule in ("after", "before")}
    assert found == {"after": (0x00800000, INEXACT), "before": (0x00800000, UNDERFLOW | INEXACT)}


def test_a_number_that_is_tiny_with_all_digits_is_tiny_under_both_rules() -> None:
    """(2**24 - 1) 2**-150 has 24 digits and is below 2**-126, to which it rounds as a subnormal."""
    found = [int(arithmetic(tininess=rule).mul(0x00FFFFFF, 0x3F000000, with_flags=True)[1]) for rule in ("after", "before")]
    assert found == [UNDERFLOW | INEXACT] * 2


@pytest.mark.parametrize(("rule", "raised"), [("invalid", INVALID), ("quiet", 0)])
def test_infinity_times_zero_plus_a_quiet_nan_is_what_was_chosen(rule: str, raised: int) -> None:
    machine = arithmetic(infinity_times_zero=rule)
    for a, b in ((0, INFINITY), (INFINITY, 0)):
        code, flags = machine.fma(a, b, NAN, with_flags=True)
        assert (int(code), int(flags)) == (NAN, raised)
        assert int(machine.fma(a, b, ONE, with_flags=True)[1]) == INVALID
        assert int(machine.fma(a, b, SIGNALING, with_flags=True)[1]) == INVALID
    assert machine.attributes.infinity_times_zero is InfinityTimesZero(rule)
