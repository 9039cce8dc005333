from __future__ import annotations

import inspect
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.protocol import ARITHMETIC, COMPARISONS, ELEMENTARY, ScalarDomain, exact_array
from fpsem.testing.bench import PRIMITIVES
from fpsem.testing.checks import PREDICATES
from fpsem.testing.expected import EXACT, ORDER, REACH

MEMBERS = {name: member for name, member in vars(ScalarDomain).items() if not name.startswith("_")}
METHODS = {name: member for name, member in MEMBERS.items() if inspect.isfunction(member)}
OUTSIDE_THE_TABLES = {
    *("refine", "constant", "pi", "from_bits", "to_bits", "to_float", "enclosure"),
    *("select", "cast", "is_nan", "is_finite", "accumulator"),
}


def arity(method: Any) -> int:
    return len(inspect.signature(method).parameters) - 1


def test_the_tables_list_every_primitive_and_no_other() -> None:
    listed = {*ARITHMETIC, *ELEMENTARY, *COMPARISONS}
    missing, stale = METHODS.keys() - listed - OUTSIDE_THE_TABLES, listed - METHODS.keys()
    assert not missing, f"add to a table of protocol.py, or to OUTSIDE_THE_TABLES here: {missing}"
    assert not stale, f"remove from the tables of protocol.py: {stale}"
    assert METHODS.keys() >= OUTSIDE_THE_TABLES


def test_the_tables_are_disjoint_and_name_nothing_twice() -> None:
    names = [*ARITHMETIC, *ELEMENTARY, *COMPARISONS]
    assert len(names) == len(set(names)) == len(PRIMITIVES)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_tables_count_operands_as_the_protocol_does(name: str) -> None:
    assert PRIMITIVES[name] == arity(METHODS[name])


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitives_have_two_sentences_or_a_law_or_special_values(name: str) -> None:
    text = inspect.getdoc(METHODS[name]) or ""
    assert re.search(r"Law: |NaN|±0|[-+]0|exact", text), f"{name}: state the law or the special values"
    if name in ELEMENTARY:
        assert "round(" in text
        assert f"{name}(" in text


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_has_a_docstring(name: str) -> None:
    assert (MEMBERS[name].__doc__ or "").strip(), name


@pytest.mark.parametrize("name", sorted(OUTSIDE_THE_TABLES & {"constant", "from_bits", "to_bits", "enclosure"}))
def test_embedding_and_reading_state_a_law(name: str) -> None:
    assert "Law: " in (inspect.getdoc(METHODS[name]) or "")


def test_the_exact_results_of_the_suite_cover_the_tables() -> None:
    assert {*EXACT, "sqrt"} == set(ARITHMETIC)
    assert set(ORDER) == set(COMPARISONS)
    assert set(REACH) <= set(ELEMENTARY)
    assert {name for name in METHODS if name.startswith("is_")} == set(PREDICATES)


def test_exact_array_keeps_ints_and_fractions_and_takes_floats_at_their_exact_value() -> None:
    found = exact_array([[1, Fraction(1, 3)], [0.1, -2.5]])
    assert found.dtype == object
    assert found.tolist() == [[1, Fraction(1, 3)], [Fraction(0.1), Fraction(-5, 2)]]
    assert exact_array(7).shape == ()
    assert exact_array([]).shape == (0,)


def test_exact_array_takes_numpys_integers_and_floats() -> None:
    found = exact_array(np.array([1.5, 2.0], np.float32))
    assert found.tolist() == [Fraction(3, 2), 2]
    assert exact_array(np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "one"])
def test_exact_array_refuses_what_is_no_number(value: Any) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        exact_array([value])
