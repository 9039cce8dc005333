"""Certified accuracy: counts agree with single questions, and a proof never outnumbers what an attack leaves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import PayloadError
from fpsem.core.verdict import Proved, Refuted
from fpsem.rand import key
from fpsem.verify import certified_accuracy, input_box, robustness
from fpsem.verify.attack import candidates, loses

RADII = ["1/256", "1/64", "1/16"]


@pytest.mark.parametrize("semantics", ["real", "binary32"])
def test_what_is_certified_in_batches_is_what_is_proved_one_by_one(digits: Any, semantics: str) -> None:
    graph, params, images, labels = digits
    table = certified_accuracy(graph, params, images[:30], labels[:30], RADII, semantics, "pairwise", (0, 1), batch=7)
    for row in table.rows:
        verdicts = [
            robustness(graph, params, images[i : i + 1], row.radius, labels[i], semantics, "pairwise", (0, 1), samples=1)
            for i in range(30)
        ]
        assert row.certified == sum(isinstance(v, Proved) for v in verdicts)
        assert row.certified <= row.resisted <= 30 - sum(isinstance(v, Refuted) for v in verdicts)
    assert [row.certified for row in table.rows] == sorted([row.certified for row in table.rows], reverse=True)


def test_the_table_does_not_depend_on_the_batch_but_on_the_seed(digits: Any) -> None:
    graph, params, images, labels = digits
    arguments = (graph, params, images[:40], labels[:40], ["1/4"])
    one, other = (certified_accuracy(*arguments, clip=(0, 1), batch=batch) for batch in (3, 40))
    assert one == other
    counts = {certified_accuracy(*arguments, clip=(0, 1), samples=8, seed=seed).rows[0].resisted for seed in range(4)}
    assert len(counts) > 1


def test_all_digits_are_counted(digits: Any) -> None:
    graph, params, images, labels = digits
    table = certified_accuracy(graph, params, images, labels, RADII, clip=(0, 1))
    assert (table.images, table.accurate) == (300, 290)
    assert all(0 < row.certified < row.resisted <= table.accurate for row in table.rows[:2])
    assert json.loads(json.dumps(table.to_json()))["rows"][0]["radius"] == "1/256"
    assert "300 images, 290 classified as labelled" in str(table)


def test_a_graph_that_mixes_rows_is_counted_one_image_at_a_time() -> None:
    graph = fpsem.trace(lambda x: x - x.sum(axis=0, keepdims=True) * 0.5, (1, 3))
    images = np.eye(3, dtype=np.float32)
    table = certified_accuracy(graph, {}, images, np.array([0, 1, 1]), ["1/8"])
    assert (table.accurate, table.rows[0].certified, table.rows[0].resisted) == (2, 2, 2)


def test_what_does_not_fit_is_refused(digits: Any) -> None:
    graph, params, images, labels = digits
    with pytest.raises(PayloadError, match="labels of shape"):
        certified_accuracy(graph, params, images, labels[:3], RADII)
    with pytest.raises(PayloadError, match="label 10 is not one"):
        certified_accuracy(graph, params, images, labels + 2, RADII)
    with pytest.raises(PayloadError, match="do not fit the input"):
        certified_accuracy(graph, params, images[:, :9], labels, RADII)


def test_candidates_lie_in_the_box_the_centre_first_then_corners_then_others() -> None:
    center = np.random.default_rng(0).uniform(0, 1, (3, 4)).astype(np.float32)
    low, high = input_box(center, "1/10", "binary32", (0, 1))
    points = candidates(center, (low, high), 21, key(0))
    assert points.dtype == np.float32
    assert points.shape == (21, 3, 4)
    assert ((low <= points) & (points <= high)).all()
    assert points[0].tolist() == center.tolist()
    assert ((points[1:11] == low) | (points[1:11] == high)).all()
    assert not ((points[11:] == low) | (points[11:] == high)).any()
    assert candidates(center, (low, high), 21, key(0)).tolist() == points.tolist()


def test_a_label_loses_to_a_tie_and_to_nan() -> None:
    y = np.array([[2.0, 1.0], [1.0, 1.0], [np.nan, 0.0], [0.0, np.nan], [np.inf, 0.0]])
    assert loses(y, np.zeros(5, int)).tolist() == [False, True, True, True, False]
