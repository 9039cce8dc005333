"""How far a library's functions are from the value: the figure is right, and what is off is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

from fpsem.bridges.sweep import Serial, library
from fpsem.core.errors import UnknownNameError
from fpsem.core.protocol import ELEMENTARY
from fpsem.domains.numpy_float32 import NumPyFloat32

ONE, INFINITY = 0x3F800000, 0x7F800000


def ulps(name: str, code: int) -> float:
    """The error of NumPyFloat32's result, by mpmath."""
    x = np.array([code], np.uint32).view(np.float32)
    made = float(getattr(NumPyFloat32(), name)(x)[0])
    with mp.workprec(200):
        value = getattr(mp, name)(mp.mpf(float(x[0])))
        exponent = max(int(mp.floor(mp.log(abs(value), 2))), -126)
        return float(abs(made - value) / mp.mpf(2) ** (exponent - 23))


@pytest.mark.parametrize("name", ELEMENTARY)
def test_the_largest_error_is_that_of_its_argument(name: str) -> None:
    start = ONE + 0x200000
    found = library.measure_codes(name, start, start + 4096)
    assert found["inputs"] == 4096
    assert found["largest"] == pytest.approx(ulps(name, found["at"]), rel=1e-4, abs=1e-6)
    assert found["largest"] >= max(ulps(name, code) for code in range(start, start + 4096, 512)) * (1 - 1e-4)


def test_misrounded_results_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    by_ours = NumPyFloat32(elementary="correctly_rounded")
    monkeypatch.setattr(NumPyFloat32, "tanh", lambda self, x: by_ours._elementary("tanh", np.tanh, x))
    right = library.measure_codes("tanh", ONE, ONE + 1000)
    monkeypatch.setattr(
        NumPyFloat32, "tanh", lambda self, x: np.nextafter(by_ours._elementary("tanh", np.tanh, x), np.float32(0))
    )
    wrong = library.measure_codes("tanh", ONE, ONE + 1000)
    assert (right["misrounded"], wrong["misrounded"]) == (0, 1000)
    assert right["largest"] <= 0.5 < wrong["largest"] <= 1.5


def test_infinities_and_nans_in_the_wrong_place_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumPyFloat32, "exp", lambda self, x: np.full_like(x, np.inf))
    found = library.measure_codes("exp", ONE, ONE + 10)
    assert (found["special"], found["misrounded"], found["largest"]) == (10, 10, 0.0)
    monkeypatch.undo()
    nans = library.measure_codes("log", INFINITY, INFINITY + 10)
    assert (nans["special"], nans["misrounded"]) == (0, 0)


def test_a_measure_of_units_adds_up_and_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "SIZE", 1 << 12)
    monkeypatch.setattr("fpsem.bridges.sweep.library.measure_unit", _small_unit)
    (first,) = library.measure(["sin"], Serial(), tmp_path, ONE, ONE + 3 * (1 << 12))
    assert first.inputs == 3 << 12
    assert first.row()["inputs"] == "12,288"
    again: list[str] = []
    (second,) = library.measure(["sin"], Serial(), tmp_path, ONE, ONE + 3 * (1 << 12), again.append)
    assert second == first
    assert len(again) == 3


def _small_unit(unit: object) -> dict[str, float]:
    index = unit.index  # type: ignore[attr-defined]
    return library.measure_codes("sin", index << 12, index + 1 << 12)


def test_a_function_that_is_no_primitive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="elementary primitive 'cosh'"):
        library.measure(["cosh"], Serial(), tmp_path)
