"""ErrorBound is sound: whatever IEEE32Exec does, it stays within the bound of the real value; and it is not vacuous."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fpsem.core.errors import UnableError, UndefinedError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import ARITHMETIC, ELEMENTARY, exact_array
from fpsem.core.region import Box
from fpsem.core.schedule import Pairwise, Schedule, Sequential
from fpsem.domains import _error_rules
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.real import Real
from fpsem.graph.denote import denote, run
from fpsem.graph.trace import Recorder, trace
from fpsem.testing import binary32_arrays, binary32_codes, columns, schedules

BOUND, EXACT, REAL = ErrorBound(), IEEE32Exec(), Real()
FALSE, TRUE, UNKNOWN = 0, 1, -1
NUMBERS = binary32_codes(allow_nan=False, allow_infinity=False)
TAME = binary32_codes(max_magnitude=50)
PRIMITIVES = {**ARITHMETIC, **dict.fromkeys(ELEMENTARY, 1)}


def bits(*codes: int) -> Any:
    return np.array(codes, np.uint32)


def box(lo: Any, hi: Any) -> Any:
    return BOUND.box(Box(np.array(lo, np.float32), np.array(hi, np.float32)))


def within(bound: Any, code: int, low: Fraction, high: Fraction) -> None:
    """The real value in [low, high] is enclosed, and the float is within err of it; an infinite bound says nothing."""
    if np.isfinite(bound["lo"]) and np.isfinite(bound["hi"]):
        assert Fraction(float(bound["lo"])) <= high
        assert low <= Fraction(float(bound["hi"]))
    if np.isfinite(bound["err"]):
        assert BINARY32.is_finite(code), f"{code:#x} with a finite bound"
        value = BINARY32.decode(code)
        assert min(abs(value - low), abs(value - high)) <= Fraction(float(bound["err"])), (hex(code), bound)


def steps(draw_ops: list[tuple[str, list[int]]], domain: Any, leaves: Any) -> list[Any]:
    """A straight line of primitives, each applied to values before it."""
    values = [leaves[i : i + 1] for i in range(len(leaves))]
    for name, operands in draw_ops:
        values.append(getattr(domain, name)(*(values[i % len(values)] for i in operands[: PRIMITIVES[name]])))
    return values


LINES = st.lists(
    st.tuples(st.sampled_from(sorted(PRIMITIVES)), st.lists(st.integers(0, 20), min_size=3, max_size=3)), min_size=1, max_size=6
)


# -- soundness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRIMITIVES)
def test_one_rounding_is_within_the_bound(name: str) -> None:
    operands = columns(PRIMITIVES[name], 250, seed=1, special=False, limit=500)
    bound, floats = (getattr(d, name)(*map(d.from_bits, operands)) for d in (BOUND, EXACT))
    for i in np.flatnonzero(np.isfinite(bound["err"])):
        x = getattr(REAL, name)(*(REAL.from_bits(codes[i : i + 1]) for codes in operands))
        (low,), (high,) = REAL.enclosure(x)
        within(bound[i], int(floats[i]), low, high)
    assert np.isfinite(bound["err"]).mean() > 0.2


@pytest.mark.parametrize(("name", "wrong"), [(name, i) for name, arity in PRIMITIVES.items() for i in range(arity)])
def test_the_error_of_every_operand_is_carried(name: str, wrong: int) -> None:
    """One operand is a rounded quotient, larger than the others, so that its error is most of the result's."""
    arity = PRIMITIVES[name]
    rng = np.random.default_rng(arity)
    a, b = (rng.uniform(1, 2, 200).astype(np.float32).view(np.uint32) for _ in range(2))
    others = [rng.uniform(0.01, 0.02, 200).astype(np.float32).view(np.uint32) for _ in range(arity)]

    def result(domain: Any) -> Any:
        operands = [domain.from_bits(codes) for codes in others]
        operands[wrong] = domain.div(domain.from_bits(a), domain.from_bits(b))
        return getattr(domain, name)(*operands)

    lows, highs = REAL.enclosure(result(REAL))
    for row, code, low, high in zip(result(BOUND), result(EXACT).tolist(), lows, highs):
        assert np.isfinite(row["err"])
        within(row, code, low, high)


@given(LINES, binary32_arrays(3, max_magnitude=50))
def test_a_line_of_operations_is_within_the_bound(line: Any, codes: Any) -> None:
    bounds, floats = (steps(line, d, d.from_bits(codes)) for d in (BOUND, EXACT))
    assume(np.isfinite(bounds[-1]["err"][0]))
    real = REAL
    for bits_ in (128, 512, 2048):
        real = Real(bits=bits_)
        try:
            (low,), (high,) = real.enclosure(steps(line, real, real.from_bits(codes))[-1])
            break
        except (UnableError, UndefinedError):
            assume(bits_ < 2048)
    within(bounds[-1][0], int(floats[-1][0]), low, high)


@given(st.data(), schedules(7))
def test_a_graph_is_within_the_bound_of_its_schedule(data: st.DataObject, schedule: Schedule) -> None:
    x = data.draw(binary32_arrays((2, 7), max_magnitude=8)).view(np.float32)
    model = data.draw(st.sampled_from([
        lambda x: x.sum(axis=1), lambda x: x @ x.T, lambda x: (x * x).mean(axis=1).sqrt(), lambda x: x.softmax(axis=1),
        lambda x: x.gelu().sum(axis=1), lambda x: x.sigmoid() - x.max(axis=1, keepdims=True).broadcast_to(x.shape).tanh(),
    ]))  # fmt: skip
    graph = trace(model, x.shape)
    bound = run(graph, {}, x, ErrorBound(schedule)).ravel()
    floats = run(graph, {}, x, IEEE32Exec(schedule=schedule)).ravel()
    lows, highs = (np.ravel(end) for end in REAL.enclosure(run(graph, {}, x, REAL)))
    for row, code, low, high in zip(bound, floats.tolist(), lows, highs):
        within(row, code, low, high)


@given(st.lists(st.tuples(TAME, TAME, st.floats(0, 1)), min_size=3, max_size=3), LINES)
def test_a_box_holds_for_every_point_in_it(ends: list[tuple[int, int, float]], line: Any) -> None:
    pairs = [sorted((float(bits(a).view(np.float32)[0]), float(bits(b).view(np.float32)[0]))) for a, b, _ in ends]
    lo, hi = np.array(pairs, np.float32).T
    points = np.clip((lo + (hi - lo) * np.array([t for *_, t in ends])).astype(np.float32), lo, hi)
    bound = steps(line, BOUND, BOUND.between(lo, hi))[-1][0]
    assume(np.isfinite(bound["err"]))
    for x in (lo, points, hi):
        code = int(steps(line, EXACT, x.view(np.uint32))[-1][0])
        real = Real(bits=512)
        (low,), (high,) = real.enclosure(steps(line, real, real.from_bits(x.view(np.uint32)))[-1])
        within(bound, code, low, high)


@given(TAME, TAME)
def test_a_known_truth_is_the_truth_of_reals_and_of_floats(a: int, b: int) -> None:
    third = exact_array([Fraction(1, 3)])
    for name in ("less", "less_equal", "equal"):
        computed = []
        for domain in (BOUND, EXACT):
            x, y = domain.from_bits(bits(a)), domain.from_bits(bits(b))
            computed.append(getattr(domain, name)(domain.mul(x, domain.constant(third)), domain.mul(y, domain.constant(third))))
        left, right = BINARY32.decode(a), BINARY32.decode(b)
        real = {"less": left < right, "less_equal": left <= right, "equal": left == right}[name]
        if computed[0][0] != UNKNOWN:
            assert bool(computed[0][0]) == bool(computed[1][0]) == real


def test_a_planted_rounding_error_that_is_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = _error_rules.half_ulp
    operands = columns(2, 250, seed=1, special=False, limit=500)
    monkeypatch.setattr(_error_rules, "half_ulp", lambda *size: honest(*size) * 0.45)
    monkeypatch.setattr(_error_rules, "_difference", lambda a, b: np.inf)  # points have bounds without any rule
    bound, floats = BOUND.add(*map(BOUND.from_bits, operands)), EXACT.add(*operands)
    finite = np.isfinite(bound["err"])
    exact = [BINARY32.decode(a) + BINARY32.decode(b) for a, b in zip(*(x[finite].tolist() for x in operands))]
    errors = [abs(BINARY32.decode(code) - value) for code, value in zip(floats[finite].tolist(), exact)]
    assert any(error > Fraction(float(err)) for error, err in zip(errors, bound["err"][finite]))


# -- nothing is guessed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compute", [
    lambda d: d.div(box([1], [2]), box([-1], [1])),
    lambda d: d.div(box([1], [2]), box([0], [1])),
    lambda d: d.add(box([3e38], [3e38]), box([0], [3e38])),
    lambda d: d.mul(box([-1e20], [1e20]), box([1e20], [1e20])),
    lambda d: d.fma(box([1e19], [1e19]), box([1e19], [1e19]), box([0], [3e38])),
    lambda d: d.sqrt(box([-1e-30], [1])),
    lambda d: d.log(box([0], [1])),
    lambda d: d.log(box([-1], [1])),
    lambda d: d.log1p(box([-1], [0])),
    lambda d: d.exp(box([0], [89])),
    lambda d: d.cast(box([0], [1e5]), "binary16"),
    lambda d: d.constant(exact_array([2**128])),
    lambda d: d.exp(d.log(box([0], [1]))),
    lambda d: d.mul(d.div(box([1], [1]), box([0], [0])), box([0], [0.5])),
    lambda d: d.mul(d.div(box([1], [1]), box([1e-45], [1e-45])), box([0], [0])),
    lambda d: d.fma(box([0], [0]), d.exp(box([89], [89])), box([1], [1])),
])  # fmt: skip
def test_where_overflow_or_a_pole_cannot_be_excluded_the_bound_is_infinite(compute: Any) -> None:
    out = compute(BOUND)
    assert np.isinf(out["err"]).all()
    assert BOUND.is_nan(out).tolist() == BOUND.is_finite(out).tolist() == [UNKNOWN]


def test_a_maybe_undefined_value_has_no_enclosure() -> None:
    with pytest.raises(UndefinedError, match=r"index \(1,\) may be undefined"):
        BOUND.enclosure(BOUND.div(box([1, 1], [1, 1]), box([1, -1], [2, 1])))


def test_a_bound_has_no_bits() -> None:
    with pytest.raises(UnableError, match="many executions"):
        BOUND.to_bits(box([1], [2]))


@pytest.mark.parametrize(("lo", "hi"), [([1], [0]), ([np.nan], [1]), ([0], [np.inf]), ([0, 2], [1, 1])])
def test_a_box_that_is_empty_or_not_finite_is_refused(lo: Any, hi: Any) -> None:
    with pytest.raises(ValueError, match="finite ends with lo <= hi"):
        box(lo, hi)


@pytest.mark.parametrize("code", [BINARY32.overflow_code, BINARY32.nan])
def test_what_is_no_number_does_not_embed(code: int) -> None:
    with pytest.raises(UndefinedError, match=r"element \[0\] is"):
        BOUND.from_bits(bits(code))


def test_a_truth_that_is_not_known_chooses_both() -> None:
    x, zero = box([-1], [2]), box([0], [0])
    truth = BOUND.less(x, zero)
    assert truth.tolist() == [UNKNOWN]
    either = BOUND.select(truth, box([5], [6]), box([8], [9]))
    assert (either["lo"], either["hi"]) == (5, 9)
    assert either["err"] >= 4
    assert BOUND.select(np.array([TRUE, FALSE], np.int8), box([5], [6]), zero)["hi"].tolist() == [6, 0]


# -- not vacuous -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["add", "mul", "div", "sqrt", "exp", "tanh", "erf", "log1p"])
def test_one_rounding_costs_at_most_a_little_over_half_an_ulp(name: str) -> None:
    x, y = box([1.375], [1.5]), box([1.125], [1.25])
    out = getattr(BOUND, name)(*[x, y][: PRIMITIVES[name]])
    half_ulp = np.spacing(np.abs(out["hi"]).astype(np.float32)) / 2
    assert (out["err"] > 0).all()
    assert (out["err"] <= half_ulp * (1 + 1e-6)).all()


def test_errors_shrink_with_the_slope_of_tanh() -> None:
    x = BOUND.mul(box([20], [20]), BOUND.constant(exact_array([Fraction(1, 3)])))
    assert BOUND.tanh(x)["err"] < 2**-24 * 1.01


@pytest.mark.parametrize("codes", [[0], [0x3F800000, 0xBF800000]])
def test_inputs_and_exact_operations_have_no_error(codes: list[int]) -> None:
    x = BOUND.from_bits(bits(*codes))
    for value in (x, BOUND.neg(x), BOUND.abs(x), BOUND.minimum(x, x), BOUND.maximum(x, x)):
        assert value["err"].tolist() == [0] * len(codes)


def test_a_flatter_order_has_a_smaller_bound() -> None:
    graph, region = trace(lambda x: x.sum(), (256,)), Box(np.ones(256), np.full(256, 2.0))
    chain, tree = (float(run(graph, {}, d.box(region), d)["err"]) for d in map(ErrorBound, (Sequential(), Pairwise())))
    assert tree < chain / 10


def test_scaling_by_a_power_of_two_loses_no_more_than_half_of_the_least_number() -> None:
    most = np.finfo(np.float32).max
    x, half, eight = box([-most], [most]), box([0.5], [0.5]), box([8.0], [8.0])
    assert BOUND.mul(x, half)["err"] == BOUND.mul(half, x)["err"] == BOUND.div(x, eight)["err"] == 2.0**-150
    assert np.isinf(BOUND.mul(x, eight)["err"]).all()


def test_twice_a_number_is_exact_and_the_sum_of_two_is_not() -> None:
    x, y = box([-1.0], [1.0]), box([-1.0], [1.0])
    assert BOUND.add(x, x)["err"] == 0
    assert BOUND.add(x, y)["err"] > 0
    assert np.isinf(BOUND.add(*[box([1.0], [3e38])] * 2)["err"]).all()


def test_two_inputs_that_are_given_as_one_array_are_two() -> None:
    recorder = Recorder()
    a, b = recorder.input("a", (1,)), recorder.input("b", (1,))
    graph = recorder.finish({"s": a + b, "p": a * b})
    for domain in (BOUND, Interval()):
        rows = domain.box(Box(np.float32([-1]), np.float32([2])))
        given = denote(graph, {}, {"a": rows, "b": rows}, domain)
        assert given["p"]["lo"] <= -2
        assert domain is not BOUND or given["s"]["err"] > 0


def test_a_square_beyond_all_doubles_is_no_warning() -> None:
    x = box([1.0], [3.0])
    for _ in range(5):
        x = BOUND.mul(x, BOUND.constant(exact_array([10**38])))
    assert np.isinf(BOUND.mul(x, x)["err"]).all()


def test_rounding_does_not_move_0_and_moves_the_least_numbers_by_half_of_them() -> None:
    assert _error_rules.half_ulp(np.array([0.0, 5e-324, 2.0**-149, 2.0**-127, 1.0, 1.5])).tolist() == [
        0.0, 2.0**-150, 2.0**-150, 2.0**-150, 2.0**-25, 2.0**-24,
    ]  # fmt: skip


@pytest.mark.parametrize("schedule", ["sequential", "pairwise", "any"])
def test_terms_that_are_0_cost_nothing(schedule: str) -> None:
    domain = ErrorBound(schedule)
    x = domain.box(Box(np.zeros((1, 64), np.float32), np.zeros((1, 64), np.float32)))
    x[0, [0, -1]] = domain.between(np.float32([1, 1]), np.float32([2, 2]))
    w = domain.between(np.full((64, 1), 0.3, np.float32), np.full((64, 1), 0.4, np.float32))
    assert domain.overrides["matmul"](x, w)["err"] <= (2.0**-24 + 2.0**-24) * (1 + 2.0**-40)
