"""Pages are whole in themselves, well-formed, escaped, and say what the comparison and the log say."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import MissingExtraError
from fpsem.graph.svg import MOST_NODES
from fpsem.graph.trace import Tensor
from fpsem.report.compare import Comparison, compare
from fpsem.report.html import MOST_ELEMENTS, comparison_page, training_page, training_section

for package in ("jinja2", "grandalf", "matplotlib"):
    pytest.importorskip(package, reason=f"{package} is not installed: it comes with the extra 'report'")

HOSTILE = "</title><script>alert(1)</script>&\"'\x00\ud800{{ 7 * 7 }}"
BITS, MACHINE, PAIRS = fpsem.IEEE32Exec(), fpsem.NumPyFloat32(), fpsem.IEEE32Exec(schedule=fpsem.Pairwise())
LOG = {"title": "run", "steps": [0, 10], "series": {"loss": [2.5, 0.125], "rate": [0.1, "nan"]}, "notes": ["by <hand>"]}
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """A page read strictly: every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.rows: list[list[str]] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.said += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def row_of(page: Page, first: str) -> list[str]:
    (row,) = [row for row in page.rows if row and row[0] == first]
    return [" ".join(cell.split()) for cell in row]


def sums(x: Tensor) -> dict[str, Tensor]:
    return {"total": (x * x).sum(axis=1)}


@pytest.fixture(scope="module")
def found() -> Comparison:
    x = np.random.default_rng(2).standard_normal((2, 30)).astype(np.float32)
    return compare(fpsem.trace(sums, (2, 30)), {}, x, [fpsem.Real(), BITS, PAIRS])


def test_a_page_is_well_formed_and_fetches_nothing(found: Comparison) -> None:
    text = comparison_page(found, "Title", LOG, "fpsem compare m")
    page = Page(text)
    assert "script" not in page.tags
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    links = [value for name, value in page.attributes if name in ("href", "src", "xlink:href", "action", "data")]
    assert all((value or "").startswith("#") for value in links)
    outside = re.sub(r' xmlns(:xlink)?="http://www\.w3\.org/(2000/svg|1999/xlink)"', "", text)
    assert "http://" not in outside
    assert "https://" not in outside
    assert "@import" not in text
    assert "url(" not in text.replace("url(#", "")


def test_every_node_is_drawn_with_the_largest_distance_of_the_comparison(found: Comparison) -> None:
    text = comparison_page(found, "Title")
    drawing = fromstring(text[text.index("<svg") : text.index("</svg>") + len("</svg>")])
    drawn = {int(e.get("data-node", "")): " ".join(e.itertext()) for e in drawn_nodes(drawing)}
    assert sorted(drawn) == list(range(len(found.graph.nodes)))
    for row in found.rows:
        assert drawn[row.node].endswith(f" {max(u for u in row.ulps if u is not None):,} ulp")


def drawn_nodes(drawing: Any) -> list[Any]:
    return [e for e in drawing.iter() if e.get("data-node")]


def test_the_distances_of_the_table_are_those_of_the_comparison(found: Comparison) -> None:
    page = Page(comparison_page(found, "Title"))
    assert any(u for row in found.rows for u in row.ulps)
    for row in found.rows:
        assert row_of(page, f"%{row.node}")[4:] == [f"{u:,}" for u in row.ulps[1:]]
        assert row_of(page, f"%{row.node}")[1:3] == [row.name, row.op]


def test_outputs_have_values_codes_distances_and_the_bound(found: Comparison) -> None:
    page, bound = Page(comparison_page(found, "Title")), found.bound
    assert bound is not None
    _, real, bits, _, bounded = row_of(page, "[1]")
    code = found.output_codes(found.readings[1], "total")
    assert code is not None
    assert f"0x{int(code[1]):08x}" in bits
    assert found.readings[0].floats is not None
    assert real.startswith(f"{found.readings[0].floats['total'][1]:.9g}")
    assert bounded == f"{bound.absolute[1]:.3g}"
    assert "for the sequential schedule" in page.said


def test_the_page_says_how_it_was_made(found: Comparison) -> None:
    said = Page(comparison_page(found, "Title", command="fpsem compare 'a <b>'")).said
    assert "fpsem compare 'a <b>'" in said
    assert "fpsem 0." in said


def test_not_a_number_and_what_is_not_finite_are_told_apart_from_numbers() -> None:
    graph = fpsem.trace(lambda x: x - x * 2.0, (2,))
    page = Page(comparison_page(compare(graph, {}, np.float32([3e38, 1.0]), [fpsem.RoundedReal(), BITS]), "Title"))
    assert "1 not finite" in row_of(page, "%3")[-1]


def test_a_nan_in_one_domain_only_is_the_hottest() -> None:
    graph = fpsem.trace(lambda x: (x * 2.0) - (x * 2.0), (1,))
    found = compare(graph, {}, np.float32([3e38]), [fpsem.Real(), BITS])
    text = comparison_page(found, "Title")
    assert "a NaN against a number" in text
    assert text.count("--heat:1.000") == 1
    assert row_of(Page(text), f"%{found.rows[-1].node}")[-1] == "NaN 1 not finite"


def test_a_domain_without_a_reading_says_why() -> None:
    found = compare(fpsem.trace(lambda x: x + 1, (1,)), {}, np.float32([np.nan]), [fpsem.Real(), BITS])
    page = Page(comparison_page(found, "Title"))
    assert f"no reading: {found.readings[0].error}" in page.said
    assert "there is nothing to compare" in page.said


def test_where_no_domain_has_a_reading_there_are_no_outputs() -> None:
    found = compare(fpsem.trace(lambda x: x + 1, (1,)), {}, np.float32([np.nan]), [fpsem.Real()])
    assert "Output:" not in Page(comparison_page(found, "Title")).said


def test_equal_readings_are_said_to_be_equal() -> None:
    found = compare(fpsem.trace(lambda x: x + 1, (1,)), {}, np.ones(1, np.float32), [BITS, MACHINE])
    assert "every value is the same binary32 number" in " ".join(Page(comparison_page(found, "Title")).said.split())


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    graph = fpsem.trace(lambda x: {HOSTILE: x + 1}, (1,))
    named = fpsem.Graph(graph.nodes, {HOSTILE: len(graph.nodes) - 1})
    log = {"title": HOSTILE, "steps": [0], "series": {HOSTILE: [1.0]}, "notes": [HOSTILE]}
    text = comparison_page(compare(named, {}, np.ones(1, np.float32), [BITS, MACHINE]), HOSTILE, log, HOSTILE)
    text.encode()
    page = Page(text)
    assert "script" not in page.tags
    assert "\x00" not in text
    assert page.said.count("<script>alert(1)</script>") >= 6
    assert "49" not in page.said.replace(f"{np.__version__}", "")


def test_long_outputs_are_cut_and_the_rest_is_counted() -> None:
    many = MOST_ELEMENTS + 6
    found = compare(fpsem.trace(lambda x: x + 1, (many,)), {}, np.ones(many, np.float32), [BITS, MACHINE])
    assert "6 more elements" in Page(comparison_page(found, "Title")).said


def test_a_graph_too_large_to_draw_is_listed_and_the_reason_given() -> None:
    def function(x: Tensor) -> Tensor:
        for _ in range(MOST_NODES):
            x = x.neg()
        return x

    found = compare(fpsem.trace(function, (1,)), {}, np.ones(1, np.float32), [MACHINE])
    text = comparison_page(found, "Title")
    assert "<svg" not in text
    assert f"Not drawn: the graph has {MOST_NODES + 1} nodes" in Page(text).said
    assert row_of(Page(text), f"%{MOST_NODES}")


def test_a_training_page_has_the_ends_the_probes_and_the_notes() -> None:
    probes = [{"image": 0, "label": "<b>", "confidence": 0.123456789}, {"image": 1, "label": "two", "confidence": 1.0}]
    page = Page(training_page(LOG, "Title", probes, "fpsem train"))
    assert row_of(page, "loss")[1:] == ["2.5", "0.125", "2"]
    assert row_of(page, "rate")[1:] == ["0.1", "nan", "2 1 not finite"]
    assert row_of(page, "0") == ["0", "<b>", "0.123457"]
    assert "by <hand>" in page.said
    assert "10 steps; loss went from 2.5 to 0.125." in page.said
    assert "svg" in page.tags


def test_a_training_section_is_a_part_that_a_page_can_hold() -> None:
    section = training_section({"title": "", "steps": [], "series": {}, "notes": []})
    assert Page(section).tags[0] == "section"
    assert section.__html__() == section


def test_without_jinja_the_extra_is_named(found: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match="'report'"):
        comparison_page(found, "Title")
