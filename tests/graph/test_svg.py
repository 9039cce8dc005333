"""A drawing is well-formed XML that has every node, every edge and every name, and obeys none of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from fpsem.core.errors import GraphError, MissingExtraError
from fpsem.graph.ir import Graph
from fpsem.graph.svg import MOST_NODES, printable, to_svg
from fpsem.graph.trace import Tensor, trace

pytest.importorskip("grandalf", reason="grandalf is not installed: it comes with the extra 'report'")

HOSTILE = "\x00\x1b\u202e\ud800&<script>x</script>\"'"


def nodes_of(root: Element) -> dict[int, Element]:
    return {int(e.get("data-node", "")): e for e in root.iter() if e.get("data-node")}


def texts_of(element: Element) -> list[str]:
    return ["".join(e.itertext()) for e in element.iter() if e.tag.endswith("}text")]


def boxes_of(root: Element) -> list[tuple[float, float, float, float]]:
    boxes = [e for e in root.iter() if e.get("class") == "box"]
    return [tuple(float(e.get(side, "")) for side in ("x", "y", "width", "height")) for e in boxes]  # type: ignore[misc]


def chain(length: int) -> Graph:
    def function(x: Tensor) -> Tensor:
        for _ in range(length - 1):
            x = x.neg()
        return x

    return trace(function, (1,))


def test_every_node_is_drawn_with_its_op_number_name_and_shape(graph: Graph) -> None:
    drawn = nodes_of(fromstring(to_svg(graph)))
    assert sorted(drawn) == list(range(len(graph.nodes)))
    for index, node in enumerate(graph.nodes):
        texts = texts_of(drawn[index])
        assert texts[0] == f"{node.op}%{index}"
        assert ("x".join(map(str, node.shape)) or "scalar") in texts
        assert str(node.attributes.get("name", texts[0])) in texts


def test_every_edge_is_drawn_once_for_each_time_that_it_is_read() -> None:
    graph = trace(lambda x: x * x + x, (2,))
    edges = sorted(e.get("data-edge", "") for e in fromstring(to_svg(graph)).iter() if e.get("data-edge"))
    assert edges == ["0-1", "0-1", "0-2", "1-2"]


def test_edges_run_down_from_the_border_of_one_box_to_that_of_the_other() -> None:
    graph = trace(lambda x: x.softmax(axis=1).exp().neg() + x * x, (2, 3))
    root = fromstring(to_svg(graph))
    boxes = dict(zip(nodes_of(root), boxes_of(root)))
    for edge in (e for e in root.iter() if e.get("data-edge")):
        points = [tuple(map(float, p.split(","))) for p in re.findall(r"[\d.]+,[\d.]+", edge.get("d", ""))][::3]
        source, reader = (boxes[int(i)] for i in edge.get("data-edge", "").split("-"))
        assert all(above[1] < below[1] for above, below in pairwise(points))
        assert source[0] < points[0][0] < source[0] + source[2]
        assert points[0][1] == pytest.approx(source[1] + source[3])
        assert reader[0] < points[-1][0] < reader[0] + reader[2]
        assert 0 < reader[1] - points[-1][1] < 12


def test_leaves_are_tinted_and_outputs_have_a_double_border(graph: Graph) -> None:
    for index, drawn in nodes_of(fromstring(to_svg(graph))).items():
        kinds = drawn.get("class", "").split()
        assert ("leaf" in kinds) == graph.op(index).is_leaf
        borders = [e for e in drawn if e.get("class") == "border"]
        assert ("out" in kinds) == bool(borders) == (index in graph.outputs.values())


def test_no_box_covers_another_and_none_is_outside(graph: Graph) -> None:
    two = trace(lambda x, y: (x.softmax(axis=1) + x, y.neg()), (2, 3), (1, 1))
    for drawn in (graph, two, chain(30)):
        root = fromstring(to_svg(drawn))
        boxes = boxes_of(root)
        for place, (x, y, width, height) in enumerate(boxes):
            assert 0 <= x <= x + width <= float(root.get("width", ""))
            assert 0 <= y <= y + height <= float(root.get("height", ""))
            for left, top, right, bottom in boxes[:place]:
                assert x >= left + right or left >= x + width or y >= top + bottom or top >= y + height


def test_every_node_is_below_its_inputs_and_a_leaf_just_above_its_reader() -> None:
    graph = trace(lambda x, late: x.neg().neg().neg() + late, (1,), (1,))
    centres = [y + height / 2 for _, y, _, height in boxes_of(fromstring(to_svg(graph)))]
    for index, node in enumerate(graph.nodes):
        assert all(centres[i] < centres[index] for i in node.inputs)
    assert centres[1] == centres[4]  # late stands beside the last negation


def test_notes_and_heat_are_on_the_nodes_that_they_name(graph: Graph) -> None:
    drawn = nodes_of(fromstring(to_svg(graph, {2: "3 ulp"}, {2: 1.0, 3: 0.5, 4: 0.0})))
    assert [index for index, e in drawn.items() if "3 ulp" in texts_of(e)] == [2]
    heat = {index: float(part.get("fill-opacity", "")) for index, e in drawn.items() for part in e if part.get("class") == "heat"}
    assert sorted(heat) == [2, 3]
    assert heat[2] > heat[3] > 0


@pytest.mark.parametrize(
    ("notes", "heat", "told"),
    [({99: "x"}, {}, "node %99"), ({}, {-1: 0.5}, "node %-1"), ({}, {0: 1.5}, "heat 1.5"), ({}, {0: float("nan")}, "heat nan")],
)
def test_what_cannot_be_drawn_is_refused(graph: Graph, notes: Any, heat: Any, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        to_svg(graph, notes, heat)


def test_hostile_names_are_shown_and_not_obeyed(make_sample: Callable[..., Any]) -> None:
    written = to_svg(make_sample((HOSTILE, HOSTILE + "w", HOSTILE + "y"), HOSTILE), {0: HOSTILE})
    root = fromstring(written.encode())
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "<script" not in written
    assert printable(HOSTILE) == 4 * "\N{REPLACEMENT CHARACTER}" + HOSTILE[4:]
    assert printable(HOSTILE) in texts_of(root)


def test_long_names_are_clipped_in_the_box_and_whole_in_its_title(make_sample: Callable[..., Any]) -> None:
    drawn = nodes_of(fromstring(to_svg(make_sample(("x" * 500, "w", "y")))))
    assert max(map(len, texts_of(drawn[0]))) <= 30
    assert "x" * 500 in "".join(drawn[0][0].itertext())


def test_the_same_graph_gives_the_same_drawing_and_nothing_is_fetched(graph: Graph) -> None:
    written = to_svg(graph)
    assert written == to_svg(graph)
    assert written.count("http") == written.count('xmlns="http://www.w3.org/2000/svg"') == 1


def test_hundreds_of_nodes_are_drawn_and_more_than_the_most_refused() -> None:
    drawn = fromstring(to_svg(chain(MOST_NODES)))
    assert len(nodes_of(drawn)) == MOST_NODES
    assert all(above[1] < below[1] for above, below in pairwise(boxes_of(drawn)))
    with pytest.raises(GraphError, match=f"{MOST_NODES + 1} nodes, a drawing takes at most {MOST_NODES}"):
        to_svg(chain(MOST_NODES + 1))


def test_without_grandalf_the_extra_is_named(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grandalf.graphs", None)
    with pytest.raises(MissingExtraError, match="'report'"):
        to_svg(graph)
