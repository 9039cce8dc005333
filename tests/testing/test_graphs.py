"""Random graphs: every op is drawn or excluded with its reason, and what is drawn can be run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fpsem.core.errors import UnknownNameError
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.graph.denote import run
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import trace
from fpsem.testing import SmallGraph, boxes, inputs_in, small_graphs
from fpsem.testing.recipes import EXCLUDED, GUARDS, RECIPES, drawn_ops

QUICK = settings(max_examples=500, database=None, derandomize=True)


def has(small: SmallGraph, op: str) -> bool:
    return any(node.op == op for node in small.graph.nodes)


@pytest.mark.parametrize("op", drawn_ops())
def test_every_op_that_is_not_excluded_is_drawn(op: str) -> None:
    @settings(max_examples=15, derandomize=True, database=None, phases=[Phase.generate])
    @given(small_graphs([op], max_ops=2))
    def trial(small: SmallGraph) -> None:
        assert has(small, op)

    trial()


def test_the_tables_name_ops_that_there_are_and_no_op_twice() -> None:
    assert (RECIPES.keys() | EXCLUDED.keys() | GUARDS.keys()) - set(names()) == set()
    assert RECIPES.keys() & EXCLUDED.keys() == set()
    assert RECIPES.keys() & GUARDS.keys() == set()


def test_only_leaves_and_ops_of_integers_are_excluded() -> None:
    takers = {name for name in names() if any(op_named(name).input_sort(i).name == "INTEGER" for i in range(3))}
    leaves = {name for name in names() if op_named(name).is_leaf}
    assert EXCLUDED.keys() == takers | leaves
    assert all(EXCLUDED.values())


def test_every_op_without_a_recipe_is_elementwise() -> None:
    plain = set(drawn_ops()) - RECIPES.keys()
    assert [name for name in plain if op_named(name).attributes or op_named(name).max_inputs == float("inf")] == []


@given(data=st.data())
def test_a_random_graph_runs_on_its_payload(data: st.DataObject) -> None:
    small = data.draw(small_graphs())
    assert dict(small.graph.inputs) == {"x": small.shape}
    assert {name: tensor.shape for name, tensor in small.payload.items()} == dict(small.graph.parameters)
    x = data.draw(inputs_in(data.draw(boxes(small.shape, max_magnitude=4))))
    run(small.graph, small.payload, x, IEEE32Exec())


def test_values_are_mostly_numbers() -> None:
    finite: list[bool] = []

    @settings(max_examples=200, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.data())
    def trial(data: st.DataObject) -> None:
        small = data.draw(small_graphs())
        domain = IEEE32Exec()
        x = np.full(small.shape, 0.75, np.float32)
        finite.append(bool(np.isfinite(domain.to_float(run(small.graph, small.payload, x, domain))).all()))

    trial()
    assert sum(finite) > 0.9 * len(finite), f"{sum(finite)} of {len(finite)}"


def test_a_graph_shrinks_to_one_op_and_is_shown_as_text() -> None:
    small = find(small_graphs(), lambda small: has(small, "tanh"), settings=settings(max_examples=5000, derandomize=True))
    assert [node.op for node in small.graph.nodes] == ["input", "tanh"]
    assert repr(small).splitlines()[1].startswith("%1 = tanh(%0)")


def test_parameters_are_shown_in_bits() -> None:
    graph = trace(lambda x: x + 1, (1,))
    small = SmallGraph(graph, {"p": np.zeros(1, np.float32)}, (1,))
    assert "0x00000000 (0x0.0p+0) = 0.0" in repr(small)


def test_an_excluded_or_unknown_op_is_refused() -> None:
    for name in ("gather", "sotfmax"):
        with pytest.raises(UnknownNameError, match=f"unknown op of random graphs '{name}'"):
            find(small_graphs([name]), lambda small: True, settings=QUICK)
