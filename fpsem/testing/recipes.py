"""How each op is put on a tensor of a random graph: its other operands, its attributes, and what keeps its value defined.

An op that takes scalars only and has no attributes needs no recipe: its operands are tensors of one shape. Every other op is in
``RECIPES`` or, with the reason, in ``EXCLUDED``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from hypothesis import strategies as st

from fpsem.graph.op import Shape
from fpsem.graph.ops import names, op_named
from fpsem.graph.trace import Recorder, Tensor

MOST_ELEMENTS = 24
"""The most elements of a tensor that has grown."""


@dataclass
class Maker:
    """A graph while it is drawn.

    Args:
        draw: Hypothesis's.
        recorder: what the nodes are written to.
        made: the tensors so far, the input first.
        parameters: how many parameters there are.
    """

    draw: st.DrawFn
    recorder: Recorder
    made: list[Tensor] = field(default_factory=list)
    parameters: int = 0

    def one_of(self, *values: Any) -> Any:
        """One of some values; it shrinks to the first."""
        return self.draw(st.sampled_from(values))

    def upto(self, largest: int, least: int = 1) -> int:
        """A size or a place."""
        return self.draw(st.integers(least, largest))

    def parameter(self, shape: Shape) -> Tensor:
        """A new parameter."""
        self.parameters += 1
        return self.recorder.parameter(f"p{self.parameters}", shape)

    def other(self, x: Tensor) -> Tensor:
        """A tensor of the same shape: an earlier one, this one, or a parameter."""
        fit = [t for t in self.made if t.shape == x.shape]
        chosen = self.draw(st.integers(0, len(fit)))
        return fit[chosen] if chosen < len(fit) else self.parameter(x.shape)

    def maybe(self, shape: Shape) -> tuple[Tensor, ...]:
        """A parameter, or nothing."""
        return (self.parameter(shape),) if self.one_of(False, True) else ()

    def axis(self, x: Tensor) -> int:
        """An axis, counted from either end."""
        return self.draw(st.integers(-x.ndim, x.ndim - 1))


def matrix(make: Maker, x: Tensor) -> Tensor:
    """x with two axes."""
    n = prod(x.shape)
    rows = make.one_of(*(k for k in range(1, n + 1) if n % k == 0))
    return x if x.ndim == 2 else x.reshape(shape=(rows, n // rows))


def image(make: Maker, x: Tensor) -> Tensor:
    """x as images (N, C, H, W)."""
    sizes, n = [], prod(x.shape)
    for _ in range(3):
        sizes.append(make.one_of(*(k for k in range(1, n + 1) if n % k == 0)))
        n //= sizes[-1]
    return x if x.ndim == 4 else x.reshape(shape=(*sizes, n))


def line(x: Tensor) -> Tensor:
    """x with at least one axis."""
    return x if x.ndim else x.reshape(shape=(1,))


def _away_from_zero(x: Tensor) -> Tensor:
    return abs(x) + 0.5


GUARDS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "exp": lambda x: x.clip(low=-8.0, high=8.0),
    "expm1": lambda x: x.clip(low=-8.0, high=8.0),
    "log": _away_from_zero,
    "log1p": abs,
    "sqrt": abs,
    "tan": lambda x: x.clip(low=-1.5, high=1.5),
}
"""What is mostly done to the operand of an op, so that its value is defined and does not overflow."""


def guarded(make: Maker, x: Tensor, guard: Callable[[Tensor], Tensor]) -> Tensor:
    """The operand, guarded seven times in eight."""
    return x if make.upto(8) == 8 else guard(x)


def elementwise(make: Maker, op: str, x: Tensor) -> Tensor:
    """An op without attributes on tensors of one shape."""
    arity = op_named(op).max_inputs
    operand = guarded(make, x, GUARDS[op]) if op in GUARDS else x
    return operand.apply(op, *(make.other(x) for _ in range(int(arity) - 1)))


def _windows(op: str) -> Callable[[Maker, Tensor], Tensor]:
    def recipe(make: Maker, x: Tensor) -> Tensor:
        x = image(make, x)
        kernel, padding = _kernel(make, x)
        return x.apply(op, kernel=kernel, stride=(make.upto(2), make.upto(2)), padding=padding)

    return recipe


def _kernel(make: Maker, x: Tensor) -> tuple[Shape, Shape]:
    """A kernel that fits an image, and a padding of at most half of it."""
    kernel = tuple(make.upto(n) for n in x.shape[2:])
    return kernel, tuple(make.upto(k // 2, 0) for k in kernel)


def _avg_pool2d(make: Maker, x: Tensor) -> Tensor:
    x = image(make, x)
    kernel, padding = _kernel(make, x)
    return x.avg_pool2d(kernel=kernel, padding=padding, count_include_pad=make.one_of(True, False))


def _batch_norm(make: Maker, x: Tensor) -> Tensor:
    x = matrix(make, x)
    channels = x.shape[1:]
    variance = guarded(make, make.parameter(channels), _away_from_zero)
    weight = make.maybe(channels)
    return x.batch_norm(make.parameter(channels), variance, *weight, *(make.maybe(channels) if weight else ()))


def _broadcast_to(make: Maker, x: Tensor) -> Tensor:
    return x.broadcast_to(shape=(make.upto(max(1, MOST_ELEMENTS // prod(x.shape))), *x.shape))


def _clip(make: Maker, x: Tensor) -> Tensor:
    low = make.one_of(None, -1.0, 0.0, 0.1)
    return x.clip(low=low, high=make.one_of(2.5, 0.3) if low is None else make.one_of(None, 2.5, 0.3))


def _concat(make: Maker, x: Tensor) -> Tensor:
    x = line(x)
    return x.concat(make.other(x), axis=make.axis(x)) if prod(x.shape) <= MOST_ELEMENTS // 2 else x.concat(axis=make.axis(x))


def _conv2d(make: Maker, x: Tensor) -> Tensor:
    x = image(make, x)
    channels, out = x.shape[1], make.upto(2)
    grouped = make.one_of(False, True)
    groups = channels if grouped else 1
    kernel = tuple(make.upto(n) for n in x.shape[2:])
    weight = make.parameter((groups * out, channels // groups, *kernel))
    padding = (make.upto(1, 0), make.upto(1, 0))
    return x.conv2d(weight, *make.maybe((groups * out,)), groups=groups, padding=padding, stride=(make.upto(2), 1))


def _dropout(make: Maker, x: Tensor) -> Tensor:
    return x.dropout(make.other(x).relu(), p=make.one_of(0.5, 0.0, 0.1))


def _fold(make: Maker, x: Tensor) -> Tensor:
    seen = image(make, x)
    kernel = tuple(make.upto(n) for n in seen.shape[2:])
    return seen.unfold(kernel=kernel).fold(output_size=seen.shape[2:], kernel=kernel)


def _layer_norm(make: Maker, x: Tensor) -> Tensor:
    x = line(x)
    shape = x.shape[make.upto(x.ndim - 1, 0) :]
    weight = make.maybe(shape)
    return x.layer_norm(*weight, *(make.maybe(shape) if weight else ()), normalized_shape=shape, eps=make.one_of(1.0, 1e-5))


def _linear(make: Maker, x: Tensor) -> Tensor:
    x, out = line(x), make.upto(3)
    return x.linear(make.parameter((out, x.shape[-1])), *make.maybe((out,)))


def _matmul(make: Maker, x: Tensor) -> Tensor:
    x = matrix(make, x)
    return x @ (x.T if make.one_of(False, True) else make.parameter((x.shape[1], make.upto(3))))


def _reduced(op: str) -> Callable[[Maker, Tensor], Tensor]:
    def recipe(make: Maker, x: Tensor) -> Tensor:
        axis = make.axis(x) if x.ndim and make.one_of(True, False) else None
        return x.apply(op, axis=axis, keepdims=make.one_of(False, True))

    return recipe


def _along(op: str) -> Callable[[Maker, Tensor], Tensor]:
    def recipe(make: Maker, x: Tensor) -> Tensor:
        return line(x).apply(op, axis=make.axis(line(x)))

    return recipe


def _compared(op: str) -> Callable[[Maker, Tensor], Tensor]:
    def recipe(make: Maker, x: Tensor) -> Tensor:
        return x.apply(op, make.other(x)).where(make.other(x), make.other(x))

    return recipe


def _reshape(make: Maker, x: Tensor) -> Tensor:
    return x.reshape(shape=make.one_of((-1,), (1, *x.shape), (prod(x.shape), 1)))


def _slice(make: Maker, x: Tensor) -> Tensor:
    x = line(x)
    start = make.upto(x.shape[0] - 1, 0)
    return x.slice(starts=(start,), stops=(make.upto(x.shape[0], start + 1),), steps=(make.upto(2),))


def _soft_cross_entropy(make: Maker, x: Tensor) -> Tensor:
    logits = matrix(make, x)
    return logits.soft_cross_entropy(make.parameter(logits.shape))


def _transpose(make: Maker, x: Tensor) -> Tensor:
    return x.transpose(axes=make.draw(st.none() | st.permutations(range(x.ndim)).map(tuple)))


def _unslice(make: Maker, x: Tensor) -> Tensor:
    x, before = line(x), make.upto(2, 0)
    n = x.shape[0]
    shape = (before + n + make.upto(2, 0), *x.shape[1:])
    return x.unslice(shape=shape, starts=(before,), stops=(before + n,), steps=(1,))


RECIPES: Mapping[str, Callable[[Maker, Tensor], Tensor]] = {
    "avg_pool2d": _avg_pool2d,
    "batch_norm": _batch_norm,
    "broadcast_to": _broadcast_to,
    "clip": _clip,
    "concat": _concat,
    "constant": lambda make, x: x * make.one_of(2.0, 0.1, -1.0, 0.0),
    "conv2d": _conv2d,
    "div": lambda make, x: x / guarded(make, make.other(x), _away_from_zero),
    "dropout": _dropout,
    "equal": _compared("equal"),
    "fold": _fold,
    "gelu": lambda make, x: x.gelu(approximate=make.one_of("none", "tanh")),
    "layer_norm": _layer_norm,
    "less": _compared("less"),
    "less_equal": _compared("less_equal"),
    "linear": _linear,
    "literal": lambda make, x: x + make.recorder.apply("literal", (), {"shape": x.shape, "value": make.one_of("0.1", "-2/3")}),
    "log_softmax": _along("log_softmax"),
    "matmul": _matmul,
    "max": _reduced("max"),
    "max_pool2d": _windows("max_pool2d"),
    "mean": _reduced("mean"),
    "pi": lambda make, x: x * x.pi_like(),
    "reshape": _reshape,
    "slice": _slice,
    "soft_cross_entropy": _soft_cross_entropy,
    "softmax": _along("softmax"),
    "sum": _reduced("sum"),
    "transpose": _transpose,
    "unfold": _windows("unfold"),
    "unslice": _unslice,
    "where": _compared("less"),
}
"""The recipe of every op that has attributes, other operands than tensors of one shape, or places where it is not defined."""

EXCLUDED: Mapping[str, str] = {
    "cross_entropy": "it takes labels",
    "gather": "it takes indices",
    "input": "a leaf: the graph's input",
    "integer_input": "a leaf: a region holds no integers",
    "one_hot": "it takes labels",
    "parameter": "a leaf: the recipes make them",
    "scatter_add": "it takes indices",
}
"""Ops that no random graph has, and why."""


def drawn_ops() -> tuple[str, ...]:
    """The ops that random graphs are made of."""
    return tuple(name for name in names() if name not in EXCLUDED)


def put(make: Maker, op: str, x: Tensor) -> Tensor:
    """The op on a tensor, with other operands and attributes drawn."""
    return RECIPES[op](make, x) if op in RECIPES else elementwise(make, op, x)
