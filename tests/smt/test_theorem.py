"""Theorems about the algorithms: the fast goals are proved here, and a broken algorithm is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import z3

from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.formats import Format
from fpsem.core.rounding import Rounding
from fpsem.core.verdict import Proved, Unknown
from fpsem.smt.theorem import Goal, Theorem, equals_smtlib, load_theorems, proofs_folder
from fpsem.softfloat import add, fused, multiply
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.special import Result
from fpsem.softfloat.words.word import Word

THEOREMS = list(load_theorems())
FAST = [(theorem, goal) for theorem in THEOREMS for goal in theorem.goals if goal.fast]


@pytest.mark.parametrize(("theorem", "goal"), [pytest.param(t, g, id=f"{t.name}-{g.name}") for t, g in FAST])
def test_a_goal_that_takes_seconds_is_proved(theorem: Theorem, goal: Goal) -> None:
    verdict = goal.prove()
    assert isinstance(verdict, Proved), verdict
    assert verdict.by.startswith(goal.solver)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_a_theorem_says_what_it_proves_and_has_a_goal_for_every_run(theorem: Theorem) -> None:
    assert "equals fp." in theorem.statement
    assert any(goal.fast for goal in theorem.goals)
    assert len({goal.name for goal in theorem.goals}) == len(theorem.goals)


# -- broken algorithms -----------------------------------------------------------------------------------------------


def negation(algorithm: Any, width: Any = add.width, specification: Any = z3.fpAdd, operands: int = 2) -> Any:
    return lambda: equals_smtlib("toy6", algorithm, width, specification, operands)


def zeros_are_positive(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    result = add.add(f, mode, a, b)
    return result.where(result.code == f.sign_mask, 0)


def last_bit_flipped(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    """Wrong for one pair of operands only."""
    result = add.add(f, mode, a, b)
    return result.where((a == 5) & (b == 9), result.code ^ 1)


def another_nan(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    result = add.add(f, mode, a, b)
    return result.where(result.code == f.nan, f.nan | f.sign_mask)


def rounded_toward_zero(f: Format, mode: Attributes, a: Word, b: Word) -> Result:
    return add.add(f, Attributes(Rounding.TOWARD_ZERO), a, b)


def rounded_twice(f: Format, mode: Attributes, a: Word, b: Word, c: Word) -> Result:
    return add.add(f, mode, multiply.mul(f, mode, a, b).code, c)


@pytest.mark.parametrize("wrong", [zeros_are_positive, last_bit_flipped, another_nan, rounded_toward_zero])
def test_a_broken_addition_is_not_proved(wrong: Any) -> None:
    verdict = Goal("toy6", negation(wrong)).prove()
    assert isinstance(verdict, Unknown)
    assert "FALSE: a counterexample exists" in verdict.reason


def test_the_addition_that_those_break_is_proved() -> None:
    assert isinstance(Goal("toy6", negation(add.add)).prove(), Proved)


def test_a_product_and_a_sum_are_no_fused_multiply_add() -> None:
    assert "FALSE" in getattr(Goal("toy6", negation(rounded_twice, fused.width, z3.fpFMA, 3)).prove(), "reason", "")


def test_a_word_that_is_too_narrow_is_not_proved() -> None:
    narrow = Goal("toy6", negation(add.add, lambda f: f.width + 1)).prove()
    assert isinstance(narrow, Unknown)


def test_a_goal_that_takes_too_long_is_unknown_and_not_false() -> None:
    verdict = Goal("binary32", lambda: equals_smtlib("binary32", fused.fma, fused.width, z3.fpFMA, 3), timeout=0.01).prove()
    assert isinstance(verdict, Unknown)
    assert "gave up or ran out of time" in verdict.reason


# -- the folder ------------------------------------------------------------------------------------------------------


def test_theorems_are_the_files_of_the_folder_in_order() -> None:
    assert [t.name for t in THEOREMS] == sorted(path.stem for path in proofs_folder().glob("*.py"))


def test_theorems_are_loaded_by_name() -> None:
    name = "division_equals_smtlib_fp_div"
    assert [theorem.name for theorem in load_theorems((name,))] == [name]


def test_an_unknown_theorem_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'addition_equals_smtlib_fp_add'"):
        load_theorems(("addition_equals_smtlib",))


def test_a_folder_without_theorems_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileFormatError, match="part of a source checkout"):
            load_theorems(folder=folder)


def test_a_file_without_a_theorem_is_refused_and_helpers_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "_helper.py").write_text("raise AssertionError('a helper is not loaded')")
    (tmp_path / "empty.py").write_text("THEOREM = 1\n")
    with pytest.raises(FileFormatError, match=r"empty\.py defines no THEOREM"):
        list(load_theorems(folder=tmp_path))
