"""Evaluation over whole datasets, part by part, and what is predicted of single examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fpsem import data, nn
from fpsem.core.errors import PayloadError
from fpsem.train import evaluate
from fpsem.train.evaluate import probes

RANDOM = np.random.default_rng(0)
ROWS = 1100  # two whole parts and a rest
X = RANDOM.standard_normal((ROWS, 2)).astype(np.float32)
LABELS = RANDOM.integers(0, 3, ROWS)


def classifier(make: Any, **settings: Any) -> tuple[Any, dict[str, Any]]:
    trainer = make(model=nn.Linear(2, 3), **{"task": "classification", **settings})
    return trainer, trainer.start().params


def expected(params: dict[str, Any], x: Any, labels: Any) -> tuple[float, float]:
    """Loss and accuracy in float64."""
    logits = x.astype(np.float64) @ params["weight"].T + params["bias"]
    logarithms = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(len(x)), labels].mean(), (logits.argmax(axis=1) == labels).mean()


@pytest.mark.parametrize("rows", [1, 511, 512, 513, ROWS])
def test_a_classification_is_measured_over_all_rows(rows: int, make: Any) -> None:
    trainer, params = classifier(make)
    found = evaluate(trainer, params, data.Dataset(X[:rows], LABELS[:rows], classes=3))
    loss, accuracy = expected(params, X[:rows], LABELS[:rows])
    assert found == {"loss": pytest.approx(loss, rel=1e-5), "accuracy": pytest.approx(accuracy, abs=1e-12)}


@pytest.mark.parametrize("told", [{}, {"classes": 3, "ignore": -100}])
def test_rows_that_the_loss_ignores_count_nowhere(told: dict[str, Any], make: Any) -> None:
    trainer, params = classifier(make)
    kept = RANDOM.integers(0, 2, ROWS).astype(bool)
    kept[600:] = False  # a part where all are ignored
    labels = np.where(kept, LABELS, -100)
    loss, accuracy = expected(params, X[kept], LABELS[kept])
    found = evaluate(trainer, params, data.Dataset(X, labels, **told))
    assert found == {"loss": pytest.approx(loss, rel=1e-5), "accuracy": pytest.approx(accuracy, abs=1e-12)}


def test_the_label_to_ignore_is_the_losss(make: Any) -> None:
    trainer, params = classifier(make, task=nn.CrossEntropyLoss(ignore_index=2))
    kept = LABELS != 2
    loss, accuracy = expected(params, X[kept], LABELS[kept])
    found = evaluate(trainer, params, data.Dataset(X, LABELS, classes=3))
    assert found == {"loss": pytest.approx(loss, rel=1e-5), "accuracy": pytest.approx(accuracy, abs=1e-12)}


def test_where_all_rows_are_ignored_all_is_0(make: Any) -> None:
    trainer, params = classifier(make)
    found = evaluate(trainer, params, data.Dataset(X[:3], np.full(3, -100), classes=3, ignore=-100))
    assert found == {"loss": 0, "accuracy": 0}


def test_a_regression_has_a_loss_alone(make: Any) -> None:
    trainer = make(model=nn.Linear(2, 1))
    params, y = trainer.start().params, RANDOM.standard_normal((ROWS, 1)).astype(np.float32)
    found = evaluate(trainer, params, data.Dataset(X, y))
    error = X.astype(np.float64) @ params["weight"].T + params["bias"] - y
    assert found == {"loss": pytest.approx((error**2).mean(), rel=1e-5)}


def test_evaluation_neither_drops_nor_learns(make: Any, curve: data.Dataset) -> None:
    trainer = make(noisy=True)
    params = trainer.start().params
    assert evaluate(trainer, params, curve) == evaluate(trainer, params, curve)


@pytest.mark.parametrize(("rows", "told"), [(slice(0), "has no rows"), (slice(3), "has no targets")])
def test_nothing_to_evaluate_on_is_said(rows: slice, told: str, make: Any) -> None:
    trainer = make(model=nn.Linear(2, 1))
    with pytest.raises(PayloadError, match=told):
        evaluate(trainer, trainer.start().params, data.Dataset(X[rows]))


def test_probes_show_labels_of_a_classification(make: Any) -> None:
    trainer, before = classifier(make)
    after = {**before, "bias": np.float32([0, 0, 1000])}
    shown = probes(trainer, before, after, data.Dataset(X, LABELS, classes=3))
    guesses = (X[:5] @ before["weight"].T + before["bias"]).argmax(axis=1).tolist()
    assert shown == [{"example": i, "target": int(LABELS[i]), "before": guesses[i], "after": 2} for i in range(5)]


def test_probes_show_numbers_of_a_regression_and_no_more_than_there_are(make: Any, curve: data.Dataset) -> None:
    trainer = make()
    params = trainer.start().params
    shown = probes(trainer, params, params, curve[:2])
    assert [probe["target"] for probe in shown] == curve.y[:2].tolist()  # type: ignore[index]
    assert shown[0]["before"] == trainer.run_loss(params, curve.x[:2], curve.y[:2])["output"][0].tolist()  # type: ignore[index]
    assert len(shown) == 2
