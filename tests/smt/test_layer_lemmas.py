"""The lemmas about the arithmetic in ``proofs/``: each can fail, and a law that fails has a witness that softfloat replays.

That the lemmas hold is proved in test_theorem.py, with every other goal that takes seconds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
import z3

from fpsem.core.formats import format_named
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved, Unknown
from fpsem.smt.solver import Answer, decide
from fpsem.smt.theorem import (
    DIRECTIONS,
    NEAREST,
    Run,
    Witness,
    as_number,
    code_symbols,
    differ_exactly,
    fails,
    is_finite,
    proofs_folder,
    replays,
    witnesses,
)
from fpsem.softfloat.operations import OPERATIONS

TOY = format_named("toy6")
ANY_THREE = (None, None, None)


def module(theorem: str) -> ModuleType:
    """The file of a theorem, its parts to be replaced."""
    spec = importlib.util.spec_from_file_location(theorem, proofs_folder() / f"{theorem}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def refuted(formula: Any) -> bool:
    return decide(formula, timeout=60).status == "sat"


def sum_of_three(of: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    return of.add(of.add(x, y), z), of.add(x, of.add(y, z))


def swapped(of: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    return of.add(x, y), of.add(y, x)


# -- the lemmas can fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["toy6", "binary32"])
def test_a_difference_of_numbers_within_a_factor_of_three_is_not_exact(name: str) -> None:
    assert refuted(module("subtraction_is_exact_within_a_factor_of_two")._negation(name, "exact", factor=3.0))


def without_the_part_of_b(of: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = of.add(a, b)
    return s, of.sub(a, of.sub(s, b))


def with_a_part_for_the_other(of: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = of.add(a, b)
    a_part = of.sub(s, b)
    return s, of.add(of.sub(a, a_part), of.sub(b, a_part))


def fast_two_sum_for_operands_in_any_order(of: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = of.add(a, b)
    return s, of.sub(b, of.sub(s, a))


@pytest.mark.parametrize(
    "wrong", [without_the_part_of_b, with_a_part_for_the_other, fast_two_sum_for_operands_in_any_order]
)
def test_two_sum_with_an_operation_less_or_a_wrong_one_is_refuted(wrong: Any) -> None:
    assert refuted(module("two_sum_finds_the_error_of_an_addition")._negation("toy6", "in a wider sort", wrong))


@pytest.mark.parametrize("part", ["s - x", "y - (s - x)"])
def test_fast_two_sum_needs_the_greater_operand_first(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lemma = module("two_sum_finds_the_error_of_an_addition")
    monkeypatch.setattr(lemma, "FAST_TWO_SUM", ())  # whose parts assume |b| <= |a|
    assert refuted(lemma._negation("toy6", part))


def test_the_parts_of_two_sum_need_a_to_be_below_the_largest_number() -> None:
    lemma = module("two_sum_finds_the_error_of_an_addition")
    a, b = (as_number(TOY, code) for code in code_symbols(TOY, 2))
    assert refuted(z3.And(is_finite(a, b, NEAREST.add(a, b)), lemma._part("b'", a, b)))


def test_the_first_difference_of_two_sum_is_not_exact_which_is_why_it_needs_six_operations() -> None:
    a, b = (as_number(TOY, code) for code in code_symbols(TOY, 2))
    s = NEAREST.add(a, b)
    assert refuted(z3.And(is_finite(a, b, s, NEAREST.sub(s, b)), z3.Not(differ_exactly(s, b))))


@pytest.mark.parametrize("case", ["maximum", "relu"])
@pytest.mark.parametrize("other", ["minimum", "maximum_number"])
def test_another_extreme_is_not_the_maximum(case: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The minimum is not the greater; maximum_number passes NaN over."""
    monkeypatch.setitem(OPERATIONS, "maximum", OPERATIONS[other])  # type: ignore[arg-type]
    assert refuted(module("a_maximum_is_one_of_its_operands_and_relu_is_x_or_zero")._negation("binary32", case))


@pytest.mark.parametrize("case", ["mul", "fma factor"])
def test_a_negative_factor_turns_the_order_round(case: str) -> None:
    assert refuted(module("rounded_operations_are_monotone")._negation("toy6", case, not_negative=()))


@pytest.mark.parametrize(("name", "case"), [("toy6", "add"), ("toy6", "fma addend"), ("binary32", "add")])
def test_what_falls_is_not_monotone(name: str, case: str) -> None:
    lemma = module("rounded_operations_are_monotone")
    grows = lemma.RESULTS[case]
    lemma.RESULTS[case] = lambda x, c, d: z3.fpNeg(grows(x, c, d))
    assert refuted(lemma._negation(name, case))


def test_rounding_the_lesser_upward_and_the_greater_downward_is_not_monotone(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = iter((z3.RTP(), z3.RTN()))
    monkeypatch.setitem(DIRECTIONS, "RNE", (Rounding.NEAREST_EVEN, lambda: next(modes)))  # type: ignore[arg-type]
    assert refuted(module("rounded_operations_are_monotone")._negation("binary32", "round RNE"))


@pytest.mark.parametrize(("case", "apart"), [("positive", 0), ("any sign", 1), ("from 1/2 to 2", 0)])
def test_fused_and_separate_are_not_equal_and_of_any_sign_not_near(case: str, apart: int) -> None:
    lemma = module("fused_and_separate_differ_by_an_ulp_at_most_for_positive_operands")
    assert refuted(lemma._negation("toy6", case, apart))


def test_multiplying_by_the_reciprocal_of_any_number_is_not_dividing() -> None:
    lemma = module("multiplying_by_the_reciprocal_of_a_power_of_two_is_dividing")
    for name in ("toy6", "bfloat16"):
        assert refuted(lemma._negation(name, "c = 2**k", lambda f, code: z3.BoolVal(True)))


def test_a_power_of_two_is_what_it_says() -> None:
    lemma = module("multiplying_by_the_reciprocal_of_a_power_of_two_is_dividing")
    powers = {Fraction(2) ** e for e in range(-8, 8)}
    for code in filter(TOY.is_finite, range(1 << TOY.width)):
        told = z3.simplify(lemma._is_power_of_two(TOY, z3.BitVecVal(code, TOY.width)))
        assert z3.is_true(told) == (abs(TOY.decode(code)) in powers)


@pytest.mark.parametrize("name", ["toy6", "binary32"])
def test_half_an_ulp_is_not_always_absorbed(name: str) -> None:
    assert refuted(module("addition_absorbs_what_is_at_most_a_quarter_ulp")._negation(name, "quarter", times=2))


def test_the_exact_condition_knows_the_nearer_neighbour_and_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    lemma = module("addition_absorbs_what_is_at_most_a_quarter_ulp")
    for wrong in (
        lambda f, code, inward, ulp, twice: z3.fpLT(twice, ulp),
        lambda f, code, inward, ulp, twice: z3.fpLEQ(NEAREST.add(twice, twice), ulp),
        lambda f, code, inward, ulp, twice: z3.Or(z3.fpLT(twice, ulp), z3.And(code & 1 == 0, z3.fpEQ(twice, ulp))),
    ):
        monkeypatch.setattr(lemma, "_exactly", wrong)
        assert refuted(lemma._negation("binary16", "exactly"))


@pytest.mark.parametrize("name", ["toy6", "toy8"])
def test_an_ulp_is_the_distance_to_the_next_number_away_from_zero(name: str) -> None:
    f, ulp = format_named(name), module("addition_absorbs_what_is_at_most_a_quarter_ulp")._ulp
    for code in range(f.max_finite):
        told = z3.simplify(ulp(f, z3.BitVecVal(code, f.width))).as_long()
        assert f.decode(told) == f.decode(code + 1) - f.decode(code)


def test_subtraction_does_not_commute() -> None:
    lemma = module("addition_and_multiplication_commute")
    lemma.SIDES["add"] = lambda x, y, z: (NEAREST.sub(x, y), NEAREST.sub(y, x))
    assert refuted(lemma._negation("binary32", "add"))


# -- witnesses -------------------------------------------------------------------------------------------------------


def witness(law: Callable[..., Any], name: str = "toy6") -> Witness:
    (made,) = witnesses([Run(name, cases=("the law",))], {"the law": law}, lambda f: ANY_THREE)
    return made


@pytest.mark.parametrize("name", ["toy6", "binary32"])
def test_a_witness_is_told_in_bits_that_break_the_law(name: str) -> None:
    verdict = witness(sum_of_three, name).prove()
    assert isinstance(verdict, Proved)
    by, told = verdict.by.split(", witness replayed in softfloat: ")
    assert by.startswith("z3 ")
    codes = {symbol: int(code, 16) for symbol, code in (part.split("=") for part in told.split())}
    x, y, z = (format_named(name).decode(codes[f"x{i}"]) for i in range(3))
    assert all(1 <= number < 2 for number in (x, y, z))
    assert replays(name, sum_of_three, ANY_THREE, codes)


def test_a_law_that_holds_has_no_witness() -> None:
    verdict = witness(swapped).prove()
    assert isinstance(verdict, Unknown)
    assert "FALSE: there is no witness" in verdict.reason


def test_a_witness_that_does_not_replay_proves_nothing() -> None:
    """A law that the two readings take differently: the codes are told, and they count for nothing."""
    verdict = witness(lambda of, x, y, z: sum_of_three(of, x, y, z) if of is NEAREST else swapped(of, x, y, z)).prove()
    assert isinstance(verdict, Unknown)
    assert "x0=0x" in verdict.reason
    assert verdict.reason.endswith("did not replay")


def test_an_answer_without_a_model_proves_nothing() -> None:
    verdict = witness(sum_of_three).judge(Answer("sat", "a solver", 1.0))
    assert isinstance(verdict, Unknown)
    assert "does not show it" in verdict.reason


def test_a_witness_that_takes_too_long_is_unknown_and_not_false() -> None:
    goal = Witness("slow", lambda: fails("binary64", sum_of_three, ANY_THREE), timeout=0.001, replay=lambda codes: True)
    verdict = goal.prove()
    assert isinstance(verdict, Unknown)
    assert "gave up or ran out of time" in verdict.reason


@pytest.mark.parametrize(
    ("codes", "broken"),
    [
        ((0xF, 0xE, 0xD), True),
        ((0xC, 0xC, 0xC), False),  # 1 + 1 + 1 is exact
        ((0xF, 0xE, 0x1), False),  # breaks the law too, but is not in the range
    ],
)
def test_codes_replay_where_they_are_in_the_range_and_break_the_law(codes: tuple[int, ...], broken: bool) -> None:
    assert replays("toy6", sum_of_three, ANY_THREE, {f"x{i}": code for i, code in enumerate(codes)}) is broken


def test_infinite_sides_are_no_witness() -> None:
    def infinite(of: Any, x: Any, y: Any) -> tuple[Any, Any]:
        return of.mul(x, y), x

    assert not refuted(fails("toy6", infinite, (None, TOY.overflow_code)))
    assert not replays("toy6", infinite, (None, TOY.overflow_code), {"x0": 0xC})


def test_an_exact_difference_is_one_that_no_direction_changes() -> None:
    """For all pairs of numbers: the difference as a rational is a number of the format."""
    numbers = {TOY.decode(code) for code in filter(TOY.is_finite, range(1 << TOY.width))}
    for x in range(0, TOY.max_finite + 1, 3):
        for y in filter(TOY.is_finite, range(0, 1 << TOY.width, 3)):
            terms = (as_number(TOY, z3.BitVecVal(code, TOY.width)) for code in (x, y))
            assert z3.is_true(z3.simplify(differ_exactly(*terms))) == (TOY.decode(x) - TOY.decode(y) in numbers)
