"""Properties as formulas: one reading for executions, intervals and terms; what is no formula is refused with the reason."""

from __future__ import annotations

import operator
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import PropertyError, UnknownNameError
from fpsem.core.protocol import exact_array
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.ir import Graph
from fpsem.graph.trace import Recorder, trace
from fpsem.smt.formula import Outputs, Scalar, Source, Truth, evaluate, every, formula_of, sources_of, within_ulps
from fpsem.smt.question import EXECUTED

MODEL = trace(lambda x: x * x, (2, 3))
Y = Outputs("", MODEL)
(OUT,) = MODEL.outputs.values()
NAN, INF = float("nan"), float("inf")


def truth(formula: Truth, values: list[float]) -> bool:
    codes = list(np.array(values, np.float32).view(np.uint32))
    held = dict.fromkeys(sources_of(formula), codes)
    return bool(evaluate(formula, IEEE32Exec(), held, EXECUTED))


def two_outputs() -> Graph:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    return recorder.finish({"a": x * x, "b": x + x})


@pytest.mark.parametrize(
    ("holds", "values", "expected"),
    [
        (lambda y: y[0] < y[1], [1, 2], True),
        (lambda y: y[0] > y[1], [1, 2], False),
        (lambda y: y[0] >= 1, [1, 2], True),
        (lambda y: np.float32(2) - 1 <= y[0], [1, 2], True),
        (lambda y: (y[0] == 1) & (y[1] == 2), [1, 2], True),
        (lambda y: (y[0] == 2) | (y[1] == 2), [1, 2], True),
        (lambda y: ~(y[0] < y[1]), [1, 2], False),
        (lambda y: (y[0] > 5).implies(y[1] > 5), [1, 2], True),
        (lambda y: (y[0] < 5).implies(y[1] > 5), [1, 2], False),
        (lambda y: [y[0] < 5, y[1] > 5], [1, 2], False),
        (lambda y: y[0] == y[1], [0.0, -0.0], True),
        (lambda y: y[0] == y[0], [NAN, 0], False),
        (lambda y: y[0] != y[0], [NAN, 0], True),
        (lambda y: y[0].is_nan() & ~y[1].is_nan(), [NAN, INF], True),
        (lambda y: y[0].is_finite() | y[1].is_finite(), [NAN, INF], False),
    ],
)
def test_connectives_and_comparisons_are_those_of_ieee_754(holds: Any, values: list[float], expected: bool) -> None:
    assert truth(formula_of(holds, Y), [*values, 0, 0, 0, 0]) is expected


@pytest.mark.parametrize(
    ("values", "place"), [([1, 3, 2], 1), ([3, 3, 2], 0), ([1, 2, 2], 1), ([0.0, -0.0, -1], 0), ([-INF, -INF, -INF], 0)]
)
def test_argmax_is_the_first_of_the_largest_and_of_no_other(values: list[float], place: int) -> None:
    y = Outputs("", trace(lambda x: x * x, (3,)))
    assert [truth(y.argmax() == i, values) for i in range(3)] == [i == place for i in range(3)]
    assert [truth(y.argmax() != i, values) for i in range(3)] == [i != place for i in range(3)]


@pytest.mark.parametrize("at", range(3))
def test_argmax_equals_no_place_where_there_is_a_nan(at: int) -> None:
    y, values = Outputs("", trace(lambda x: x * x, (3,))), [1.0, 2.0, 3.0]
    values[at] = NAN
    assert not any(truth(y.argmax() == i, values) for i in range(3))


@pytest.mark.parametrize("place", [-1, 6, True, 1.0, None])
def test_argmax_is_compared_with_a_place(place: Any) -> None:
    for compare in (operator.eq, operator.ne):
        with pytest.raises(PropertyError, match="argmax is compared with a place of 6, not with"):
            compare(Y.argmax(), place)


@pytest.mark.parametrize(
    ("a", "b", "ulps", "expected"),
    [
        (1.0, 1.0000001, 1, True),
        (1.0, 1.0000001, 0, False),
        (0.0, -0.0, 0, True),
        (1e-45, -1e-45, 1, False),
        (1e-45, -1e-45, 2, True),
        (3.4028235e38, INF, 1, True),
        (-INF, INF, 1 << 40, True),
        (NAN, NAN, 0, True),
        (NAN, 1.0, 1 << 40, False),
    ],
)
def test_ulps_count_the_numbers_between_with_one_zero_and_one_nan(a: float, b: float, ulps: int, expected: bool) -> None:
    formula = within_ulps(Y[0], Y[1], ulps)
    assert truth(formula, [a, b]) is truth(formula, [b, a]) is expected


@pytest.mark.parametrize("ulps", [-1, 1.5, "1", True, None])
def test_ulps_that_are_no_whole_number_are_refused(ulps: Any) -> None:
    with pytest.raises(PropertyError, match="ulps are a whole number of at least 0, not"):
        within_ulps(Y[0], Y[1], ulps)


def test_ulps_may_lie_between_an_output_and_a_number() -> None:
    assert truth(within_ulps(Y[0], 1, 1), [1.0000001])
    assert not truth(within_ulps(Y[0], 1, 0), [1.0000001])


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        (1, Fraction(1)),
        (0.1, Fraction(0.1)),
        (Fraction(1, 3), Fraction(1, 3)),
        (np.float32(0.1), Fraction(float(np.float32(0.1)))),
        (np.int64(2**53 + 1), Fraction(2**53 + 1)),
        (np.uint8(7), Fraction(7)),
    ],
)
def test_a_number_is_meant_exactly_and_rounded_once(number: Any, exact: Fraction) -> None:
    right, left = (Y[0] < number).parts[1], (number > Y[0]).parts[1]
    assert right.number == left.number == exact
    assert IEEE32Exec().constant(exact_array(exact)).view(np.float32) == np.float32(float(exact))


@pytest.mark.parametrize("other", [NAN, INF, "1", None, True, np.bool_(False), np.ones(2)])
def test_what_is_no_finite_number_is_not_compared_with(other: Any) -> None:
    for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        with pytest.raises(PropertyError, match="compared with an output or a finite number, not with"):
            compare(Y[0], other)
        with pytest.raises(PropertyError, match="compared with an output or a finite number, not with"):
            compare(other, Y[0])


@pytest.mark.parametrize("result", [None, True, np.bool_(True), [], (), [True], 3.0, np.ones(2), Y[0], Y.argmax(), "y > 0"])
def test_what_is_no_truth_is_refused_and_shown(result: Any) -> None:
    with pytest.raises(PropertyError, match="a property gives a comparison of outputs, or a list of them, not"):
        formula_of(lambda y: result, Y)


def test_a_truth_and_a_scalar_have_no_bool() -> None:
    for one in (Y[0] < 1, Y[0], Y, Y.argmax()):
        with pytest.raises(PropertyError, match="a property is a formula, not a bool"):
            bool(one)


def test_elements_are_found_in_c_order_and_by_axes() -> None:
    assert [scalar.place for scalar in Y] == list(range(6)) == [Y[i].place for i in range(6)]
    assert (Y[1, 2].place, Y[-1].place, Y[0, -1].place) == (5, 5, 2)
    assert len(Y) == 6
    for at in (slice(0, 2), (0,), (slice(None), 1)):
        with pytest.raises(PropertyError, match=r"is not one element of the shape \(2, 3\)"):
            Y[at]
    with pytest.raises(IndexError):
        Y[6]


def test_a_formula_says_what_it_reads() -> None:
    formula = formula_of(lambda y: (y[0] < y[5]).implies(y.inputs[0] >= 1), Y)
    assert sources_of(formula) == {Source("", OUT), Source("", 0)}
    assert sources_of(every([Scalar(number=Fraction(1)) < 2])) == set()


def test_a_long_chain_of_truths_is_no_deep_one() -> None:
    for join, expected in ((operator.and_, False), (operator.or_, True)):
        formula = reduce(join, [Y[i % 6] > i % 6 for i in range(3000)])
        assert len(formula.parts) == 3000
        assert truth(formula, [1, 1, 1, 1, 1, 1]) is expected


def test_joining_is_not_confused_where_kinds_alternate() -> None:
    a, b, c = Y[0] > 0, Y[1] > 0, Y[2] > 0
    for values in np.ndindex(2, 2, 2):
        p, q, r = map(bool, values)
        given = [*map(float, values), 0, 0, 0]
        assert truth((a & b) | c, given) is ((p and q) or r)
        assert truth((a | b) & c, given) is ((p or q) and r)
        assert truth(a & (b | c), given) is (p and (q or r))
        assert truth(~(a & b) & c, given) is (not (p and q) and r)


@pytest.mark.parametrize("use", [len, list, lambda y: y[0], lambda y: y.is_finite(), lambda y: y.argmax() == 0])
def test_of_several_outputs_one_is_named(use: Any) -> None:
    y = Outputs("", two_outputs())
    with pytest.raises(PropertyError, match="there are several outputs; name one: a, b"):
        use(y)
    assert len(y["a"]) == 2
    with pytest.raises(UnknownNameError, match="output 'c'"):
        y["c"]


def test_nodes_are_found_by_label_and_by_index_where_they_hold_numbers() -> None:
    y = Outputs("", trace(lambda x: x.less(x * 2.0).where(x, x + 1.0), (2,)))
    (index,) = [i for i in range(9) if y._graph.nodes[i].op == "less"]
    assert y.node("x").source == y.inputs.source == y.node("%0").source
    with pytest.raises(PropertyError, match=f"node 'less_{index}' holds no numbers"):
        y.node(f"%{index}")
    with pytest.raises(UnknownNameError, match="node '%99'"):
        y.node("%99")
