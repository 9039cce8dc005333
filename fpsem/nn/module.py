"""The base of every layer: one ``forward`` over tensors, read three ways.

``lower`` records it as a graph, ``__call__`` runs it over a domain, and ``declared`` says which parameters it reads.
A layer is a value: two layers with the same settings are equal, and none holds a weight.

Source: torch.nn.Module for the names of parameters and children ("0.weight", nested "1.0.weight").
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem import rand
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.denote import embed, embed_all, integers
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape, Sort
from fpsem.graph.trace import Eager, Recorder, Tensor, labelled
from fpsem.nn.scope import Scope, Training


@dataclass(frozen=True)
class Parameter:
    """What a layer declares of one of its parameters or buffers.

    Args:
        shape: its shape.
        bound: it starts uniformly distributed over [centre - bound, centre + bound).
        centre: a binary32 number.
        is_buffer: whether it is a statistic that training updates, not a parameter that it learns.
    """

    shape: Shape
    bound: float = 0.0
    centre: float = 0.0
    is_buffer: bool = False


class Module(ABC):
    """A layer, or layers put together. Subclasses give ``forward``, and ``declared`` when they have parameters."""

    @abstractmethod
    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        """The layer's output.

        Args:
            x: its input.
            parameters: what it declared, by the layer's own names; a Scope, for layers that are different in training.

        Raises:
            ShapeError: x does not fit.
        """

    def declared(self) -> dict[str, Parameter]:
        """The parameters and buffers it reads, by name, in PyTorch's order."""
        return {}

    @property
    def takes(self) -> Sort:
        """The sort of its input."""
        return Sort.SCALAR

    @property
    def label(self) -> str:
        """What its nodes are called."""
        return type(self).__name__

    def parameters(self) -> dict[str, Shape]:
        """The shape of each parameter that is learned, by its state_dict name."""
        return {name: p.shape for name, p in self.declared().items() if not p.is_buffer}

    def buffers(self) -> dict[str, Shape]:
        """The shape of each statistic that training updates, by its state_dict name."""
        return {name: p.shape for name, p in self.declared().items() if p.is_buffer}

    def init(self, seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
        """Starting parameters and buffers, each from the seed's key split by its name: the same bits on every machine, and
        the same for a layer whatever others there are. See ``fpsem.rand``."""
        key = rand.key(seed)
        declared = self.declared().items()
        return {n: np.float32(p.centre) + key.split(n).uniform(p.shape, -p.bound, p.bound) for n, p in declared}

    def lower(self, shape: Shape, training: bool = False) -> Graph:
        """The graph: input "x" of this shape, a parameter node for each parameter and buffer, output "output".

        In training, each dropout mask is an input "NAME.mask", and each buffer's next value an output of the buffer's name.

        Raises:
            ShapeError: a layer does not take what comes to it; the message names the layer.
        """
        recorder = Recorder()
        x = recorder.input("x", shape, self.takes)
        mode = Training(recorder) if training else None
        output = self.place("", x, Scope(self.record(recorder), training=mode))
        return recorder.finish({"output": output, **(mode.updates if mode else {})})

    def record(self, recorder: Recorder) -> dict[str, Tensor]:
        """Its parameters and buffers as nodes of a graph that is being recorded."""
        return {name: recorder.parameter(name, p.shape) for name, p in self.declared().items()}

    def __call__(self, params: Mapping[str, Any], x: Any, domain: ScalarDomain) -> Array:
        """Run at once over a domain, as it is: ``fpsem.run`` also sharpens domains that can be sharpened.

        Args:
            params: float32 arrays (or uint32 codes, or the domain's own arrays) by name.
            x: the input, in the same forms; integers for a layer that takes them.
            domain: what the operations mean.

        Returns:
            The output, an array of the domain's scalars.

        Raises:
            PayloadError: a parameter is missing, unknown, or of another shape or dtype.
            ShapeError: a layer does not take what comes to it; the message names the layer.
        """
        backend, shapes = Eager(domain), {name: p.shape for name, p in self.declared().items()}
        values = embed_all("parameter", shapes, params, domain)
        parameters = {name: Tensor(backend, shapes[name], value) for name, value in values.items()}
        shape = np.shape(x)
        value = integers("input 'x'", x, shape) if self.takes is Sort.INTEGER else embed("input 'x'", x, shape, domain)
        result: Array = self.place("", Tensor(backend, shape, value, self.takes), Scope(parameters)).handle
        return result

    def place(self, name: str, x: Tensor, scope: Scope) -> Tensor:
        """Its output as the child of this name: reads the parameters "name.*" and labels what it makes."""
        with labelled(x.backend, name), labelled(x.backend, self.label):
            return self.forward(x, scope.child(name))
