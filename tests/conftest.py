"""Loads the Hypothesis profile that HYPOTHESIS_PROFILE names (``dev`` by default); gives tests a float64 domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fpsem.core.protocol import Array, Contract, Kind, ScalarDomain
from fpsem.core.schedule import Schedule, Sequential
from fpsem.testing.profiles import load_profile

load_profile()


@dataclass(frozen=True)
class Float64:
    """numpy's float64, for tests of what stands above domains: wide enough to be compared with others' answers."""

    schedule: Schedule = field(default_factory=Sequential)
    overrides: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    name: str = "float64"
    contract: Contract = field(default_factory=lambda: Contract(Kind.ENCLOSES, elementary_ulps=None))

    def refine(self, outputs: list[Array]) -> ScalarDomain | None:
        return None

    def constant(self, values: Array) -> Array:
        return np.vectorize(float, otypes=[np.float64])(values)

    def pi(self) -> Array:
        return np.array(np.pi)

    def from_bits(self, bits: Array) -> Array:
        return bits.view(np.float32).astype(np.float64)

    def to_bits(self, x: Array) -> Array:
        return np.asarray(x, np.float32).view(np.uint32)

    def to_float(self, x: Array) -> Array:
        return np.asarray(x, np.float64)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        exact = np.vectorize(Fraction, otypes=[object])(x)
        return exact, exact

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return x * y + z

    def cast(self, x: Array, format: str) -> Array:
        return x

    def __getattr__(self, name: str) -> Any:
        return _PRIMITIVES[name]


_PRIMITIVES: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "sqrt": np.sqrt, "neg": np.negative,
    "abs": np.abs, "minimum": np.minimum, "maximum": np.maximum, "exp": np.exp, "expm1": np.expm1, "log": np.log,
    "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan, "tanh": np.tanh,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "less": np.less, "less_equal": np.less_equal, "equal": np.equal, "select": np.where,
    "is_nan": np.isnan, "is_finite": np.isfinite,
}  # fmt: skip


@pytest.fixture(scope="session")
def float64() -> Float64:
    """The float64 domain, with the sequential schedule."""
    return Float64()
