"""Families: named recipes of networks that two programs can agree on, by the names and shapes of their parameters.

A family's model is a Sequential whose parameters have the names that torch.nn.Sequential gives the same layers, in its order.
To agree on another network, use its ``fpsem.nn`` model by itself: nothing here is needed to exchange parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpsem import nn
from fpsem.core.errors import ShapeError, UnknownNameError
from fpsem.graph.ir import Graph
from fpsem.graph.op import Shape

POOLS = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}
"""The poolings of ``cnn``, by name."""


@dataclass(frozen=True)
class Family:
    """A recipe that has been followed.

    Args:
        name: the recipe's name.
        model: the network.
        example: the shape of one example, without the batch.
    """

    name: str
    model: nn.Sequential
    example: Shape

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of each parameter and buffer by its name, in order; both sides have these or do not agree."""
        return {name: p.shape for name, p in self.model.declared().items()}

    def graph(self, batch: int = 1) -> Graph:
        """The network's graph for this many examples at once."""
        return self.model.lower((batch, *self.example))


def mlp(sizes: Sequence[int]) -> Family:
    """Linear layers with ReLU between them.

    Args:
        sizes: the number of features of the input, of each hidden layer, and of the output.

    Raises:
        ShapeError: fewer than two sizes, or one that is not positive.
    """
    if len(sizes) < 2:
        raise ShapeError(f"mlp needs the sizes of an input and an output, not {list(sizes)}")
    return Family("mlp", nn.Sequential(*_dense(sizes)), (sizes[0],))


def cnn(
    image: tuple[int, int, int],
    channels: Sequence[int],
    sizes: Sequence[int],
    kernel: int = 3,
    stride: int = 1,
    padding: int = 0,
    batch_norm: bool = False,
    pool: str | None = None,
) -> Family:
    """Convolutions, each with BatchNorm where asked for, ReLU, and pooling of 2 by 2 where asked for; then linear layers.

    Args:
        image: channels, height and width of the input.
        channels: the output channels of each convolution.
        sizes: the number of features of each linear layer's output; the last is the network's.
        kernel: the convolutions' height and width; so are stride and padding.
        stride: the step between windows.
        padding: how many zeros stand on each side.
        batch_norm: whether each convolution is followed by a BatchNorm2d.
        pool: None, "avg" or "max".

    Raises:
        ShapeError: no linear layer, or an image that becomes too small for a layer.
        UnknownNameError: another pooling.
    """
    if not sizes:
        raise ShapeError("cnn needs at least one linear layer")
    if pool is not None and pool not in POOLS:
        raise UnknownNameError("pooling", pool, POOLS)
    layers: list[nn.Module] = []
    for before, after in pairwise((image[0], *channels)):
        layers.append(nn.Conv2d(before, after, kernel, stride, padding))
        if batch_norm:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.ReLU())
        if pool is not None:
            layers.append(POOLS[pool](2))
    layers.append(nn.Flatten())
    features = nn.Sequential(*layers).lower((1, *image)).nodes[-1].shape[1]
    return Family("cnn", nn.Sequential(*layers, *_dense((features, *sizes))), image)


def _dense(sizes: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]
