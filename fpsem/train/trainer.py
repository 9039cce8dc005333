"""Trainer: a model, a loss, an optimizer, a domain and a seed; a training step is a function of these and of explicit state.

    trainer = fpsem.Trainer(model, task="classification", optimizer=optim.adam(1e-3), domain=fpsem.IEEE32Exec())
    result = trainer.train(dataset, steps=500, batch_size=64)

    params, opt_state, rng = trainer.start()                      # or by hand, one step at a time
    params, opt_state, rng, log = trainer.step(params, opt_state, rng, "train", x, y)

The loss, its gradients and the optimizer's rule are graphs, which the domain interprets: training in two domains that agree in
every operation that these graphs use gives the same bits at every step. Between steps all numbers are binary32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fpsem import rand
from fpsem.core.errors import PayloadError, TrainingError, UnknownNameError, UnsupportedError
from fpsem.core.protocol import Kind, ScalarDomain
from fpsem.data import Dataset
from fpsem.graph.denote import Interpreter
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape, Sort
from fpsem.nn.losses import CrossEntropyLoss, MSELoss
from fpsem.nn.module import Module
from fpsem.optim.optimizer import GRADIENT, Clip, Optimizer
from fpsem.train.diverged import first_non_finite
from fpsem.train.graphs import INPUT, LOSS, OUTPUT, TARGET, Loss, LossGraph, loss_graph, mean_graph, update_graph
from fpsem.train.state import Metrics, OptState, Params, State

if TYPE_CHECKING:
    from fpsem.train.run import Callback, Result

TASKS: Mapping[str, Loss] = {"classification": CrossEntropyLoss(), "regression": MSELoss()}
"""The loss of each task that has a name."""

MODES = ("train", "eval")

Floats = npt.NDArray[np.float32]


class Step(NamedTuple):
    """What a step gives: the next parameters, optimizer's state and random stream, and what was measured."""

    params: Params
    opt_state: OptState
    rng: rand.Key
    log: Metrics


@dataclass(frozen=True)
class Trainer:
    """How to train a model.

    Args:
        model: its layers.
        task: "classification" (cross-entropy of logits and integer labels), "regression" (mean squared error), or a loss: a
            function of the output and the target, two Tensors, to a Tensor of no dimensions.
        optimizer: the rule, such as ``optim.sgd(0.1)``.
        domain: what arithmetic means; it must have binary32 numbers.
        seed: what the parameters, the batches and the noise are drawn from.
        clip_norm: gradients are scaled so that their norm is not above it.
        clip_value: no element of a gradient is above it in magnitude.
        accumulate: how many batches' gradients are averaged for a step.

    Raises:
        UnknownNameError: no such task.
        TrainingError: a bound or a count that is not positive.
        UnsupportedError: a domain whose numbers are not rounded to binary32.
    """

    model: Module
    task: str | Loss
    optimizer: Optimizer
    domain: ScalarDomain
    seed: int = 0
    clip_norm: float | None = None
    clip_value: float | None = None
    accumulate: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.task, str) and self.task not in TASKS:
            raise UnknownNameError("task", self.task, TASKS)
        if type(self.accumulate) is not int or self.accumulate < 1:
            raise TrainingError(f"accumulate must be an integer of at least 1, not {self.accumulate!r}")
        _ = self._clip
        contract = self.domain.contract
        if not contract.concrete or contract.kind not in (Kind.IEEE, Kind.ROUNDS):
            raise UnsupportedError(f"training needs numbers of binary32 between steps; those of {self.domain.name} are not")

    @property
    def _clip(self) -> Clip | None:
        given = self.clip_value, self.clip_norm
        return None if given == (None, None) else Clip(*given)

    @property
    def loss(self) -> Loss:
        """What is made small."""
        return TASKS[self.task] if isinstance(self.task, str) else self.task

    def start(self) -> State:
        """The state before the first step."""
        slots = self.optimizer.init(self._shapes)
        return State(self.model.init(self.seed), OptState(0, slots), rand.key(self.seed).split("noise"))

    def step(self, params: Params, opt_state: OptState, rng: rand.Key, mode: str, x: Any, y: Any) -> Step:
        """One step of training, or of evaluation, which changes nothing and measures the loss.

        Args:
            params: parameters and buffers.
            opt_state: the optimizer's.
            rng: what noise is drawn from.
            mode: "train" or "eval".
            x: a batch of inputs, float32 or integers; with ``accumulate`` above 1, that many batches along the first axis.
            y: its targets, likewise.

        Raises:
            UnknownNameError: no such mode.
            PayloadError: arrays of wrong shapes or dtypes; batches that do not divide by ``accumulate``.
            TrainingError: a loss or a parameter that is not finite; the message names the step, the node and the value.
        """
        if mode not in MODES:
            raise UnknownNameError("mode", mode, MODES)
        batch = _batch(x), _batch(y)
        if mode == "eval":
            return Step(params, opt_state, rng, {LOSS: float(self.run_loss(params, *batch)[LOSS])})
        found, buffers = self._gradients(params, opt_state.step, rng, batch)
        params = {**params, **buffers}
        names = self._shapes
        trained = {**{name: params[name] for name in names}, **opt_state.slots}
        scalars = self.optimizer.scalars(opt_state.step)
        given = {**scalars, **{f"{GRADIENT}{name}": found[f"{GRADIENT}{name}"] for name in names}}
        made = self._finite(opt_state.step, self._update, trained, given)
        log = {LOSS: float(found[LOSS]), "learning_rate": float(scalars["learning_rate"])}
        log |= {"gradient_norm": float(made["gradient_norm"])} if "gradient_norm" in made else {}
        slots = {name: made[name] for name in opt_state.slots}
        learned = {name: made[name] if name in names else value for name, value in params.items()}
        return Step(learned, OptState(opt_state.step + 1, slots), rng.split("next"), log)

    def train(
        self,
        data: Dataset | tuple[Any, Any],
        steps: int,
        batch_size: int = 32,
        *,
        validation: Dataset | None = None,
        evaluate_every: int = 0,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 0,
        resume: str | Path | None = None,
        progress: bool = True,
        title: str = "training",
    ) -> Result:
        """Train from the start, or from a checkpoint.

        Args:
            data: a Dataset, or a pair of arrays: inputs and targets, one row for each example.
            steps: how many steps in all, those before a checkpoint included.
            batch_size: rows of a batch; a step takes ``accumulate`` batches. Each epoch has an order of its own, from the seed.
            validation: what is evaluated on; the training data when None.
            evaluate_every: after how many steps the log gets an evaluation; 0 for never.
            callbacks: called after each step with an Event.
            checkpoint: a file that gets the last state, also when the run is interrupted or fails.
            checkpoint_every: after how many steps it is written in between; 0 for never.
            resume: a checkpoint to go on from; the result is that of a run that was never interrupted.
            progress: whether a bar is shown on a terminal.
            title: what reports call it.

        Raises:
            TrainingError: a loss or parameter that is not finite, or a count that is not positive.
            PayloadError: data that do not fit the model.
            FileFormatError: the checkpoint to resume is not one, or is of another training.
        """
        from fpsem.train.run import Plan, begin

        dataset = data if isinstance(data, Dataset) else Dataset(*data)
        path = None if checkpoint is None else Path(checkpoint)
        plan = Plan(
            self, dataset, steps, batch_size, validation, evaluate_every, tuple(callbacks), path, checkpoint_every, title
        )
        return begin(plan, None if resume is None else Path(resume)).go(progress)

    def run_loss(self, params: Params, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> dict[str, Floats]:
        """The loss and the model's output on a batch, in evaluation."""
        return self._run(self._loss_graph(x, y, training=False).graph, params, {INPUT: x, TARGET: y})

    def _gradients(
        self, params: Params, step: int, rng: rand.Key, batch: tuple[npt.NDArray[Any], npt.NDArray[Any]]
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """The loss and gradients, averaged over the parts of a batch, and the buffers after the last part."""
        parts: list[dict[str, Floats]] = []
        buffers: dict[str, Floats] = {}
        for index, (x, y) in enumerate(zip(*(_parts(array, self.accumulate) for array in batch))):
            made = self._loss_graph(x, y, training=True)
            masks = {name: rng.split(index).split(name).mask(made.graph.inputs[name], keep) for name, keep in made.keep.items()}
            found = self._finite(step, made.graph, {**params, **buffers}, {INPUT: x, TARGET: y, **masks})
            buffers = {name: found[name] for name in self.model.buffers()}
            parts.append({name: value for name, value in found.items() if name == LOSS or name.startswith(GRADIENT)})
        if len(parts) == 1:
            return parts[0], buffers
        shapes = tuple((name, value.shape) for name, value in parts[0].items())
        given = {f"{i}.{name}": value for i, part in enumerate(parts) for name, value in part.items()}
        return self._run(mean_graph(shapes, len(parts)), {}, given), buffers

    def _finite(self, step: int, graph: Graph, payload: Params, inputs: Mapping[str, Any]) -> dict[str, Floats]:
        """The outputs of a graph. Raises TrainingError that names the first value that is not finite, if one is not."""
        found = self._run(graph, payload, inputs)
        # what a model says may be infinite; a gradient that is leaves a parameter or slot that is, unless it is cut
        cut = self.clip_value is not None
        checked = {name: value for name, value in found.items() if name != OUTPUT and (cut or not name.startswith(GRADIENT))}
        bad = [name for name, value in checked.items() if not np.isfinite(value).all()]
        if bad:
            first = first_non_finite(graph, payload, inputs, self.domain)
            raise TrainingError(f"step {step + 1}: {bad[0]} is not finite; the first value that is not is {first}")
        return found

    def _loss_graph(self, x: npt.NDArray[Any], y: npt.NDArray[Any], training: bool) -> LossGraph:
        target = Sort.INTEGER if y.dtype.kind in "iu" else Sort.SCALAR
        return loss_graph(self.model, self.loss, x.shape, y.shape, target, training)

    @cached_property
    def _shapes(self) -> Mapping[str, Shape]:
        return self.model.parameters()

    @cached_property
    def _update(self) -> Graph:
        return update_graph(self.optimizer, tuple(self._shapes.items()), self._clip)

    def _run(self, graph: Graph, payload: Params, inputs: Mapping[str, Any]) -> dict[str, Floats]:
        found = _interpreter(graph, self.domain)(payload, inputs)
        return {name: self.domain.to_bits(value).view(np.float32) for name, value in found.items()}


@lru_cache(maxsize=64)
def _interpreter(graph: Graph, domain: ScalarDomain) -> Interpreter:
    return Interpreter(graph, domain)


def _batch(array: Any) -> npt.NDArray[Any]:
    """A batch as float32 or int64. Raises PayloadError for other numbers, which the caller must round or choose."""
    found = np.asarray(array)
    if found.dtype.kind in "iu":
        return found.astype(np.int64)
    if found.dtype != np.float32 or not found.ndim:
        raise PayloadError(f"a batch is of float32 or integers, with a first axis of examples, not {found.dtype} {found.shape}")
    return found


def _parts(array: npt.NDArray[Any], count: int) -> list[npt.NDArray[Any]]:
    if len(array) % count:
        raise PayloadError(f"a step over {count} batches needs rows that divide by {count}, not {len(array)}")
    return list(np.split(array, count)) if count > 1 else [array]
