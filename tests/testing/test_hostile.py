from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem.core.protocol import ARITHMETIC, ELEMENTARY, ScalarDomain, exact_array
from fpsem.core.schedule import Sequential
from fpsem.testing import HostileDomain

TRUTHS = ("less", "less_equal", "equal", "is_nan", "is_finite")


@pytest.fixture
def hostile(numpy_reference: type) -> HostileDomain:
    return HostileDomain(numpy_reference())


def truths(domain: ScalarDomain) -> Any:
    return domain.less(domain.constant(exact_array([1, 2, 3])), domain.constant(exact_array(2)))


@pytest.mark.parametrize(
    "ask",
    [
        lambda truth: bool(truth[0]),
        lambda truth: truth.any(),
        lambda truth: truth.all(),
        lambda truth: np.where(truth, 1, 0),
        lambda truth: np.array([1, 2, 3])[truth],
        lambda truth: ~truth,
        lambda truth: truth & truth,
        lambda truth: truth[0] == truth[1],
        lambda truth: truth.astype(bool),
        lambda truth: [x for x in truth if x],
    ],
)
def test_a_truth_that_is_asked_for_its_bool_raises(ask: Any, hostile: HostileDomain) -> None:
    with pytest.raises((TypeError, IndexError)):
        ask(truths(hostile))


def test_a_truth_can_be_moved_and_chosen_by(hostile: HostileDomain) -> None:
    one, zero = hostile.constant(exact_array(1)), hostile.constant(exact_array(0))
    moved = np.broadcast_to(truths(hostile)[::-1].reshape(3, 1), (3, 2))
    assert hostile.to_float(hostile.select(moved, one, zero)).tolist() == [[0, 0], [0, 0], [1, 1]]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,)])
def test_truths_of_any_shape_can_be_chosen_by(shape: tuple[int, ...], hostile: HostileDomain) -> None:
    x = hostile.constant(exact_array(np.full(shape, 1, dtype=object)))
    assert np.shape(hostile.select(hostile.equal(x, x), x, x)) == shape


@pytest.mark.parametrize("name", TRUTHS)
def test_every_truth_is_guarded(name: str, hostile: HostileDomain) -> None:
    operand = hostile.constant(exact_array([1, 2]))
    compute = getattr(hostile, name)
    truth = compute(operand) if name.startswith("is_") else compute(operand, operand)
    with pytest.raises(TypeError, match="asked for its bool"):
        bool(truth[0])


def test_calls_are_counted_by_primitive(hostile: HostileDomain) -> None:
    x = hostile.constant(exact_array([1, 2]))
    for name, arity in {**ARITHMETIC, **dict.fromkeys(ELEMENTARY, 1)}.items():
        getattr(hostile, name)(*[x] * arity)
    hostile.select(hostile.less(x, x), hostile.cast(hostile.add(x, x), "binary16"), x)
    assert hostile.calls == {**dict.fromkeys((*ARITHMETIC, *ELEMENTARY, "less", "cast", "select"), 1), "add": 2}


@pytest.mark.parametrize("perturb_at", range(3))
def test_one_result_is_spoilt(perturb_at: int, numpy_reference: type) -> None:
    hostile = HostileDomain(numpy_reference(), perturb_at)
    x = hostile.constant(exact_array([1, 2]))
    results = [hostile.add(x, x), hostile.exp(x), hostile.neg(x)]
    right = [hostile.inner.add(x, x), hostile.inner.exp(x), hostile.inner.neg(x)]
    differences = [(hostile.to_float(a) - hostile.to_float(b)).round(3).tolist() for a, b in zip(results, right)]
    assert differences == [[1, 1] if k == perturb_at else [0, 0] for k in range(3)]


def test_it_is_the_inner_domain_in_all_else(hostile: HostileDomain) -> None:
    assert hostile.contract == hostile.inner.contract
    assert hostile.schedule == Sequential()
    assert hostile.name == "hostile reference"
    assert hostile.refine([]) is None
    assert hostile.overrides == {}


def test_a_refined_domain_is_hostile_too_and_counts_on(numpy_reference: type) -> None:
    sharper = numpy_reference(name="sharper")
    inner = type("Refined", (numpy_reference,), {"refine": lambda self, outputs: sharper})()
    hostile = HostileDomain(inner, perturb_at=5)
    refined = hostile.refine([])
    assert isinstance(refined, HostileDomain)
    assert refined.inner is sharper
    assert refined.calls is hostile.calls
    assert refined.perturb_at == 5
