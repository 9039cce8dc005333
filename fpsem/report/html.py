"""Reports as one HTML page each: a comparison of domains, a training run. Light or dark as the reader prefers.

A page is whole in itself: no script, no font, nothing that a browser would fetch; a content security policy says so too.
Whatever a graph, a log or a command holds is escaped where it is put in. The same values give the same page, but for the versions
it names.

Not here: what is compared and how far apart it is; see ``fpsem.report.compare``.

Source: templates by Jinja, in ``templates/``; Content Security Policy Level 3.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from fpsem.core.errors import GraphError, MissingExtraError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.graph.op import Sort
from fpsem.graph.svg import printable, to_svg
from fpsem.report.compare import Comparison, Reading, Row
from fpsem.report.tables import apart
from fpsem.train.log import Log, parse_log
from fpsem.train.plot import curve_svg

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS, MOST_ELEMENTS = 2000, 64
"""The most nodes of a table and the most elements of an output that a page lists; the others are counted."""

_ONE_IS_NAN = 1 << BINARY32.width
"""The distance of a NaN from a number, see ``fpsem.core.codes.ulp_distance``."""


def comparison_page(comparison: Comparison, title: str, log: Mapping[str, Any] | Log | None = None, command: str = "") -> str:
    """A comparison: the graph with each node's divergence, the nodes in a table, the outputs with codes and the bound.

    Args:
        comparison: what to show.
        title: the heading.
        log: a training log whose curves are shown too.
        command: what makes the page again.

    Raises:
        FileFormatError: the log is not one.
        MissingExtraError: jinja2, grandalf or (with a log) matplotlib is not installed.
    """
    compared = _compared(comparison)
    hottest = max((_known(row.ulps[i]) for row in comparison.rows for i in compared), default=0)
    worst = _worst(comparison, compared)
    drawing, undrawn = _drawing(comparison, compared, hottest)
    return _render(
        "comparison.html",
        title=title,
        made=_made(command),
        count=len(comparison.graph.nodes),
        reference=comparison.reference.domain,
        compared=[comparison.readings[i].domain for i in compared],
        cards=[_card(comparison, i) for i in range(len(comparison.readings))],
        worst=worst,
        hottest=f"{hottest:,} ulp" if hottest > 1 else "",
        drawing=drawing,
        undrawn=undrawn,
        rows=[_row(comparison, row, compared, hottest) for row in comparison.rows[:MOST_ROWS]],
        rows_left=max(len(comparison.rows) - MOST_ROWS, 0),
        outputs=[] if comparison.reference.error else [_output(comparison, name) for name in comparison.graph.outputs],
        bound="" if comparison.bound is None else f"for the {comparison.bound.schedule} schedule",
        bound_error=comparison.bound_error,
        training="" if log is None else training_section(log),
    )


def training_page(
    log: Mapping[str, Any] | Log, title: str, probes: Sequence[Mapping[str, Any]] = (), command: str = ""
) -> str:
    """A training run: its curves, each series before and after, predictions for probes, notes.

    Args:
        log: the run.
        title: the heading.
        probes: one row for each probe, all with the same keys, which are the headings.
        command: what makes the page again.

    Raises:
        FileFormatError: the log is not one.
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    read = parse_log(log)
    ends = [f"{name} went from {_number(read.ends(name)[0])} to {_number(read.ends(name)[1])}" for name in list(read.series)[:1]]
    told = f"; {ends[0]}" if ends else ""
    lead = f"{read.steps[-1]:,} steps{told}." if read.steps else "Nothing was measured."
    return _render("training.html", title=title, made=_made(command), lead=lead, training=training_section(read, probes))


def training_section(log: Mapping[str, Any] | Log, probes: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """The part of a page that shows a training run; arguments and errors are those of ``training_page``."""
    read, headings = parse_log(log), list(probes[0]) if probes else []
    numeric = [h for h in headings if all(isinstance(p[h], (int, float, np.number)) for p in probes)]
    return _markup(
        _render(
            "section.html",
            log=read,
            curve=_markup(curve_svg(read)),
            ends=[_ends(read, name) for name in read.series],
            headings=headings,
            numeric=numeric,
            probes=[{h: _plain(probe[h]) for h in headings} for probe in probes],
        )
    )


def _render(template: str, **values: Any) -> str:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    environment = Environment(
        loader=PackageLoader("fpsem.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def _markup(html: str) -> Markup:
    """HTML that was escaped where it was made, and is not to be escaped again."""
    try:
        from markupsafe import Markup
    except ImportError:
        raise MissingExtraError("jinja2", "report") from None
    return Markup(html)


def _made(command: str) -> dict[str, str]:
    versions = f"fpsem {version('fpsem')}, numpy {version('numpy')}, Python {platform.python_version()}"
    return {**({"command": command} if command else {}), "versions": versions}


def _compared(comparison: Comparison) -> list[int]:
    """The places of the readings that are measured against the reference."""
    return [i for i, r in enumerate(comparison.readings) if r is not comparison.reference and not r.error]


def _known(ulps: int | None) -> int:
    """A distance between numbers; 0 where there is none."""
    return 0 if ulps is None or ulps == _ONE_IS_NAN else ulps


def _heat(ulps: int | None, hottest: int) -> float:
    """0 for no distance, 1 for the largest one or a NaN, and between them by the logarithm."""
    if ulps == _ONE_IS_NAN:
        return 1.0
    return math.log1p(_known(ulps)) / math.log1p(hottest) if hottest else 0.0


def _distance(ulps: int | None) -> str:
    return "–" if ulps is None else "NaN" if ulps == _ONE_IS_NAN else f"{ulps:,}"


def _in_words(ulps: int | None) -> str:
    known = ulps is not None and ulps != _ONE_IS_NAN
    return f"{_distance(ulps)} ulp" if known else _distance(ulps)


def _worst(comparison: Comparison, compared: Sequence[int]) -> dict[str, Any] | None:
    """The first node of the largest distance, or None where all are equal."""
    pairs = [(row.ulps[i] or 0, row, i) for row in comparison.rows for i in compared]
    ulps, row, i = max(pairs, key=lambda pair: pair[0], default=(0, None, 0))
    if row is None or not ulps:
        return None
    text = "a NaN against a number" if ulps == _ONE_IS_NAN else _in_words(ulps)
    return {"node": row.node, "name": row.name, "domain": comparison.readings[i].domain, "text": text}


def _farthest(row: Row, compared: Sequence[int]) -> int | None:
    return max((ulps for i in compared if (ulps := row.ulps[i]) is not None), default=None)


def _drawing(comparison: Comparison, compared: Sequence[int], hottest: int) -> tuple[Markup | None, str]:
    """The graph with each node's largest distance, or why there is no drawing."""
    farthest = {row.node: _farthest(row, compared) for row in comparison.rows}
    notes = {node: _in_words(ulps) for node, ulps in farthest.items() if ulps is not None}
    heat = {node: _heat(ulps, hottest) for node, ulps in farthest.items()}
    try:
        return _markup(to_svg(comparison.graph, notes, heat)), ""
    except GraphError as error:
        return None, str(error)


def _card(comparison: Comparison, place: int) -> dict[str, Any]:
    """One domain in short: its largest distance over all nodes, and what it says of the outputs."""
    reading = comparison.readings[place]
    largest = max((row.ulps[place] or 0 for row in comparison.rows), default=0)
    non_finite = sum(row.non_finite[place] or 0 for row in comparison.rows)
    told = f"{non_finite:,} values not finite" if non_finite else "all values finite"
    scalars = [row.node for row in comparison.rows if comparison.graph.op(row.node).sort is Sort.SCALAR]
    unread = sum(reading.codes[node] is None for node in scalars) if reading.codes else 0
    return {
        "domain": reading.domain,
        "error": reading.error,
        "is_reference": reading is comparison.reference,
        "big": _distance(largest),
        "unit": "against a number" if largest == _ONE_IS_NAN else "ulp at most",
        "outputs": f"{told}; {unread} nodes have no codes" if unread else told,
    }


def _row(comparison: Comparison, row: Row, compared: Sequence[int], hottest: int) -> dict[str, Any]:
    cells = [
        {
            "text": _distance(row.ulps[i]),
            "heat": f"{heat:.3f}" if (heat := _heat(row.ulps[i], hottest)) else "",
            "non_finite": row.non_finite[i],
        }
        for i in compared
    ]
    return {"node": row.node, "name": row.name, "op": row.op, "shape": _shape(comparison, row.node), "cells": cells}


def _shape(comparison: Comparison, node: int) -> str:
    return "×".join(map(str, comparison.graph.nodes[node].shape)) or "scalar"


def _output(comparison: Comparison, name: str) -> dict[str, Any]:
    """An output's elements: in each domain value, code and distance; and the bound."""
    node, readings = comparison.graph.outputs[name], [r for r in comparison.readings if r.floats is not None]
    shape = comparison.graph.nodes[node].shape
    indices = [index for index, _ in zip(np.ndindex(shape), range(MOST_ELEMENTS))]
    bounds: Any = [] if comparison.bound is None else comparison.bound.absolute.reshape(-1)[: len(indices)]
    rows = [
        {
            "element": str(list(index)),
            "cells": [_cell(comparison, reading, name, index) for reading in readings],
            "bound": f"{bounds[place]:.3g}" if place < len(bounds) else "–",
        }
        for place, index in enumerate(indices)
    ]
    left = math.prod(shape) - len(rows)
    domains = [reading.domain for reading in readings]
    return {"name": name, "shape": _shape(comparison, node), "domains": domains, "rows": rows, "left": left}


def _cell(comparison: Comparison, reading: Reading, name: str, index: tuple[int, ...]) -> dict[str, str]:
    assert reading.floats is not None
    code, reference = (_code(comparison.output_codes(r, name), index) for r in (reading, comparison.reference))
    distance = ""
    if code is not None and reference is not None and reading is not comparison.reference:
        distance = apart(np.uint32(code), np.uint32(reference))
    return {
        "value": f"{reading.floats[name][index]:.9g}",
        "code": "" if code is None else f"0x{code:0{BINARY32.width // 4}x}",
        "apart": distance,
    }


def _code(codes: Array | None, index: tuple[int, ...]) -> int | None:
    return None if codes is None else int(codes[index])


def _ends(log: Log, name: str) -> dict[str, Any]:
    measured = [value for value in log.series[name] if value is not None]
    first, last = map(_number, log.ends(name))
    non_finite = sum(not math.isfinite(value) for value in measured)
    return {"name": name, "first": first, "last": last, "measured": f"{len(measured):,}", "non_finite": non_finite}


def _plain(value: Any) -> str:
    return _number(value) if isinstance(value, (float, np.floating)) else str(value)


def _number(value: float | np.floating[Any] | None) -> str:
    return "–" if value is None else f"{value:.6g}"
