"""A simplified graph computes the same values with fewer nodes: what nobody reads is gone, what is said twice is said once."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fpsem.domains import IEEE32Exec
from fpsem.graph.denote import denote
from fpsem.graph.ir import Graph
from fpsem.graph.simplify import simplified
from fpsem.graph.trace import Recorder, Tensor, labelled

UNARY = ("neg", "abs", "relu", "sqrt")
BINARY = ("add", "sub", "mul", "div", "minimum", "maximum")
LEAVES = 3


@st.composite
def graphs(draw: Any) -> Graph:
    """Random operations over two inputs, a parameter and constants; some of the values are outputs."""
    recorder = Recorder()
    values: list[Tensor] = [recorder.input("a", (2,)), recorder.parameter("w", (2,)), recorder.input("b", (2,))]
    for _ in range(draw(st.integers(1, 14))):
        x, y = (draw(st.sampled_from(values)) for _ in range(2))
        op = draw(st.sampled_from((*UNARY, *BINARY, "constant", "clip")))
        with labelled(recorder, draw(st.sampled_from(("p", "q")))):
            if op == "constant":
                values.append(x.constant_like(draw(st.sampled_from((0.0, -0.0, 1.0, -2.5)))))
            elif op == "clip":
                values.append(x.clip(low=draw(st.sampled_from((-1.0, 0.5)))))
            else:
                values.append(x.apply(op) if op in UNARY else x.apply(op, y))
    outputs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return recorder.finish({f"y{i}": value for i, value in enumerate(outputs)})


def keys(graph: Graph) -> list[Any]:
    return [(node.op, node.inputs, tuple(node.attributes.items())) for node in graph.nodes]


def needed(graph: Graph) -> set[int]:
    """The indices that outputs depend on, by a walk from these."""
    found: set[int] = set()
    waiting = list(graph.outputs.values())
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting.extend(graph.nodes[index].inputs)
    return found


@given(graphs(), st.integers(0, 2**32 - 1))
def test_values_are_unchanged_bit_for_bit(graph: Graph, seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b, w = random.standard_normal((3, 2)).astype(np.float32)
    a[0] = random.choice(np.float32([0.0, -0.0, np.inf, np.nan]))
    small, domain = simplified(graph.nodes, graph.outputs), IEEE32Exec()
    before, after = (denote(g, {"w": w}, {"a": a, "b": b}, domain) for g in (graph, small))
    assert list(after) == list(before)
    assert all(np.array_equal(after[name], before[name]) for name in before)


@given(graphs())
def test_no_node_is_said_twice_and_none_is_useless(graph: Graph) -> None:
    small = simplified(graph.nodes, graph.outputs)
    assert len(set(keys(small))) == len(small.nodes)
    leaves = {i for i in range(len(small.nodes)) if small.op(i).is_leaf}
    assert needed(small) | leaves == set(range(len(small.nodes)))
    assert len(small.nodes) <= len(graph.nodes)


@given(graphs())
def test_leaves_keep_their_names_shapes_and_order(graph: Graph) -> None:
    small = simplified(graph.nodes, graph.outputs)
    assert (dict(small.inputs), list(small.inputs)) == ({"a": (2,), "b": (2,)}, ["a", "b"])
    assert dict(small.parameters) == {"w": (2,)}


@given(graphs())
def test_what_is_simple_stays_as_it_is(graph: Graph) -> None:
    small = simplified(graph.nodes, graph.outputs)
    assert simplified(small.nodes, small.outputs) == small


def test_equal_nodes_become_one_with_the_first_ones_label() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2,))
    with labelled(recorder, "first"):
        one = x.exp() + 1.0
    with labelled(recorder, "second"):
        two = x.exp() + 1.0
        x.log()
    graph = recorder.finish({"one": one, "two": two})
    small = simplified(graph.nodes, graph.outputs)
    assert [node.op for node in small.nodes if node.inputs] == ["exp", "broadcast_to", "add"]
    assert small.outputs["one"] == small.outputs["two"]
    assert {node.label for node in small.nodes} == {"", "first"}


def test_numbers_of_other_signs_of_zero_and_other_attributes_stay_apart() -> None:
    recorder = Recorder()
    x = recorder.input("x", (2, 2))
    outputs = [x.constant_like(0.0), x.constant_like(-0.0), x.sum(axis=0), x.sum(axis=1), x - x.T, x.T - x]
    graph = recorder.finish({str(i): value for i, value in enumerate(outputs)})
    small = simplified(graph.nodes, graph.outputs)
    assert len(set(small.outputs.values())) == len(outputs)
