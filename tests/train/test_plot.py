"""Curves: the same bytes for the same log, well-formed, escaped, and a mark for every value that has no place on the axis."""

from __future__ import annotations

import sys
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from fpsem.core.errors import FileFormatError, MissingExtraError
from fpsem.train.plot import curve_png, curve_svg

pytest.importorskip("matplotlib", reason="matplotlib is not installed: it comes with the extra 'report'")

ALARM = "#e5383b"


def log_of(title: str = "t", **series: Any) -> dict[str, Any]:
    count = len(next(iter(series.values()), []))
    return {"title": title, "steps": list(range(0, 10 * count, 10)), "series": series, "notes": []}


def texts_of(root: Element) -> list[str]:
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def marks_of(root: Element) -> int:
    return sum(e.tag.endswith("}use") and ALARM in e.get("style", "") for e in root.iter())


def test_the_same_log_gives_the_same_bytes() -> None:
    log = log_of(loss=[2.0, 1.0, 0.5])
    assert curve_svg(log) == curve_svg(log)
    assert curve_png(log) == curve_png(log)
    assert curve_png(log).startswith(b"\x89PNG")


def test_a_curve_is_one_svg_element_without_dates_links_or_numbered_groups() -> None:
    written = curve_svg(log_of(loss=[2.0, 1.0]))
    root = fromstring(written)
    assert root.get("class") == "fpsem-curve"
    namespaces = written.count('"http://www.w3.org/2000/svg"') + written.count('"http://www.w3.org/1999/xlink"')
    assert written.count("http") == namespaces == 2
    assert "metadata" not in written
    assert 'id="axes_1"' not in written
    assert "currentColor" in written


def test_series_of_one_kind_share_a_plot_and_are_named() -> None:
    texts = texts_of(fromstring(curve_svg(log_of(loss=[1.0, 2.0], validation_loss=[1.0, 3.0], rate=[0.1, 0.1]))))
    assert texts.count("loss") == 2  # heading and legend
    assert texts.count("validation_loss") == 1
    assert texts.count("rate") == 1
    assert texts.count("step") == 1


@pytest.mark.parametrize(
    ("values", "labels"),
    [([1.0, 1000.0], {"1", "10", "100", "1000"}), ([1.0, 5.0], {"1", "2", "3", "4", "5"}), ([-1.0, 1000.0], {"0", "1000"})],
)
def test_wide_positive_series_have_a_logarithmic_axis(values: list[float], labels: set[str]) -> None:
    assert labels <= set(texts_of(fromstring(curve_svg(log_of(loss=values)))))


@pytest.mark.parametrize(
    ("values", "marks"),
    [([1.0, "nan", 2.0], 1), (["inf", "-inf", "nan"], 3), ([1.0, None, 2.0], 0), ([1e200, -1e300, 1.0], 2), ([None] * 3, 0)],
)
def test_every_value_without_a_place_on_the_axis_has_a_mark(values: list[Any], marks: int) -> None:
    assert marks_of(fromstring(curve_svg(log_of(loss=values)))) == marks


@pytest.mark.parametrize("values", [[5e-324, 1.0], [0.0, 0.0], [1e-50, 1e90], [3.4e38, -3.4e38], [1.0]])
def test_extreme_values_are_drawn(values: list[float]) -> None:
    fromstring(curve_svg(log_of(loss=values)))


def test_an_empty_log_says_so() -> None:
    assert "nothing was measured" in texts_of(fromstring(curve_svg(log_of())))


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    name = "<script>alert(1)</script>&\x00\ud800 $x_{ 漢"
    written = curve_svg(log_of(**{name: [1.0, 2.0]}))
    root = fromstring(written.encode())
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "<script>alert(1)</script>&\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} $x_{ 漢" in texts_of(root)


def test_the_settings_of_the_reader_stay_as_they_were() -> None:
    import matplotlib

    names = set(matplotlib.rcParams) - {"backend"}  # reading that one chooses a backend
    before = {name: matplotlib.rcParams[name] for name in names}
    curve_svg(log_of(loss=[1.0]))
    assert {name: matplotlib.rcParams[name] for name in names} == before
    assert "matplotlib.pyplot" not in sys.modules


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(FileFormatError, match="steps is NoneType"):
        curve_svg({})


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="'report'"):
        curve_png(log_of(loss=[1.0]))
