"""JSON is read back exactly, and whatever else it holds is refused with FileFormatError."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import FileFormatError
from fpsem.graph.ir import Graph
from fpsem.graph.serialize import FORMAT, from_json, to_json


def test_a_graph_is_read_back_as_it_was(graph: Graph) -> None:
    again = from_json(json.loads(json.dumps(to_json(graph))))
    assert again == graph
    assert [node.label for node in again.nodes] == [node.label for node in graph.nodes]


def test_the_format_names_itself(graph: Graph) -> None:
    assert FORMAT == "fpsem.ir.v1"
    assert to_json(graph)["format"] == FORMAT


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inside for place in places(value, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    made = copy.copy(data)
    made[path[0]] = replaced(data[path[0]], path[1:], value)
    return made


HOSTILE = [
    None, True, -1, 7, 0.5, 10**40, float("nan"), "", "relu", "x", [], [0], [-1], [10**40], ["0x1p0"], [[]], {},
    {"x": [1]}, {"axis": 0}, {"name": "x", "shape": [1]},
]  # fmt: skip


def test_no_single_replacement_gets_anything_but_a_graph_or_a_refusal(make_sample: Callable[..., Any]) -> None:
    data = json.loads(json.dumps(to_json(make_sample())))
    for path in places(data):
        for value in HOSTILE:
            with contextlib.suppress(FileFormatError):
                assert isinstance(from_json(replaced(data, path, value)), Graph)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["nodes", "outputs", "format"]))
def test_no_json_gets_anything_but_a_graph_or_a_refusal(value: Any, key: str) -> None:
    for data in (value, {"format": FORMAT, "nodes": [], "outputs": {}, key: value}):
        with pytest.raises(FileFormatError):
            from_json(data)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("format",), "fpsem.ir.v2", "not a graph of format 'fpsem.ir.v1'"),
        (("nodes",), {}, "'nodes' is not a list"),
        (("outputs",), [], "'outputs' is not an object"),
        (("nodes", 2, "op"), 3, "node %2 is not an object with an 'op'"),
        (("nodes", 2, "inputs"), [0.0, 1], "node %2: 'inputs' is not a list of integers"),
        (("nodes", 2, "label"), 3, "node %2: 'label' is not a string"),
        (("nodes", 3, "attributes"), [], "node %3: 'attributes' is not an object"),
        (("nodes", 2, "inputs"), [0, 2], "node %2 .*does not come before it"),
    ],
)
def test_what_is_wrong_and_where_is_said(graph: Graph, path: tuple[Any, ...], value: Any, told: str) -> None:
    data = json.loads(json.dumps(to_json(graph)))
    with pytest.raises(FileFormatError, match=told):
        from_json(replaced(data, path, value))
