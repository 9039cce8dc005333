"""Training curves, by matplotlib: an SVG for pages and notebooks, a PNG for everything else.

The same log gives the same bytes with the same version of matplotlib: no dates, no random names. Losses that are positive and
range over more than a decade have a logarithmic axis. Where a value is infinite or NaN the curve has a gap, and a mark stands at
the border of the plot: a triangle above for inf, below for -inf, a cross above for NaN.

The figure is made by itself, without pyplot's state. Its ink is the colour of the text around it (``currentColor``).
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fpsem.core.errors import MissingExtraError
from fpsem.graph.svg import printable
from fpsem.train.log import Log, parse_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#2f7fd6", "#e06a2b", "#2f9e6e", "#b0559a", "#8a7a1f", "#7167d9")
"""Readable on white and on black."""

_ALARM = "#e5383b"

_INK = "#010203"
"""Stands for the reader's own text colour until the drawing is finished."""

_WIDE = 10.0
"""A positive series whose largest value is this many times its least has a logarithmic axis."""

_SHARED = ("loss", "accuracy", "error")
"""Series whose names have one of these words in them share a plot."""

_FAR = 1e100
"""Beyond it a number is marked as an infinity is, and below its inverse none is drawn on a logarithmic axis."""

_MARKS: tuple[tuple[Callable[[float], bool], str, float], ...] = (
    (math.isnan, "x", 0.95),
    (lambda v: v > _FAR, "^", 0.95),
    (lambda v: v < -_FAR, "v", 0.05),
)
"""What has no place on the axis, its mark, and at which height of the plot it stands."""

_SETTINGS: Any = {
    "svg.hashsalt": "fpsem",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.0,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NAMED_GROUP = re.compile(r'<g id="[\w.]+_\d+">')
"""Matplotlib numbers its groups; two drawings in one page would have the same names."""


def curve_svg(log: Mapping[str, Any] | Log) -> str:
    """The curves of a training log, as an SVG element that stands alone or in an HTML page.

    Args:
        log: a Log, or its plain JSON value.

    Raises:
        FileFormatError: the log has another form.
        MissingExtraError: matplotlib is not installed.
    """
    written = _saved(parse_log(log), _INK, format="svg", metadata=_NO_METADATA, transparent=True).decode()
    drawing = _NAMED_GROUP.sub("<g>", written[written.index("<svg") :]).replace("<svg ", '<svg class="fpsem-curve" ', 1)
    return drawing.replace(">*{", ">.fpsem-curve *{", 1).replace(f": {_INK}", ": currentColor")


def curve_png(log: Mapping[str, Any] | Log) -> bytes:
    """The curves as a PNG, on white; raises as ``curve_svg`` does."""
    return _saved(parse_log(log), "#1a2029", format="png", metadata={"Software": None}, facecolor="white", dpi=160)


def _saved(log: Log, ink: str, **how: Any) -> bytes:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "report") from None
    plots = _plots(log)
    with rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a letter that its font has not; a reader's font may
        figure = Figure(figsize=(7.6, 2.3 * len(plots) + 0.35), layout="constrained")
        _fill(figure, log, plots, ink)
        buffer = io.BytesIO()
        figure.savefig(buffer, **how)
    return buffer.getvalue()


def _plots(log: Log) -> dict[str, list[str]]:
    """The names of the series of each plot, by its heading."""
    plots: dict[str, list[str]] = {}
    for name in log.series:
        word = next((shared for shared in _SHARED if shared in name.lower()), name)
        plots.setdefault(word, []).append(name)
    return plots or {"nothing was measured": []}


def _fill(figure: Figure, log: Log, plots: Mapping[str, list[str]], ink: str) -> None:
    places = figure.subplots(len(plots), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (heading, names) in zip(places, plots.items()):
        for name, colour in zip(names, _COLOURS * (len(names) // len(_COLOURS) + 1)):
            _draw(axes, log, name, colour)
        if _is_wide([v for name in names for v in log.series[name] if v is not None and abs(v) <= _FAR]):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("")
        _dress(axes, printable(heading), ink, with_legend=len(names) > 1)
    places[-1].set_xlabel("step", color=ink)


def _draw(axes: Axes, log: Log, name: str, colour: str) -> None:
    values = log.series[name]
    present = [(step, v if abs(v) <= _FAR else math.nan) for step, v in zip(log.steps, values) if v is not None]
    # a point with gaps on both sides is not seen on a line
    marker = "o" if len(present) <= 40 else ""
    axes.plot(*_columns(present), color=colour, linewidth=1.6, marker=marker, markersize=3, label=printable(name))
    for is_kind, mark, height in _MARKS:
        steps = [step for step, v in zip(log.steps, values) if v is not None and is_kind(v)]
        if steps:
            heights, place = [height] * len(steps), axes.get_xaxis_transform()
            axes.plot(steps, heights, mark, color=_ALARM, markersize=6, transform=place, clip_on=False, in_layout=False)


def _columns(pairs: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [step for step, _ in pairs], [value for _, value in pairs]


def _is_wide(values: list[float]) -> bool:
    return bool(values) and min(values) >= 1 / _FAR and max(values) >= _WIDE * min(values)


def _dress(axes: Axes, heading: str, ink: str, with_legend: bool) -> None:
    axes.set_title(heading, loc="left", color=ink, fontsize=10, fontweight="bold")
    axes.grid(True, color=ink, alpha=0.12, linewidth=0.8)
    axes.tick_params(which="both", color=ink, labelcolor=ink, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(ink)
        spine.set_alpha(0.4)
    if with_legend:
        axes.legend(frameon=False, labelcolor=ink, loc="best")
