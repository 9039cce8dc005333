"""A training run: steps over batches, with a log, evaluations, checkpoints and a report.

The state after a step depends on the trainer, the data and the step alone, so a run that resumes from a checkpoint gives the
bits, and the log, of one that was never interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fpsem import rand
from fpsem.core.errors import PayloadError, TrainingError
from fpsem.data import Dataset, Loader
from fpsem.progress import progress_bar
from fpsem.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from fpsem.train.evaluate import evaluate, probes
from fpsem.train.log import Log
from fpsem.train.report import Report
from fpsem.train.state import Metrics, Params, State
from fpsem.train.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Event:
    """What a callback is told after each step.

    Args:
        step: how many steps were made.
        state: the state after it.
        log: what it measured.
    """

    step: int
    state: State
    log: Metrics


Callback = Callable[[Event], None]


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives.

    Args:
        params: parameters and buffers after the last step.
        state: all that a further step needs.
        log: what was measured, step by step.
        report: the evaluation before and after, and what is predicted of some examples.
    """

    params: Params
    state: State
    log: Log
    report: Report


@dataclass(frozen=True)
class Plan:
    """What a run is to do. The arguments are those of ``Trainer.train``.

    Raises:
        TrainingError: a count that is not positive.
        PayloadError: data without targets, or with too few rows for a batch.
        FileNotFoundError: the folder of the checkpoint does not exist: better found now than after the last step.
    """

    trainer: Trainer
    data: Dataset
    steps: int
    batch_size: int
    validation: Dataset | None = None
    evaluate_every: int = 0
    callbacks: Sequence[Callback] = ()
    checkpoint: Path | None = None
    checkpoint_every: int = 0
    title: str = "training"

    def __post_init__(self) -> None:
        for name, least in {"steps": 1, "batch_size": 1, "evaluate_every": 0, "checkpoint_every": 0}.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise TrainingError(f"{name} must be an integer of at least {least}, not {value!r}")
        if self.data.y is None:
            raise PayloadError(f"{self.data.name} has no targets to train on")
        if self.checkpoint is not None and not self.checkpoint.parent.is_dir():
            raise FileNotFoundError(f"{self.checkpoint}: there is no folder {str(self.checkpoint.parent)!r} to write it in")
        _ = self._loader

    @property
    def held(self) -> Dataset:
        """What is evaluated on: the validation data, else the training data itself."""
        return self.data if self.validation is None else self.validation

    @cached_property
    def _loader(self) -> Loader:
        return Loader(self.data, self.batch_size, rand.key(self.trainer.seed).split("batches"))

    def batch(self, step: int) -> tuple[Any, Any]:
        """The rows of a step: as many batches as gradients are averaged over."""
        many = self.trainer.accumulate
        xs, ys = zip(*(self._loader.batch(step * many + part) for part in range(many)))
        return (xs[0], ys[0]) if many == 1 else (np.concatenate(xs), np.concatenate(ys))

    @cached_property
    def described(self) -> dict[str, str]:
        """What is trained, on what and how, by topic: what a checkpoint must agree in to be resumed."""
        trainer = self.trainer
        return {
            "model": repr(trainer.model),
            "task": trainer.task if isinstance(trainer.task, str) else repr(trainer.task).partition(" at 0x")[0],
            "optimizer": repr(trainer.optimizer),
            "clipping": f"value {trainer.clip_value}, norm {trainer.clip_norm}",
            "accumulation": str(trainer.accumulate),
            "seed": str(trainer.seed),
            "domain": repr(trainer.domain),
            "batch size": str(self.batch_size),
            "data": _fingerprint(self.data),
            "evaluation": f"every {self.evaluate_every} steps, of {_fingerprint(self.held)}",
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """How it is trained, in sentences."""
        trainer = self.trainer
        return (
            f"{trainer.optimizer!r}, batches of {self.batch_size}, seed {trainer.seed}",
            f"every step in {trainer.domain.name}, sums {trainer.domain.schedule}",
        )


@dataclass
class Run:
    """A plan on its way.

    Args:
        plan: what is to be done.
        state: how far it came.
        before: the evaluation before the first step.
        rows: what was measured, after each step.
    """

    plan: Plan
    state: State
    before: Metrics
    rows: list[tuple[int, Metrics]] = field(default_factory=list)

    def go(self, progress: bool) -> Result:
        """All steps that are left. However they end, the last whole step is kept where there is a checkpoint to keep it in."""
        plan, begun = self.plan, self.plan.trainer.start().params
        try:
            with progress_bar(plan.title, plan.steps - self.state.opt_state.step if progress else None) as advance:
                while self.state.opt_state.step < plan.steps:
                    advance(f"{plan.title}: step {self.state.opt_state.step + 1}")
                    self._step()
        except TrainingError as error:
            kept = f"; the state before that step is in {plan.checkpoint}" if plan.checkpoint else ""
            raise TrainingError(f"{error}{kept}") from error
        finally:
            self._save()
        after = evaluate(plan.trainer, self.state.params, plan.held)
        shown = probes(plan.trainer, begun, self.state.params, plan.held)
        report = Report(plan.title, self.state.opt_state.step, self.before, after, tuple(shown), plan.notes)
        return Result(self.state.params, self.state, self.log(), report)

    def log(self) -> Log:
        """What was measured so far, up to the state that is kept: an interrupt may come between the two."""
        rows = [(step, row) for step, row in self.rows if step <= self.state.opt_state.step]
        names = dict.fromkeys(name for _, row in rows for name in row)
        series = {name: tuple(row.get(name) for _, row in rows) for name in names}
        return Log(self.plan.title, tuple(step for step, _ in rows), series, self.plan.notes)

    def _step(self) -> None:
        plan, state = self.plan, self.state
        made = plan.trainer.step(state.params, state.opt_state, state.rng, "train", *plan.batch(state.opt_state.step))
        state, row = State(made.params, made.opt_state, made.rng), dict(made.log)
        step = state.opt_state.step
        if plan.evaluate_every and step % plan.evaluate_every == 0:
            row |= {f"eval_{name}": value for name, value in evaluate(plan.trainer, state.params, plan.held).items()}
        self.rows.append((step, row))
        self.state = state  # the two go together, see log
        if plan.checkpoint_every and step % plan.checkpoint_every == 0:
            self._save()
        for callback in plan.callbacks:
            callback(Event(step, state, row))

    def _save(self) -> None:
        if self.plan.checkpoint is not None:
            done = Checkpoint(self.state, self.log(), self.before, self.plan.described)
            save_checkpoint(self.plan.checkpoint, done)


def begin(plan: Plan, resume: Path | None = None) -> Run:
    """A run before its first step, or where a checkpoint left it.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        FileFormatError: it is not one, or not of this plan.
        TrainingError: it has made more steps already.
    """
    if resume is None:
        state = plan.trainer.start()
        return Run(plan, state, evaluate(plan.trainer, state.params, plan.held))
    found = load_checkpoint(resume, plan.described)
    if found.state.opt_state.step > plan.steps:
        raise TrainingError(f"{resume} has made {found.state.opt_state.step} steps already, more than {plan.steps}")
    return Run(plan, found.state, found.before, list(_rows(found.log)))


def _rows(log: Log) -> Iterator[tuple[int, Metrics]]:
    """A log as what was measured after each step."""
    for place, step in enumerate(log.steps):
        measured = {name: values[place] for name, values in log.series.items()}
        yield step, {name: value for name, value in measured.items() if value is not None}


def _fingerprint(data: Dataset) -> str:
    """A dataset by its dtypes, shapes and a hash of its numbers."""
    arrays = [data.x] if data.y is None else [data.x, data.y]
    sha = hashlib.sha256(b"".join(array.tobytes() for array in arrays))
    return f"{', '.join(f'{array.dtype} {array.shape}' for array in arrays)}, sha256 {sha.hexdigest()[:16]}"
