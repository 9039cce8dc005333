"""LayerNorm and BatchNorm: x minus a mean, divided by a root of a variance, times a weight, plus a bias."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from fpsem.core.errors import GraphError, ShapeError
from fpsem.graph.op import Shape
from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module, Parameter
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class LayerNorm(Module):
    """Over the last dimensions: each slice gets mean 0 and variance 1, but for eps, then weight and bias.

    Args:
        normalized_shape: the last dimensions, or the last one alone.
        eps: added to the variance, rounded to binary32.
        elementwise_affine: whether there are a weight, which starts at 1, and a bias, at 0.
        bias: whether there is a bias beside the weight.

    Source: torch.nn.LayerNorm.
    """

    normalized_shape: int | Shape
    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    @property
    def _shape(self) -> Shape:
        return (self.normalized_shape,) if isinstance(self.normalized_shape, int) else tuple(self.normalized_shape)

    def declared(self) -> dict[str, Parameter]:
        starts = {"weight": 1.0, "bias": 0.0} if self.bias else {"weight": 1.0}
        return {name: Parameter(self._shape, centre=start) for name, start in starts.items() if self.elementwise_affine}

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        affine = [parameters[name] for name in self.declared()]
        return x.layer_norm(*affine, normalized_shape=self._shape, eps=self.eps)


@dataclass(frozen=True)
class _BatchNorm(Module):
    """Over all dimensions but the second: each channel gets mean 0 and variance 1, but for eps, then weight and bias.

    In evaluation the mean and variance are buffers. In training they are the batch's own (the variance biased), and each buffer
    becomes ``(1 - momentum) buffer + momentum value``, the variance's value being the unbiased one.

    Args:
        num_features: the number of channels.
        eps: added to the variance, rounded to binary32.
        momentum: how much of the batch's statistics the buffers take, rounded to binary32.
        affine: whether there are a weight, which starts at 1, and a bias, at 0.

    Raises:
        ShapeError: num_features is not a positive integer; x has another number of dimensions or channels, or one element in
            each channel while training.
        GraphError: a momentum outside [0, 1].

    Source: Ioffe and Szegedy, "Batch normalization", 2015; the class of this name in torch.nn (without num_batches_tracked).
    """

    num_features: int
    eps: float = 1e-5
    momentum: float = 0.1
    affine: bool = True

    def __post_init__(self) -> None:
        if type(self.num_features) is not int or self.num_features < 1:
            raise ShapeError(f"{self}: the number of features must be a positive integer")
        if not isinstance(self.momentum, (int, float)) or not 0 <= self.momentum <= 1:
            raise GraphError(f"{self}: momentum must be a number from 0 to 1")

    def declared(self) -> dict[str, Parameter]:
        starts = {"weight": 1.0, "bias": 0.0} if self.affine else {}
        learned = {name: Parameter((self.num_features,), centre=start) for name, start in starts.items()}
        buffers = {"running_mean": 0.0, "running_var": 1.0}
        kept = {name: Parameter((self.num_features,), centre=at, is_buffer=True) for name, at in buffers.items()}
        return {**learned, **kept}

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            raise ShapeError(f"{self} does not fit shape {x.shape}: dimension 1 must be its {self.num_features} channels")
        names = ("running_mean", "running_var")
        statistics = tuple(parameters[name] for name in names)
        if parameters.training is not None:
            mean, biased, unbiased = self._statistics(x)
            momentum = float(np.float32(self.momentum))
            for name, old, new in zip(names, statistics, (mean, unbiased)):
                parameters.update(name, old * (1 - momentum) + new * momentum)
            statistics = mean, biased
        affine = [parameters[name] for name in ("weight", "bias") if self.affine]
        return x.batch_norm(*statistics, *affine, eps=self.eps)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The numbers of dimensions that x may have."""
        raise NotImplementedError

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The batch's mean, biased and unbiased variance, for each channel."""
        axes = (0, *range(2, x.ndim))
        count = prod(x.shape[i] for i in axes)
        if count < 2:
            raise ShapeError(f"{self}: training on {x.shape} needs more than one element in each channel")
        mean = x.mean(axis=axes, keepdims=True)
        centred = x - mean.broadcast_to(shape=x.shape)
        squares = (centred * centred).sum(axis=axes)
        return mean.reshape(shape=(self.num_features,)), squares / count, squares / (count - 1)


@dataclass(frozen=True)
class BatchNorm1d(_BatchNorm):
    """Of (N, C) or (N, C, L); its arguments and errors are those of its base."""

    @property
    def ranks(self) -> tuple[int, ...]:
        return 2, 3


@dataclass(frozen=True)
class BatchNorm2d(_BatchNorm):
    """Of (N, C, H, W); its arguments and errors are those of its base."""

    @property
    def ranks(self) -> tuple[int, ...]:
        return (4,)
