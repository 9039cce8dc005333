"""What a layer reads while it is applied: its parameters and buffers, and in training also noise and new buffers.

A layer has no state of its own. In training a buffer's next value is an output of the graph, and noise (a dropout mask) is an
input of it, so that a training step stays a function of what is given to it.

Source: the state_dict of torch.nn.Module for names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fpsem.core.errors import GraphError
from fpsem.graph.op import Shape
from fpsem.graph.trace import Recorder, Tensor


@dataclass(frozen=True)
class Training:
    """What layers leave behind while they are recorded for training.

    Args:
        recorder: where the noise becomes inputs.
        keep: by the name of each mask, the probability that an element of it is 1.
        updates: by the name of each buffer that changes, its next value.
    """

    recorder: Recorder
    keep: dict[str, float] = field(default_factory=dict)
    updates: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope(Mapping[str, Tensor]):
    """The parameters and buffers of one layer, by the layer's own names.

    Args:
        tensors: those of the whole model, by their full names.
        prefix: what the names of this layer begin with: "" or "0." or "1.0.".
        training: None in evaluation.
    """

    tensors: Mapping[str, Tensor]
    prefix: str = ""
    training: Training | None = None

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[self.prefix + name]

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self.prefix) for name in self.tensors if name.startswith(self.prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def child(self, name: str) -> Scope:
        """What the child of this name reads; a nameless child reads what its parent does."""
        return Scope(self.tensors, f"{self.prefix}{name}." if name else self.prefix, self.training)

    def mask(self, shape: Shape, keep: float) -> Tensor:
        """A tensor of zeros and ones, each 1 with probability ``keep``, given from outside under this layer's name.

        Raises:
            GraphError: not in training.
        """
        training, name = self._training(), f"{self.prefix}mask"
        training.keep[name] = keep
        return training.recorder.input(name, shape)

    def update(self, name: str, value: Tensor) -> None:
        """Say what a buffer of this layer is to be after the step. Raises GraphError: not in training."""
        self._training().updates[self.prefix + name] = value

    def _training(self) -> Training:
        if self.training is None:
            raise GraphError("there is neither noise nor a new buffer in evaluation")
        return self.training
