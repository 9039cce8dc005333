"""Derivatives as graphs, against difference quotients of exact reals, sympy, and each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

import fpsem
from fpsem.core.errors import GraphError, ShapeError, UnknownNameError
from fpsem.domains import domain_named, symbolic_real
from fpsem.graph import autodiff
from fpsem.graph.ops import names, op_named

X = np.array([[0.75, -1.5, 0.25], [2.0, 0.625, -0.375], [-1.125, 1.75, -2.5]], np.float32)
LABELS = np.array([2, 0, 2])
REAL = fpsem.Real()


def images(x: Any) -> Any:
    """Two images of two channels, made from a matrix of nine numbers."""
    first = x.reshape((1, 1, 3, 3))
    return (first * 2).concat(first.exp(), axis=1).concat(first.sin().broadcast_to((1, 2, 3, 3)))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda x: (abs(x) * x).sum(),
    "add": lambda x: ((x + 2) * (x + x)).sum(),
    "atan": lambda x: (x.atan() * x).sum(),
    "avg_pool2d": lambda x: (
        images(x).avg_pool2d(kernel=(2, 2), stride=(1, 1), padding=(1, 0)).tanh().sum()
        + images(x).avg_pool2d(kernel=(2, 3), padding=(1, 1), count_include_pad=False).tanh().sum()
    ),
    "batch_norm": lambda x: (
        (x.batch_norm(x[0], x[1] * x[1], x[2], x[:, 0]) * x).sum() + x.batch_norm(x.mean(axis=0), x[1] * x[1]).tanh().sum()
    ),
    "broadcast_to": lambda x: (x[:1].broadcast_to((3, 3)) * x).sum(),
    "clip": lambda x: ((x.clip(low=-0.5, high=1.0) + x.clip(low=0.5) + x.clip(high=-0.25)) * x).sum(),
    "concat": lambda x: x.concat(x * x, axis=1).tanh().sum(),
    "conv2d": lambda x: (
        images(x).conv2d(x[:2, :2].reshape((1, 2, 2, 1)).tanh(), x[0, :1], stride=(2, 1), padding=(1, 1)).tanh().sum()
        + images(x).conv2d(x[1:].reshape((2, 1, 3, 1)), groups=2).tanh().sum()
        + images(x).conv2d(images(x)[:, :, :2, :2], padding=(0, 1), dilation=(2, 1)).tanh().sum()
    ),
    "cos": lambda x: (x.cos() * x).sum(),
    "cross_entropy": lambda x, labels: x.cross_entropy(labels) * x.tanh().cross_entropy(labels, ignore_index=0),
    "div": lambda x: (1 / (x * x + 2) / (x - 9)).sum(),
    "dropout": lambda x: (x.dropout(np.eye(3), p=0.75) * x.sum(axis=0, keepdims=True).broadcast_to((3, 3))).sum(),
    "erf": lambda x: x.erf().sum(),
    "exp": lambda x: x.exp().sum(),
    "expm1": lambda x: (x.expm1() * x).sum(),
    "fma": lambda x: x.fma(x * x, x.exp()).sum(),
    "fold": lambda x: (
        (x.reshape((1, 9, 1)) @ x.reshape((1, 1, 9))[:, :, ::2][:, :, :4])
        .fold(output_size=(3, 3), kernel=(3, 3), stride=(2, 2), padding=(1, 1)) * x.reshape((1, 1, 3, 3))
    ).sum(),
    "gather": lambda x, labels: (x.gather(labels, axis=1) * x.gather(labels)).sum(),
    "gelu": lambda x: x.gelu().sum() + x.gelu(approximate="tanh").sum(),
    "layer_norm": lambda x: (
        (x.layer_norm(x[0], x[1], normalized_shape=(3,)) * x).sum() + (x.layer_norm(normalized_shape=(3, 3)) * x).sum()
    ),
    "linear": lambda x: (x.linear(x * x, x[0]) * x).sum(),
    "literal": lambda x: (x.backend.apply("literal", (), {"shape": x.shape, "value": "1/10"}) * x * x).sum(),
    "log": lambda x: (x * x + 1).log().sum(),
    "log1p": lambda x: (x * x).log1p().sum(),
    "log_softmax": lambda x: (x.log_softmax(axis=0) * x).sum(),
    "matmul": lambda x: ((x @ x.T) @ x).sum(),
    "max": lambda x: (x.max(axis=1) * x.max(axis=1)).sum(),
    "max_pool2d": lambda x: (
        (images(x) * images(x)).max_pool2d(kernel=(2, 2), stride=(1, 1), padding=(1, 0)).tanh().sum()
        + images(x).max_pool2d(kernel=(2, 3)).tanh().sum()
    ),
    "maximum": lambda x: (x.maximum(-x * x) * x).sum(),
    "mean": lambda x: (x.mean(axis=0) * x.mean(axis=0)).sum(),
    "minimum": lambda x: (x.minimum(x * x) * x).sum(),
    "mse_loss": lambda x: x.mse_loss(x.T * x),
    "mul": lambda x: (x * x * x).sum(),
    "neg": lambda x: (-x * x).sum(),
    "one_hot": lambda x, labels: (labels.one_hot(classes=3) * x * x).sum(),
    "pi": lambda x: (x.pi_like() * x * x).sum(),
    "relu": lambda x: (x.relu() * x).sum(),
    "reshape": lambda x: (x.reshape((9,)) * x.T.reshape((9,))).sum(),
    "scatter_add": lambda x, labels: (x.scatter_add(labels, size=3, axis=-1) * x.scatter_add(labels, size=3) * x).sum(),
    "sigmoid": lambda x: x.sigmoid().sum(),
    "silu": lambda x: x.silu().sum(),
    "sin": lambda x: (x.sin() * x).sum(),
    "slice": lambda x: (x[1:, ::2] * x[:2, 1:]).sum(),
    "soft_cross_entropy": lambda x: x.soft_cross_entropy(x * x),
    "softmax": lambda x: (x.softmax(axis=1) * x).sum(),
    "softplus": lambda x: x.softplus().sum(),
    "sqrt": lambda x: (x * x + 1).sqrt().sum(),
    "sub": lambda x: ((x - 3) * (2 - x)).sum(),
    "sum": lambda x: (x.sum(axis=(0, 1)) * x.sum()),
    "tan": lambda x: ((x / 4).tan() * x).sum(),
    "tanh": lambda x: x.tanh().sum(),
    "transpose": lambda x: (x.T * x).sum(),
    "unfold": lambda x: (
        images(x).unfold(kernel=(2, 2), stride=(2, 1), padding=(1, 1), dilation=(1, 2)).tanh().sum()
    ),
    "unslice": lambda x: (x[:2].unslice(shape=(3, 3), starts=(1,), stops=(3,), steps=(1,)) * x * x).sum(),
    "where": lambda x: x.less(x * x).where(x * x, x).sum(),
}
UNDIFFERENTIABLE = {"less", "less_equal", "equal", "constant"}


def traced(name: str) -> Any:
    """The graph of a function; the labels of those that take some are an input of integers."""
    function = FUNCTIONS[name]
    if "labels" not in inspect.signature(function).parameters:
        return fpsem.trace(function, X.shape)
    return fpsem.trace(function, X.shape, LABELS.shape, integers=["labels"])


def labelled(graph: Any, inputs: Any) -> Any:
    """The inputs, and the labels where the graph takes some."""
    if "labels" not in graph.inputs:
        return inputs
    return {**(inputs if isinstance(inputs, dict) else {"x": inputs}), "labels": LABELS}


def value(graph: Any, inputs: Any) -> Any:
    return REAL.to_float(fpsem.run(graph, {}, labelled(graph, inputs), REAL))


def exact(graph: Any, x: Any) -> Fraction:
    low, high = REAL.enclosure(fpsem.run(graph, {}, labelled(graph, x), REAL))
    return Fraction((low.item() + high.item()) / 2)


def test_every_op_is_differentiated_here() -> None:
    listed = {name for name in names() if not op_named(name).is_leaf} - UNDIFFERENTIABLE
    assert not listed - set(FUNCTIONS), "ops without a function here"
    assert not set(FUNCTIONS) - listed, "functions without an op"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_is_the_limit_of_difference_quotients_over_the_reals(name: str) -> None:
    graph = traced(name)
    found, step = value(autodiff.grad(graph), X), np.float32(2.0**-12)
    for index in np.ndindex(X.shape):
        above, below = X.copy(), X.copy()
        above[index], below[index] = X[index] + step, X[index] - step
        width = Fraction(float(above[index])) - Fraction(float(below[index]))
        quotient = float((exact(graph, above) - exact(graph, below)) / width)
        assert found[index] == pytest.approx(quotient, abs=2e-6, rel=2e-6), index


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_hessian_vector_product_is_the_directional_derivative_of_the_gradient(name: str) -> None:
    graph = traced(name)
    direction = np.arange(-4, 5, dtype=np.float32).reshape(3, 3) / 8
    found = value(autodiff.hvp(graph), {"x": X, "tangent.x": direction})
    step, slope = np.float32(2.0**-11), autodiff.grad(graph)
    quotient = (value(slope, X + step * direction) - value(slope, X - step * direction)) / (2 * step)
    np.testing.assert_allclose(found, quotient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_of_the_exact_domain_is_within_its_error_bound(name: str) -> None:
    gradient, exact_domain, bounding = autodiff.grad(traced(name)), fpsem.IEEE32Exec(), fpsem.ErrorBound()
    seen = exact_domain.to_float(fpsem.run(gradient, {}, labelled(gradient, X), exact_domain))
    error = fpsem.run(gradient, {}, labelled(gradient, X), bounding)["err"]
    assert (abs(seen - value(gradient, X)) <= error).all()
    assert error.max() < 1e-3


@pytest.mark.parametrize("name", ["gelu", "softmax", "erf", "div", "log", "sigmoid"])
def test_gradients_agree_with_sympy(name: str) -> None:
    domain = domain_named("symbolic_real")
    graph = fpsem.trace(FUNCTIONS[name], (1, 3) if name == "softmax" else (1, 1))
    shape = graph.inputs["x"]
    symbols = symbolic_real.symbols("x", shape)
    formula = fpsem.run(graph, {}, symbols, domain).item()
    gradient = fpsem.run(autodiff.grad(graph), {}, symbols, domain)
    point = {s: sympy.Rational(3 * i + 1, 4) for i, s in enumerate(symbols.reshape(-1))}
    for symbol, found in zip(symbols.reshape(-1), gradient.reshape(-1)):
        difference = (sympy.diff(formula, symbol) - found).subs(point)
        assert abs(difference.evalf(50)) < sympy.Float("1e-7" if name == "gelu" else "1e-40")  # gelu's tanh constants are rounded


def test_the_jacobian_stacks_the_vjps_and_its_product_is_the_jvp() -> None:
    graph = fpsem.trace(lambda x: x.softmax(axis=1) @ x, X.shape)
    jacobian = value(autodiff.jacobian(graph), X)
    cotangent, tangent = X[::-1].copy(), X.T.copy()
    assert jacobian.shape == (3, 3, 3, 3)
    back = value(autodiff.vjp(graph), {"x": X, "cotangent.output": cotangent})
    np.testing.assert_allclose(back, np.einsum("ijkl,ij->kl", jacobian, cotangent), rtol=1e-12)
    forth = value(autodiff.jvp(graph), {"x": X, "tangent.x": tangent})
    np.testing.assert_allclose(forth, np.einsum("ijkl,kl->ij", jacobian, tangent), rtol=1e-12)


def test_batched_products_sum_their_gradients_over_the_batch() -> None:
    graph = fpsem.trace(lambda a, b: (a @ b).sum(), (2, 3), (4, 3, 2))
    a, b = X[:2], np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    found = fpsem.run(autodiff.grad(graph), {}, {"a": a, "b": b}, REAL)
    np.testing.assert_array_equal(REAL.to_float(found["grad.a"]), np.einsum("nk,zkm->nk", np.ones((2, 3)), b))
    np.testing.assert_array_equal(REAL.to_float(found["grad.b"]), np.broadcast_to(a.sum(axis=0)[None, :, None], (4, 3, 2)))


def test_ties_and_corners_follow_the_stated_conventions() -> None:
    zero, ones = np.zeros((1,), np.float32), np.ones((1, 2), np.float32)
    assert value(autodiff.grad(fpsem.trace(lambda x: x.relu().sum(), (1,))), zero).item() == 0
    assert value(autodiff.grad(fpsem.trace(lambda x: abs(x).sum(), (1,))), zero).item() == 0
    assert value(autodiff.grad(fpsem.trace(lambda x: x.max(axis=1).sum(), (1, 2))), ones).tolist() == [[0.5, 0.5]]
    graph = autodiff.grad(fpsem.trace(lambda x, y: x.maximum(y).sum(), (1,), (1,)))
    halves = fpsem.run(graph, {}, {"x": zero, "y": zero}, REAL)
    assert [REAL.to_float(halves[name]).item() for name in ("grad.x", "grad.y")] == [0.5, 0.5]


def test_a_gradient_graph_runs_in_every_domain() -> None:
    graph = autodiff.grad(fpsem.trace(lambda x: ((x @ x.T).relu() / 3).sum(), X.shape))
    bits = fpsem.run(graph, {}, X, fpsem.IEEE32Exec())
    for name in ("numpy_float32", "symbolic_fp32"):
        domain = domain_named(name)
        assert np.array_equal(domain.to_bits(fpsem.run(graph, {}, X, domain)), bits), name
    bound = fpsem.error_bound(graph, {}, X)
    assert (abs(fpsem.IEEE32Exec().to_float(bits) - value(graph, X)) <= bound.absolute).all()


def test_gradients_keep_values_parameters_and_zeros_apart() -> None:
    graph = fpsem.nn.Linear(3, 1).lower((1, 3))
    both = autodiff.value_and_grad(graph, ["weight", "x"])
    assert list(both.outputs) == ["output", "grad.weight", "grad.x"]
    payload = {"weight": X[:1], "bias": np.array([0.5], np.float32)}
    found = fpsem.run(both, payload, {"x": X[1:2]}, REAL)
    assert REAL.to_float(found["grad.weight"]).tolist() == X[1:2].tolist()
    assert REAL.to_float(found["grad.x"]).tolist() == X[:1].tolist()
    unused = autodiff.grad(fpsem.trace(lambda x, y: x.sum(), (2,), (3,)), ["y"])
    assert value(unused, {"x": X[0, :2], "y": X[0]}).tolist() == [0, 0, 0]


def test_a_chain_of_many_nodes_is_differentiated_in_one_pass() -> None:
    def chain(x: Any) -> Any:
        for _ in range(1000):
            x = x * x - x
        return x.sum()

    assert len(autodiff.grad(fpsem.trace(chain, (1,))).nodes) < 8000


def test_what_cannot_be_differentiated_is_refused() -> None:
    vector = fpsem.trace(lambda x: x * 2, (3,))
    with pytest.raises(ShapeError, match="sum it, or use vjp or jacobian"):
        autodiff.grad(vector)
    with pytest.raises(UnknownNameError, match="Known: x"):
        autodiff.vjp(vector, ["y"])
    with pytest.raises(GraphError, match="one output is needed"):
        autodiff.grad(fpsem.trace(lambda x: (x, x), (1,)))
