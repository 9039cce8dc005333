"""What a notebook shows of a training log: its curves, and where each series began and ended."""

from __future__ import annotations

from fpsem.core.errors import MissingExtraError
from fpsem.graph.notebook import table_html, text_html
from fpsem.train.log import Log
from fpsem.train.plot import curve_svg


def log_html(log: Log) -> str:
    """The curves where matplotlib is installed, and each series' first and last value."""
    rows = [(name, *("–" if value is None else f"{value:.6g}" for value in log.ends(name))) for name in log.series]
    try:
        drawing = curve_svg(log)
    except MissingExtraError as error:
        drawing = f"<em>not drawn: {text_html(str(error))}</em>"
    listed = table_html(("series", "first", "last"), rows)
    return f"<div><strong>{text_html(log.title)}</strong><div>{drawing}</div>{listed}</div>"
