"""The error bound that holds for every order of a sum: no tree is beyond it, and the worst one is near."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import ScheduleError
from fpsem.core.region import Box
from fpsem.core.schedule import SCHEDULES, AnyOrder, Schedule, Tree, schedule_of
from fpsem.domains.error_bound import ErrorBound
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.interval import Interval
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import run
from fpsem.graph.trace import trace

ANY = ErrorBound("any")


def summed(x: np.ndarray, domain: Any) -> Any:
    return run(trace(lambda t: t.sum(), x.shape), {}, x, domain)


def product(x: np.ndarray, y: np.ndarray, domain: Any) -> Any:
    graph = trace(lambda a, b: a @ b, (1, len(x)), (len(x), 1))
    return run(graph, {}, dict(zip(graph.inputs, (x[None], y[:, None]))), domain)[0, 0]


@st.composite
def trees(draw: Any, n: int) -> Schedule:
    """Any tree over any order of n terms."""
    nodes: list[Any] = list(draw(st.permutations(range(n))))
    while len(nodes) > 1:
        left = nodes.pop(draw(st.integers(0, len(nodes) - 1)))
        right = nodes.pop(draw(st.integers(0, len(nodes) - 1)))
        nodes.append((left, right))
    return Tree(fused=draw(st.booleans()), pairs=nodes[0])


@st.composite
def terms(draw: Any) -> np.ndarray:
    """Two to nine numbers, of sizes near or far, tiny ones among them."""
    spread = draw(st.sampled_from([0, 2, 30, 140]))
    part = st.tuples(st.integers(-(2**24), 2**24), st.integers(-spread, 0))
    return np.array([np.ldexp(np.float32(m), e - 24) for m, e in draw(st.lists(part, min_size=2, max_size=9))], np.float32)


@given(st.data())
def test_no_tree_of_a_sum_is_beyond_the_bound(data: st.DataObject) -> None:
    x = data.draw(terms())
    got = summed(x, IEEE32Exec(schedule=data.draw(trees(len(x)))))
    away = abs(Fraction(float(IEEE32Exec().to_float(got))) - sum(map(Fraction, map(float, x))))
    bound = summed(x, ANY)
    assert away <= Fraction(float(bound["err"]))
    assert bound["flo"] <= float(IEEE32Exec().to_float(got)) <= bound["fhi"]


@given(st.data())
def test_no_tree_of_products_fused_or_not_is_beyond_the_bound(data: st.DataObject) -> None:
    x = data.draw(terms())
    y = np.resize(data.draw(terms()), x.shape)
    got = product(x, y, IEEE32Exec(schedule=data.draw(trees(len(x)))))
    exact = sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(x, y))
    assert abs(Fraction(float(IEEE32Exec().to_float(got))) - exact) <= Fraction(float(product(x, y, ANY)["err"]))


@given(st.data())
def test_every_schedule_has_a_bound_of_its_own_that_may_be_less(data: st.DataObject) -> None:
    x = data.draw(terms())
    own = summed(x, ErrorBound(data.draw(trees(len(x)))))["err"]
    assert own <= summed(x, ANY)["err"] * (1 + 2.0**-20)


def test_the_worst_order_comes_near() -> None:
    x = np.array([1] + [2.0**-24 * (1 + 2.0**-20)] * 255, np.float32)
    worst = IEEE32Exec().to_float(summed(x, IEEE32Exec()))
    away = float(abs(Fraction(float(worst)) - sum(map(Fraction, map(float, x)))))
    assert 0.9 * summed(x, ANY)["err"] <= away <= summed(x, ANY)["err"]


def test_a_product_of_512_terms_has_nearly_the_bound_of_a_plain_loop() -> None:
    graph = trace(lambda a, b: a @ b, (1, 512), (512, 1))
    ones = [Box(-np.ones(shape, np.float32), np.ones(shape, np.float32)) for shape in ((1, 512), (512, 1))]
    found = [
        run(graph, {}, {n: ErrorBound(s).box(b) for n, b in zip(graph.inputs, ones)}, ErrorBound(s))["err"].item()
        for s in ("sequential", "any")
    ]
    assert found[0] < found[1] < 5.3e-3


def test_sums_of_integers_are_exact_in_every_order() -> None:
    x = np.arange(-40, 60, dtype=np.float32)
    assert summed(x, ANY)["err"] == 0


def test_a_partial_sum_that_may_overflow_has_no_bound() -> None:
    big = np.float32(2.0**127)
    x = np.array([big, big, -big, -big], np.float32)
    assert np.isinf(summed(x, ANY)["err"])
    assert summed(np.array([big, -big], np.float32), ANY)["err"] < np.inf


@pytest.mark.parametrize("domain", [IEEE32Exec, SymbolicFP32, lambda schedule: Interval("binary32", schedule)])
@pytest.mark.parametrize("every", ["any", AnyOrder()])
def test_what_executes_takes_one_order(domain: Any, every: Any) -> None:
    with pytest.raises(ScheduleError, match="every order is none to run in"):
        domain(schedule=every)


def test_every_order_is_no_kind_of_order() -> None:
    assert AnyOrder.name not in SCHEDULES
    with pytest.raises(ScheduleError, match="takes no parameters"):
        AnyOrder(fused=True)
    with pytest.raises(ScheduleError, match="no tree"):
        AnyOrder().steps(3)
    with pytest.raises(ScheduleError):
        schedule_of("any")
