"""Text is read back exactly, and what is not a graph is refused by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import GraphError
from fpsem.graph.ir import Graph
from fpsem.graph.text import parse_graph, print_graph

TEXT = """\
%0 = input() {"name": "x", "shape": [1, 2]} : [1, 2]
%1 = relu(%0) : [1, 2]  # 0.ReLU
%2 = concat(%0, %1) {"axis": 0} : [2, 2]
return {"y": 2}"""


def test_the_text_is_as_documented() -> None:
    assert print_graph(parse_graph(TEXT)) == TEXT
    assert str(parse_graph(TEXT)) == TEXT


def test_a_graph_is_read_back_as_it_was(graph: Graph) -> None:
    assert parse_graph(print_graph(graph)) == graph


@given(names=st.tuples(st.text("x'"), st.text("y'\n# :{}"), st.text()).filter(lambda n: n[0] != n[1]), label=st.text())
def test_any_names_and_labels_are_read_back(make_sample: Callable[..., Any], names: Any, label: str) -> None:
    graph = make_sample(names, label)
    assert parse_graph(print_graph(graph)) == graph


def test_blank_lines_and_indentation_do_not_matter() -> None:
    assert parse_graph("\n\n  " + TEXT.replace("\n", "\n\n   ") + "\n") == parse_graph(TEXT)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (TEXT, "", "the last line must be 'return"),
        ('return {"y": 2}', "", "the last line must be 'return"),
        ('{"y": 2}', "[2]", "not an object"),
        ('{"y": 2}', "{", "not JSON"),
        ("%1 =", "%3 =", "line 2 is not node %1"),
        ("relu(%0)", "relu(%0", "line 2 is not node %1"),
        ("relu(%0)", "relu(0)", "line 2 is not node %1"),
        ('{"axis": 0}', '{"axis" 0}', "not JSON"),
        ("0.ReLU", '0."ReLU', "not JSON"),
        ("[1, 2]  #", "[1, 2,]  #", "not JSON"),
        ("relu", "rleu", "Did you mean 'relu'"),
        ('{"axis": 0}', '{"axis": ' + "[" * 100_000 + "}", "not JSON"),
    ],
)
def test_what_is_not_a_graph_is_refused(old: str, new: str, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        parse_graph(TEXT.replace(old, new))
