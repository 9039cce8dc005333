"""Activations: layers without parameters. What each computes, and in which order, is said by the op of its name.

Source: the classes of the same names in torch.nn.
"""

from __future__ import annotations

from dataclasses import dataclass

from fpsem.graph.trace import Tensor
from fpsem.nn.module import Module
from fpsem.nn.scope import Scope


@dataclass(frozen=True)
class ReLU(Module):
    """max(x, 0), elementwise."""

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.relu()


@dataclass(frozen=True)
class GELU(Module):
    """x times the normal distribution function, elementwise.

    Args:
        approximate: "none" (by erf) or "tanh".
    """

    approximate: str = "none"

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.gelu(approximate=self.approximate)


@dataclass(frozen=True)
class SiLU(Module):
    """x / (1 + exp(-x)), elementwise."""

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.silu()


@dataclass(frozen=True)
class Sigmoid(Module):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.sigmoid()


@dataclass(frozen=True)
class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.tanh()


@dataclass(frozen=True)
class Softplus(Module):
    """log(1 + exp(x)), elementwise (PyTorch's beta = 1, without its threshold)."""

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.softplus()


@dataclass(frozen=True)
class Softmax(Module):
    """exp(x) / sum exp(x) along a dimension.

    Args:
        dim: the dimension; negative ones count from the last.
    """

    dim: int

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.softmax(axis=self.dim)


@dataclass(frozen=True)
class LogSoftmax(Module):
    """x - log(sum exp(x)) along a dimension.

    Args:
        dim: the dimension; negative ones count from the last.
    """

    dim: int

    def forward(self, x: Tensor, parameters: Scope) -> Tensor:
        return x.log_softmax(axis=self.dim)
