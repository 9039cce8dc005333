"""Learning rates: pure functions of the step, counted from 0. Each gives a binary32 number, the same on every machine.

Source: torch.optim.lr_scheduler for the shapes (StepLR, ExponentialLR); Loshchilov and Hutter, "SGDR", 2017, for the cosine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from fpsem.core.errors import TrainingError
from fpsem.optim._numbers import binary32, checked, half_cosine, power


@dataclass(frozen=True)
class Rate(ABC):
    """A learning rate for each step.

    Args:
        lr: the rate that it is a part of, above 0.

    Raises:
        TrainingError: a parameter out of its bounds, as given or rounded to binary32.
    """

    name: ClassVar[str]
    lr: float

    def __post_init__(self) -> None:
        checked(f"{self.name}: lr", self.lr, above_low=True)

    def __call__(self, step: int) -> np.float32:
        """The rate of a step, rounded once from lr (rounded to binary32 first) times its part.

        Raises:
            TrainingError: a negative step.
        """
        if step < 0:
            raise TrainingError(f"{self.name}: steps are counted from 0, not {step}")
        return binary32(Fraction(float(binary32(self.lr))) * self.part(step))

    @abstractmethod
    def part(self, step: int) -> Fraction:
        """The part of ``lr`` at a step."""

    def _require_steps(self, **counts: int) -> None:
        for name, count in counts.items():
            if type(count) is not int or count < 1:
                raise TrainingError(f"{self.name}: {name} must be a positive number of steps, not {count!r}")


@dataclass(frozen=True)
class Constant(Rate):
    """lr at every step."""

    name: ClassVar[str] = "constant"

    def part(self, step: int) -> Fraction:
        return Fraction(1)


@dataclass(frozen=True)
class Step(Rate):
    """lr gamma^floor(step / step_size).

    Args:
        step_size: how many steps the rate stays.
        gamma: above 0, at most 1.
    """

    name: ClassVar[str] = "step"
    step_size: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_steps(step_size=self.step_size)
        _checked_gamma(self.name, self.gamma)

    def part(self, step: int) -> Fraction:
        return power(float(binary32(self.gamma)), step // self.step_size)


@dataclass(frozen=True)
class Exponential(Rate):
    """lr gamma^step.

    Args:
        gamma: above 0, at most 1.
    """

    name: ClassVar[str] = "exponential"
    gamma: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _checked_gamma(self.name, self.gamma)

    def part(self, step: int) -> Fraction:
        return power(float(binary32(self.gamma)), step)


@dataclass(frozen=True)
class WarmupCosine(Rate):
    """Rises in a line over the warm-up, lr / warmup at step 0; then falls as half a cosine to ``floor`` lr at step ``total``.

    Args:
        warmup: the number of steps of the rise.
        total: where the fall ends; after it the rate stays.
        floor: at least 0, below 1.
    """

    name: ClassVar[str] = "warmup_cosine"
    warmup: int
    total: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_steps(warmup=self.warmup, total=self.total)
        if self.total <= self.warmup:
            raise TrainingError(f"{self.name}: total {self.total} must come after the warm-up of {self.warmup} steps")
        checked(f"{self.name}: floor", self.floor, below=1)

    def part(self, step: int) -> Fraction:
        if step < self.warmup:
            return Fraction(step + 1, self.warmup)
        floor, done = Fraction(float(binary32(self.floor))), min(step, self.total) - self.warmup
        return floor + (1 - floor) * half_cosine(Fraction(done, self.total - self.warmup))


def _checked_gamma(called: str, gamma: float) -> None:
    checked(f"{called}: gamma", gamma, above_low=True)
    if gamma > 1:
        raise TrainingError(f"{called}: gamma must be at most 1, not {gamma!r}")


def rate_of(given: Rate | float) -> Rate:
    """A rate, or a number as a constant one."""
    return given if isinstance(given, Rate) else Constant(given)
