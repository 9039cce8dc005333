"""Files become datasets, or are refused with the file, the array and the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import FileFormatError, FpsemError, PayloadError, UnknownNameError
from fpsem.data import labelled, supervised, tabular, unlabelled

X = np.arange(6, dtype=np.float32).reshape(3, 2)


def save(tmp_path: Path, **arrays: Any) -> Path:
    np.savez(tmp_path / "f.npz", **arrays)
    return tmp_path / "f.npz"


def csv(tmp_path: Path, text: str) -> Path:
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    return tmp_path / "f.csv"


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, bool])
def test_labels_become_int64(tmp_path: Path, dtype: Any) -> None:
    data = labelled(save(tmp_path, images=X, digits=np.array([0, 1, 1], dtype)), 2, x="images", y="digits")
    assert data.y is not None
    assert (data.y.dtype, data.y.tolist(), data.classes) == (np.int64, [0, 1, 1], 2)


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f4"])
def test_floats_become_float32_exactly(tmp_path: Path, dtype: str) -> None:
    data = supervised(save(tmp_path, x=X.astype(dtype), y=X))
    assert data.x.dtype == np.float32
    assert np.array_equal(data.x, X)


def test_examples_may_come_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    assert np.array_equal(unlabelled(tmp_path / "x.npy").x, X)
    assert unlabelled(save(tmp_path, pixels=np.uint8([[255]])), "pixels").x.tolist() == [[255]]


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "no x": ({"y": [0]}, r"f\.npz has no array 'x': its arrays are y"),
    "no y": ({"x": X}, "has no array 'y': its arrays are x"),
    "nothing": ({}, "its arrays are none"),
    "float64": ({"x": X.astype(np.float64), "y": [0] * 3}, r"f\.npz: array 'x' has dtype float64, expected float32 .*astype"),
    "strings": ({"x": X, "y": ["a", "b", "c"]}, "array 'y' has dtype <U1"),
    "complex numbers": ({"x": X.astype(np.complex64), "y": [0] * 3}, "complex64"),
    "no rows": ({"x": X[:0], "y": np.int64([])}, r"array 'x' of shape \(0, 2\) is empty"),
    "beyond int64": ({"x": np.uint64([2**63]), "y": [0]}, "holds 9223372036854775808, which is beyond"),
    "lengths": ({"x": X, "y": [0, 1]}, r"f\.npz: x has 3 examples, y has 2"),
    "nan": ({"x": np.float32([[1], [np.nan]]), "y": [0, 1]}, r"f\.npz: x\[1, 0\] is nan"),
    "a label of no class": ({"x": X, "y": [0, 1, 2]}, r"f\.npz: label y\[2\] is 2, expected 0 to 1"),
    "labels that are floats": ({"x": X, "y": X[:, 0]}, "y has dtype float32, expected int64 labels"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, kind: str) -> None:
    arrays, told = UNFIT[kind]
    with pytest.raises(PayloadError, match=told):
        labelled(save(tmp_path, **arrays), 2)


def test_an_ignored_label_is_kept(tmp_path: Path) -> None:
    assert labelled(save(tmp_path, x=X, y=[0, -100, 1]), 2, ignore=-100).ignore == -100


def test_one_array_is_not_two(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(PayloadError, match="no array 'x': it is one array"):
        supervised(tmp_path / "x.npy")


class TestTables:
    def test_a_target_is_taken_out_by_name_or_index(self, tmp_path: Path) -> None:
        path = csv(tmp_path, "a,b,c\n1,2,3\n4,5,6\n")
        for target in ("b", 1, ["b"]):
            data = tabular(path, target)
            assert data.y is not None
            assert (data.x.tolist(), data.y.tolist()) == ([[1, 3], [4, 6]], [[2], [5]])
        assert tabular(path).y is None

    def test_several_targets_keep_their_order(self, tmp_path: Path) -> None:
        y = tabular(csv(tmp_path, "a,b,c\n1,2,3"), ["c", "a"]).y
        assert y is not None
        assert y.tolist() == [[3, 1]]

    def test_labels_are_integers_of_one_axis(self, tmp_path: Path) -> None:
        data = tabular(csv(tmp_path, "1.5,0\n2.5,1"), -1, classes=2)
        assert data.y is not None
        assert (data.y.tolist(), data.y.dtype, data.x.dtype) == ([0, 1], np.int64, np.float32)

    @pytest.mark.parametrize(
        ("text", "options", "error", "told"),
        [
            ("a,b\n1,2", {"target": "c"}, UnknownNameError, "Known: a, b"),
            ("a,b\n1,2", {"target": ["a", "b"]}, PayloadError, "none is left for x"),
            ("a,b,c\n1,2,3", {"target": ["a", "b"], "classes": 2}, PayloadError, "labels are one column, not 2"),
            ("a,b\n1,2", {"classes": 2}, PayloadError, "labels are one column, not 0"),
            ("a,b\n1,2", {"target": "b", "classes": 2}, PayloadError, r"f\.csv: label y\[0\] is 2"),
            ("a,b\n1,0.5", {"target": "b", "classes": 2}, FileFormatError, "line 2, column 'b': '0.5' is not an integer"),
            ("a,b\n1,", {}, FileFormatError, "line 2, column 'b': '' is not a decimal"),
        ],
    )
    def test_a_table_that_does_not_fit_is_refused(
        self, tmp_path: Path, text: str, options: dict[str, Any], error: type[FpsemError], told: str
    ) -> None:
        with pytest.raises(error, match=told):
            tabular(csv(tmp_path, text), **options)
