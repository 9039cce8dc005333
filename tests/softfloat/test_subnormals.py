"""What becomes of subnormal numbers: examples in binary32, and where flushing has no say. Every operand of the small formats
is run under every choice in test_flags.py."""

from __future__ import annotations

import numpy as np
import pytest

from fpsem.softfloat import arithmetic
from fpsem.softfloat.attributes import Flag

ONE, HALF, TWO, NEGATIVE = 0x3F800000, 0x3F000000, 0x40000000, 0x80000000
LEAST, SUBNORMAL, NORMAL = 0x00000001, 0x00400000, 0x00800000
LOST = Flag.INEXACT | Flag.UNDERFLOW


@pytest.mark.parametrize(("subnormals", "wanted"), [
    # subnormal + 0, subnormal * 2, a product that is subnormal, each with its flags
    ("keep", ((SUBNORMAL, 0), (NORMAL, 0), (SUBNORMAL, 0))),
    ("flush_inputs", ((0, 0), (0, 0), (SUBNORMAL, 0))),
    ("flush_outputs", ((0, LOST), (NORMAL, 0), (0, LOST))),
    ("flush", ((0, 0), (0, 0), (0, LOST))),
])  # fmt: skip
@pytest.mark.parametrize("sign", [0, NEGATIVE])
def test_sums_and_products_flush_what_was_asked_for(
    subnormals: str, wanted: tuple[tuple[int, int], ...], sign: int
) -> None:
    f32 = arithmetic(subnormals=subnormals)
    made = (
        f32.add(SUBNORMAL | sign, sign, with_flags=True),
        f32.mul(SUBNORMAL | sign, TWO, with_flags=True),
        f32.mul(NORMAL | sign, HALF, with_flags=True),
    )
    assert [(int(code), int(flags)) for code, flags in made] == [(code | sign, flags) for code, flags in wanted]


@pytest.mark.parametrize(("subnormals", "code", "flags"), [
    ("keep", SUBNORMAL, 0), ("flush_inputs", SUBNORMAL, 0), ("flush_outputs", 0, LOST), ("flush", 0, LOST),
])  # fmt: skip
def test_a_conversion_flushes_its_result_too(subnormals: str, code: int, flags: int) -> None:
    found = arithmetic("binary64", subnormals=subnormals).convert(0x3800000000000000, "binary32", with_flags=True)
    assert tuple(int(x) for x in found) == (code, flags)


def test_division_by_a_flushed_operand_is_division_by_zero() -> None:
    code, flags = arithmetic(subnormals="flush_inputs").div(ONE, NEGATIVE | SUBNORMAL, with_flags=True)
    assert (int(code), int(flags)) == (0xFF800000, Flag.DIVIDE_BY_ZERO)


def test_whether_a_result_is_flushed_follows_the_rule_of_tininess() -> None:
    """(1 + 2**-23) (2**-126 - 2**-149) is just below 2**-126 and rounds to it."""
    operands = 0x3F800001, 0x007FFFFF
    found = {
        rule: tuple(int(x) for x in arithmetic(tininess=rule, subnormals="flush_outputs").mul(*operands, with_flags=True))
        for rule in ("after", "before")
    }
    assert found == {"after": (NORMAL, Flag.INEXACT), "before": (0, LOST)}


def test_comparisons_see_flushed_operands() -> None:
    keeps, flushes = arithmetic(), arithmetic(subnormals="flush_inputs")
    assert (bool(keeps.equal(LEAST, 0)), bool(flushes.equal(LEAST, 0))) == (False, True)
    assert (bool(keeps.less(NEGATIVE | LEAST, 0)), bool(flushes.less(NEGATIVE | LEAST, 0))) == (True, False)
    assert not flushes.less_equal(NORMAL, SUBNORMAL)


@pytest.mark.parametrize("name", ["neg", "abs", "next_up", "next_down", "classify"])
def test_operations_that_compute_nothing_flush_nothing(name: str) -> None:
    x = np.array([LEAST, SUBNORMAL, NEGATIVE | SUBNORMAL, 0, NORMAL], np.uint32)
    assert np.array_equal(getattr(arithmetic(subnormals="flush"), name)(x), getattr(arithmetic(), name)(x))


def test_exact_zeros_are_not_underflows() -> None:
    f32 = arithmetic(subnormals="flush_outputs")
    for made in (f32.sub(ONE, ONE, with_flags=True), f32.mul(0, ONE, with_flags=True), f32.fma(0, ONE, 0, with_flags=True)):
        assert tuple(int(x) for x in made) == (0, 0)
