"""What the statements in ``proofs/`` are made of: each can fail, and what they assume covers every case."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import z3

from fpsem.core.formats import Format, format_named
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved, Unknown
from fpsem.smt.exact import AbstractMachine, exact_number, sign_bit, true_exponent
from fpsem.smt.theorem import DIRECTIONS, Goal, Run, as_number, load_theorems, planned, proofs_folder
from fpsem.softfloat import add, convert, divide, fused, integral, multiply, remainder, square_root, unpacked
from fpsem.softfloat.arithmetic import arithmetic
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.operations import OPERATIONS
from fpsem.softfloat.words.program import record
from fpsem.softfloat.words.word import Truth, Word, select


def goal(theorem: str, name: str) -> Goal:
    (loaded,) = load_theorems((theorem,))
    (found,) = (g for g in loaded.goals if g.name == name)
    return found


def refuted(theorem: str, name: str) -> bool:
    """Whether the solver finds a counterexample."""
    verdict = goal(theorem, name).prove()
    return isinstance(verdict, Unknown) and "FALSE: a counterexample exists" in verdict.reason


def flipped_for_one_operand(algorithm: Callable[..., Any]) -> Callable[..., Any]:
    """The last bit of the result, or the truth, is wrong when the first operand's code is 5."""

    def wrong(*given: Any) -> Any:
        code, flags = algorithm(*given)
        bad = next(x for x in given if isinstance(x, Word)) == 5
        if isinstance(code, Truth):
            return (code & ~bad) | (~code & bad), flags
        return select(bad, code ^ 1, code), flags

    return wrong


MODULES = [
    (add, "add", "addition_equals_smtlib_fp_add", "bfloat16 RTN (z3)"),
    (add, "sub", "subtraction_equals_smtlib_fp_sub", "toy8 RTP (z3)"),
    (add, "sub", "subtraction_equals_smtlib_fp_sub", "binary32 as addition RTP (z3)"),
    (multiply, "mul", "multiplication_equals_smtlib_fp_mul", "toy8 RNA (z3)"),
    (multiply, "mul", "multiplication_rounds_its_integer_product", "binary16 RTZ (z3)"),
    (divide, "div", "division_equals_smtlib_fp_div", "toy8 RTP (z3)"),
    (divide, "div", "division_rounds_its_integer_quotient", "binary16 RNE (z3)"),
    (fused, "fma", "fused_multiply_add_equals_smtlib_fp_fma", "e5m2 RTZ (z3)"),
    (fused, "fma", "fused_multiply_add_rounds_its_exact_sum", "toy6 RTZ (z3)"),
    (square_root, "sqrt", "square_root_equals_smtlib_fp_sqrt", "toy8 RTP (z3)"),
    (integral, "round_to_integral", "round_to_integral_equals_smtlib_fp_round_to_integral", "binary16 RTN (z3)"),
    (remainder, "remainder", "remainder_equals_smtlib_fp_rem", "toy6 exact (z3)"),
    (convert, "convert", "conversion_equals_smtlib_to_fp", "binary32 to binary16 RTZ (z3)"),
]
TABLED = [
    ("less", "comparisons_equal_smtlib_comparisons", "binary32 less (z3)"),
    ("unordered", "comparisons_equal_smtlib_comparisons", "binary64 unordered (z3)"),
    ("minimum", "extremes_equal_smtlib_fp_min_and_fp_max", "binary32 minimum (z3)"),
    ("max_num", "extremes_equal_smtlib_fp_min_and_fp_max", "binary32 max_num (z3)"),
    ("abs", "negation_and_absolute_value_equal_smtlib_fp_neg_and_fp_abs", "binary32 abs (z3)"),
    ("add", "rounding_to_odd_equals_smtlib_with_a_sticky_last_bit", "toy8 add (z3)"),
]


@pytest.mark.parametrize(("module", "attribute", "theorem", "name"), MODULES)
def test_an_algorithm_that_is_wrong_for_one_operand_is_refuted(
    module: Any, attribute: str, theorem: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, attribute, flipped_for_one_operand(getattr(module, attribute)))
    assert refuted(theorem, name)


@pytest.mark.parametrize(("operation", "theorem", "name"), TABLED)
def test_an_operation_that_is_wrong_for_one_operand_is_refuted(
    operation: str, theorem: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = OPERATIONS[operation]
    monkeypatch.setitem(OPERATIONS, operation, replace(ours, algorithm=flipped_for_one_operand(ours.algorithm)))  # type: ignore[arg-type]
    assert refuted(theorem, name)


@pytest.mark.parametrize(("bits", "steps"), [(remainder.width(format_named("toy8")), 1), (17, 2), (14, 4)])
def test_narrow_words_make_the_remainder_take_the_steps_that_its_theorem_says(bits: int, steps: int) -> None:
    """A division for the reciprocal, then two multiplications in every step."""
    f = format_named("toy8")
    program = record(lambda *words: remainder.remainder(f, Attributes(), *words), 2, bits)
    operations = [instruction.operation for instruction in program.instructions]
    assert (operations.count("div"), operations.count("mul")) == (1, 2 * steps)


def test_another_direction_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIRECTIONS, "RTP", (Rounding.DOWNWARD, z3.RTP))  # type: ignore[arg-type]
    assert refuted("rounder_equals_smtlib_to_fp", "binary16 22 bits RTP (z3)")


def test_a_direction_that_is_not_odd_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = OPERATIONS["mul"]
    cut = replace(ours, algorithm=lambda f, mode, *words: ours.algorithm(f, Attributes(Rounding.TOWARD_ZERO), *words))
    monkeypatch.setitem(OPERATIONS, "mul", cut)  # type: ignore[arg-type]
    assert refuted("rounding_to_odd_equals_smtlib_with_a_sticky_last_bit", "toy8 mul (z3)")


def test_a_sticky_bit_that_is_lost_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(divide, "indicator", lambda truth: select(truth, 0, 0))
    assert refuted("division_rounds_its_integer_quotient", "binary16 RTP (z3)")


def test_a_denormalisation_without_a_sticky_bit_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "shift_right_jam", lambda m, amount: m >> amount)
    assert refuted("rounder_equals_smtlib_to_fp", "binary16 22 bits RTP (z3)")


# -- what the statements are made of ---------------------------------------------------------------------------------


def number(term: Any, f: Format) -> Fraction:
    """The rational that a closed floating-point term is."""
    return f.decode(z3.simplify(z3.fpToIEEEBV(term)).as_long())


@pytest.mark.parametrize("m", [1, 2, 3, 0b100000, 0b101101, 0b111111])
@pytest.mark.parametrize("exponent", [-100, -8, -1, 0, 7, 90])
@pytest.mark.parametrize("sign", [0, 1])
def test_an_exact_number_is_what_it_says(m: int, exponent: int, sign: int) -> None:
    term = exact_number(z3.Float32(), z3.BitVecVal(sign, 1), z3.BitVecVal(exponent, 8), z3.BitVecVal(m, 6))
    assert number(term, format_named("binary32")) == (-1) ** sign * m * Fraction(2) ** exponent


@pytest.mark.parametrize("code", [0x0001, 0x03FF, 0x0400, 0x3C00, 0xC200, 0x7BFF])
def test_sign_and_exponent_are_those_of_the_code(code: int) -> None:
    f, term = format_named("binary16"), z3.BitVecVal(code, 16)
    assert z3.simplify(sign_bit(f, term)).as_long() == code >> 15
    assert z3.simplify(true_exponent(f, term)).as_signed_long() == f.decode_exponent(code) - f.fraction_bits


def test_an_abstract_operation_gives_what_it_is_told_and_the_others_what_they_are() -> None:
    machine = AbstractMachine(8, {"mul": lambda x, y: z3.BitVecVal(3, 8)})
    two = Word(machine, machine.constant(2))
    assert z3.simplify((two * 5).term).as_long() == 3
    assert z3.simplify((two + 5).term).as_long() == 7


def test_the_cases_of_addition_are_all() -> None:
    case = runpy.run_path(str(proofs_folder() / "addition_equals_smtlib_fp_add.py"))["_case"]
    f = format_named("binary32")
    solver = z3.Solver()
    solver.add(z3.Not(z3.Or(*(case(f, name) for name in ("same", "near", "far")))))
    assert solver.check() == z3.unsat


def test_near_means_exponent_fields_that_differ_by_one_at_most() -> None:
    case = runpy.run_path(str(proofs_folder() / "addition_equals_smtlib_fp_add.py"))["_case"]
    f = format_named("toy6")
    near = case(f, "near")
    x, y = z3.BitVec("x0", f.width), z3.BitVec("x1", f.width)
    for a in range(0, 32, 3):
        for b in range(32, 64, 3):
            told = z3.simplify(z3.substitute(near, (x, z3.BitVecVal(a, 6)), (y, z3.BitVecVal(b, 6))))
            assert z3.is_true(told) == (abs((a >> 2) - (b >> 2 & 7)) <= 1)


def test_the_quotients_that_division_assumes_are_all_there_are() -> None:
    p, t = 6, 8
    quotients = [(x << t) // y for x in range(1 << (p - 1), 1 << p) for y in range(1 << (p - 1), 1 << p)]
    assert 1 << (t - 1) <= min(quotients)
    assert max(quotients) < 1 << (t + 1)


def test_the_normalised_exponent_of_division_is_that_of_the_leading_bit() -> None:
    exponent = runpy.run_path(str(proofs_folder() / "division_rounds_its_integer_quotient.py"))["_exponent"]
    f = format_named("toy8")
    for code in range(1, f.max_finite + 1):
        found = z3.simplify(exponent(f, z3.BitVecVal(code, f.width))).as_signed_long()
        assert Fraction(2) ** (found + f.fraction_bits) <= f.decode(code) < Fraction(2) ** (found + f.precision)


def test_a_goal_is_named_after_format_case_and_solver() -> None:
    asked: list[tuple[str, str]] = []
    plan = (Run("toy6", cases=("one", "two")), Run("toy8", "bitwuzla", fast=False, cases=("one",)))
    goals = planned(plan, lambda name, case: asked.append((name, case)))
    assert [g.name for g in goals] == ["toy6 one (z3)", "toy6 two (z3)", "toy8 one (bitwuzla)"]
    assert [g.fast for g in goals] == [True, True, False]
    assert asked == []  # a formula is made when it is needed
    goals[1].negation()
    assert asked == [("toy6", "two")]


@pytest.mark.parametrize("theorem", list(load_theorems()), ids=lambda theorem: theorem.name)
def test_fast_goals_ask_the_solver_that_is_always_there(theorem: Any) -> None:
    assert all(g.solver == "z3" for g in theorem.goals if g.fast)
    assert not any(g.name == h.name for i, g in enumerate(theorem.goals) for h in theorem.goals[:i])


def test_directions_pair_ours_with_smtlibs() -> None:
    """1 + 2**-11 at binary16 and its negative tell the five apart."""
    f = format_named("binary32")
    half = format_named("binary16")
    for code in (0x3F801000, 0xBF801000, 0x3F803000):
        for ours, theirs in DIRECTIONS.values():
            term = z3.fpToFP(theirs(), as_number(f, z3.BitVecVal(code, 32)), z3.Float16())
            converted = arithmetic("binary32", "integer").convert(code, "binary16", rounding=ours)
            assert number(term, half) == half.decode(int(converted))


def test_an_algorithm_that_depends_on_the_width_of_words_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(f: Format, mode: Attributes, a: Word, b: Word) -> Any:
        code, flags = ours.algorithm(f, mode, a, b)
        return (select(a == 5, code + 1, code) if a.machine.width == 64 else code), flags

    ours = OPERATIONS["mul"]
    monkeypatch.setitem(OPERATIONS, "mul", replace(ours, algorithm=wrong))  # type: ignore[arg-type]
    assert refuted("words_of_64_bits_give_the_same_codes", "toy8 mul (z3)")


def test_a_theorem_that_holds_is_proved() -> None:
    assert isinstance(goal("multiplication_equals_smtlib_fp_mul", "toy8 RTP (z3)").prove(), Proved)
