"""Why two runs differ: the node, the element, the terms and the first sum that is not the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fpsem
from fpsem.core.schedule import Pairwise, Reverse, Schedule, Sequential
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.report.parting import Parting, parting

ABSORBED = np.array([1e20, -1e20, 1], np.float32)


def ieee(schedule: Schedule | str) -> IEEE32Exec:
    return IEEE32Exec(schedule=schedule)


def test_a_sum_in_two_orders_parts_at_the_addition_that_absorbs() -> None:
    graph = fpsem.trace(lambda x: (-x).sum(axis=0).exp(), (3,))
    found = parting(graph, {}, ABSORBED, (ieee("sequential"), ieee("reverse")))
    assert found is not None
    assert (found.op, found.element, found.first_step) == ("sum", (), 0)
    assert [code for (code,) in found.terms] == (-ABSORBED).view(np.uint32).tolist()
    assert [str(step) for step in found.steps[1]] == [
        "add(0xbf800000, 0x60ad78ec) = 0x60ad78ec",
        "add(0x60ad78ec, 0xe0ad78ec) = 0x00000000",
    ]
    assert found.steps[0][-1].result == "0xbf800000"
    json.dumps(found.to_json())


def test_products_have_pairs_of_terms_and_the_last_steps_give_the_two_codes() -> None:
    rng = np.random.default_rng(3)
    graph = fpsem.trace(lambda a, b: (a @ b) * 2.0, (3, 40), (40, 5))
    inputs = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in graph.inputs.items()}
    found = parting(graph, {}, inputs, (ieee("sequential"), ieee("sequential:fused")))
    assert found is not None
    assert found.op == "matmul"
    row, column = found.element
    a, b = (x.view(np.uint32) for x in inputs.values())
    assert list(found.terms) == list(zip(a[row].tolist(), b[:, column].tolist(), strict=True))
    assert [int(steps[-1].result, 16) for steps in found.steps] == list(found.codes)
    assert found.steps[1][1].operation == "fma"


@pytest.mark.parametrize("op", ["softmax", "log_softmax", "mean"])
def test_the_sum_within_an_op_is_found(op: str) -> None:
    x = np.random.default_rng(0).standard_normal((4, 50)).astype(np.float32)
    graph = fpsem.trace(lambda x: getattr(x, op)(axis=-1), (4, 50))
    found = parting(graph, {}, x, (ieee(Sequential()), ieee(Pairwise())))
    assert found is not None
    assert len(found.terms) == 50
    assert found.first_step is not None
    before = found.first_step
    assert found.steps[0][:before] == found.steps[1][:before]
    assert found.steps[0][before] != found.steps[1][before]
    assert found.steps[0][-1].result != found.steps[1][-1].result


def test_what_comes_before_a_parting_has_the_same_bits() -> None:
    x = np.concatenate([ABSORBED, np.ones(5, np.float32)])
    graph = fpsem.trace(lambda x: (x[3:].sum(axis=0), x[:3].sum(axis=0)), (8,))
    found = parting(graph, {}, x, (ieee(Sequential()), ieee(Reverse())))
    assert found is not None
    assert found.node == graph.outputs[list(graph.outputs)[1]]


def test_the_same_bits_do_not_part_whatever_the_domain() -> None:
    x = np.random.default_rng(0).standard_normal((4, 9)).astype(np.float32)
    graph = fpsem.trace(lambda x: x.softmax(axis=-1), (4, 9))
    assert parting(graph, {}, x, (ieee(Sequential()), NumPyFloat32(elementary="correctly_rounded"))) is None


def test_an_elementwise_op_parts_without_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumPyFloat32, "exp", lambda self, x: np.nextafter(np.exp(x), np.float32(9)))
    graph = fpsem.trace(lambda x: x.exp(), (2,))
    found = parting(graph, {}, np.float32([0, 1]), (ieee(Sequential()), NumPyFloat32()), ("exact", "native"))
    assert found is not None
    assert (found.op, found.element, found.terms, found.first_step) == ("exp", (0,), (), None)
    assert found.domains == ("exact", "native")


def test_nans_count_as_one() -> None:
    x = np.array([np.inf, -np.inf, 1], np.float32)
    graph = fpsem.trace(lambda x: x.sum(axis=0), (3,))
    assert parting(graph, {}, x, (IEEE32Exec(), IEEE32Exec(nan="x86"))) is None


def test_compare_has_a_parting_for_each_later_schedule_of_a_domain() -> None:
    graph = fpsem.trace(lambda x: x.sum(axis=0), (3,))
    domains = [ieee("sequential"), fpsem.Real(), ieee("reverse"), ieee("sequential:fused")]
    found = fpsem.compare(graph, {}, ABSORBED, domains)
    (only,) = found.partings
    assert isinstance(only, Parting)
    assert only.domains == ("ieee32 sequential", "ieee32 reverse")
    assert found.to_json()["partings"] == [only.to_json()]


def test_a_library_of_its_own_order_is_told_no_steps() -> None:
    x = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    graph = fpsem.trace(lambda x: x.sum(axis=0), (1000,))
    found = parting(graph, {}, x, (NumPyFloat32(schedule="library"), NumPyFloat32(schedule="reverse")))
    assert found is not None
    assert (found.steps, found.first_step) == (((), ()), None)
    assert found.domains[0] == "numpy_float32 in an order of its own"


def test_a_sum_that_is_held_exactly_parts_where_the_noted_steps_of_one_end() -> None:
    x = np.random.default_rng(1).standard_normal((1, 20)).astype(np.float32)
    graph = fpsem.trace(lambda x: x @ x.transpose(), (1, 20))
    found = parting(graph, {}, x, (ieee("sequential"), ieee("exact")))
    assert found is not None
    assert found.first_step == len(found.steps[1]) == 20
