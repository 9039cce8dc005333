"""What notebooks show of a log."""

from __future__ import annotations

import sys
from xml.etree.ElementTree import fromstring

import pytest

from fpsem.train.log import parse_log

LOG = parse_log({"title": "<b>&{}", "steps": [0, 1], "series": {"<i>loss": [2.0, "nan"]}, "notes": []})


def test_a_log_shows_its_curves_and_ends_escaped() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: it comes with the extra 'report'")
    html = LOG._repr_html_()
    root = fromstring(html)
    assert [e.text for e in root.iter("td")] == ["<i>loss", "2", "nan"]
    assert root[0].text == "<b>&{}"
    assert "<svg" in html


def test_without_matplotlib_a_log_is_listed_and_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    html = LOG._repr_html_()
    assert "<svg" not in html
    assert "extra &#x27;report&#x27;" in html
