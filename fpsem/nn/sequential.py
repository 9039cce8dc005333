"""Sequential: layers one after another, named by their positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fpsem.graph.op import Sort
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module, Parameter
from fpsem.nn.scope import Scope


@dataclass(frozen=True, init=False, repr=False)
class Sequential(Module):
    """Each layer takes what the one before gives. Layer i's parameters are called "i.weight" and so on.

    Args:
        layers: any number; none gives the identity.

    Raises:
        TypeError: something that is not a layer, or a layer's class without its arguments.

    Source: torch.nn.Sequential.
    """

    layers: tuple[Module, ...]

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(f"layer {i} of Sequential is not a layer but {layer!r}")
        object.__setattr__(self, "layers", layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Module:
        return self.layers[index]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"

    @property
    def label(self) -> str:
        """Nothing: the positions of its layers name them already."""
        return ""

    def declared(self) -> dict[str, Parameter]:
        return {f"{i}.{name}": p for i, layer in enumerate(self.layers) for name, p in layer.declared().items()}

    @property
    def takes(self) -> Sort:
        """What its first layer takes."""
        return self.layers[0].takes if self.layers else super().takes

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = layer.place(str(i), x, parameters)
        return x
