"""Gradients against PyTorch's: every function of tests/graph/test_autodiff.py is run on torch tensors too, by PyTorch's own ops.

Two comparisons, each relative to the largest element (or to 1). The gradient graph over the reals against autograd in float64:
only PyTorch's rounding lies between them, some dozens of operations of 1e-16 each, so 1e-13 (2e-15 seen); gelu's tanh form has
constants that we round to binary32, so 1e-7 (4e-9 seen). The gradient graph in NumPyFloat32 against autograd in float32: both
round, sums of some dozens of terms and functions of up to 4 ulps of 1e-7, so 5e-6 (9e-7 seen).
"""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.graph import autodiff

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare gradients with")

THERE = runpy.run_path(str(Path(__file__).with_name("test_autodiff.py")))
FUNCTIONS: dict[str, Callable[..., Any]] = THERE["FUNCTIONS"]
X, LABELS, traced, labelled = (THERE[name] for name in ("X", "LABELS", "traced", "labelled"))
FUNCTIONAL = torch.nn.functional


def _unslice(x: Any, *, shape: Any, starts: Any, stops: Any, steps: Any) -> Any:
    out = torch.zeros(shape, dtype=x.dtype)
    out[tuple(slice(*part) for part in zip(starts, stops, steps))] = x
    return out


def _scatter_add(x: Any, indices: Any, *, size: int, axis: int = 0) -> Any:
    shape = list(x.shape)
    shape[axis] = size
    return torch.zeros(shape, dtype=x.dtype).index_add(axis, indices, x)


def _batch_norm(x: Any, mean: Any, variance: Any, weight: Any = None, bias: Any = None) -> Any:
    """PyTorch's own takes statistics as constants, so their gradient is taken through the formula."""
    if weight is None:
        return (x - mean) / torch.sqrt(variance + float(np.float32(1e-5)))
    given = FUNCTIONAL.batch_norm(x, mean.detach(), variance.detach(), weight, bias, eps=float(np.float32(1e-5)))
    formula = (x - mean) / torch.sqrt(variance + float(np.float32(1e-5))) * weight + bias
    assert torch.allclose(given, formula)
    return formula


def _dropout(x: Any, mask: Any, *, p: float) -> Any:
    return x * mask / (1 - p)


TORCH: dict[str, Callable[..., Any]] = {
    "avg_pool2d": lambda x, kernel, **attributes: FUNCTIONAL.avg_pool2d(x, kernel, **attributes),
    "batch_norm": _batch_norm,
    "broadcast_to": lambda x, shape: x.broadcast_to(shape),
    "clip": lambda x, low=None, high=None: torch.clamp(x, low, high),
    "concat": lambda *x, axis=0: torch.cat(x, dim=axis),
    "conv2d": FUNCTIONAL.conv2d,
    "cross_entropy": FUNCTIONAL.cross_entropy,
    "dropout": _dropout,
    "fold": lambda x, output_size, kernel, **attributes: FUNCTIONAL.fold(x, output_size, kernel, **attributes),
    "gather": lambda x, indices, axis=0: x.index_select(axis, indices),
    "gelu": FUNCTIONAL.gelu,
    "layer_norm": lambda x, *more, normalized_shape: FUNCTIONAL.layer_norm(
        x, normalized_shape, *more, eps=float(np.float32(1e-5))
    ),
    "less": torch.lt,
    "linear": FUNCTIONAL.linear,
    "log_softmax": lambda x, axis: FUNCTIONAL.log_softmax(x, dim=axis),
    "max": lambda x, axis: x.amax(dim=axis),
    "max_pool2d": lambda x, kernel, **attributes: FUNCTIONAL.max_pool2d(x, kernel, **attributes),
    "mean": lambda x, axis: x.mean(dim=axis),
    "mse_loss": FUNCTIONAL.mse_loss,
    "one_hot": lambda indices, classes: FUNCTIONAL.one_hot(indices, classes).to(torch.get_default_dtype()),
    "pi_like": lambda x: torch.full_like(x, np.pi),
    "reshape": lambda x, shape: x.reshape(shape),
    "scatter_add": _scatter_add,
    "silu": FUNCTIONAL.silu,
    "soft_cross_entropy": FUNCTIONAL.cross_entropy,
    "softmax": lambda x, axis: x.softmax(dim=axis),
    "softplus": lambda x: FUNCTIONAL.softplus(x, threshold=1000),
    "sum": lambda x, axis=None, keepdims=False: x.sum(dim=axis, keepdim=keepdims),
    "unfold": lambda x, kernel, **attributes: FUNCTIONAL.unfold(x, kernel, **attributes),
    "unslice": _unslice,
    "where": torch.where,
}
"""PyTorch's name and signature of each op where they are not those of ``torch.NAME(x, ...)``."""


class Mirror:
    """A torch tensor that is spoken to as a Tensor of a trace is."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Callable[..., Mirror]:
        function = TORCH[name] if name in TORCH else getattr(torch, name)
        return lambda *others, **attributes: Mirror(function(self.inner, *map(self._bare, others), **attributes))

    def _bare(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return torch.tensor(other, dtype=self.inner.dtype)
        return other.inner if isinstance(other, Mirror) else other

    @property
    def T(self) -> Mirror:
        return Mirror(self.inner.T)

    def __getitem__(self, key: Any) -> Mirror:
        return Mirror(self.inner[key])

    def __neg__(self) -> Mirror:
        return Mirror(-self.inner)

    def __abs__(self) -> Mirror:
        return Mirror(abs(self.inner))

    def __add__(self, other: Any) -> Mirror:
        return Mirror(self.inner + self._bare(other))

    def __sub__(self, other: Any) -> Mirror:
        return Mirror(self.inner - self._bare(other))

    def __mul__(self, other: Any) -> Mirror:
        return Mirror(self.inner * self._bare(other))

    def __truediv__(self, other: Any) -> Mirror:
        return Mirror(self.inner / self._bare(other))

    def __matmul__(self, other: Any) -> Mirror:
        return Mirror(self.inner @ self._bare(other))

    def __radd__(self, other: Any) -> Mirror:
        return Mirror(other + self.inner)

    def __rsub__(self, other: Any) -> Mirror:
        return Mirror(other - self.inner)

    def __rmul__(self, other: Any) -> Mirror:
        return Mirror(other * self.inner)

    def __rtruediv__(self, other: Any) -> Mirror:
        return Mirror(other / self.inner)


def autograd(name: str, x: Any, dtype: Any) -> Any:
    """PyTorch's gradient of a function of the table."""
    leaf = torch.tensor(x, dtype=dtype, requires_grad=True)
    labels = [Mirror(torch.tensor(LABELS))] if "labels" in inspect.signature(FUNCTIONS[name]).parameters else []
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        FUNCTIONS[name](Mirror(leaf), *labels).inner.backward()
    finally:
        torch.set_default_dtype(before)
    return leaf.grad.numpy()


def difference(name: str, domain: Any, dtype: Any) -> float:
    """The largest difference of the two gradients, relative to the largest element of PyTorch's (or to 1)."""
    gradient = autodiff.grad(traced(name))
    found = domain.to_float(fpsem.run(gradient, {}, labelled(gradient, X), domain))
    expected = autograd(name, X, dtype).astype(np.float64)
    assert found.shape == expected.shape
    return float(np.max(np.abs(found - expected)) / max(1.0, np.max(np.abs(expected))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_over_the_reals_is_pytorchs_in_float64(name: str) -> None:
    assert difference(name, fpsem.Real(), torch.float64) < (1e-7 if name == "gelu" else 1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_in_float32_is_near_pytorchs(name: str) -> None:
    assert difference(name, fpsem.NumPyFloat32(), torch.float32) < 5e-6
