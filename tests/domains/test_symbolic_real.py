"""The symbolic reals: formulas that equal the graph's meaning, and say what they cannot give."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.protocol import ELEMENTARY, Array, Kind, exact_array
from fpsem.domains.symbolic_real import SymbolicReal, symbols
from fpsem.testing import check_domain


@pytest.fixture
def symbolic() -> SymbolicReal:
    return SymbolicReal()


def numbers(domain: SymbolicReal, *values: Any) -> Array:
    return domain.constant(exact_array(list(values)))


# -- the contract ----------------------------------------------------------------------------------------------------


def test_the_domain_keeps_its_contract(symbolic: SymbolicReal) -> None:
    check_domain(symbolic, samples=40)
    assert symbolic.contract.kind is Kind.FORMULA
    assert not symbolic.contract.concrete
    assert symbolic.refine([symbols("x", (2,))]) is None


# -- formulas --------------------------------------------------------------------------------------------------------


def test_symbols_are_real_and_named_by_index() -> None:
    x = symbols("x", (2, 3))
    assert x.shape == (2, 3)
    assert [str(symbol) for symbol in x.flat] == ["x_0_0", "x_0_1", "x_0_2", "x_1_0", "x_1_1", "x_1_2"]
    assert all(symbol.is_real for symbol in x.flat)
    assert str(symbols("t", ())[()]) == "t"


def test_arithmetic_gives_the_formula(symbolic: SymbolicReal) -> None:
    x, y = symbols("x", (2,)), symbols("y", (2,))
    out = symbolic.div(symbolic.fma(x, y, symbolic.neg(x)), symbolic.sub(symbolic.add(x, y), y))
    assert [sympy.simplify(formula) for formula in out] == [y[0] - 1, y[1] - 1]
    assert symbolic.abs(x)[0] == sympy.Abs(x[0])
    assert symbolic.sqrt(symbolic.mul(x, x))[0] == sympy.Abs(x[0])
    assert symbolic.cast(x, "bfloat16") is x


def test_a_derivative_can_be_taken_of_an_output(symbolic: SymbolicReal) -> None:
    x = symbols("x", (1,))
    out = symbolic.tanh(symbolic.mul(x, numbers(symbolic, 3)))
    assert sympy.simplify(sympy.diff(out[0], x[0]) - 3 * (1 - sympy.tanh(3 * x[0]) ** 2)) == 0


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_formulas_have_the_functions_values(symbolic: SymbolicReal, name: str) -> None:
    function = getattr(math, name)
    x = symbols("x", (1,))
    formula = getattr(symbolic, name)(x)[0]
    for value in (Fraction(1, 8), Fraction(3, 2)):
        closed = getattr(symbolic, name)(numbers(symbolic, value))
        assert symbolic.to_float(closed)[0] == pytest.approx(function(value), rel=1e-15)
        assert float(formula.subs(x[0], sympy.Rational(value))) == pytest.approx(function(value), rel=1e-15)


def test_the_tangent_has_no_value_at_its_pole(symbolic: SymbolicReal) -> None:
    right_angle = symbolic.div(symbolic.pi().reshape(1), numbers(symbolic, 2))
    with pytest.raises(UndefinedError, match=r"element \[0\]"):
        symbolic.enclosure(symbolic.tan(right_angle))
    assert symbolic.tan(symbolic.atan(numbers(symbolic, 3))).tolist() == [3]


def test_extremes_are_min_and_max(symbolic: SymbolicReal) -> None:
    x, zero = symbols("x", (1,)), numbers(symbolic, 0)
    assert symbolic.maximum(x, zero)[0] == sympy.Max(x[0], 0)
    assert symbolic.minimum(x, zero)[0] == sympy.Min(x[0], 0)
    assert symbolic.maximum(numbers(symbolic, -1), zero)[0] == 0


# -- order and choice ------------------------------------------------------------------------------------------------


def test_truths_of_formulas_are_relations_without_a_bool(symbolic: SymbolicReal) -> None:
    x, y = symbols("x", (1,)), symbols("y", (1,))
    assert symbolic.less(x, y)[0] == sympy.Lt(x[0], y[0])
    assert symbolic.less_equal(x, y)[0] == sympy.Le(x[0], y[0])
    assert symbolic.equal(x, y)[0] == sympy.Eq(x[0], y[0])
    with pytest.raises(TypeError):
        bool(symbolic.less(x, y)[0])


def test_truths_of_numbers_are_decided(symbolic: SymbolicReal) -> None:
    x, y = numbers(symbolic, 1, 2, 3), numbers(symbolic, 2, 2, 2)
    assert symbolic.less(x, y).tolist() == [sympy.true, sympy.false, sympy.false]
    assert symbolic.less_equal(x, y).tolist() == [sympy.true, sympy.true, sympy.false]
    assert symbolic.equal(x, y).tolist() == [sympy.false, sympy.true, sympy.false]
    assert symbolic.is_nan(x).tolist() == [sympy.false] * 3
    assert symbolic.is_finite(x).tolist() == [sympy.true] * 3


def test_select_is_piecewise_until_the_truth_is_decided(symbolic: SymbolicReal) -> None:
    x, zero = symbols("x", (1,)), numbers(symbolic, 0)
    chosen = symbolic.select(symbolic.less(zero, x), x, symbolic.neg(x))[0]
    assert isinstance(chosen, sympy.Piecewise)
    assert [chosen.subs(x[0], value) for value in (-2, 3)] == [2, 3]
    decided = symbolic.select(symbolic.less(numbers(symbolic, 1, 3), numbers(symbolic, 2)), x, zero)
    assert decided.tolist() == [x[0], 0]


# -- undefined and unable --------------------------------------------------------------------------------------------


UNDEFINED: list[tuple[str, tuple[int, ...]]] = [
    ("div", (1, 0)), ("div", (0, 0)), ("sqrt", (-1,)), ("log", (0,)), ("log", (-1,)), ("log1p", (-1,)),
    ("log1p", (-2,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operands"), UNDEFINED)
def test_undefined_values_are_reported_when_read_and_only_then(
    symbolic: SymbolicReal, name: str, operands: tuple[int, ...]
) -> None:
    bad = getattr(symbolic, name)(*(numbers(symbolic, operand) for operand in operands))
    worse = symbolic.maximum(symbolic.add(bad, bad), symbolic.exp(bad))
    for read in (symbolic.enclosure, symbolic.to_bits):
        with pytest.raises(UndefinedError, match=r"element \[0\]"):
            read(worse)
    assert np.isnan(symbolic.to_float(worse)[0])
    one = numbers(symbolic, 1)
    assert symbolic.select(symbolic.less(bad, one), bad, one).tolist() == [1]


def test_infinities_and_nans_are_refused_by_index(symbolic: SymbolicReal) -> None:
    for code in (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001):
        with pytest.raises(UndefinedError, match=rf"element \[1, 0\] is .*{code:#010x}"):
            symbolic.from_bits(np.array([[0], [code]], dtype=np.uint32))


def test_rational_constants_are_read_exactly(symbolic: SymbolicReal) -> None:
    codes = np.array([0, 1, 0x3F800001, 0xFF7FFFFF], dtype=np.uint32)
    x = symbolic.from_bits(codes)
    assert symbolic.to_bits(x).tolist() == codes.tolist()
    third = symbolic.div(numbers(symbolic, 1), numbers(symbolic, 3))
    lo, hi = symbolic.enclosure(third)
    assert lo.tolist() == hi.tolist() == [Fraction(1, 3)]
    assert symbolic.to_bits(third).tolist() == [0x3EAAAAAB]


CLOSED: list[Callable[[SymbolicReal], Array]] = [
    lambda d: d.exp(numbers(d, 1)),
    lambda d: d.sqrt(numbers(d, 2)),
    lambda d: symbols("x", (1,)),
]


@pytest.mark.parametrize("compute", CLOSED)
def test_other_formulas_are_not_enclosed_but_referred_to_the_real_domain(
    symbolic: SymbolicReal, compute: Callable[[SymbolicReal], Array]
) -> None:
    for read in (symbolic.enclosure, symbolic.to_bits):
        with pytest.raises(UnableError, match=r"element \[0\] is the formula .* real domain"):
            read(compute(symbolic))


def test_formulas_with_symbols_have_no_double(symbolic: SymbolicReal) -> None:
    with pytest.raises(UnableError, match=r"element \[1\] is a formula in x_0, y_0"):
        symbolic.to_float(np.concatenate([numbers(symbolic, 1), symbols("x", (1,)) * symbols("y", (1,))]))


def test_doubles_of_cancelling_formulas_are_near(symbolic: SymbolicReal) -> None:
    tiny = numbers(symbolic, Fraction(1, 2**149))
    assert symbolic.to_float(symbolic.log1p(tiny))[0] == 2.0**-149
    assert symbolic.to_float(symbolic.expm1(tiny))[0] == 2.0**-149


def test_scalars_without_axes_stay_arrays(symbolic: SymbolicReal) -> None:
    out = symbolic.add(symbols("x", ()), symbols("y", ()))
    assert out.shape == ()
    assert symbolic.to_float(symbolic.from_bits(np.array(0x3F800000, dtype=np.uint32))).shape == ()
