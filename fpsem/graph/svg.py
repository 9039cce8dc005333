"""A graph as an SVG drawing, laid out in layers: no script, nothing fetched, light or dark as its reader prefers.

Each node is a box with its op, its names and its shape; leaves are tinted and stand just above their first reader, outputs have
a double border. A box may carry a line of text and be as warm as a number between 0 and 1 says. Whatever a name holds is shown,
never obeyed: the document is built as a tree and escaped when it is written.

Not here: folding. A graph of more than ``MOST_NODES`` nodes is refused, since no one reads such a drawing.

Source: Sugiyama, Tagawa, Toda, Methods for visual understanding of hierarchical system structures (1981); Brandes and Koepf,
Fast and simple horizontal coordinate assignment (2001); both as grandalf has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement, tostring

from fpsem.core.errors import GraphError, MissingExtraError
from fpsem.graph.graphviz import node_lines
from fpsem.graph.ir import Graph

MOST_NODES = 500
"""The most nodes that are drawn: their layout takes seconds at worst."""

_MOST_CHARACTERS = 30
_LINE_HEIGHT, _CHARACTER_WIDTH, _PADDING = 16.0, 6.7, 12.0
_BETWEEN_BOXES, _BETWEEN_LAYERS, _EDGE_WIDTH, _MARGIN, _PORT, _ARROW = 26, 34, 10, 10.0, 18.0, 6.0
_BORDER = 3.0
_ROUNDS = 4
"""Sweeps that reduce crossings."""

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What XML 1.0 does not allow (clause 2.2), and what only changes the direction of writing or is a control character."""

_STYLE = """
.fpsem-graph { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.fpsem-graph text { text-anchor: middle; fill: #4a5361; }
.fpsem-graph .op { font-weight: 650; font-size: 13px; fill: #1a2029; }
.fpsem-graph .number { font-weight: 400; font-size: 11px; fill: #7a8594; }
.fpsem-graph .shape { font: 11px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #5d6775; }
.fpsem-graph .note { font-weight: 600; fill: #1a2029; }
.fpsem-graph .box, .fpsem-graph .border { fill: #ffffff; stroke: #b3bcc9; }
.fpsem-graph .leaf .box { fill: #e9f1fb; stroke: #9dbbe0; }
.fpsem-graph .out .border { stroke: #4a5361; }
.fpsem-graph .out .box { stroke: #4a5361; }
.fpsem-graph .warm text, .fpsem-graph .warm .number { fill: #1a2029; }
.fpsem-graph .heat { fill: #ee5a24; }
.fpsem-graph .edge { fill: none; stroke: #98a2b1; stroke-width: 1.3; }
.fpsem-graph .arrow { fill: #98a2b1; }
@media (prefers-color-scheme: dark) {
  .fpsem-graph text { fill: #b4bdca; }
  .fpsem-graph .op, .fpsem-graph .note { fill: #f0f3f7; }
  .fpsem-graph .shape, .fpsem-graph .number { fill: #929dac; }
  .fpsem-graph .warm text, .fpsem-graph .warm .number { fill: #f0f3f7; }
  .fpsem-graph .box, .fpsem-graph .border { fill: #1e242d; stroke: #485260; }
  .fpsem-graph .leaf .box { fill: #1c3049; stroke: #3d5f8a; }
  .fpsem-graph .out .border, .fpsem-graph .out .box { stroke: #b4bdca; }
  .fpsem-graph .edge { stroke: #667182; }
  .fpsem-graph .arrow { fill: #667182; }
}
"""

Point = tuple[float, float]


@dataclass(frozen=True)
class _Box:
    """What one node says, and how much room that takes.

    Args:
        number: the node's, as "%3"; it stands behind the first line.
        lines: its op first, its shape last.
        note: a line more, or nothing.
        is_output: whether it has a double border.
    """

    number: str
    lines: tuple[str, ...]
    note: str
    is_output: bool

    @property
    def width(self) -> float:
        first = f"{self.lines[0]} {self.number}m"  # bold letters are wider
        return max(_CHARACTER_WIDTH * max(map(_columns, (first, *self.lines, self.note))) + 2 * _PADDING, 84.0)

    @property
    def height(self) -> float:
        return _LINE_HEIGHT * (len(self.lines) + bool(self.note)) + _PADDING

    @property
    def border(self) -> float:
        """How far the outer border is from the box."""
        return _BORDER if self.is_output else 0.0


class _View:
    """A box or an edge as the layout library sees it: a size, and where the library puts it."""

    def __init__(self, w: float = 0, h: float = 0) -> None:
        self.w, self.h, self.xy = w, h, (0.0, 0.0)
        self.path: list[Point] = []

    def setpath(self, path: list[Point]) -> None:
        self.path = path


@dataclass(frozen=True)
class _Drawing:
    """Where everything is.

    Args:
        centres: of the boxes.
        paths: for each pair of an input and its reader the points that the edge passes, in reading direction.
        size: width and height of the whole.
    """

    centres: tuple[Point, ...]
    paths: Mapping[tuple[int, int], tuple[Point, ...]]
    size: Point


def to_svg(graph: Graph, annotate: Mapping[int, str] | None = None, heat: Mapping[int, float] | None = None) -> str:
    """A drawing of the graph, a whole SVG document that can also stand in an HTML page.

    Args:
        graph: at most ``MOST_NODES`` nodes.
        annotate: a line of text for a node by its index, as "3 ulp".
        heat: how warm a node is, from 0 (as any other) to 1.

    Raises:
        GraphError: there are more nodes, a node is named that does not exist, or a heat is not between 0 and 1.
        MissingExtraError: grandalf is not installed.
    """
    annotate, heat = annotate or {}, heat or {}
    count = len(graph.nodes)
    if count > MOST_NODES:
        raise GraphError(f"the graph has {count} nodes, a drawing takes at most {MOST_NODES}: print it as a table, text or dot")
    for index, warmth in {**dict.fromkeys(annotate, 0.0), **heat}.items():
        if not 0 <= index < count:
            raise GraphError(f"node %{index} is to be drawn, but there are {count} nodes")
        if not 0 <= warmth <= 1:
            raise GraphError(f"node %{index} has heat {warmth}, expected a number from 0 to 1")
    boxes = tuple(_box(graph, index, annotate.get(index, "")) for index in range(count))
    drawing = _lay_out(graph, boxes)
    width, height = (f"{side:.0f}" for side in drawing.size)
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "fpsem-graph",
            "width": width,
            "height": height,
            "viewBox": f"0 0 {width} {height}",
            "style": f"--width:{width}px",
            "role": "img",
            "aria-label": f"graph of {count} nodes",
        },
    )
    _add(root, "style", text=_STYLE)
    for index, node in enumerate(graph.nodes):
        _draw_edges(root, node.inputs, index, drawing, boxes)
    for index, box in enumerate(boxes):
        _draw_box(root, graph, index, box, drawing.centres[index], heat.get(index, 0.0))
    return tostring(root, encoding="unicode")


def printable(text: str) -> str:
    """The text with what no XML or HTML document may hold, and what would reorder its neighbours, replaced."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _box(graph: Graph, index: int, note: str) -> _Box:
    lines = tuple(map(_clipped, node_lines(graph, index)))
    return _Box(f"%{index}", lines, _clipped(note), index in graph.outputs.values())


def _clipped(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _lay_out(graph: Graph, boxes: tuple[_Box, ...]) -> _Drawing:
    """Layers by grandalf. It places roots in the first layer and all else as early as it can; edges are turned round for it and
    its result upside down, so that everything, leaves above all, is as late as it can be."""
    try:
        from grandalf.graphs import Edge, Vertex
        from grandalf.graphs import Graph as Layered
    except ImportError:
        raise MissingExtraError("grandalf", "report") from None
    vertices = [Vertex(index) for index in range(len(boxes))]
    for vertex, box in zip(vertices, boxes):
        vertex.view = _View(box.width, box.height)
    edges = {(i, j): Edge(vertices[j], vertices[i]) for j, node in enumerate(graph.nodes) for i in dict.fromkeys(node.inputs)}
    for edge in edges.values():
        edge.view = _View()
    right = _MARGIN
    for component in Layered(vertices, list(edges.values())).C:
        right = _place(component, right) + _BETWEEN_BOXES
    views = [vertex.view for vertex in vertices]
    bottom = max(view.xy[1] + view.h / 2 for view in views)

    def flipped(point: Point) -> Point:
        return point[0], bottom - point[1] + _MARGIN

    paths = {pair: tuple(map(flipped, reversed(edge.view.path))) for pair, edge in edges.items()}
    size = (right - _BETWEEN_BOXES + _MARGIN, bottom + 2 * _MARGIN)
    return _Drawing(tuple(flipped(view.xy) for view in views), paths, size)


def _place(component: object, left: float) -> float:
    """Lay out one connected part with its left border there; the place of its right border."""
    from grandalf.layouts import SugiyamaLayout

    layout = SugiyamaLayout(component)
    layout.xspace, layout.yspace, layout.dw = _BETWEEN_BOXES, _BETWEEN_LAYERS, _EDGE_WIDTH
    layout.init_all(inverted_edges=[])
    layout.draw(_ROUNDS)
    placed = [vertex.view for layer in layout.layers for vertex in layer]
    shift = left - min(view.xy[0] - view.w / 2 for view in placed)
    for view in placed:
        view.xy = (view.xy[0] + shift, view.xy[1])
    layout.draw_edges()
    return max(float(view.xy[0] + view.w / 2) for view in placed)


def _draw_edges(root: Element, inputs: tuple[int, ...], index: int, drawing: _Drawing, boxes: tuple[_Box, ...]) -> None:
    """The edges into one node, each to a place of its own on the upper border, in the order in which they arrive."""
    (x, y), box = drawing.centres[index], boxes[index]
    arriving = sorted(range(len(inputs)), key=lambda place: (drawing.paths[inputs[place], index][-2][0], place))
    step = min(_PORT, (box.width - _PADDING) / max(len(inputs), 1))
    for order, place in enumerate(arriving):
        source = inputs[place]
        start = (drawing.centres[source][0], drawing.centres[source][1] + boxes[source].height / 2 + boxes[source].border)
        end = (x + step * (order - (len(inputs) - 1) / 2), y - box.height / 2 - box.border - _ARROW)
        points = [start, *drawing.paths[source, index][1:-1], end]
        _add(root, "path", {"class": "edge", "d": _curve(points), "data-edge": f"{source}-{index}"})
        tip = f"M{end[0]:.1f},{end[1] + _ARROW:.1f}l-3.2,-{_ARROW:.1f}h6.4z"
        _add(root, "path", {"class": "arrow", "d": tip})


def _curve(points: list[Point]) -> str:
    """A smooth line through points, upright at each of them."""
    parts = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        parts.append(f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}")
    return "".join(parts)


def _draw_box(root: Element, graph: Graph, index: int, box: _Box, centre: Point, warmth: float) -> None:
    kinds = ["node", *["leaf"] * graph.op(index).is_leaf, *["out"] * box.is_output, *["warm"] * bool(warmth)]
    group = _add(root, "g", {"class": " ".join(kinds), "data-node": str(index)})
    _add(group, "title", text=printable(" · ".join([f"%{index}", *node_lines(graph, index)])))
    left, top = centre[0] - box.width / 2, centre[1] - box.height / 2
    if box.is_output:
        outer = (left - _BORDER, top - _BORDER, box.width + 2 * _BORDER, box.height + 2 * _BORDER)
        _add(group, "rect", _rectangle("border", *outer, radius=8))
    _add(group, "rect", _rectangle("box", left, top, box.width, box.height, radius=6))
    if warmth:
        opacity = {"fill-opacity": f"{0.12 + 0.63 * warmth:.2f}"}
        _add(group, "rect", _rectangle("heat", left, top, box.width, box.height, radius=6) | opacity)
    kinds = ["op", *["name"] * (len(box.lines) - 2), "shape", "note"]
    for place, (kind, line) in enumerate(zip(kinds, filter(None, (*box.lines, box.note)))):
        y = top + _PADDING / 2 + _LINE_HEIGHT * (place + 0.5) + 4
        text = _add(group, "text", {"class": kind, "x": f"{centre[0]:.1f}", "y": f"{y:.1f}"}, line)
        if place == 0:
            _add(text, "tspan", {"class": "number", "dx": "5"}, box.number)


def _rectangle(kind: str, x: float, y: float, width: float, height: float, radius: int) -> dict[str, str]:
    sides = {"x": x, "y": y, "width": width, "height": height}
    return {"class": kind, **{name: f"{side:.1f}" for name, side in sides.items()}, "rx": str(radius)}


def _add(parent: Element, tag: str, attributes: Mapping[str, str] | None = None, text: str = "") -> Element:
    element = SubElement(parent, tag, dict(attributes or {}))
    element.text = text or None
    return element
