"""What a notebook shows of a number's bits and of a training log: fragments of HTML with their colours in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from fpsem.core.errors import MissingExtraError
from fpsem.graph.notebook import table_html, text_html
from fpsem.report.number import Bits, describe
from fpsem.train.log import Log, parse_log

_COLOURS: Mapping[str, str] = {"sign": "#d9480f", "exponent": "#2b8a3e", "fraction": "#1c64b8"}
"""White digits on each are readable."""

_CELL = "display:inline-block;min-width:1.15em;text-align:center;padding:2px 1px;margin:0 1px 1px 0;border-radius:3px;color:#fff"


def bits_html(number: Bits) -> str:
    """Each bit in the colour of its field, the fields' names and widths, and every notation below."""
    groups = "".join(_field(name, digits) for name, digits in number.fields.items() if digits)
    facts = describe(number.code, number.format)
    return f'<div><div style="font-family:monospace">{groups}</div>{table_html((), list(facts.items()))}</div>'


def _field(name: str, digits: str) -> str:
    cells = "".join(f'<span style="{_CELL};background:{_COLOURS[name]}">{escape(digit)}</span>' for digit in digits)
    told = f"{name}, {len(digits)}" if len(digits) > 1 else name
    caption = f'<div style="font-size:85%;color:{_COLOURS[name]}">{told}</div>'
    return f'<div style="display:inline-block;vertical-align:top;margin-right:10px">{cells}{caption}</div>'


@dataclass(frozen=True)
class Curve:
    """A training log as a notebook shows it. ``curve`` makes one.

    Args:
        log: the log.
    """

    log: Log

    def _repr_html_(self) -> str:
        return log_html(self.log)


def curve(log: Mapping[str, Any] | Log) -> Curve:
    """The curves of a training log, a Log or its plain JSON value, for notebooks. Raises FileFormatError for another form."""
    return Curve(parse_log(log))


def log_html(log: Log) -> str:
    """The curves where matplotlib is installed, and each series' first and last value."""
    rows = [(name, *("–" if value is None else f"{value:.6g}" for value in log.ends(name))) for name in log.series]
    try:
        from fpsem.report.plot import curve_svg

        drawing = curve_svg(log)
    except MissingExtraError as error:
        drawing = f"<em>not drawn: {text_html(str(error))}</em>"
    listed = table_html(("series", "first", "last"), rows)
    return f"<div><strong>{text_html(log.title)}</strong><div>{drawing}</div>{listed}</div>"
