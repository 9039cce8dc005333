"""Properties of outputs as formulas: written once in Python, read over z3 terms, intervals and numbers alike.

A property is a function of a graph's values. It is called once, with scalars that only compare; what it returns is a formula,
which ``evaluate`` reads over any domain through that domain's own comparisons. So ``==`` is IEEE equality in the solver, in the
bounds and in the replay: false on NaN, and -0 equals +0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple, NoReturn

import numpy as np

from fpsem.core.errors import PropertyError, UnknownNameError
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array, ScalarDomain, exact_array
from fpsem.graph.ir import Graph
from fpsem.graph.op import Sort

Shape = tuple[int, ...]


class Source(NamedTuple):
    """Where a scalar is read: of which graph of the question ("" where there is one), a node's index."""

    graph: str
    node: int


class _NoBool:
    def __bool__(self) -> NoReturn:
        raise PropertyError(
            "a property is a formula, not a bool: join comparisons with & | ~ instead of and, or, not, and write "
            "(a < b) & (b < c) instead of a < b < c"
        )

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # a numpy number leaves the comparison to us


@dataclass(frozen=True, eq=False)
class Truth(_NoBool):
    """A comparison of two scalars, a fact of one, or truths joined by ``&``, ``|``, ``~`` or ``implies``."""

    kind: str
    parts: tuple[Any, ...]

    def __and__(self, other: Truth) -> Truth:
        return Truth("all", (*self._joined("all"), _truth(other)))

    def __or__(self, other: Truth) -> Truth:
        return Truth("any", (*self._joined("any"), _truth(other)))

    def _joined(self, kind: str) -> tuple[Any, ...]:
        """What it joins that way already, so that a long chain is no deep one."""
        return self.parts if self.kind == kind else (self,)

    def __invert__(self) -> Truth:
        return Truth("not", (self,))

    def implies(self, other: Truth) -> Truth:
        """False only where this holds and the other does not."""
        return ~self | other


@dataclass(frozen=True, eq=False)
class Scalar(_NoBool):
    """An element of a value by its place in C order, or a number, rounded to the domain; all it can do is compare."""

    source: Source | None = None
    place: int = 0
    number: Fraction | None = None

    def __lt__(self, other: Any) -> Truth:
        return Truth("less", (self, _scalar(other)))

    def __le__(self, other: Any) -> Truth:
        return Truth("less_equal", (self, _scalar(other)))

    def __gt__(self, other: Any) -> Truth:
        return Truth("less", (_scalar(other), self))

    def __ge__(self, other: Any) -> Truth:
        return Truth("less_equal", (_scalar(other), self))

    def __eq__(self, other: Any) -> Truth:  # type: ignore[override]
        return Truth("equal", (self, _scalar(other)))

    def __ne__(self, other: Any) -> Truth:  # type: ignore[override]
        return Truth("not", (Truth("equal", (self, _scalar(other))),))

    def is_finite(self) -> Truth:
        """Neither infinite nor NaN."""
        return Truth("is_finite", (self,))

    def is_nan(self) -> Truth:
        """NaN."""
        return Truth("is_nan", (self,))


class Values(_NoBool):
    """The scalars of a tensor: ``y[i]`` counts in C order, ``y[i, j]`` by axes."""

    def __init__(self, source: Source, shape: Shape) -> None:
        self.source, self.shape = source, shape

    def __len__(self) -> int:
        return prod(self.shape)

    def __iter__(self) -> Iterator[Scalar]:
        return (Scalar(self.source, place) for place in range(len(self)))

    def __getitem__(self, at: Any) -> Scalar:
        places = np.arange(len(self)) if isinstance(at, (int, np.integer)) else np.arange(len(self)).reshape(self.shape)
        place = places[at]
        if np.ndim(place):
            raise PropertyError(f"{at!r} is not one element of the shape {self.shape}")
        return Scalar(self.source, int(place))

    def is_finite(self) -> Truth:
        """No element is infinite or NaN."""
        return every(scalar.is_finite() for scalar in self)

    def argmax(self) -> Argmax:
        """To be compared: ``y.argmax() == 3``."""
        return Argmax(self)


class Outputs(Values):
    """The values of a graph. Of one output it is that tensor; ``y["name"]`` is an output by name.

    Args:
        key: the graph's name in the question.
        graph: the graph.
    """

    def __init__(self, key: str, graph: Graph) -> None:
        self._key, self._graph = key, graph
        if len(graph.outputs) == 1:
            (index,) = graph.outputs.values()
            super().__init__(Source(key, index), graph.nodes[index].shape)

    def _values(self, index: int) -> Values:
        if self._graph.op(index).sort is not Sort.SCALAR:
            raise PropertyError(f"node {self._graph.name_of(index)!r} holds no numbers")
        return Values(Source(self._key, index), self._graph.nodes[index].shape)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, str):
            if at not in self._graph.outputs:
                raise UnknownNameError("output", at, self._graph.outputs)
            return self._values(self._graph.outputs[at])
        return super().__getitem__(at)

    def __getattr__(self, name: str) -> Any:
        if name in ("source", "shape"):
            raise PropertyError(f"there are several outputs; name one: {', '.join(self._graph.outputs)}")
        raise AttributeError(name)

    def node(self, name: str) -> Values:
        """An intermediate value: a node by its label, or "%3". Raises UnknownNameError."""
        named = {self._graph.name_of(i): i for i in range(len(self._graph.nodes))}
        named |= {f"%{i}": i for i in range(len(self._graph.nodes))}
        if name not in named:
            raise UnknownNameError("node", name, named)
        return self._values(named[name])

    @property
    def inputs(self) -> Any:
        """The input's values; a dictionary by name where there are several."""
        leaves = enumerate(self._graph.nodes)
        found = {str(node.attributes["name"]): self._values(index) for index, node in leaves if node.op == "input"}
        return next(iter(found.values())) if len(found) == 1 else found


@dataclass(frozen=True, eq=False)
class Argmax(_NoBool):
    """The place of the largest element, the first of equals, as torch.argmax has it; where there is a NaN it is equal to none."""

    values: Values

    def __eq__(self, place: Any) -> Truth:  # type: ignore[override]
        if isinstance(place, bool) or not isinstance(place, (int, np.integer)) or not 0 <= place < len(self.values):
            raise PropertyError(f"argmax is compared with a place of {len(self.values)}, not with {place!r}")
        top = self.values[int(place)]
        others = [(i, scalar) for i, scalar in enumerate(self.values) if i != place]
        return every([~top.is_nan(), *(top > scalar if i < place else top >= scalar for i, scalar in others)])

    def __ne__(self, place: Any) -> Truth:  # type: ignore[override]
        return Truth("not", (self == place,))


def every(truths: Any) -> Truth:
    """All of one or more truths."""
    parts = tuple(_truth(part) for part in truths)
    return parts[0] if len(parts) == 1 else Truth("all", parts)


def within_ulps(a: Scalar, b: Any, ulps: int) -> Truth:
    """At most so many binary32 numbers lie from one to the other, both zeros being one; or both are NaN.

    Args:
        a: an element.
        b: another, or a number.
        ulps: a whole number of at least 0.

    Raises:
        PropertyError: ulps are anything else.
    """
    if isinstance(ulps, bool) or not isinstance(ulps, (int, np.integer)) or ulps < 0:
        raise PropertyError(f"ulps are a whole number of at least 0, not {ulps!r}")
    return Truth("within_ulps", (_scalar(a), _scalar(b), min(int(ulps), _MOST_ULPS)))


_MOST_ULPS = (1 << BINARY32.width) - 1
"""No two numbers are further apart; any number of ulps up to it can be written as a word with one bit more."""


def formula_of(holds: Callable[[Any], Any], values: Any) -> Truth:
    """The formula of a property of those values; a list of truths means that all hold.

    Raises:
        PropertyError: it returns anything else, or asks a scalar for its bool.
    """
    result = holds(values)
    if isinstance(result, (list, tuple)) and result:
        return every(result)
    return _truth(result)


def sources_of(formula: Truth) -> set[Source]:
    """The values that it reads."""
    found: set[Source] = set()
    for part in formula.parts:
        if isinstance(part, Truth):
            found |= sources_of(part)
        elif isinstance(part, Scalar) and part.source is not None:
            found.add(part.source)
    return found


def evaluate(
    formula: Truth, domain: ScalarDomain, held: Mapping[Source, Sequence[Array]], connectives: Mapping[str, Callable[..., Any]]
) -> Any:
    """The formula over a domain's values.

    Args:
        formula: of ``formula_of``.
        domain: whose comparisons are meant.
        held: what is read, the elements in C order.
        connectives: "all", "any" and "not" of the domain's truths, and "within_ulps" of two scalars and a number.
    """
    if formula.kind in ("all", "any", "not"):
        return connectives[formula.kind](*(evaluate(part, domain, held, connectives) for part in formula.parts))
    operands = [_operand(part, domain, held) for part in formula.parts if isinstance(part, Scalar)]
    if formula.kind == "within_ulps":
        return connectives["within_ulps"](*operands, formula.parts[2])
    return getattr(domain, formula.kind)(*operands)


def _operand(scalar: Scalar, domain: ScalarDomain, held: Mapping[Source, Sequence[Array]]) -> Array:
    if scalar.source is None:
        return domain.constant(exact_array(scalar.number))
    found: Array = held[scalar.source][scalar.place]
    return found


def _scalar(value: Any) -> Scalar:
    if isinstance(value, Scalar):
        return value
    exact = _exact(value)
    if exact is not None:
        return Scalar(number=exact)
    raise PropertyError(f"an output is compared with an output or a finite number, not with {value!r}")


def _exact(value: Any) -> Fraction | None:
    """The number that a Python or numpy number stands for; None for infinities, NaN, bools and all else."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, (int, np.integer)):
        return Fraction(int(value))
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        return Fraction(*value.as_integer_ratio())
    return value if isinstance(value, Fraction) else None


def _truth(value: Any) -> Truth:
    if isinstance(value, Truth):
        return value
    raise PropertyError(f"a property gives a comparison of outputs, or a list of them, not {value!r}")
