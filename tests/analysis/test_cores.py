"""Bounds of formulas are above every error that runs, near to what others find, and name their witness."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.analysis import subdivision, witness
from fpsem.analysis.bounds import error_bound
from fpsem.analysis.cores import Unbounded, core_bound, inward
from fpsem.analysis.scalars import Formula, is_formula
from fpsem.core.bound import Bound
from fpsem.core.errors import ContradictionError, PayloadError
from fpsem.core.region import Box
from fpsem.domains import _error_rules
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.graph.trace import Recorder, trace
from fpsem.interop.fpcore import read_fpcore

CORES = {
    "verhulst": ("(FPCore (x) :pre (<= 0.1 x 0.3) (/ (* 4.0 x) (+ 1 (/ x 1.11))))", 8.712568711e-08, 8.84e-08),
    "sine": ("(FPCore (x) :pre (< -1.57079632679 x 1.57079632679) (- x (/ (* (* x x) x) 6.0)))", 0.0, 2e-7),
    "r4": ("(FPCore (x) :pre (< 1.00001 x 2) (/ (- x 1) (- (* x x) 1)))", 6.1028e-05 * 0.999, 6.11e-05),
    "exp1x": ("(FPCore (x) :pre (<= 1/100 x 1/2) (/ (- (exp x) 1) x))", 6.017289649e-06, 6.08e-06),
    "theta": ("(FPCore (x y) :pre (and (<= 1 x 100) (<= 1 y 100)) (* (atan (/ y x)) 57.29))", 0.0, 1.3e-5),
    "two": ("(FPCore (x y) :pre (and (<= 1 x 4) (<= 1 y 4)) (/ x (+ x y)))", 7.449e-08, 7.6e-08),
}
"""Cores, an error that some input has, and what a good bound is below of."""


def the(text: str) -> Any:
    (core,) = read_fpcore(text, "text")
    return core


@pytest.mark.parametrize("name", CORES)
def test_a_bound_is_above_what_is_observed_and_tight(name: str) -> None:
    text, observed, good = CORES[name]
    found = core_bound(the(text))
    assert isinstance(found, Bound)
    assert observed <= found.absolute <= good
    assert found.observed is not None
    assert 0 < found.observed <= found.absolute
    assert found.tightness is not None
    assert found.tightness < 3


@pytest.mark.parametrize("name", CORES)
def test_the_error_of_the_witness_is_what_is_said(name: str) -> None:
    core = the(CORES[name][0])
    found = core_bound(core)
    assert isinstance(found, Bound)
    assert found.witness is not None
    x = {n: np.float32(v) for n, v in found.witness.items()}
    execution, real = IEEE32Exec(), Real()
    (low, high), code = real.enclosure(run(core.graph, {}, x, real)), run(core.graph, {}, x, execution)
    at = execution.enclosure(code)[0].item()
    assert min(abs(at - low.item()), abs(at - high.item())) == pytest.approx(found.observed, rel=1e-6)


@pytest.mark.parametrize("name", CORES)
def test_no_point_of_the_region_is_beyond_the_bound(name: str) -> None:
    core = the(CORES[name][0])
    found = core_bound(core, work=2000)
    assert isinstance(found, Bound)
    ends = [inward(*core.box[n]) for n in core.arguments]
    rng = np.random.default_rng(1)
    x = np.stack([rng.uniform(e.lo, e.hi, 3000).astype(np.float32).clip(e.lo, e.hi) for e in ends], axis=1)
    assert (Formula(core.graph).errors(x) <= found.absolute).all()


@pytest.mark.parametrize("planted", ["half_ulp", "times"])
def test_a_rule_that_is_too_small_is_caught(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = getattr(_error_rules, planted)
    monkeypatch.setattr(_error_rules, planted, lambda *given: honest(*given) * 0.5)
    monkeypatch.setattr("fpsem.analysis.first_order.times", lambda *given: _error_rules.times(*given))
    with pytest.raises(ContradictionError, match="was found where"):
        core_bound(the(CORES["verhulst"][0]))


def test_constraints_make_a_root_defined() -> None:
    text = """(FPCore (a b c) :pre (and (<= 1 a 9) (<= 1 b 9) (<= 1 c 9)
        (> (+ a b) (+ c 1e-2)) (> (+ a c) (+ b 1e-2)) (> (+ b c) (+ a 1e-2)))
        (let ([s (/ (+ (+ a b) c) 2)]) (sqrt (* (* (* s (- s a)) (- s b)) (- s c)))))"""
    core = the(text)
    kept = core_bound(core)
    assert isinstance(kept, Bound)
    assert kept.observed is not None
    assert kept.observed <= kept.absolute < 1e-2
    boxes = [inward(*core.box[n]) for n in core.arguments]
    lo, hi = (np.array([getattr(b, end) for b in boxes], np.float32) for end in ("lo", "hi"))
    assert Formula(core.graph).cover(lo, hi, 2000).bound == np.inf


def test_a_constraint_that_leaves_nothing_is_said() -> None:
    found = core_bound(the("(FPCore (x y) :pre (and (<= 0 x 1) (<= 0 y 1) (>= (+ x y) 3)) (+ x y))"))
    assert isinstance(found, Unbounded)
    assert "empty" in found.reason


@pytest.mark.parametrize(("text", "told"), [
    ("(FPCore (x) (+ x 1))", "bounds no x"),
    ("(FPCore (x) :pre (<= 0 x) (sqrt x))", "bounds no x"),
    ("(FPCore (x) :pre (<= 0 x 1) (if (< x 1) x 1))", "if"),
    ("(FPCore () 1)", "no arguments"),
    ("(FPCore (x) :pre (or (<= 0 x 1) (<= 2 x 3)) x)", "bounds no x on both sides; what could not be read: (or (<= 0 x 1)"),
    ("(FPCore (x) :pre (and (<= 0 x 1) FALSE) (+ x 1))", "the region is empty: FALSE holds nowhere"),
    ("(FPCore (x) :pre FALSE (+ x 1))", "the region is empty: FALSE holds nowhere"),
    ("(FPCore (x) :pre (<= 0 x 1) (+ x z))", "unknown name 'z'"),
])  # fmt: skip
def test_what_is_not_covered_is_said(text: str, told: str) -> None:
    found = core_bound(the(text))
    assert isinstance(found, Unbounded)
    assert told in found.reason


@pytest.mark.parametrize(("pre", "told"), [
    ("(<= 0.1 y 0.1)", "in y: no binary32 number lies between 0.1 and 0.1"),
    ("(<= 1e-50 y 1e-46)", "in y: no binary32 number lies between 1e-50 and 1e-46"),
    ("(< 0 y 1e-45)", "in y: no binary32 number lies between 0 and 1e-45, 0 left out, 1e-45 left out"),
    ("(<= 1/3 y 1/3)", "lies between 0.33333333333333333 and 0.33333333333333333"),
    ("(<= 1e39 y 1e9999)", "lies between 1e+39 and 1e+9999"),
    ("(< 0x1.fffffep127 y 1e39)", "no binary32 number lies between 3.4028234663852886e+38 and 1e+39, 3.40"),
    ("(and (< 0 y) (< y 0))", "in y: no number is at least 0 and at most 0, 0 left out, 0 left out"),
    ("(and (<= 0 y 1) (<= 2 y 3))", "in y: no number is at least 2 and at most 1"),
])  # fmt: skip
def test_a_region_without_binary32_numbers_is_empty_in_an_argument(pre: str, told: str) -> None:
    found = core_bound(the(f"(FPCore (x y) :pre (and (<= 0 x 1) {pre}) (+ x y))"))
    assert isinstance(found, Unbounded)
    assert found.reason.startswith("the region is empty in y: ")
    assert told in found.reason


def test_an_end_that_is_left_out_moves_to_the_next_binary32_number() -> None:
    one, up, down = np.float32(1), np.float32(np.inf), np.float32(-np.inf)
    closed, opened = inward(Fraction(1), Fraction(2)), inward(Fraction(1), Fraction(2), (True, True))
    assert (closed.lo, closed.hi) == (1, 2)
    assert (opened.lo, opened.hi) == (np.nextafter(one, up), np.nextafter(2 * one, down))
    tenths = Fraction(1, 10), Fraction(3, 10)
    assert [inward(*tenths, (True, True)).lo, inward(*tenths, (True, True)).hi] == [inward(*tenths).lo, inward(*tenths).hi]
    zero = inward(Fraction(0), Fraction(1), (True, False))
    assert zero.lo == np.nextafter(np.float32(0), one)
    assert inward(Fraction(-1), Fraction(0), (False, True)).hi == -zero.lo
    far = Fraction(10) ** 39
    assert inward(-far, far, (True, True)).hi == np.finfo(np.float32).max


def test_a_logarithm_is_bounded_down_to_an_end_that_is_left_out() -> None:
    found = core_bound(the("(FPCore (x) :pre (< 0 x 1) (log x))"), work=500)
    assert isinstance(found, Bound)
    assert found.absolute < 4e-6
    assert found.witness is not None
    assert 0 < found.witness["x"] < 1


def test_no_witness_is_on_the_edge_of_a_strict_constraint() -> None:
    text = "(FPCore (x y) :pre (and (<= 1 x 1.000001) (<= 1 y 1.000001) ({} x y)) (/ 1e-20 (fmax (- y x) 1e-40)))"
    observed = []
    for order in ("<=", "<"):
        found = core_bound(the(text.format(order)), work=200)
        assert isinstance(found, Bound)
        assert found.witness is not None
        observed.append(found.witness["x"] == found.witness["y"])
    assert observed == [True, False]


@pytest.mark.parametrize("text", [
    "(FPCore (x y) :pre (and (<= 0 x 1) (<= 0 y 1) (< x y)) (/ 1 (- y x)))",
    "(FPCore (x) :pre (<= -1e39 x 1e39) (* x 0.5))",
    "(FPCore (x) :pre (<= -1e39 x 1e39) (* x x))",
])  # fmt: skip
def test_no_warning_of_numpy_reaches_the_user(text: str) -> None:
    assert isinstance(core_bound(the(text), work=500), Bound)  # warnings are errors here


def test_the_last_bits_of_the_largest_number_are_finite() -> None:
    most = np.finfo(np.float32).max
    x = np.full((2048, 1), most)
    moved = witness._moved(np.random.default_rng(0), x, np.array([-most]), np.array([most]), 5)
    assert np.isfinite(moved).all()
    assert (moved < most).any()


def test_a_part_is_cut_where_a_half_holds_nothing() -> None:
    def bounded(lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        return np.where(hi[:, 1] <= 0.5, -np.inf, np.inf)

    _lo, hi, found = subdivision._halved(bounded, np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))
    assert hi[0].tolist() == [1, 0.5]
    assert found.tolist() == [-np.inf, np.inf]


def test_an_output_that_is_an_input_has_no_error() -> None:
    found = core_bound(the("(FPCore (x y) :pre (and (<= 0 x 1) (<= 0 y 1)) x)"))
    assert isinstance(found, Bound)
    assert (found.absolute, found.observed, found.contributors, found.finite) == (0, 0, (), True)
    assert error_bound(trace(lambda x: x, ()), {}, Box(np.float32(0), np.float32(1))).absolute == 0
    (recorder := Recorder()).input("x", ())
    parameter = recorder.finish({"output": recorder.parameter("w", ())})
    assert error_bound(parameter, {"w": np.float32(3)}, UNIT, witness=True).absolute == 0


UNIT = {"x": Box(np.float32(0), np.float32(1))}
SQUARE = trace(lambda x: x * x, ())


@pytest.mark.parametrize("work", [0, -5])
def test_no_work_is_refused(work: int) -> None:
    with pytest.raises(ValueError, match=f"work is {work}: .* at least 1"):
        error_bound(SQUARE, {}, UNIT, work=work)


@pytest.mark.parametrize(("graph", "constraints", "told"), [
    (trace(lambda x: x * x, (2,)), SQUARE, "constraints are of formulas"),
    (SQUARE, trace(lambda x: x * x, (2,)), r"constraints: 'x' has shape \(2,\), expected \(\)"),
    (SQUARE, trace(lambda x: x.reshape((1,)), ()), r"has shape \(1,\), expected \(\)"),
    (SQUARE, trace(lambda z: z * z, ()), "constraints: the formula has no input z; it has x"),
    (SQUARE, trace(lambda x: (x * x).sum(), ()), "without parameters, sums or integers"),
])  # fmt: skip
def test_constraints_that_do_not_fit_are_refused(graph: Any, constraints: Any, told: str) -> None:
    shape = graph.inputs["x"]
    box = Box(np.zeros(shape, np.float32), np.ones(shape, np.float32))
    with pytest.raises(PayloadError, match=told):
        error_bound(graph, {}, box, constraints=constraints)


@pytest.mark.parametrize("dtype", ["bool", "complex64", "complex128", "<U1", "datetime64[s]"])
def test_a_region_that_is_not_of_real_numbers_is_refused_with_its_dtype(dtype: str) -> None:
    with pytest.raises(ValueError, match=re.escape(str(np.dtype(dtype)))):
        error_bound(SQUARE, {}, np.array(1).astype(dtype))


def test_a_pole_has_no_bound() -> None:
    found = core_bound(the("(FPCore (x) :pre (<= -1 x 1) (/ 1 x))"), work=500)
    assert isinstance(found, Bound)
    assert found.absolute == np.inf


def test_a_graph_that_sums_scalars_is_not_taken_for_a_formula() -> None:
    graph = trace(lambda x: (x * x).sum(), ())
    assert not is_formula(graph)
    found = error_bound(graph, {}, Box(np.float32(1), np.float32(2)))
    assert 0 < found.absolute <= 2.0**-22


def test_the_bound_of_a_dot_product_is_the_sum_of_half_ulps() -> None:
    one = np.ones((1, 512), np.float32)
    graph = trace(lambda x, w: x @ w, (1, 512), (512, 1))
    found = error_bound(graph, {}, {"x": Box(-one, one), "w": Box(-one.T, one.T)})
    expected = 512 * 2.0**-25 + sum(2.0 ** (np.ceil(np.log2(k)) - 25) for k in range(2, 513))
    assert found.absolute.item() == pytest.approx(expected, rel=1e-9)


def test_errors_carried_by_derivatives_are_less_than_through_magnitudes() -> None:
    rng = np.random.default_rng(0)
    w = rng.standard_normal((32, 32)).astype(np.float32)
    graph = trace(lambda x: x.linear(w).linear(w.T).linear(w).linear(w.T), (1, 32))
    region = Box(-np.ones((1, 32)), np.ones((1, 32)))
    domain = ErrorBound()
    walked = run(graph, {}, domain.box(region), domain)["err"]
    assert (error_bound(graph, {}, region).absolute < walked).all()


def test_ends_are_rounded_inward() -> None:
    box = inward(Fraction(1, 10), Fraction(3, 10))
    assert Fraction(float(box.lo)) >= Fraction(1, 10)
    assert Fraction(float(box.hi)) <= Fraction(3, 10)
    assert np.nextafter(box.lo, np.float32(0)) < 0.1


def test_the_parts_of_a_region_cover_it() -> None:
    lo, hi = np.array([0.0, -1.0], np.float32), np.array([2.0, 3.0], np.float32)
    cover = subdivision.largest_bound(lambda a, b: (b.astype(float) - a).max(axis=1), lo, hi, 3000)
    area = np.sum(np.prod(cover.hi.astype(float) - cover.lo, axis=1))
    assert area == pytest.approx(8, rel=1e-5)  # between parts lies one last bit
    assert cover.bound < 1
