"""What a notebook shows of a graph and of a tensor: fragments of HTML, escaped, without scripts.

A graph is drawn where grandalf is installed and the graph is small enough, and listed always; a tensor shows its shape and, when
it was computed, its values. Long lists are cut, and what is cut is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

import numpy as np

from fpsem.core.errors import FpsemError
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort
from fpsem.graph.svg import printable, to_svg
from fpsem.graph.trace import Eager, Tensor

_MOST_ROWS, _MOST_VALUES = 60, 12
_SCROLL = '<div style="overflow:auto;max-height:44em">'


def graph_html(graph: Graph) -> str:
    """The drawing, and every node with its inputs, shape and name."""
    outputs = {index: name for name, index in graph.outputs.items()}
    rows = [
        (
            f"%{index}",
            node.op,
            " ".join(f"%{i}" for i in node.inputs),
            str(node.shape),
            graph.name_of(index) + (f" → {outputs[index]}" if index in outputs else ""),
        )
        for index, node in enumerate(graph.nodes)
    ]
    listed = table_html(("node", "op", "inputs", "shape", "name"), rows)
    heading = f"{len(rows)} nodes: inputs {', '.join(graph.inputs) or 'none'}; {len(graph.parameters)} parameter tensors"
    details = f"<details><summary>{text_html(heading)}</summary>{listed}</details>"
    try:
        return f"<div>{_SCROLL}{to_svg(graph)}</div>{details}</div>"
    except FpsemError as error:
        return f"<div><p><em>not drawn: {text_html(str(error))}</em></p>{details}</div>"


def tensor_html(tensor: Tensor) -> str:
    """Shape, where it stands, and the values of one that was computed."""
    shape = f"shape {tensor.shape}"
    if not isinstance(tensor.backend, Eager):
        return f"<div><strong>Tensor</strong> {shape}, recorded as node %{int(tensor.handle)}</div>"
    domain = tensor.backend.domain
    heading = f"<strong>Tensor</strong> {shape} over <code>{text_html(domain.name)}</code>"
    try:
        values = np.asarray(domain.to_float(tensor.handle) if tensor.sort is Sort.SCALAR else tensor.handle)
    except FpsemError:
        values = np.asarray(tensor.handle)
    return f"<div>{heading}{_SCROLL}{_values_html(values)}</div></div>"


def _values_html(values: Any) -> str:
    """A table of the last two dimensions; of more, the first such table, and the rest counted."""
    first = values.reshape(-1, *values.shape[-2:])[0] if values.ndim > 2 else np.atleast_2d(values)
    rows = [[_value(v) for v in row[:_MOST_VALUES]] + ["…"] * (len(row) > _MOST_VALUES) for row in first[:_MOST_VALUES]]
    left = values.size - min(len(first), _MOST_VALUES) * min(first.shape[1], _MOST_VALUES)
    return table_html((), rows) + (f"<p><em>{left} more values</em></p>" if left else "")


def _value(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, (float, np.floating)) else str(value)[:200]


def table_html(headings: Sequence[str], rows: Sequence[Iterable[str]]) -> str:
    """A table of plain texts, of which at most sixty rows are shown."""
    head = "".join(f"<th>{text_html(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{text_html(cell)}</td>' for cell in row)}</tr>" for row in islice(rows, _MOST_ROWS))
    more = f"<p><em>{len(rows) - _MOST_ROWS} more rows</em></p>" if len(rows) > _MOST_ROWS else ""
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>{more}"


def text_html(text: str) -> str:
    """Text that HTML shows as it is."""
    return escape(printable(text))
