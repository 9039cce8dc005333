from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import ScheduleError, UnknownNameError
from fpsem.core.formats import BINARY32, format_named
from fpsem.core.schedule import (
    SCHEDULES,
    Blocked,
    Compensated,
    Exact,
    Lanes,
    NumPyPairwise,
    Pairwise,
    Reverse,
    Schedule,
    Sequential,
    SplitK,
    Tree,
    WarpTree,
    fold,
    fold_products,
    parse_schedule,
    schedule_from_json,
    schedule_of,
    wider_accumulator,
)
from fpsem.testing.strategies import schedules

SIZES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 100, 127, 128, 129, 136, 200, 255, 256, 257, 511, 1000, 1023, 2049, 4099)
WRITTEN = {  # schedule and number of terms: the sum, written out
    (Sequential(), 4): "(((0+1)+2)+3)",
    (Reverse(), 4): "(((3+2)+1)+0)",
    (Pairwise(), 4): "((0+1)+(2+3))",
    (Pairwise(), 5): "(((0+1)+2)+(3+4))",
    (Pairwise(leaf=3), 5): "(((0+1)+2)+(3+4))",
    (Pairwise(leaf=2), 4): "((0+1)+(2+3))",
    (Lanes(width=2), 5): "(((0+2)+4)+(1+3))",
    (Lanes(width=3), 4): "(((0+3)+1)+2)",
    (Lanes(width=8), 3): "((0+1)+2)",
    (Blocked(block=2), 5): "(((0+1)+(2+3))+4)",
    (WarpTree(width=4), 3): "((0+2)+1)",
    (WarpTree(width=4), 6): "(((0+4)+2)+((1+5)+3))",
    (WarpTree(width=1), 3): "((0+1)+2)",
    (WarpTree(width=8), 8): "(((0+4)+(2+6))+((1+5)+(3+7)))",
    (SplitK(parts=2), 5): "(((0+1)+2)+(3+4))",
    (SplitK(parts=3), 8): "((((0+1)+2)+((3+4)+5))+(6+7))",
    (SplitK(parts=4), 2): "(0+1)",
    (NumPyPairwise(), 5): "((((0+1)+2)+3)+4)",
    (NumPyPairwise(), 9): "((((0+1)+(2+3))+((4+5)+(6+7)))+8)",
    (Tree(pairs=((2, 0), 1)), 3): "((2+0)+1)",
}


def heights_by_walking(schedule: Schedule, n: int) -> tuple[int, ...]:
    """The additions that each term passes through, counted from the leaves up."""
    members: list[list[int]] = [[i] for i in range(n)]
    counts = [0] * n
    for left, right in schedule.steps(n):
        members.append(members[left] + members[right])
        for leaf in members[-1]:
            counts[leaf] += 1
    return tuple(counts)


@given(st.data(), st.integers(1, 70))
def test_the_steps_form_a_binary_tree_that_uses_every_term_once(data: st.DataObject, n: int) -> None:
    steps = data.draw(schedules(n)).steps(n)
    assert len(steps) == n - 1
    used = [slot for step in steps for slot in step]
    assert sorted(used) == list(range(2 * n - 2))
    assert all(slot < n + index for index, step in enumerate(steps) for slot in step)


@given(st.data(), st.integers(1, 70))
def test_heights_are_the_lengths_of_the_paths(data: st.DataObject, n: int) -> None:
    schedule = data.draw(schedules(n))
    walked = heights_by_walking(schedule, n)
    assert schedule.heights(n) == walked
    assert schedule.height(n) == max(walked)


@pytest.mark.parametrize(("schedule", "n"), WRITTEN, ids=str)
def test_the_sum_is_written_out_as_the_definition_says(schedule: Schedule, n: int) -> None:
    terms = [str(i) for i in range(n)]
    assert fold(schedule, terms, lambda a, b: f"({a}+{b})") == WRITTEN[schedule, n]


def test_every_kind_of_schedule_is_written_out_once() -> None:
    assert {type(schedule) for schedule, _ in WRITTEN} == {kind for kind in SCHEDULES.values() if kind.has_tree}
    assert all(name == kind.name for name, kind in SCHEDULES.items())


@pytest.mark.parametrize("n", SIZES)
def test_numpy_pairwise_is_the_order_of_numpy_bit_for_bit(n: int) -> None:
    terms = np.random.default_rng(n).standard_normal((3, n)).astype(np.float32)
    for row in terms:
        assert fold(NumPyPairwise(), list(row), lambda a, b: a + b).tobytes() == np.add.reduce(row).tobytes()


def test_other_orders_are_told_from_numpys() -> None:
    row = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    kinds = (Sequential(), Reverse(), Pairwise(), Lanes(), Blocked())
    assert all(fold(kind, list(row), lambda a, b: a + b) != np.add.reduce(row) for kind in kinds)


@pytest.mark.parametrize(
    ("schedule", "height"),
    [(Sequential(), 63), (Reverse(), 63), (Pairwise(), 6), (Lanes(), 10), (WarpTree(), 6), (SplitK(), 18)],
)
def test_heights_for_64_terms_are_the_textbooks(schedule: Schedule, height: int) -> None:
    assert schedule.height(64) == height


@pytest.mark.parametrize("kind", [Sequential(), Reverse(), Pairwise(), Lanes(), WarpTree(), Blocked(), SplitK(), NumPyPairwise()])
def test_no_terms_and_one_term_take_no_steps(kind: Schedule) -> None:
    assert kind.steps(0) == kind.steps(1) == ()
    assert kind.heights(1) == (0,)
    assert kind.height(0) == 0
    assert fold(kind, ["x"], lambda a, b: a + b) == "x"
    assert fold_products(kind, [(2, 3)], int.__add__, int.__mul__, lambda a, b, c: a * b + c) == 6


ALL = st.one_of(schedules(4), st.builds(Compensated, fused=st.booleans()))


@given(ALL, st.sampled_from((None, "binary64", "binary32")))
def test_text_and_json_read_back_with_an_accumulator(schedule: Schedule, accumulator: str | None) -> None:
    held = replace(schedule, accumulator=accumulator)
    assert parse_schedule(str(held)) == held
    assert schedule_from_json(json.loads(json.dumps(held.to_json()))) == held
    assert ("accumulator" in held.to_json()) == (accumulator is not None)


@pytest.mark.parametrize("schedule", [Exact(), Exact(fused=True), Compensated(), Compensated(fused=True, accumulator="binary64")])
def test_what_is_no_tree_reads_back_and_has_no_steps(schedule: Schedule) -> None:
    assert parse_schedule(str(schedule)) == parse_schedule(json.dumps(schedule.to_json())) == schedule
    with pytest.raises(ScheduleError, match=f"{schedule.name}.* is no tree"):
        schedule.steps(3)
    with pytest.raises(ScheduleError, match="is no tree"):
        fold(schedule, [1, 2], int.__add__)


def test_heights_of_what_is_no_tree_are_the_documented_constants() -> None:
    assert [Exact().height(n) for n in (0, 1, 2, 1000)] == [0, 0, 1, 1]
    assert [Compensated().height(n) for n in (0, 1, 2, 2897, 2898)] == [0, 0, 2, 2, 3]
    assert Compensated().heights(3) == (2, 2, 2)
    with pytest.raises(ScheduleError, match="no height is known"):
        Compensated().height((1 << 22) + 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential(accumulator="binary65"),
        lambda: parse_schedule("lanes:accumulator=float64"),
        lambda: parse_schedule("sequential:accumulator=64"),
        lambda: schedule_from_json({"schedule": "sequential", "accumulator": 64}),
    ],
)
def test_an_unknown_accumulator_is_refused(make: Any) -> None:
    with pytest.raises(UnknownNameError, match="unknown accumulator of schedule"):
        make()


def test_the_exact_sum_takes_no_accumulator() -> None:
    with pytest.raises(ScheduleError, match="takes no accumulator"):
        Exact(accumulator="binary64")


@pytest.mark.parametrize("name", ["binary16", "bfloat16", "tf32", "e4m3"])
def test_an_accumulator_narrower_than_the_scalars_is_refused(name: str) -> None:
    with pytest.raises(ScheduleError, match=f"the accumulator {name} does not hold every number of binary32"):
        wider_accumulator(Sequential(accumulator=name), BINARY32)


def test_an_accumulator_of_the_scalars_own_format_is_none() -> None:
    assert wider_accumulator(Sequential(), BINARY32) is None
    assert wider_accumulator(Sequential(accumulator="binary32"), BINARY32) is None
    assert wider_accumulator(Sequential(accumulator="binary64"), BINARY32) == "binary64"
    assert wider_accumulator(Sequential(accumulator="tf32"), format_named("bfloat16")) == "tf32"


@pytest.mark.parametrize("width", [3, 6, 33])
def test_a_warp_whose_width_is_no_power_of_two_is_refused(width: int) -> None:
    with pytest.raises(ScheduleError, match="power of two"):
        WarpTree(width=width)


@given(st.data(), st.integers(1, 9))
def test_text_and_json_read_back(data: st.DataObject, n: int) -> None:
    schedule = data.draw(schedules(n))
    assert parse_schedule(str(schedule)) == schedule
    assert schedule_of(str(schedule)) == schedule_of(schedule) == schedule
    stored = json.dumps(schedule.to_json())
    assert parse_schedule(stored) == schedule_from_json(json.loads(stored)) == schedule


def test_text_is_short() -> None:
    assert str(Sequential()) == "sequential"
    assert str(Lanes(width=4, fused=True)) == "lanes:fused=True,width=4"
    assert parse_schedule("lanes:width=4,fused") == Lanes(width=4, fused=True)


def written_products(schedule: Schedule, n: int) -> str:
    return fold_products(
        schedule,
        [(f"a{i}", f"b{i}") for i in range(n)],
        lambda x, y: f"({x} + {y})",
        lambda a, b: f"{a}*{b}",
        lambda a, b, c: f"fma({a},{b},{c})",
    )


@pytest.mark.parametrize(
    ("schedule", "written"),
    [
        (Sequential(fused=False), "((a0*b0 + a1*b1) + a2*b2)"),
        (Sequential(fused=True), "fma(a2,b2,fma(a1,b1,a0*b0))"),
        (Reverse(fused=True), "fma(a0,b0,fma(a1,b1,a2*b2))"),
        (Tree(pairs=(0, (1, 2)), fused=True), "(a0*b0 + fma(a2,b2,a1*b1))"),
    ],
    ids=str,
)
def test_fused_steps_add_a_term_by_one_fma(schedule: Schedule, written: str) -> None:
    assert written_products(schedule, 3) == written


def test_a_fused_single_product_is_rounded_on_its_own() -> None:
    assert written_products(Sequential(fused=True), 1) == "a0*b0"


@given(st.data(), st.lists(st.tuples(st.fractions(), st.fractions()), min_size=1, max_size=12))
def test_every_order_gives_one_sum_in_exact_arithmetic(data: st.DataObject, pairs: list[tuple[Fraction, Fraction]]) -> None:
    schedule = data.draw(schedules(len(pairs)))
    total = fold_products(schedule, pairs, Fraction.__add__, Fraction.__mul__, lambda a, b, c: a * b + c)
    assert total == sum(a * b for a, b in pairs)


@pytest.mark.parametrize("pairs", [(0, 0), ((0, 1), 3), (1, 2), (0, 1, 2), (0, True), "01", (0, 1.0), (-1, 0)])
def test_a_tree_whose_leaves_are_no_permutation_is_refused(pairs: Any) -> None:
    with pytest.raises(ValueError, match="tree"):
        Tree(pairs=pairs)


def test_a_tree_fits_its_own_number_of_terms_only() -> None:
    with pytest.raises(ValueError, match="adds 3 terms, the reduction has 4"):
        Tree(pairs=((0, 1), 2)).steps(4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Lanes(width=0),
        lambda: Pairwise(leaf=-1),
        lambda: Blocked(block=0),
        lambda: Lanes(width=2.0),  # type: ignore[arg-type]
        lambda: parse_schedule("lanes:width=0"),
        lambda: parse_schedule("lanes:width=wide"),
        lambda: parse_schedule("lanes:fused=1"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()


@pytest.mark.parametrize("text", ["spiral", "", "lanes:depth=3", '{"schedule": "spiral"}', "{}"])
def test_an_unknown_name_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown"):
        parse_schedule(text)


@pytest.mark.parametrize(
    "text",
    ["{", "[" * 3, "tree:pairs=", "blocked:block=4,block=5", "pairwise:fused=yes", '{"schedule": "lanes", "accumulator": [1]}'],
)
def test_a_text_that_is_no_schedule_is_refused_as_one(text: str) -> None:
    with pytest.raises((ScheduleError, UnknownNameError)):
        parse_schedule(text)


def test_parameters_of_the_wrong_type_are_refused() -> None:
    with pytest.raises(ScheduleError, match="fused must be true or false"):
        Pairwise(fused="yes")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="accumulator"):
        Sequential(accumulator=["binary64"])  # type: ignore[arg-type]


def test_a_tree_that_is_nested_too_deeply_is_refused() -> None:
    pairs: object = 0
    for i in range(1, 100_000):
        pairs = (pairs, i)
    with pytest.raises(ScheduleError, match="too deeply"):
        Tree(pairs=pairs)  # type: ignore[arg-type]
