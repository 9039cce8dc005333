"""FPCore files as graphs: the straight-line subset of FPCore 1.2 and 2.0, over scalars.

Operations keep their order and none is folded: what runs is what is written. Numbers are exact (the op ``literal``): over the
reals a tenth is a tenth, in binary32 the number nearest to it. Declared precisions are told, not obeyed: the domain is the
format. ``fmin`` and ``fmax`` are IEEE 754's minimum and maximum, which differ from FPCore's on NaNs; ``(pow x 2)`` is ``x * x``,
which a correctly rounded power equals bit for bit.
Of a precondition the bounds of single arguments become a box, other inequalities become a graph; which are strict is kept beside
them. What is no conjunction of inequalities is left out and told: the region only ever grows.

Not read, and told so: conditions, loops, tensors, rounding contexts inside, other functions. A fault inside of a core costs that
core alone. Not here: running.

Source: FPCore 1.2 and 2.0, https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from fpsem.core import files
from fpsem.core.errors import FileFormatError, UnknownNameError
from fpsem.core.region import STRICT
from fpsem.graph.ir import Graph
from fpsem.graph.simplify import simplified
from fpsem.interop._fpcore_values import Environment, Outside, Reader, Value, is_name, properties_of
from fpsem.interop._s_expressions import Expression, Group, Text, Word

Interval = tuple[Fraction | None, Fraction | None]
"""The least and the largest value; None where there is no bound on that side."""

_MOST_BYTES = 1 << 22


@dataclass(frozen=True)
class Core:
    """A core that was read.

    Args:
        name: its ``:name``, or its symbol, or "core N", counted from 1.
        arguments: their names in order.
        graph: inputs of shape () named as the arguments, one output "output"; a value that is written twice is one node.
        box: of each argument the interval that the precondition gives it, exact; all numbers where it says nothing.
        constraints: what else the precondition says: a graph over the same inputs, each of whose outputs is at least 0 over the
            reals, above 0 where its name is strict (``fpsem.core.region.is_strict``); None where it says nothing else.
        precision: the declared ``:precision``; empty where there is none.
        dropped: the conjuncts of the precondition that are neither in the box nor, all of them, in the constraints, as written.
        symbol: the symbol before the arguments; empty where there is none.
        strict: of each argument whether the ends of its interval, the least and the greatest value, are left out of it.
        nowhere: the first conjunct that holds of no numbers, as FALSE, as written; empty where none is seen to be one.
    """

    name: str
    arguments: tuple[str, ...]
    graph: Graph
    box: Mapping[str, Interval]
    constraints: Graph | None
    precision: str
    dropped: tuple[str, ...] = ()
    symbol: str = ""
    strict: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    nowhere: str = ""

    @property
    def free(self) -> tuple[str, ...]:
        """The arguments that the precondition does not bound on both sides."""
        return tuple(name for name, ends in self.box.items() if None in ends)

    @property
    def unbounded(self) -> str:
        """That the precondition does not bound the free arguments, in words, with what of it could not be read."""
        unread = f"; what could not be read: {', '.join(self.dropped)}" if self.dropped else ""
        return f"the precondition bounds no {', '.join(self.free)} on both sides{unread}"


@dataclass(frozen=True)
class NotRead:
    """A core outside of the subset, or one that is wrong.

    Args:
        name: as of a core that was read.
        reason: what is outside: an operation by its name, or a sentence; of a wrong core what is wrong, and where.
        symbol: as of a core that was read.
        wrong: whether it is no core of FPCore: a name is unknown or given twice, an operation has too many operands or too few, a
            number is none or has an exponent beyond 10,000, a part is missing.
    """

    name: str
    reason: str
    symbol: str = ""
    wrong: bool = False


def load_fpcore(path: Path | str) -> tuple[Core | NotRead, ...]:
    """The cores of a file, in order.

    Args:
        path: the file, of at most 4 MiB.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is no FPCore: the message names file, line and column.
    """
    try:
        text = files.read(Path(path), _MOST_BYTES).decode()
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not a text: {error}") from None
    return read_fpcore(text, str(path))


def read_fpcore(text: str, what: str) -> tuple[Core | NotRead, ...]:
    """The cores of a text, in order.

    Args:
        text: FPCore.
        what: its name in messages.

    Raises:
        FileFormatError: parentheses do not match or nest more than 150 deep, or something is no core.
    """
    source = Text(text, what)
    return tuple(_core(source, expression, i) for i, expression in enumerate(source.expressions(), 1))


def chosen(cores: Sequence[Core | NotRead], name: str | None, what: str) -> tuple[Core | NotRead, ...]:
    """The cores of a name: their ``:name`` or their symbol.

    Args:
        cores: of a file.
        name: None for all.
        what: the file's name in messages.

    Raises:
        UnknownNameError: none has that name.
    """
    known = [{core.name, core.symbol} - {""} for core in cores]
    found = tuple(core for core, names in zip(cores, known) if name is None or name in names)
    if name is not None and not found:
        raise UnknownNameError(f"core of {what}", name, set().union(*known))
    return found


# -- a core ----------------------------------------------------------------------------------------------------------


def _core(source: Text, expression: Expression, number: int) -> Core | NotRead:
    """One core: ``(FPCore symbol? (argument ...) property ... expression)``."""
    if not isinstance(expression, Group) or expression.head != "FPCore":
        raise source.error(expression.at, "expected (FPCore (argument ...) property ... expression)")
    parts = expression.items[1:]
    symbol = str(parts[0]) if parts and is_name(parts[0]) else ""
    parts = parts[1:] if symbol else parts
    name = symbol or f"core {number}"
    try:
        if not parts or not isinstance(parts[0], Group):
            raise source.error(expression.at, "expected the list of arguments")
        properties, rest = properties_of(source, parts[1:])
        given = properties.get(":name")
        name = given.text if isinstance(given, Word) else name
        if len(rest) != 1:
            raise source.error(expression.at, f"expected one expression after the properties, not {len(rest)}")
        return _read(source, name, symbol, _arguments(source, parts[0]), properties, rest[0])
    except Outside as outside:
        return NotRead(name, str(outside), symbol)
    except FileFormatError as error:
        return NotRead(name, str(error), symbol, wrong=True)


def _read(
    source: Text, name: str, symbol: str, arguments: tuple[str, ...], properties: Mapping[str, Expression], body: Expression
) -> Core:
    direction = str(properties.get(":round", "nearestEven"))
    if direction != "nearestEven":
        raise Outside(f"rounding {direction}")
    reader = Reader(source, arguments)
    graph = simplified(reader.recorder.nodes, {"output": reader.value(body, reader.arguments).tensor.handle})
    region = _Region(Reader(source, arguments))
    if ":pre" in properties:
        region.require(properties[":pre"], region.reader.arguments)
    return Core(
        name, arguments, graph, MappingProxyType({argument: region.interval(argument) for argument in arguments}),
        region.graph(), str(properties.get(":precision", "")), tuple(region.dropped), symbol,
        MappingProxyType({argument: region.strict(argument) for argument in arguments}), region.nowhere,
    )  # fmt: skip


def _arguments(source: Text, listed: Group) -> tuple[str, ...]:
    """The names of a core's arguments. Raises Outside for one of a format of its own, or with dimensions."""
    names: list[str] = []
    for item in listed.items:
        if isinstance(item, Group):
            raise Outside(f"the argument {item}")
        if not is_name(item):
            raise source.error(item.at, f"{item} is no name of an argument")
        if item.text in names:
            raise source.error(item.at, f"the argument {item.text} is given twice")
        names.append(item.text)
    return tuple(names)


# -- its precondition ------------------------------------------------------------------------------------------------


class _Region:
    """What preconditions say: a box, differences that are not negative, and what was left out."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.dropped: list[str] = []
        self.nowhere = ""
        self._least: dict[str, tuple[Fraction, bool]] = {}  # and whether it is left out
        self._most: dict[str, tuple[Fraction, bool]] = {}
        self._differences: list[tuple[int, bool]] = []

    def interval(self, argument: str) -> Interval:
        """The box along one argument."""
        least, most = self._least.get(argument), self._most.get(argument)
        return least and least[0], most and most[0]

    def strict(self, argument: str) -> tuple[bool, bool]:
        """Whether the ends of that are left out."""
        return argument in self._least and self._least[argument][1], argument in self._most and self._most[argument][1]

    def graph(self) -> Graph | None:
        """The constraints."""
        outputs = {f"constraint_{i}{STRICT if strict else ''}": index for i, (index, strict) in enumerate(self._differences)}
        return simplified(self.reader.recorder.nodes, outputs) if outputs else None

    def require(self, condition: Expression, names: Environment) -> None:
        """Take a condition in, or drop it."""
        head = condition.head if isinstance(condition, Group) else ""
        try:
            if isinstance(condition, Group) and head == "and":
                for part in condition.items[1:]:
                    self.require(part, names)
            elif isinstance(condition, Group) and head in ("let", "let*"):
                inner, body = self.reader.bound(condition, names)
                self.require(body, inner)
            elif isinstance(condition, Group) and head in _ORDERS:
                values = [self.reader.value(operand, names) for operand in condition.items[1:]]
                for pair in pairwise(values):
                    for less, greater in _ORDERS[head](*pair):
                        self._at_most(less, greater, head in "<>", str(condition))
            elif str(condition) == "FALSE":
                self.nowhere = self.nowhere or "FALSE"
            elif str(condition) != "TRUE":
                self.dropped.append(str(condition))
        except Outside:
            self.dropped.append(str(condition))

    def _at_most(self, less: Value, greater: Value, strict: bool, condition: str) -> None:
        """less <= greater, or less < greater: a bound of an argument where the other side is a number, else a constraint."""
        if less.argument and greater.exact is not None:
            self._bound(less, greater.exact, strict, upward=not less.negated)
        elif greater.argument and less.exact is not None:
            self._bound(greater, less.exact, strict, upward=greater.negated)
        elif less.exact is None or greater.exact is None:
            self._differences.append(((greater.tensor - less.tensor).handle, strict))
        elif less.exact > greater.exact or (strict and less.exact == greater.exact):
            self.nowhere = self.nowhere or condition

    def _bound(self, value: Value, end: Fraction, strict: bool, upward: bool) -> None:
        """The value's argument is at most (upward), or at least, the end; minus the end where the value is negated."""
        end = -end if value.negated else end
        kept, sign = (self._most, -1) if upward else (self._least, 1)
        known = kept.get(value.argument, (end, strict))
        kept[value.argument] = max(known, (end, strict), key=lambda held: (sign * held[0], held[1]))


_ORDERS: Mapping[str, Callable[[Value, Value], Sequence[tuple[Value, Value]]]] = {
    "<": lambda x, y: [(x, y)],
    "<=": lambda x, y: [(x, y)],
    ">": lambda x, y: [(y, x)],
    ">=": lambda x, y: [(y, x)],
    "==": lambda x, y: [(x, y), (y, x)],
}
"""Comparisons of neighbours as pairs of the lesser and the greater."""
