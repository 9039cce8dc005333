"""What an optimizer is: a rule, written over tensors, that takes a parameter, its gradient and its state to their next values.

Nothing is hidden: the state is named tensors, what changes from step to step is in ``scalars``, and the rule is recorded as a
graph, which runs in any domain as a model does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape
from fpsem.graph.trace import Recorder, Tensor, labelled
from fpsem.optim._numbers import checked
from fpsem.optim.rates import Rate

GRADIENT = "grad."
"""What the names of gradients begin with, as ``fpsem.autodiff`` gives them."""


@dataclass(frozen=True)
class Optimizer(ABC):
    """A rule for the next parameters.

    Args:
        rate: the learning rate of each step.
    """

    rate: Rate

    @property
    @abstractmethod
    def slots(self) -> tuple[str, ...]:
        """The names of the tensors that it keeps for each parameter, of the parameter's shape and 0 at first."""

    @abstractmethod
    def update(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], scalars: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The next parameter and slots.

        Args:
            parameter: its value.
            gradient: the loss's gradient, of its shape.
            state: its slots.
            scalars: those of the step, spread over its shape.
        """

    def scalars(self, step: int) -> dict[str, np.float32]:
        """The numbers of a step, counted from 0, that are the same for all parameters."""
        return {"learning_rate": self.rate(step)}

    def init(self, shapes: Mapping[str, Shape]) -> dict[str, npt.NDArray[np.float32]]:
        """The state before the first step: zeros, "SLOT.NAME" for each slot and parameter."""
        return {slot_name(slot, name): np.zeros(shape, np.float32) for slot in self.slots for name, shape in shapes.items()}

    def lower(self, shapes: Mapping[str, Shape], clip: Clip | None = None) -> Graph:
        """The graph of one step.

        Its inputs are "grad.NAME" and the names of ``scalars``, its parameters NAME and "SLOT.NAME", its outputs the next
        values of these under the same names, and "gradient_norm" where ``clip`` works one out.

        Args:
            shapes: those of the parameters that are learned.
            clip: what is done to the gradients first.
        """
        recorder = Recorder()
        values = {name: recorder.parameter(name, shape) for name, shape in shapes.items()}
        gradients = {name: recorder.input(f"{GRADIENT}{name}", shape) for name, shape in shapes.items()}
        scalars = {name: recorder.input(name, ()) for name in self.scalars(0)}
        outputs: dict[str, Tensor] = {}
        if clip is not None:
            with labelled(recorder, "clip"):
                gradients, outputs = clip(gradients)
        for name, value in values.items():
            state = {slot: recorder.parameter(slot_name(slot, name), value.shape) for slot in self.slots}
            spread = {key: scalar.broadcast_to(shape=value.shape) for key, scalar in scalars.items()}
            with labelled(recorder, f"update {name}"):
                outputs[name], state = self.update(value, gradients[name], state, spread)
            outputs |= {slot_name(slot, name): tensor for slot, tensor in state.items()}
        return recorder.finish(outputs)


@dataclass(frozen=True)
class Clip:
    """Gradients made smaller before they are used: by value first, then all together by their norm.

    Args:
        value: no element's magnitude is above it.
        norm: the root of the sum of all squares is not above it, but for rounding: all are multiplied by
            ``min(1, norm / (found + 1e-6))``.

    Raises:
        TrainingError: a bound that is not above 0, as given or rounded to binary32.

    Source: torch.nn.utils.clip_grad_value_ and clip_grad_norm_.
    """

    value: float | None = None
    norm: float | None = None

    def __post_init__(self) -> None:
        for name, bound in {"value": self.value, "norm": self.norm}.items():
            if bound is not None:
                checked(f"clip: {name}", bound, above_low=True)

    def __call__(self, gradients: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The gradients, and "gradient_norm" before they were scaled where there is a norm."""
        made = dict(gradients)
        if self.value is not None:
            made = {name: g.clip(low=-self.value, high=self.value) for name, g in made.items()}
        if self.norm is None:
            return made, {}
        squares = [(g * g).sum() for g in made.values()]
        norm = _added(squares).sqrt()
        factor = (norm.constant_like(self.norm) / (norm + 1e-6)).minimum(norm.constant_like(1))
        return {name: g * factor.broadcast_to(shape=g.shape) for name, g in made.items()}, {"gradient_norm": norm}


def slot_name(slot: str, parameter: str) -> str:
    """The name of a state tensor."""
    return f"{slot}.{parameter}"


def _added(terms: Iterable[Tensor]) -> Tensor:
    total: Tensor | None = None
    for term in terms:
        total = term if total is None else total + term
    assert total is not None, "there are gradients"
    return total
