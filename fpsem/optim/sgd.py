"""Stochastic gradient descent, with momentum or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fpsem.core.errors import TrainingError
from fpsem.graph.trace import Tensor
from fpsem.optim._numbers import checked
from fpsem.optim.optimizer import Optimizer
from fpsem.optim.rates import Rate, rate_of


@dataclass(frozen=True)
class SGD(Optimizer):
    """See ``sgd``."""

    momentum: float
    nesterov: bool
    weight_decay: float

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum_buffer",) if self.momentum else ()

    def update(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], scalars: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if self.weight_decay:
            gradient = gradient + parameter * self.weight_decay
        kept: dict[str, Tensor] = {}
        if self.momentum:
            buffer = state["momentum_buffer"] * self.momentum + gradient
            kept = {"momentum_buffer": buffer}
            gradient = gradient + buffer * self.momentum if self.nesterov else buffer
        return parameter - scalars["learning_rate"] * gradient, kept


def sgd(lr: Rate | float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0) -> SGD:
    """Stochastic gradient descent: ``b = momentum b + g``, ``p = p - lr b``, with g the gradient plus ``weight_decay p``.

    With nesterov ``p = p - lr (g + momentum b)``; without momentum ``p = p - lr g``.

    Args:
        lr: the learning rate, a number or a schedule such as ``optim.step(...)``.
        momentum: at least 0, below 1.
        nesterov: whether the gradient is looked at ahead; it needs momentum.
        weight_decay: at least 0.

    Raises:
        TrainingError: a number out of its bounds, as given or rounded to binary32.

    Source: torch.optim.SGD (dampening 0); Sutskever et al., "On the importance of initialization and momentum", 2013.
    """
    momentum = checked("sgd: momentum", momentum, below=1)
    if not isinstance(nesterov, bool):
        raise TrainingError(f"sgd: nesterov must be true or false, not {nesterov!r}")
    if nesterov and not momentum:
        raise TrainingError("sgd: nesterov needs a momentum above 0")
    return SGD(rate_of(lr), momentum, nesterov, checked("sgd: weight_decay", weight_decay))
