"""A hostile domain: it behaves as another one, watches its consumer, and punishes what the protocol forbids.

Its truths refuse to be a ``bool``, so code that branches on a comparison is found out. It counts the calls of each
primitive, and can spoil one result, so that a check which should notice a wrong result can be tried.

It has no overrides, so that consumers walk the derived meaning of every op.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fpsem.core.protocol import ARITHMETIC, ELEMENTARY, Accumulator, Array, Contract, ScalarDomain, exact_array
from fpsem.core.schedule import Schedule
from fpsem.testing.arguments import require_count


@dataclass(frozen=True, eq=False)
class HostileTruth:
    """One truth of the inner domain. It can be chosen by, moved and copied, and nothing else."""

    inner: Any

    def __bool__(self) -> NoReturn:
        raise TypeError("a truth of a domain was asked for its bool; use domain.select")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a truth of a domain was compared; use domain.select")

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class HostileDomain:
    """Wraps a domain.

    Args:
        inner: the domain that does the work.
        perturb_at: which result of an arithmetic or elementary primitive is spoilt by adding 1 to it, counted from 0
            in the order of calls; None spoils none.
        calls: how often each primitive was called; filled in as the domain is used.

    Raises:
        PayloadError: a negative ``perturb_at``.
    """

    inner: ScalarDomain
    perturb_at: int | None = None
    calls: Counter[str] = field(default_factory=Counter, compare=False)

    def __post_init__(self) -> None:
        if self.perturb_at is not None:
            require_count("perturb_at", self.perturb_at)

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return f"hostile {self.inner.name}"

    @property
    def contract(self) -> Contract:
        return self.inner.contract

    @property
    def schedule(self) -> Schedule:
        return self.inner.schedule

    @property
    def overrides(self) -> Mapping[str, Callable[..., Array]]:
        return {}

    def refine(self, outputs: list[Array]) -> ScalarDomain | None:
        sharper = self.inner.refine(outputs)
        return None if sharper is None else HostileDomain(sharper, self.perturb_at, self.calls)

    # -- embed and read ------------------------------------------------------------------------------------------

    def constant(self, values: Array) -> Array:
        return self.inner.constant(values)

    def pi(self) -> Array:
        return self.inner.pi()

    def from_bits(self, bits: npt.NDArray[np.uint32]) -> Array:
        return self.inner.from_bits(bits)

    def to_bits(self, x: Array) -> npt.NDArray[np.uint32]:
        return self.inner.to_bits(x)

    def to_float(self, x: Array) -> npt.NDArray[np.float64]:
        return self.inner.to_float(x)

    def enclosure(self, x: Array) -> tuple[Array, Array]:
        return self.inner.enclosure(x)

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def add(self, x: Array, y: Array) -> Array:
        return self._spoil("add", self.inner.add(x, y))

    def sub(self, x: Array, y: Array) -> Array:
        return self._spoil("sub", self.inner.sub(x, y))

    def mul(self, x: Array, y: Array) -> Array:
        return self._spoil("mul", self.inner.mul(x, y))

    def div(self, x: Array, y: Array) -> Array:
        return self._spoil("div", self.inner.div(x, y))

    def fma(self, x: Array, y: Array, z: Array) -> Array:
        return self._spoil("fma", self.inner.fma(x, y, z))

    def sqrt(self, x: Array) -> Array:
        return self._spoil("sqrt", self.inner.sqrt(x))

    def neg(self, x: Array) -> Array:
        return self._spoil("neg", self.inner.neg(x))

    def abs(self, x: Array) -> Array:
        return self._spoil("abs", self.inner.abs(x))

    def minimum(self, x: Array, y: Array) -> Array:
        return self._spoil("minimum", self.inner.minimum(x, y))

    def maximum(self, x: Array, y: Array) -> Array:
        return self._spoil("maximum", self.inner.maximum(x, y))

    # -- elementary ----------------------------------------------------------------------------------------------

    def exp(self, x: Array) -> Array:
        return self._spoil("exp", self.inner.exp(x))

    def expm1(self, x: Array) -> Array:
        return self._spoil("expm1", self.inner.expm1(x))

    def log(self, x: Array) -> Array:
        return self._spoil("log", self.inner.log(x))

    def log1p(self, x: Array) -> Array:
        return self._spoil("log1p", self.inner.log1p(x))

    def sin(self, x: Array) -> Array:
        return self._spoil("sin", self.inner.sin(x))

    def cos(self, x: Array) -> Array:
        return self._spoil("cos", self.inner.cos(x))

    def tan(self, x: Array) -> Array:
        return self._spoil("tan", self.inner.tan(x))

    def atan(self, x: Array) -> Array:
        return self._spoil("atan", self.inner.atan(x))

    def tanh(self, x: Array) -> Array:
        return self._spoil("tanh", self.inner.tanh(x))

    def erf(self, x: Array) -> Array:
        return self._spoil("erf", self.inner.erf(x))

    # -- order and choice ----------------------------------------------------------------------------------------

    def less(self, x: Array, y: Array) -> Array:
        return self._guard("less", self.inner.less(x, y))

    def less_equal(self, x: Array, y: Array) -> Array:
        return self._guard("less_equal", self.inner.less_equal(x, y))

    def equal(self, x: Array, y: Array) -> Array:
        return self._guard("equal", self.inner.equal(x, y))

    def select(self, truth: Array, x: Array, y: Array) -> Array:
        self.calls["select"] += 1
        inner = np.empty(np.shape(truth), self._truth_dtype)
        for index, element in np.ndenumerate(np.asarray(truth, dtype=object)):
            inner[index] = element.inner
        return self.inner.select(inner, x, y)

    # -- format --------------------------------------------------------------------------------------------------

    def cast(self, x: Array, format: str) -> Array:
        self.calls["cast"] += 1
        return self.inner.cast(x, format)

    def is_nan(self, x: Array) -> Array:
        return self._guard("is_nan", self.inner.is_nan(x))

    def is_finite(self, x: Array) -> Array:
        return self._guard("is_finite", self.inner.is_finite(x))

    # -- reductions ----------------------------------------------------------------------------------------------

    def accumulator(self, format: str) -> Accumulator:
        return self.inner.accumulator(format)

    # -- hostility -----------------------------------------------------------------------------------------------

    @property
    def _truth_dtype(self) -> np.dtype[Any]:
        zero = self.inner.constant(exact_array([0]))
        return self.inner.equal(zero, zero).dtype

    @property
    def _results(self) -> int:
        """How many results of arithmetic and elementary primitives were given so far."""
        return sum(self.calls[name] for name in (*ARITHMETIC, *ELEMENTARY))

    def _spoil(self, name: str, result: Array) -> Array:
        spoilt = self._results == self.perturb_at
        self.calls[name] += 1
        return self.inner.add(result, self.inner.constant(exact_array(1))) if spoilt else result

    def _guard(self, name: str, truth: Array) -> Array:
        self.calls[name] += 1
        raw = np.asarray(truth)
        guarded = np.empty(raw.shape, dtype=object)
        for index in np.ndindex(raw.shape):
            guarded[index] = HostileTruth(raw[index])
        return guarded
