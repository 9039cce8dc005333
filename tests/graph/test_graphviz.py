"""DOT source that Graphviz reads: every node, every edge, every name, quoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fpsem.graph.graphviz import to_dot
from fpsem.graph.ir import Graph


def test_every_node_and_every_edge_is_drawn(graph: Graph) -> None:
    lines = to_dot(graph).splitlines()
    assert lines[0] == "digraph fpsem {"
    assert lines[-1] == "}"
    for index, node in enumerate(graph.nodes):
        assert sum(line.startswith(f"  n{index} [") for line in lines) == 1
        for i in node.inputs:
            assert f"  n{i} -> n{index};" in lines


def test_leaves_are_filled_and_outputs_have_a_double_border_and_all_their_names(graph: Graph) -> None:
    lines = to_dot(graph).splitlines()
    assert '  n0 [label="input\\nx\\n2x3", fillcolor=lightblue, peripheries=1];' in lines
    total = next(line for line in lines if line.startswith(f"  n{graph.outputs['same']} ["))
    assert "peripheries=2" in total
    assert "output y\\noutput same\\n" in total


def test_names_are_quoted(make_sample: Callable[..., Any]) -> None:
    drawn = to_dot(make_sample(('"; x', "größe", "y")))
    assert '[label="input\\n\\"; x\\n' in drawn
    assert "größe" in drawn
