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

from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.denote import embed, embed_all
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape
from fpsem.graph.trace import Eager, Recorder, Tensor, labelled
from fpsem.nn.random import uniform


@dataclass(frozen=True)
class Parameter:
    """What a layer declares of one of its parameters.

    Args:
        shape: its shape.
        bound: it starts uniformly distributed over [-bound, bound).
    """

    shape: Shape
    bound: float


class Module(ABC):
    """A layer, or layers put together. Subclasses give ``forward``, and ``declared`` when they have parameters."""

    @abstractmethod
    def forward(self, x: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """The layer's output.

        Args:
            x: its input.
            parameters: what it declared, by the layer's own names.

        Raises:
            ShapeError: x does not fit.
        """

    def declared(self) -> dict[str, Parameter]:
        """The parameters it reads, by name, in PyTorch's order."""
        return {}

    @property
    def label(self) -> str:
        """What its nodes are called."""
        return type(self).__name__

    def parameters(self) -> dict[str, Shape]:
        """The shape of each parameter, by its state_dict name."""
        return {name: parameter.shape for name, parameter in self.declared().items()}

    def init(self, seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
        """Starting parameters: the same bits for the same seed on every machine. See ``fpsem.nn.random``."""
        return {name: uniform(seed, name, p.shape, p.bound) for name, p in self.declared().items()}

    def lower(self, shape: Shape) -> Graph:
        """The graph: input "x" of this shape, a parameter node for each parameter, output "output".

        Raises:
            ShapeError: a layer does not take what comes to it; the message names the layer.
        """
        recorder = Recorder()
        x = recorder.input("x", shape)
        parameters = {name: recorder.parameter(name, of) for name, of in self.parameters().items()}
        return recorder.finish({"output": self.place("", x, parameters)})

    def __call__(self, params: Mapping[str, Any], x: Any, domain: ScalarDomain) -> Array:
        """Run at once over a domain, as it is: ``fpsem.run`` also sharpens domains that can be sharpened.

        Args:
            params: float32 arrays (or uint32 codes, or the domain's own arrays) by name.
            x: the input, in the same forms.
            domain: what the operations mean.

        Returns:
            The output, an array of the domain's scalars.

        Raises:
            PayloadError: a parameter is missing, unknown, or of another shape or dtype.
            ShapeError: a layer does not take what comes to it; the message names the layer.
        """
        backend, shapes = Eager(domain), self.parameters()
        values = embed_all("parameter", shapes, params, domain)
        parameters = {name: Tensor(backend, shapes[name], value) for name, value in values.items()}
        start = Tensor(backend, np.shape(x), embed("input 'x'", x, np.shape(x), domain))
        result: Array = self.place("", start, parameters).handle
        return result

    def place(self, name: str, x: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """Its output as the child of this name: reads the parameters "name.*" and labels what it makes."""
        prefix = f"{name}." if name else ""
        own = {key.removeprefix(prefix): value for key, value in parameters.items() if key.startswith(prefix)}
        with labelled(x.backend, name), labelled(x.backend, self.label):
            return self.forward(x, own)
