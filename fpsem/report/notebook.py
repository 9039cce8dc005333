"""What a notebook shows of a number's bits: a fragment of HTML with its colours in it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from fpsem.graph.notebook import table_html
from fpsem.report.number import Bits, describe

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
