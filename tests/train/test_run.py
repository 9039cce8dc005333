"""Runs: logs, evaluations and callbacks; interrupted, failed and resumed ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem import data, nn, optim
from fpsem.core.errors import FileFormatError, PayloadError, ShapeError, TrainingError
from fpsem.domains import IEEE32Exec
from fpsem.train import Event, Result, load_checkpoint

Bits = Callable[[Any], dict[str, bytes]]
STEPS, BATCH = 12, 8  # 40 rows: an epoch is five steps


def same(found: Result, expected: Result, bits: Bits) -> bool:
    logs = [(r.log.title, r.log.steps, dict(r.log.series), r.log.notes) for r in (found, expected)]
    states = [(bits(r.state), r.state.rng, r.state.opt_state.step) for r in (found, expected)]
    return logs[0] == logs[1] and states[0] == states[1] and found.report == expected.report


def train(trainer: Any, dataset: Any, steps: int = STEPS, batch_size: int = BATCH, **settings: Any) -> Result:
    result: Result = trainer.train(dataset, steps, batch_size, **{"progress": False, **settings})
    return result


# -- a run ---------------------------------------------------------------------------------------------------------------


def test_the_log_has_a_row_for_each_step_and_evaluations_where_they_are_asked_for(make: Any, curve: data.Dataset) -> None:
    log = train(make(optimizer=optim.sgd(optim.step(0.5, 5, gamma=0.25))), curve, evaluate_every=5, title="t").log
    assert (log.title, log.steps, list(log.series)) == ("t", tuple(range(1, 13)), ["loss", "learning_rate", "eval_loss"])
    assert [i + 1 for i, value in enumerate(log.series["eval_loss"]) if value is not None] == [5, 10]
    assert log.series["learning_rate"] == (0.5,) * 5 + (0.125,) * 5 + (0.03125,) * 2


def test_the_report_compares_before_and_after(make: Any, curve: data.Dataset) -> None:
    result = train(make(), curve, 60)
    assert result.report.steps == 60
    assert result.report.after["loss"] < result.report.before["loss"] / 4
    assert len(result.report.probes) == 5
    assert result.params is result.state.params
    assert "every step in numpy_float32, sums sequential" in str(result.report)


def test_validation_data_are_what_is_evaluated_on(make: Any, curve: data.Dataset) -> None:
    held, learnt = curve[:7], curve[7:]
    result = train(make(), learnt, validation=held, evaluate_every=12)
    assert result.report.after["loss"] == result.log.series["eval_loss"][-1]
    assert [probe["target"] for probe in result.report.probes] == held.y[:5].tolist()  # type: ignore[index]
    with pytest.raises(PayloadError, match="has no rows to evaluate on"):
        train(make(), learnt, validation=curve[:0])


def test_callbacks_are_told_of_each_step_in_order(make: Any, curve: data.Dataset, bits: Bits) -> None:
    events: list[Event] = []
    order: list[str] = []
    result = train(make(), curve, callbacks=[events.append, lambda _: order.append("first"), lambda _: order.append("second")])
    assert [event.step for event in events] == list(range(1, 13)) == [event.state.opt_state.step for event in events]
    assert order == ["first", "second"] * 12
    assert [event.log["loss"] for event in events] == list(result.log.series["loss"])
    assert bits(events[-1].state) == bits(result.state)
    assert bits(events[0].state) != bits(result.state)


def test_accumulated_batches_go_through_each_epoch_once(make: Any, curve: data.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    plain = type(make()).step

    def look(self: Any, *given: Any) -> Any:
        seen.extend(row.tobytes() for row in given[-2])
        return plain(self, *given)

    monkeypatch.setattr(type(make()), "step", look)
    train(make(accumulate=2), curve[:32], 4)
    rows = {row.tobytes() for row in curve.x[:32]}
    assert len(rows) == 32
    assert set(seen[:32]) == set(seen[32:]) == rows
    assert len(seen) == 64
    assert seen[:32] != seen[32:]


def test_the_same_seed_gives_the_same_bits_and_another_others(make: Any, curve: data.Dataset, bits: Bits) -> None:
    first, again, other = (train(make(noisy=True, seed=seed), curve) for seed in (0, 0, 1))
    assert same(first, again, bits)
    assert bits(other.state) != bits(first.state)


def test_a_step_by_hand_is_a_step_of_the_run(make: Any, curve: data.Dataset, bits: Bits) -> None:
    trainer = make(noisy=True)
    events: list[Event] = []
    train(trainer, curve[:8], 1, callbacks=[events.append])
    whole = train(trainer, curve[:8], 1)
    assert bits(events[0].state) == bits(whole.state)


# -- what is refused before anything changes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"steps": 0}, TrainingError, "steps must be an integer of at least 1, not 0"),
        ({"steps": 1.5}, TrainingError, "steps must be an integer"),
        ({"batch_size": 0}, TrainingError, "batch_size must be an integer of at least 1"),
        ({"batch_size": 41}, PayloadError, "40 rows give no batch of 41"),
        ({"evaluate_every": -1}, TrainingError, "evaluate_every must be an integer of at least 0"),
        ({"checkpoint_every": True}, TrainingError, "checkpoint_every must be an integer"),
        ({"checkpoint": "nowhere/at/all"}, FileNotFoundError, "there is no folder 'nowhere/at'"),
        ({"resume": "nowhere"}, FileNotFoundError, "nowhere"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    settings: dict[str, Any], error: type[Exception], told: str, make: Any, curve: data.Dataset
) -> None:
    with pytest.raises(error, match=told):
        train(make(), curve, **settings)


NOT_DATA: list[tuple[Any, Any, type[Exception], str]] = [
    (np.full((8, 2), np.nan, np.float32), np.zeros((8, 1), np.float32), PayloadError, r"x\[0, 0\] is nan"),
    (np.zeros((8, 2), np.float32), np.full((8, 1), np.inf, np.float32), PayloadError, r"y\[0, 0\] is inf"),
    (np.zeros((8, 2)), np.zeros((8, 1), np.float32), PayloadError, "x is dtype float64"),
    (np.zeros((8, 2), np.float32), np.zeros((7, 1), np.float32), PayloadError, "x has 8 examples, y has 7"),
    (np.zeros((8, 3), np.float32), np.zeros((8, 1), np.float32), ShapeError, r"'0\.Linear'\): .*3 features"),
    (np.zeros((8, 2), np.float32), np.zeros((8, 2), np.float32), ShapeError, "mse_loss"),
]


@pytest.mark.parametrize(("x", "y", "error", "told"), NOT_DATA)
def test_data_that_do_not_fit_are_refused_before_anything_changes(
    x: Any, y: Any, error: type[Exception], told: str, make: Any, tmp_path: Path
) -> None:
    with pytest.raises(error, match=told):
        train(make(), (x, y), checkpoint=tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_a_label_of_no_class_is_refused_before_anything_changes(make: Any, curve: data.Dataset, tmp_path: Path) -> None:
    trainer = make(model=nn.Linear(2, 3), task="classification")
    labels = np.arange(40) % 4
    with pytest.raises(PayloadError, match="label 3 at row 3"):
        train(trainer, (curve.x, labels), checkpoint=tmp_path / "c")
    with pytest.raises(PayloadError, match=r"label y\[3\] is 3, expected 0 to 2"):
        train(trainer, data.Dataset(curve.x, labels, classes=3))
    assert list(tmp_path.iterdir()) == []


def test_data_without_targets_are_refused(make: Any, curve: data.Dataset) -> None:
    with pytest.raises(PayloadError, match="no targets to train on"):
        train(make(), data.Dataset(curve.x))


# -- runs that end early, and go on ----------------------------------------------------------------------------------------


SETTINGS: dict[str, Any] = {"noisy": True, "optimizer": optim.adam(0.01), "clip_norm": 1.0}


@pytest.mark.parametrize("domain", [None, IEEE32Exec(schedule="pairwise")], ids=["native", "exact"])
@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_a_resumed_run_has_the_bits_and_the_log_of_an_uninterrupted_one(
    cut: int, domain: Any, make: Any, curve: data.Dataset, bits: Bits, tmp_path: Path
) -> None:
    trainer = make(**SETTINGS, **({"domain": domain} if domain else {}))
    whole = train(trainer, curve, evaluate_every=3)
    train(trainer, curve, cut, evaluate_every=3, checkpoint=tmp_path / "c")
    resumed = train(trainer, curve, evaluate_every=3, resume=tmp_path / "c")
    assert same(resumed, whole, bits)


def test_a_run_may_be_resumed_with_nothing_left_to_do(make: Any, curve: data.Dataset, bits: Bits, tmp_path: Path) -> None:
    whole = train(make(), curve, checkpoint=tmp_path / "c")
    assert same(train(make(), curve, resume=tmp_path / "c"), whole, bits)
    with pytest.raises(TrainingError, match="has made 12 steps already, more than 11"):
        train(make(), curve, 11, resume=tmp_path / "c")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_a_checkpoint_to_go_on_from(
    interruption: type[BaseException], make: Any, curve: data.Dataset, bits: Bits, tmp_path: Path
) -> None:
    def interrupt(event: Event) -> None:
        if event.step == 7:
            raise interruption

    trainer = make(**SETTINGS)
    with pytest.raises(interruption):
        train(trainer, curve, callbacks=[interrupt], checkpoint=tmp_path / "c")
    assert load_checkpoint(tmp_path / "c").state.opt_state.step == 7
    assert same(train(trainer, curve, resume=tmp_path / "c"), train(trainer, curve), bits)


def test_checkpoints_are_written_every_so_many_steps(make: Any, curve: data.Dataset, tmp_path: Path) -> None:
    path, seen = tmp_path / "c", []

    def look(event: Event) -> None:
        seen.append(load_checkpoint(path).state.opt_state.step if path.exists() else None)

    train(make(), curve, callbacks=[look], checkpoint=path, checkpoint_every=5)
    assert seen == [None] * 4 + [5] * 5 + [10] * 3
    assert load_checkpoint(path).state.opt_state.step == 12


def test_what_diverges_is_named_and_the_state_before_is_kept(
    make: Any, curve: data.Dataset, bits: Bits, tmp_path: Path
) -> None:
    trainer, events = make(optimizer=optim.sgd(1e9)), []
    told = r"^step (\d+): .* is not finite; the first value that is not is .* of node %.*; the state before that step is in .*c$"
    with pytest.raises(TrainingError, match=told) as caught:
        train(trainer, curve, checkpoint=tmp_path / "c", callbacks=[events.append])
    kept = load_checkpoint(tmp_path / "c")
    assert len(events) > 0
    assert str(caught.value).startswith(f"step {len(events) + 1}:")
    assert kept.state.opt_state.step == len(events)
    assert bits(kept.state) == bits(events[-1].state)
    assert all(np.isfinite(value).all() for value in kept.state.params.values())


def test_a_loss_that_was_infinite_from_the_start_is_kept_too(make: Any, tmp_path: Path) -> None:
    rows = np.full((8, 2), 1e30, np.float32), np.zeros((8, 1), np.float32)
    with pytest.raises(TrainingError, match="step 1: loss is not finite"):
        train(make(), rows, checkpoint=tmp_path / "c")
    assert load_checkpoint(tmp_path / "c").before == {"loss": math.inf}


@pytest.mark.parametrize(
    ("settings", "topic"),
    [
        ({"optimizer": optim.sgd(0.06, momentum=0.9)}, "optimizer"),
        ({"optimizer": optim.sgd(0.05, momentum=0.8)}, "optimizer"),
        ({"seed": 1}, "seed"),
        ({"domain": IEEE32Exec()}, "domain"),
        ({"clip_norm": 1.0}, "clipping"),
        ({"accumulate": 2}, "accumulation"),
        ({"noisy": True}, "model"),
        ({"task": lambda output, target: (output - target).abs().mean()}, "task"),
    ],
)
def test_a_checkpoint_of_another_trainer_is_stale(
    settings: dict[str, Any], topic: str, make: Any, curve: data.Dataset, tmp_path: Path
) -> None:
    train(make(), curve, 2, checkpoint=tmp_path / "c")
    with pytest.raises(FileFormatError, match=f"stale: its {topic} is .*, this training's is "):
        train(make(**settings), curve, resume=tmp_path / "c")


def test_a_checkpoint_of_other_data_is_stale(make: Any, curve: data.Dataset, tmp_path: Path) -> None:
    train(make(), curve, 2, checkpoint=tmp_path / "c")
    moved = curve.x.copy()
    moved[39, 1] = np.nextafter(moved[39, 1], np.float32(2))
    for other in (curve[:39], data.Dataset(moved, curve.y)):
        with pytest.raises(FileFormatError, match="stale: its data is"):
            train(make(), other, resume=tmp_path / "c")
    with pytest.raises(FileFormatError, match="stale: its batch size is 8, this training's is 9"):
        train(make(), curve, batch_size=9, resume=tmp_path / "c")
