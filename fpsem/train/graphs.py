"""The graphs of a training step: the loss and its gradients, the mean of several of these, the loss alone.

Each is an ordinary graph, recorded once for each shape of batch, and runs in any domain; the optimizer's is its own ``lower``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from fpsem.core.errors import GraphError
from fpsem.graph.autodiff import value_and_grad
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape, Sort
from fpsem.graph.trace import Recorder, Tensor, labelled
from fpsem.nn.module import Module
from fpsem.nn.scope import Scope, Training
from fpsem.optim.optimizer import Clip, Optimizer

Loss = Callable[[Tensor, Tensor], Tensor]
"""From a model's output and the target to a tensor of no dimensions."""

INPUT, TARGET, OUTPUT, LOSS = "x", "y", "output", "loss"
"""What these graphs call their inputs and outputs."""


@dataclass(frozen=True)
class LossGraph:
    """A loss as a graph.

    Args:
        graph: with the inputs x, y and the masks; the outputs "loss", "output", in training "grad.NAME" and new buffers.
        keep: by the name of each mask, the probability that an element of it is 1.
    """

    graph: Graph
    keep: Mapping[str, float]


@lru_cache(maxsize=64)
def loss_graph(model: Module, loss: Loss, x: Shape, y: Shape, target: Sort, training: bool) -> LossGraph:
    """The loss of a model on a batch; in training also its gradients by the parameters, and the next buffers.

    Args:
        model: the model.
        loss: what is made small.
        x: the shape of the batch's inputs.
        y: the shape of its targets.
        target: whether these are scalars or integers.
        training: whether dropout drops, and statistics are the batch's.

    Raises:
        ShapeError: a layer does not take what comes to it, or the loss is not of one element.
        GraphError: an op without a derivative on the way.
    """
    recorder = Recorder()
    inputs = recorder.input(INPUT, x, model.takes), recorder.input(TARGET, y, target)
    mode = Training(recorder) if training else None
    output = model.place("", inputs[0], Scope(model.record(recorder), training=mode))
    with labelled(recorder, LOSS):
        value = loss(output, inputs[1])
    if not isinstance(value, Tensor):
        raise GraphError(f"a loss gives a tensor of no dimensions, not {value!r}")
    graph = recorder.finish({LOSS: value, OUTPUT: output, **(mode.updates if mode else {})})
    if mode is None:
        return LossGraph(graph, {})
    return LossGraph(value_and_grad(graph, wrt=tuple(model.parameters()), of=LOSS), dict(mode.keep))


@lru_cache(maxsize=64)
def update_graph(optimizer: Optimizer, shapes: tuple[tuple[str, Shape], ...], clip: Clip | None) -> Graph:
    """The optimizer's step for parameters of these shapes."""
    return optimizer.lower(dict(shapes), clip)


@lru_cache(maxsize=64)
def mean_graph(shapes: tuple[tuple[str, Shape], ...], count: int) -> Graph:
    """For each name the mean of the inputs "0.NAME", "1.NAME", ...: their sum, one after the other, divided once."""
    recorder = Recorder()
    return recorder.finish({name: _mean(recorder, name, shape, count) for name, shape in shapes})


def _mean(recorder: Recorder, name: str, shape: Shape, count: int) -> Tensor:
    total, *rest = (recorder.input(f"{part}.{name}", shape) for part in range(count))
    for term in rest:
        total = total + term
    return total / count
