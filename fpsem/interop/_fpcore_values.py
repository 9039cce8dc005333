"""Expressions of FPCore as nodes of a graph, each with what is known of it: an exact number, or an argument or its negative.

Guarantees: one op for one operation, in the order that is written; nothing is folded in the graph. What is known serves
preconditions only. What this module does not do: preconditions and properties of cores.

Source: FPCore 2.0, https://fpbench.org/spec/fpcore-2.0.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add, mul, sub, truediv
from sys import maxsize

from fpsem.core.errors import GraphError
from fpsem.graph.ops.literal import number
from fpsem.graph.trace import Recorder, Tensor
from fpsem.interop._s_expressions import Expression, Group, Text, Word


class Outside(Exception):
    """Something that FPCore has and the subset has not; the message is the reason."""


@dataclass(frozen=True)
class Value:
    """A value of a graph, and what is known of it over the reals.

    Args:
        tensor: the node.
        exact: the number that it is, where it is made of numbers by + - * /, and is no longer than 2**16 bits.
        argument: the argument that it is, or is the negative of; empty where it is neither.
        negated: whether it is the negative.
    """

    tensor: Tensor
    exact: Fraction | None = None
    argument: str = ""
    negated: bool = False


Environment = Mapping[str, Value]
"""What the names mean."""

OPERATIONS: Mapping[str, tuple[str, int]] = {
    "fabs": ("abs", 1), "fmax": ("maximum", 2), "fmin": ("minimum", 2), "fma": ("fma", 3),
    **{name: (name, 1) for name in ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "atan", "tanh", "erf")},
}  # fmt: skip
"""FPCore's operations of one meaning: the op, and how many operands."""

FIELD: Mapping[str, tuple[str, Callable[[Fraction, Fraction], Fraction]]] = {
    "+": ("add", add), "-": ("sub", sub), "*": ("mul", mul), "/": ("div", truediv),
}  # fmt: skip
"""The operations that map rationals to rationals."""

CONSTANTS = frozenset(
    ("E", "LOG2E", "LOG10E", "LN2", "LN10", "PI_2", "PI_4", "M_1_PI", "M_2_PI", "M_2_SQRTPI", "SQRT2", "SQRT1_2",
     "INFINITY", "NAN", "TRUE", "FALSE")
)  # fmt: skip
"""FPCore's constants but PI: there is no op for them."""

_NUMBER = re.compile(r"[+-]?\.?\d")
_LONGEST, _LONGEST_TEXT = 1 << 16, 1000
_OF_ITS_OWN = {":precision": "{} inside: executions of one format only", ":round": "rounding {} inside"}


def properties_of(source: Text, parts: Sequence[Expression]) -> tuple[dict[str, Expression], Sequence[Expression]]:
    """The properties that parts begin with, and what follows them. Raises FileFormatError for one without a value."""
    found: dict[str, Expression] = {}
    at = 0
    while at < len(parts) and (key := keyword(parts[at])):
        if at + 1 == len(parts):
            raise source.error(parts[at].at, f"the property {key} has no value")
        found[key] = parts[at + 1]
        at += 2
    return found, parts[at:]


def keyword(expression: Expression) -> str:
    """A property's name; empty for anything else."""
    is_keyword = isinstance(expression, Word) and not expression.quoted and expression.text.startswith(":")
    return str(expression) if is_keyword else ""


def is_name(expression: Expression) -> bool:
    """Whether it may stand for a value: a word that is neither a number nor a property's name."""
    return (
        isinstance(expression, Word)
        and not expression.quoted
        and not _NUMBER.match(expression.text)
        and not keyword(expression)
    )


class Reader:
    """Records expressions.

    Args:
        source: the text, for messages.
        arguments: the names of the inputs.
    """

    def __init__(self, source: Text, arguments: Sequence[str]) -> None:
        self.source, self.recorder = source, Recorder()
        self.arguments: Environment = {
            name: Value(self.recorder.input(name, ()), argument=name) for name in arguments
        }

    def value(self, expression: Expression, names: Environment) -> Value:
        """The value of an expression.

        Raises:
            Outside: it is not of the subset.
            FileFormatError: it is no expression: an unknown name, a wrong number of operands, a number that is none.
        """
        if isinstance(expression, Word):
            return self._word(expression, names)
        head, operands = expression.head, expression.items[1:]
        if head in ("let", "let*"):
            inner, body = self.bound(expression, names)
            return self.value(body, inner)
        if head in ("!", "cast"):
            return self._in_context(expression, names)
        if head == "pow":
            return self._power(expression, names)
        if head not in OPERATIONS and head not in FIELD:
            if not expression.items or not is_name(expression.items[0]):
                raise self.source.error(expression.at, "expected (operation operand ...)")
            raise Outside(head)
        self._check_count(expression)
        values = [self.value(operand, names) for operand in operands]
        return self._field(head, values) if head in FIELD else self._applied(OPERATIONS[head][0], values)

    def _word(self, word: Word, names: Environment) -> Value:
        if word.text in names and not word.quoted:
            return names[word.text]
        if _NUMBER.match(word.text) and not word.quoted:
            return self._literal(word)
        if word.text == "PI":
            return Value(self.recorder.apply("pi", (), {"shape": ()}))
        if word.text in CONSTANTS:
            raise Outside(f"the constant {word.text}")
        known = ", ".join(names)[:_LONGEST_TEXT] or "none"
        raise self.source.error(word.at, f"unknown name {str(word)[:80]!r}; known here: {known}")

    def _literal(self, word: Word) -> Value:
        """A number; texts of the same number are one value where the number is short."""
        try:
            exact = number(word.text)
        except GraphError as error:
            raise self.source.error(word.at, str(error)) from None
        text = str(exact) if sum(map(int.bit_length, exact.as_integer_ratio())) < _LONGEST_TEXT else word.text
        return Value(self.recorder.apply("literal", (), {"shape": (), "value": text}), exact)

    def _applied(self, op: str, values: Sequence[Value]) -> Value:
        return Value(self.recorder.apply(op, tuple(value.tensor for value in values), {}))

    def _field(self, head: str, values: Sequence[Value]) -> Value:
        """A sum, difference, product or quotient, from the left; of one operand a difference is its negative."""
        if head == "-" and len(values) == 1:
            (x,) = values
            exact = None if x.exact is None else -x.exact
            return Value(self._applied("neg", values).tensor, exact, x.argument, not x.negated)
        op, exactly = FIELD[head]

        def joined(x: Value, y: Value) -> Value:
            return Value(self._applied(op, (x, y)).tensor, _exactly(exactly, x.exact, y.exact))

        return reduce(joined, values)

    def _check_count(self, expression: Group) -> None:
        """Raises FileFormatError where an operation has not its number of operands."""
        head, given = expression.head, len(expression.items) - 1
        least, most = (OPERATIONS[head][1],) * 2 if head in OPERATIONS else _OPERANDS[head]
        if not least <= given <= most:
            told = f"{least}" if least == most else f"{least} or {most}" if most < maxsize else f"at least {least}"
            raise self.source.error(expression.at, f"{head} takes {told} operands, not {given}")

    def _power(self, expression: Group, names: Environment) -> Value:
        if len(expression.items) != 3:
            raise self.source.error(expression.at, f"pow takes 2 operands, not {len(expression.items) - 1}")
        base, exponent = expression.items[1:]
        if not (isinstance(exponent, Word) and exponent.text == "2"):
            raise Outside("pow")
        x = self.value(base, names)
        return self._field("*", (x, x))

    def _in_context(self, expression: Group, names: Environment) -> Value:
        """``(! property ... e)`` and ``(cast e)``: e itself, where it is of no format and direction of its own."""
        found, rest = properties_of(self.source, expression.items[1:])
        if len(rest) != 1:
            raise self.source.error(expression.at, f"{expression.head} takes one expression, not {len(rest)}")
        for key, told in _OF_ITS_OWN.items():
            if key in found:
                raise Outside(told.format(found[key]))
        return self.value(rest[0], names)

    def bound(self, expression: Group, names: Environment) -> tuple[Environment, Expression]:
        """What the names mean inside of a ``let`` or ``let*``, and what is inside."""
        if len(expression.items) != 3 or not isinstance(expression.items[1], Group):
            raise self.source.error(expression.at, f"expected ({expression.head} ([name value] ...) expression)")
        new: dict[str, Value] = {}
        inner: Environment = names
        for name, meant in self._bindings(expression.items[1]):
            if expression.head == "let" and name.text in new:
                raise self.source.error(name.at, f"{name.text} is bound twice")
            new[name.text] = self.value(meant, inner if expression.head == "let*" else names)
            inner = {**names, **new}
        return inner, expression.items[2]

    def _bindings(self, listed: Group) -> Iterator[tuple[Word, Expression]]:
        for binding in listed.items:
            pair = binding.items if isinstance(binding, Group) else ()
            if len(pair) != 2 or not isinstance(pair[0], Word) or not is_name(pair[0]):
                raise self.source.error(binding.at, "expected [name value]")
            yield pair[0], pair[1]


_OPERANDS: Mapping[str, tuple[int, int]] = {"+": (1, maxsize), "-": (1, 2), "*": (1, maxsize), "/": (2, 2)}
"""How many operands the operations of the field take, at least and at most."""


def _exactly(operation: Callable[[Fraction, Fraction], Fraction], x: Fraction | None, y: Fraction | None) -> Fraction | None:
    """The exact result; None where an operand is unknown, where there is none, or where it is long."""
    if x is None or y is None or (operation is truediv and y == 0):
        return None
    result = operation(x, y)
    return result if max(map(int.bit_length, result.as_integer_ratio())) <= _LONGEST else None
