"""A Graph that exists is well formed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fpsem.core.errors import FpsemError, GraphError, ShapeError
from fpsem.graph.ir import Graph, Node
from fpsem.graph.trace import trace

X = Node("input", (), {"name": "x", "shape": (2, 3)}, (2, 3))


def relu(index: int = 0, shape: tuple[int, ...] = (2, 3), **changes: Any) -> Node:
    return dataclasses.replace(Node("relu", (index,), {}, shape), **changes)


def test_inputs_and_parameters_are_listed_in_order_of_appearance(graph: Graph) -> None:
    assert dict(graph.inputs) == {"x": (2, 3)}
    assert dict(graph.parameters) == {"w": (4, 3)}


def test_a_graph_cannot_be_changed(graph: Graph) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.nodes = ()  # type: ignore[misc]
    for mapping in (graph.outputs, graph.inputs, graph.nodes[0].attributes):
        with pytest.raises(TypeError):
            mapping["z"] = 1  # type: ignore[index]


REFUSED: list[tuple[list[Node], dict[str, Any], type[FpsemError], str]] = [
    ([X], {}, GraphError, "at least one output"),
    ([X], {"y": 1}, GraphError, r"output 'y' names node %1, but there are 1 nodes"),
    ([X], {"y": -1}, GraphError, "output 'y'"),
    ([X], {"y": True}, GraphError, "output 'y'"),
    ([relu(0)], {"y": 0}, GraphError, "input %0 does not come before it"),
    ([X, relu(-1)], {"y": 1}, GraphError, "input %-1 does not come before it"),
    ([X, X], {"y": 0}, GraphError, "used twice: x"),
    ([X, relu(shape=(3, 2))], {"y": 1}, ShapeError, r"shape \(3, 2\) is declared, its rule gives \(2, 3\)"),
    ([X, relu(op="rleu")], {"y": 1}, GraphError, "Did you mean 'relu'"),
    ([X, relu(attributes={"axis": 1})], {"y": 1}, GraphError, "no attribute 'axis'"),
    ([X, relu(attributes={"x": (1,)}, inputs=())], {"y": 1}, GraphError, "no attribute 'x'"),
    ([X, relu(inputs=(0, 0))], {"y": 1}, GraphError, "too many positional arguments"),
    ([X, relu(inputs=())], {"y": 1}, GraphError, "missing a required argument"),
    ([Node("input", (), {"name": "x", "shape": (2, 0)}, (2, 0))], {"y": 0}, ShapeError, "at least 1"),
    ([Node("input", (), {"name": "x", "shape": (2**62, 2)}, (2**62, 2))], {"y": 0}, ShapeError, "below 2"),
]


@pytest.mark.parametrize(("nodes", "outputs", "error", "told"), REFUSED)
def test_a_malformed_graph_is_refused(nodes: list[Node], outputs: dict[str, Any], error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        Graph(tuple(nodes), outputs)


def test_attributes_are_completed_so_that_equal_graphs_compare_equal() -> None:
    short = Graph((X, Node("sum", (0,), {"axis": [1]}, (2,))), {"y": 1})  # type: ignore[dict-item]
    full = Graph((X, Node("sum", (0,), {"keepdims": False, "axis": (1,)}, (2,))), {"y": 1})
    assert short == full
    assert hash(short) == hash(full)
    assert list(short.nodes[1].attributes) == ["axis", "keepdims"]


def test_the_order_of_outputs_does_not_matter_to_equality() -> None:
    one, other = Graph((X, relu()), {"a": 0, "b": 1}), Graph((X, relu()), {"b": 1, "a": 0})
    assert one == other
    assert hash(one) == hash(other)


def test_a_value_is_used_last_by_its_last_reader_or_itself_and_an_output_never() -> None:
    graph = Graph((X, relu(0), relu(0), relu(1)), {"y": 3})
    assert graph.last_uses == ((), (), (0, 2), (1,))


def test_a_node_is_called_by_its_name_its_label_or_its_op_and_index() -> None:
    graph = Graph((X, relu(0), relu(0, label="0.ReLU")), {"y": 2})
    assert [graph.name_of(i) for i in range(3)] == ["x", "relu_1", "0.ReLU"]


def test_a_graph_of_nodes_that_were_made_is_that_of_nodes_that_are_checked() -> None:
    checked = trace(lambda x: (x * 2.0).relu() + x, (3,))
    made = Graph.of_made(checked.nodes, checked.outputs)
    assert (made, made.inputs, made.last_uses) == (checked, checked.inputs, checked.last_uses)
    for outputs in ({}, {"y": 99}, {"y": -1}):
        with pytest.raises(GraphError):
            Graph.of_made(checked.nodes, outputs)
    with pytest.raises(GraphError):
        Graph.of_made([checked.nodes[0], checked.nodes[0]], {"y": 0})
