"""What notebooks show of graphs and tensors: well-formed, escaped, and with the values that there are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

import fpsem
from fpsem.graph.ir import Graph
from fpsem.graph.notebook import graph_html, tensor_html
from fpsem.graph.trace import Eager, Recorder, constant_tensor

BITS = Eager(fpsem.IEEE32Exec())


def cells_of(html: str) -> list[str]:
    return [e.text or "" for e in fromstring(html).iter() if e.tag == "td"]


def test_a_graph_is_listed_node_by_node_and_drawn(graph: Graph) -> None:
    pytest.importorskip("grandalf", reason="grandalf is not installed: it comes with the extra 'report'")
    html = graph_html(graph)
    cells = cells_of(html)
    assert cells[0::5] == [f"%{index}" for index in range(len(graph.nodes))]
    assert cells[1::5] == [node.op for node in graph.nodes]
    assert html.count("<svg") == 1


def test_without_grandalf_a_graph_is_listed_and_the_extra_is_named(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grandalf.graphs", None)
    html = graph_html(graph)
    assert "<svg" not in html
    assert "extra &#x27;report&#x27;" in html
    assert len(cells_of(html)) == 5 * len(graph.nodes)


def test_hostile_names_are_escaped(make_sample: Callable[..., Any]) -> None:
    html = graph_html(make_sample(("<script>x\x00\ud800", "<b>w", "&y"), "<i>label"))
    html.encode()
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_the_rows_of_a_long_graph_are_cut_and_counted() -> None:
    graph = Graph(fpsem.trace(lambda x: sum((x for _ in range(70)), x), (1,)).nodes, {"y": 70})
    assert "11 more rows" in graph_html(graph)


def test_a_recorded_tensor_says_its_shape_and_node() -> None:
    html = tensor_html(Recorder().input("x", (2, 3)).neg())
    assert "shape (2, 3), recorded as node %1" in html


@pytest.mark.parametrize("domain", [fpsem.Real(), fpsem.IEEE32Exec(), fpsem.NumPyFloat32(), fpsem.Interval()])
def test_a_computed_tensor_shows_its_values_and_domain(domain: Any) -> None:
    html = tensor_html(constant_tensor(Eager(domain), [[0.5, -2.0], [3.0, 0.25]]))
    assert cells_of(html) == ["0.5", "-2", "3", "0.25"]
    assert f"shape (2, 2) over <code>{domain.name}</code>" in html


def test_scalars_and_truths_are_shown() -> None:
    two = constant_tensor(BITS, [1.0, 2.0])
    assert cells_of(tensor_html(constant_tensor(BITS, 7.0))) == ["7"]
    assert cells_of(tensor_html(two.less(two + 0.0))) == ["False", "False"]


def test_large_tensors_are_cut_and_the_rest_is_counted() -> None:
    html = tensor_html(constant_tensor(BITS, np.ones((2, 20, 20))))
    assert len(cells_of(html)) == 12 * 13
    assert f"{800 - 144} more values" in html
