"""What a training run comes to, as text and as JSON."""

from __future__ import annotations

import json
import math

from fpsem.train import Report

REPORT = Report(
    "curves",
    200,
    {"loss": 2.5, "accuracy": 0.25},
    {"loss": math.nan, "accuracy": 1 / 3},
    (
        {"example": 0, "target": 1, "before": 0, "after": 1},
        {"example": 1, "target": [0.5, math.inf], "before": [[1.0]], "after": [1.0, 2.0, 3.0, 4.0, 5.0]},
    ),
    ("by hand",),
)


def test_as_text_it_has_a_line_for_each_fact() -> None:
    assert str(REPORT).splitlines() == [
        "curves: 200 steps",
        "  loss: 2.5 before, nan after",
        "  accuracy: 0.25 before, 0.333333 after",
        "  example 0: target 1, predicted 0 before, 1 after",
        "  example 1: target [0.5, inf], predicted [[1]] before, [1, 2, 3, 4, ...] after",
        "  by hand",
    ]


def test_as_json_what_is_not_finite_is_text() -> None:
    assert json.loads(json.dumps(REPORT.to_json(), allow_nan=False)) == {
        "title": "curves",
        "steps": 200,
        "before": {"loss": 2.5, "accuracy": 0.25},
        "after": {"loss": "nan", "accuracy": 1 / 3},
        "probes": [
            {"example": 0, "target": 1, "before": 0, "after": 1},
            {"example": 1, "target": [0.5, "inf"], "before": [[1.0]], "after": [1.0, 2.0, 3.0, 4.0, 5.0]},
        ],
        "notes": ["by hand"],
    }
