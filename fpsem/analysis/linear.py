"""Which nodes of a graph of scalars are linear forms in the inputs, over the reals, and what constraints say of their ranges.

A form f is at least the least value of f - m g in the box, for every m of at least 0, where g is at least 0: so a constraint
sharpens the ranges of the forms that are like it, however wide the box. Nodes that are no linear forms are left alone.

Source: weak duality of linear programming; Boyd and Vandenberghe, "Convex Optimization", 2004, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from fpsem.core.codes import decode_array
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.domains import _outward as outward
from fpsem.graph.denote import Interpreter
from fpsem.graph.ir import Graph

Form = tuple[Fraction, ...]
"""A coefficient for each input, and the constant."""


class _Forms:
    """The part of a domain that linear forms have: everything else gives None, which is no form."""

    overrides: Mapping[str, Any] = {}

    def __init__(self, inputs: int) -> None:
        self._constant_at = inputs

    def constant(self, values: Array) -> Array:
        return _cell((Fraction(0),) * self._constant_at + (Fraction(values.item()),))

    def from_bits(self, bits: Array) -> Array:
        return self.constant(np.array(decode_array(bits.reshape(-1))[0], dtype=object))

    def add(self, x: Array, y: Array) -> Array:
        a, b = x.item(), y.item()
        return _cell(None if a is None or b is None else _combined(a, Fraction(1), b))

    def sub(self, x: Array, y: Array) -> Array:
        return self.add(x, self.neg(y))

    def neg(self, x: Array) -> Array:
        return _cell(None if x.item() is None else tuple(-c for c in x.item()))

    def mul(self, x: Array, y: Array) -> Array:
        for a, b in ((x.item(), y.item()), (y.item(), x.item())):
            if a is not None and b is not None and not any(a[:-1]):
                return _cell(tuple(a[-1] * c for c in b))
        return _cell(None)

    def div(self, x: Array, y: Array) -> Array:
        a, b = x.item(), y.item()
        constant = a is not None and b is not None and not any(b[:-1]) and b[-1]
        return _cell(tuple(c / b[-1] for c in a) if constant else None)

    def __getattr__(self, name: str) -> Callable[..., Array]:
        return lambda *operands: _cell(None)


def _cell(form: Form | None) -> Array:
    cell = np.empty((), dtype=object)
    cell[()] = form
    return cell


def _combined(f: Form, m: Fraction, g: Form) -> Form:
    return tuple(a + m * b for a, b in zip(f, g))


def linear_forms(graph: Graph) -> list[Form | None]:
    """Of each node the linear form that it is, if any. All nodes have shape ()."""
    names = list(graph.inputs)
    domain = _Forms(len(names))
    inputs = {name: _cell(tuple(Fraction(i == place) for i in range(len(names) + 1))) for place, name in enumerate(names)}
    forms: list[Form | None] = []
    interpreter = Interpreter(graph, cast(ScalarDomain, domain))
    interpreter.interpret(dict.fromkeys(graph.parameters, _cell(None)) | inputs, lambda _, value: forms.append(value.item()))
    return forms


@dataclass(frozen=True)
class LinearRange:
    """The range of a form over boxes.

    Args:
        lower: forms that it is nowhere below, where the constraints hold.
        upper: forms that it is nowhere above.
    """

    lower: tuple[Form, ...]
    upper: tuple[Form, ...]

    def ends(self, lo: Array, hi: Array) -> outward.Ends:
        """Ends over boxes (n, inputs), as two arrays (n,)."""
        return (
            np.maximum.reduce([_range(form, lo, hi)[0] for form in self.lower]),
            np.minimum.reduce([_range(form, lo, hi)[1] for form in self.upper]),
        )


def linear_range(form: Form, constraints: Sequence[Form]) -> LinearRange:
    """A form, given linear forms that are at least 0."""
    lower, upper = [form], [form]
    for g in constraints:
        slopes = {a / b for a, b in zip(form[:-1], g[:-1]) if b}
        lower += [_combined(form, -m, g) for m in slopes if m > 0]
        upper += [_combined(form, -m, g) for m in slopes if m < 0]
    return LinearRange(tuple(lower), tuple(upper))


def _range(form: Form, lo: Array, hi: Array) -> outward.Ends:
    total = _ends(form[-1], lo[:, 0])
    for i, coefficient in enumerate(form[:-1]):
        if coefficient:
            total = outward.add(total, outward.mul(_ends(coefficient, lo[:, i]), (lo[:, i], hi[:, i])))
    return total


def _ends(number: Fraction, like: Array) -> outward.Ends:
    low, high = outward.around(number)
    return np.full(like.shape, low), np.full(like.shape, high)
