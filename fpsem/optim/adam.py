"""Adam and AdamW: steps in the direction of an average gradient, divided by the root of an average square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fpsem.core.errors import TrainingError
from fpsem.graph.trace import Tensor
from fpsem.optim._numbers import binary32, checked, power
from fpsem.optim.optimizer import Optimizer
from fpsem.optim.rates import Rate, rate_of


@dataclass(frozen=True)
class Adam(Optimizer):
    """See ``adam`` and ``adamw``."""

    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    decoupled: bool

    @property
    def slots(self) -> tuple[str, ...]:
        return "exp_avg", "exp_avg_sq"

    def scalars(self, step: int) -> dict[str, np.float32]:
        corrections = {f"correction{i}": binary32(1 - power(beta, step + 1)) for i, beta in ((1, self.beta1), (2, self.beta2))}
        return {**super().scalars(step), **corrections}

    def update(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], scalars: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        rate = scalars["learning_rate"]
        if self.weight_decay and self.decoupled:
            parameter = parameter - parameter * (rate * self.weight_decay)
        elif self.weight_decay:
            gradient = gradient + parameter * self.weight_decay
        first = _average(state["exp_avg"], gradient, self.beta1)
        second = _average(state["exp_avg_sq"], gradient * gradient, self.beta2)
        denominator = (second / scalars["correction2"]).sqrt() + self.eps
        step = rate * (first / scalars["correction1"]) / denominator
        return parameter - step, {"exp_avg": first, "exp_avg_sq": second}


def adam(
    lr: Rate | float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0
) -> Adam:
    """Adam: ``m = b1 m + (1 - b1) g``, ``v = b2 v + (1 - b2) g^2``, ``p = p - lr (m / c1) / (sqrt(v / c2) + eps)``.

    c1 and c2 are ``1 - b1^t`` and ``1 - b2^t`` at step t = 1, 2, ..., worked out in wide arithmetic and rounded to binary32 once.

    Args:
        lr: the learning rate, a number or a schedule such as ``optim.warmup_cosine(...)``.
        betas: b1 and b2, each at least 0 and below 1.
        eps: above 0.
        weight_decay: at least 0; times p it is added to the gradient.

    Raises:
        TrainingError: a number out of its bounds, as given or rounded to binary32.

    Source: Kingma and Ba, "Adam", 2015, algorithm 1; torch.optim.Adam.
    """
    return _adam("adam", lr, betas, eps, weight_decay, decoupled=False)


def adamw(
    lr: Rate | float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2
) -> Adam:
    """AdamW: as ``adam``, but decay does not pass through the averages: ``p = p - lr weight_decay p`` comes first.

    Takes and raises what ``adam`` does.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019; torch.optim.AdamW.
    """
    return _adam("adamw", lr, betas, eps, weight_decay, decoupled=True)


def _adam(
    name: str, lr: Rate | float, betas: tuple[float, float], eps: float, weight_decay: float, decoupled: bool
) -> Adam:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TrainingError(f"{name}: betas must be two numbers, not {betas!r}")
    beta1, beta2 = (checked(f"{name}: beta{i}", beta, below=1) for i, beta in enumerate(betas, start=1))
    positive = checked(f"{name}: eps", eps, above_low=True)
    return Adam(rate_of(lr), beta1, beta2, positive, checked(f"{name}: weight_decay", weight_decay), decoupled)


def _average(old: Tensor, new: Tensor, beta: float) -> Tensor:
    """beta old + (1 - beta) new; 1 - beta of a binary32 beta is exact or rounded once."""
    return old * beta + new * (1 - beta)
