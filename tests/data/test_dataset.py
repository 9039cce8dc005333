"""A Dataset that exists is sound, and choosing rows keeps it so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fpsem import rand
from fpsem.core.errors import PayloadError
from fpsem.data import Dataset

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10, dtype=np.int64)
DATA = Dataset(X, Y, classes=10, name="ten")

SPOILT = X.copy()
SPOILT[3, 1] = math.nan
ENDLESS = np.full((10, 1), 1, np.float32)
ENDLESS[9] = -math.inf

UNSOUND: dict[str, tuple[dict[str, Any], str]] = {
    "float64": ({"x": X.astype(np.float64)}, r"ten: x is dtype float64, expected an array of float32 .*astype"),
    "another byte order": ({"x": X.astype(">f4")}, "x is dtype >f4"),
    "int32 labels": ({"y": Y.astype(np.int32)}, "ten: y is dtype int32"),
    "objects": ({"x": X.astype(object)}, "x is dtype object"),
    "a list": ({"x": X.tolist()}, "x is a list"),
    "one number": ({"x": np.array(1, np.float32)}, "x is one number"),
    "nan": ({"x": SPOILT}, r"ten: x\[3, 1\] is nan, expected a finite number"),
    "infinity in y": ({"y": ENDLESS, "classes": None}, r"ten: y\[9, 0\] is -inf"),
    "lengths": ({"y": Y[:9]}, "ten: x has 10 examples, y has 9"),
    "a label too great": ({"classes": 9}, r"ten: label y\[9\] is 9, expected 0 to 8"),
    "a negative label": ({"y": Y - 1}, r"label y\[0\] is -1, expected 0 to 9"),
    "a label that is not the ignored one": ({"y": Y - 2, "ignore": -2}, r"y\[1\] is -1, expected 0 to 9 or -2"),
    "labels that are floats": ({"y": X}, "y has dtype float32, expected int64 labels"),
    "no labels": ({"y": None}, "there is no y"),
    "no classes": ({"classes": 0}, "0 classes"),
    "something to ignore without classes": ({"classes": None, "ignore": -1}, "needs labels"),
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_what_is_unsound_is_refused(kind: str) -> None:
    change, told = UNSOUND[kind]
    with pytest.raises(PayloadError, match=told):
        Dataset(**{"x": X, "y": Y, "classes": 10, "name": "ten", **change})


def test_a_label_may_be_ignored() -> None:
    y = Y.copy()
    y[4] = -100
    assert Dataset(X, y, classes=10, ignore=-100).y is not None


def test_rows_cannot_be_changed_through_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        DATA.x[0] = 1
    assert X.flags.writeable


class TestRows:
    @pytest.mark.parametrize(
        "rows", [slice(2, 5), slice(None, None, -2), [3, 3, -1], np.array([], np.int64), [], Y % 2 == 0, np.uint8([1])]
    )
    def test_are_chosen_as_by_numpy(self, rows: Any) -> None:
        index = np.array(rows, np.int64) if isinstance(rows, list) else rows
        chosen = DATA[rows]
        assert np.array_equal(chosen.x, X[index])
        assert chosen.y is not None
        assert np.array_equal(chosen.y, Y[index])
        assert (chosen.classes, chosen.name) == (10, "ten")

    @pytest.mark.parametrize("rows", [0, [10], [-11], [0.5], [True], [[0]], "a", None, np.ones(11, bool)])
    def test_that_are_none_are_refused(self, rows: Any) -> None:
        with pytest.raises(PayloadError, match="ten: rows are chosen by"):
            DATA[rows]

    def test_come_without_y_where_there_is_none(self) -> None:
        assert Dataset(X)[:3].y is None


class TestSplit:
    @pytest.mark.parametrize(("part", "first"), [(3, 3), (0.7, 7), (0.25, 2), (9, 9)])
    def test_shares_out_every_row_once(self, part: Any, first: int) -> None:
        left, right = DATA.split(part, rand.key(0))
        assert (len(left), len(right)) == (first, 10 - first)
        assert sorted([*left.y, *right.y]) == Y.tolist()  # type: ignore[misc]
        assert all(np.array_equal(x, X[y]) for half in (left, right) for x, y in zip(half.x, half.y))  # type: ignore[arg-type]

    def test_depends_on_the_key_alone(self) -> None:
        halves = [DATA.split(5, rand.key(seed))[0].x.tobytes() for seed in (0, 0, 1)]
        assert halves[0] == halves[1] != halves[2]

    @pytest.mark.parametrize("part", [0, 10, 11, -1, 0.0, 0.01, 1.0])
    def test_leaves_no_side_empty(self, part: Any) -> None:
        with pytest.raises(PayloadError, match="leaves one side empty"):
            DATA.split(part, rand.key(0))


def test_shuffled_rows_are_the_same_rows() -> None:
    shuffled = DATA.shuffled(rand.key(0))
    assert shuffled.y is not None
    assert shuffled.y.tolist() == rand.key(0).permutation(10).tolist() != Y.tolist()
    assert np.array_equal(shuffled.x, X[shuffled.y])


def test_map_gives_what_the_transform_gives() -> None:
    assert len(DATA.map(lambda dataset: dataset[:4])) == 4
