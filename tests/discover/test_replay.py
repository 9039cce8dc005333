"""Replay: the vectors, the schedule that is run, and the first disagreement."""

from __future__ import annotations

import numpy as np
import pytest

from fpsem.core.schedule import Pairwise, Reverse, Sequential
from fpsem.discover.box import BlackBox, Unclear
from fpsem.discover.replay import KINDS, bits, replay, sums, vectors


def test_the_same_seed_gives_the_same_vectors_and_another_gives_others() -> None:
    (first,), (again,), (other,) = vectors(9, 10), vectors(9, 10), vectors(9, 10, seed=1)
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("operands", [1, 2])
def test_no_vector_overflows_and_some_results_are_subnormal(operands: int) -> None:
    given = vectors(20, 100, operands)
    found = sums(Sequential(), given)
    assert np.isfinite(found).all()
    tiny = abs(found[list(KINDS).index("tiny") :: len(KINDS)])
    assert ((tiny > 0) & (tiny < np.finfo(np.float32).tiny)).any()


def test_orders_differ_on_the_vectors() -> None:
    given = vectors(20, 50)
    kinds = [(sums(Sequential(), given)[k::5] != sums(Pairwise(), given)[k::5]).mean() for k in range(4)]
    assert min(kinds) > 0.3


def test_the_first_disagreement_is_named() -> None:
    box = BlackBox("box", 12, lambda x: np.cumsum(x)[-1])
    with pytest.raises(Unclear, match=r"replay of reverse: vector \d+ \(\w+.*, seed 3\) gives 0x") as caught:
        replay(box, Reverse(), 50, seed=3)
    v = int(str(caught.value).split("vector ")[1].split()[0])
    (given,) = vectors(12, 50, seed=3)
    assert f"{bits(np.cumsum(given[v])[-1]):#010x}" in str(caught.value)


def test_one_answer_in_many_that_changes_is_found() -> None:
    calls = iter(range(10**9))

    def box(x: np.ndarray) -> np.float32:  # type: ignore[type-arg]
        return np.cumsum(x if next(calls) != 33 else x[::-1])[-1]  # type: ignore[no-any-return]

    with pytest.raises(Unclear, match="not deterministic"):
        replay(BlackBox("box", 12, box), Sequential(), 50)
