"""Named black boxes: the sums and products of numpy, the standard library, PyTorch and ONNX Runtime.

Adding one costs a line of a table. A library that is not installed is missed when its target is asked for, not before.
Libraries run as they are set up here: their threads and kernels are those of this process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fpsem.core.errors import MissingExtraError, ShapeError, UnknownNameError
from fpsem.discover import _onnx_boxes
from fpsem.discover.box import BlackBox, Vector

Shape = tuple[int, int]
_SHAPE: Shape = (16, 16)
"""m and p of a matrix product, unless told: large enough for a library's ordinary kernel."""

_NUMPY_SUMS: Mapping[str, Callable[[Vector], Any]] = {
    "math.fsum": lambda x: np.float32(math.fsum(x.tolist())),
    "numpy.cumsum": lambda x: np.cumsum(x)[-1],
    "numpy.mean": np.mean,
    "numpy.sum": np.sum,
}
_NUMPY_DOTS: Mapping[str, Callable[[Vector, Vector], Any]] = {
    "numpy.dot": np.dot,
    "numpy.einsum": lambda a, b: np.einsum("i,i->", a, b),
    "numpy.inner": np.inner,
    "numpy.vdot": np.vdot,
}
_NUMPY_PRODUCTS: Mapping[str, Callable[[Any, Any], Any]] = {"numpy.matmul": np.matmul}
_TORCH_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "torch.mean": lambda torch, x: torch.mean(x),
    "torch.sum": lambda torch, x: torch.sum(x),
}
_TORCH_DOTS: Mapping[str, Callable[[Any, Any, Any], Any]] = {"torch.dot": lambda torch, a, b: torch.dot(a, b)}
_TORCH_PRODUCTS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "torch.matmul": lambda torch, a, b: torch.matmul(a, b),
    "torch.nn.functional.linear": lambda torch, a, b: torch.nn.functional.linear(a, b.T.contiguous()),
}

_TABLES = (_NUMPY_SUMS, _NUMPY_DOTS, _NUMPY_PRODUCTS, _TORCH_SUMS, _TORCH_DOTS, _TORCH_PRODUCTS)
TARGETS: tuple[str, ...] = tuple(sorted([*(name for table in _TABLES for name in table), *_onnx_boxes.TARGETS]))
"""The names that ``reveal`` knows."""


def target_named(name: str, n: int, shape: Shape | None = None, element: Shape = (0, 0)) -> BlackBox:
    """A named black box for n terms.

    Args:
        name: one of TARGETS.
        n: the number of terms.
        shape: m and p of a matrix product (m, n) x (n, p).
        element: row and column of its result.

    Raises:
        UnknownNameError: no such target.
        MissingExtraError: its library is not installed.
        ShapeError: a shape for what is no matrix product, or an element outside of it.
    """
    if name not in TARGETS:
        raise UnknownNameError("target", name, TARGETS)
    products = {*_NUMPY_PRODUCTS, *_TORCH_PRODUCTS, *_onnx_boxes.PRODUCTS}
    if name not in products and (shape is not None or element != (0, 0)):
        raise ShapeError(f"{name} is no matrix product: it takes neither a shape nor an element")
    m, p = shape or _SHAPE
    if m < 1 or p < 1 or not (0 <= element[0] < m and 0 <= element[1] < p):
        raise ShapeError(f"element {element} of a product of shape {(m, p)}: rows and columns are counted from 0")
    if name in _onnx_boxes.TARGETS:
        return _onnx_boxes.box(name, n, (m, p), element)
    if name.startswith("torch."):
        return _torch_box(name, n, (m, p), element)
    facts = (("numpy", np.__version__),)
    if name in _NUMPY_PRODUCTS:
        return product_box(name, n, (m, p), element, _NUMPY_PRODUCTS[name], facts)
    if name in _NUMPY_DOTS:
        return BlackBox(name, n, _NUMPY_DOTS[name], operands=2, facts=facts)
    return BlackBox(name, n, _NUMPY_SUMS[name], divides=name.endswith("mean"), facts=facts)


def product_box(
    name: str,
    n: int,
    shape: Shape,
    element: Shape,
    multiply: Callable[[Any, Any], Any],
    facts: tuple[tuple[str, Any], ...] = (),
) -> BlackBox:
    """One element of a matrix product of (m, n) and (n, p); the other rows and columns are ones."""
    (m, p), (i, j) = shape, element
    a, b = np.ones((m, n), np.float32), np.ones((n, p), np.float32)

    def call(row: Vector, column: Vector) -> Any:
        a[i], b[:, j] = row, column
        return np.asarray(multiply(a, b))[i, j]

    where = (("product", f"({m}, {n}) x ({n}, {p})"), ("element", f"({i}, {j})"))
    return BlackBox(name, n, call, operands=2, facts=(*facts, *where))


def _torch_box(name: str, n: int, shape: Shape, element: Shape) -> BlackBox:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "torch") from None
    facts = (("torch", str(torch.__version__)), ("threads", torch.get_num_threads()))
    read = torch.from_numpy
    if name in _TORCH_SUMS:
        return BlackBox(name, n, lambda x: _TORCH_SUMS[name](torch, read(x)).numpy(), divides=name.endswith("mean"), facts=facts)
    if name in _TORCH_DOTS:
        return BlackBox(name, n, lambda a, b: _TORCH_DOTS[name](torch, read(a), read(b)).numpy(), operands=2, facts=facts)

    def multiply(a: Any, b: Any) -> Any:
        return _TORCH_PRODUCTS[name](torch, read(a), read(b)).numpy()

    return product_box(name, n, shape, element, multiply, facts)
