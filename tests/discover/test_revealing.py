"""reveal: what it finds in black boxes whose inside is known, and what it refuses to guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem.core.claim import Evidence, Status
from fpsem.core.errors import PayloadError, ShapeError, UnknownNameError
from fpsem.core.schedule import NumPyPairwise, Sequential, Tree, parse_schedule
from fpsem.core.verdict import Unknown
from fpsem.discover import Revealed, reveal

F = np.float32


def reason(found: Revealed) -> str:
    assert isinstance(found.evidence, Unknown)
    assert found.schedule is None
    return found.evidence.reason


def test_every_kind_of_sum_is_found(known_sum: tuple[str, Callable[..., Any], int]) -> None:
    text, box, n = known_sum
    found = reveal(box, n, vectors=25)
    assert found.schedule == parse_schedule(text)
    assert isinstance(found.evidence, Evidence)
    assert (found.evidence.status, found.evidence.cases, found.evidence.holds) == (Status.TESTED, 25, True)


def test_every_kind_of_sum_of_products_is_found(known_product: tuple[str, Callable[..., Any], int]) -> None:
    text, box, n = known_product
    found = reveal(box, n, operands=2, vectors=25)
    assert found.schedule == parse_schedule(text)


@pytest.mark.parametrize("seed", range(4))
def test_a_hidden_random_tree_is_found(seed: int) -> None:
    chance = np.random.default_rng(seed)
    plan: list[tuple[int, int]] = []

    def box(x: Any) -> Any:
        held = list(x)
        for i, j in plan:
            held.append(held[i] + held[j])
        return held[-1]

    free, n = list(range(14)), 14
    for slot in range(n, 2 * n - 1):
        i, j = chance.choice(len(free), 2, replace=False)
        plan.append((free[i], free[j]))
        free = [s for s in free if s not in plan[-1]] + [slot]
    found = reveal(box, n, vectors=20)
    assert isinstance(found.evidence, Evidence)
    assert found.tree is not None
    known: dict[Any, int] = {}
    assert found.tree.key(known) == type(found.tree)(n, tuple(plan)).key(known)
    assert isinstance(found.schedule, Tree)


def test_a_hidden_permutation_of_a_long_loop_is_seen_even_where_no_schedule_holds_it() -> None:
    order = np.random.default_rng(0).permutation(900)
    found = reveal(lambda x: np.cumsum(x[order])[-1], 900, vectors=5)
    assert "no named schedule fits" in reason(found)
    assert found.tree is not None
    assert found.tree.height == 899
    assert found.calls < 30_000


def test_numpy_sum_is_numpy_pairwise() -> None:
    found = reveal("numpy.sum", 1000)
    assert found.schedule == NumPyPairwise()
    assert str(found.evidence) == "TESTED 200"
    assert "starts from +0" in found.probes["a sum of -0 alone"]


def test_a_box_that_is_not_deterministic_is_said() -> None:
    chance = np.random.default_rng(0)
    assert "not deterministic" in reason(reveal(lambda x: np.cumsum(chance.permutation(x))[-1], 20))


def test_a_box_that_gives_nan_is_said() -> None:
    assert "gives NaN" in reason(reveal(lambda x: F(np.nan), 5))
    assert "the answer is NaN" in reason(reveal(lambda x: F(np.nan) if abs(x).max() > 1e30 else x.sum(), 5))


def test_a_box_whose_order_depends_on_the_data_is_not_guessed() -> None:
    def box(x: Any) -> Any:
        return np.cumsum(x[::-1] if len(set(x.tolist())) == 12 else x)[-1]

    found = reveal(box, 12)
    assert "replay of sequential: vector" in reason(found)


def test_a_fused_adder_of_four_terms_is_said() -> None:
    def box(x: Any) -> Any:
        total = F(0)
        for i in range(0, 12, 4):
            total = F(float(total) + float(x[i]) + float(x[i + 1]) + float(x[i + 2]) + float(x[i + 3]))
        return total

    def truncating(x: Any) -> Any:  # aligns the terms of a step to the largest, and drops what lies below
        total = F(0)
        for i in range(0, 12, 4):
            part = np.append(x[i : i + 4], total).astype(np.float64)
            unit = 2.0 ** (np.frexp(abs(part).max())[1] - 24)
            total = F((np.trunc(part / unit) * unit).sum())
        return total

    assert "partial sums are wider than binary32" in reason(reveal(box, 12))
    assert "more than two operands" in reason(reveal(truncating, 12))


def test_what_is_no_sum_is_said() -> None:
    assert "not a sum of 6 terms" in reason(reveal(lambda x: x.max(), 6))
    assert "expected a whole number" in reason(reveal(lambda x: x.sum() + F(0.5 * (x.max() > 9)), 6))


def test_accumulators_of_two_widths_are_said() -> None:
    def box(x: Any) -> Any:
        first = F(x[:8].astype(np.float64).sum())
        return np.cumsum(np.append(first, x[8:]))[-1]

    assert "partial sums are wider than binary32, the others are not" in reason(reveal(box, 16))


def test_an_accumulator_narrower_than_binary32_is_said() -> None:
    def box(x: Any) -> Any:
        total = F(0)
        for term in x:
            total = F(np.float16(1)) * (total + term)
            total = (total.view(np.uint32) & np.uint32(0xFFFFFF00)).view(F)
        return total

    assert "bits: no schedule here says such an accumulator" in reason(reveal(box, 12))


def test_flushed_subnormals_are_said() -> None:
    smallest = np.finfo(F).tiny

    def box(x: Any) -> Any:
        return np.cumsum(np.where(abs(x) < smallest, F(0), x))[-1]

    found = reveal(box, 9)
    assert "(tiny" in reason(found)
    assert found.probes["subnormal terms"] == "flushed to zero"


def test_a_sum_of_minus_zeros_tells_what_it_starts_from() -> None:
    def box(x: Any) -> Any:
        return np.cumsum(x)[-1]

    assert reveal(box, 6, vectors=5).probes["a sum of -0 alone"] == "-0"
    assert "starts from +0" in reveal(lambda x: F(0) + box(x), 6, vectors=5).probes["a sum of -0 alone"]


def test_doubles_on_the_way_of_an_exact_sum_are_said() -> None:
    found = reveal("math.fsum", 30, vectors=20)
    assert str(found.schedule) == "exact"
    assert isinstance(found.evidence, Evidence)
    assert "rounded to binary64 first" in found.evidence.detail


def test_results_that_are_no_float32_are_refused() -> None:
    with pytest.raises(PayloadError, match="gave float64"):
        reveal(lambda x: float(x.sum()), 4)
    with pytest.raises(ShapeError, match=r"gave shape \(4,\)"):
        reveal(lambda x: x, 4)


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"numpy\.sum"):
        reveal("numpy.smu", 4)
    with pytest.raises(ShapeError, match="n=0"):
        reveal("numpy.sum", 0)
    with pytest.raises(ShapeError, match="no matrix product"):
        reveal("numpy.sum", 4, shape=(2, 2))
    with pytest.raises(ShapeError, match=r"element \(2, 0\)"):
        reveal("numpy.matmul", 4, shape=(2, 2), element=(2, 0))
    with pytest.raises(ShapeError, match="vectors=0"):
        reveal("numpy.sum", 4, vectors=0)
    with pytest.raises(ShapeError, match="knows how many"):
        reveal("numpy.sum", 4, operands=1)
    with pytest.raises(ShapeError, match="operands=3"):
        reveal(np.sum, 4, operands=3)


def test_one_term_and_two_terms_have_one_order() -> None:
    for n in (1, 2):
        assert reveal("numpy.sum", n, vectors=10).schedule == Sequential()


def test_what_was_found_is_plain_data() -> None:
    told = reveal("numpy.sum", 20, vectors=10).to_json()
    assert told["schedule"]["schedule"] == "numpy_pairwise"
    assert len(told["steps"]) == 19
    assert told["evidence"] == "TESTED 10"
