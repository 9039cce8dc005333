"""A question over a box as z3 terms, with what intervals of executions know of every node.

The inputs are of the question's format; terms are of binary32, each operation's rounded to it. A node that has one value in the
box is that number; a maximum or a choice that ranges decide is the operand chosen, so stable ReLUs are gone; what a node's value
lies between is said as a lemma. An elementary function, which SMT-LIB has not, is a variable of which is said what its interval
is on each piece of the argument's range: true of every correctly rounded execution, and made finer at the arguments of a model
that turns out to be none.

Guarantees: each execution in the box satisfies the formulas, so that unsat proves; a model is a candidate, to be replayed.

Source: SMT-LIB theory FloatingPoint; Clarke et al., "Counterexample-guided abstraction refinement", J. ACM 50, 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import z3

from fpsem.core.formats import BINARY32, format_named
from fpsem.core.protocol import ELEMENTARY, Array
from fpsem.core.region import midpoints
from fpsem.domains import _outward as outward
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.graph.denote import evaluate
from fpsem.graph.ir import Node
from fpsem.smt.narrow import in_format, numbers
from fpsem.smt.portfolio import Query
from fpsem.smt.question import INTERVALS, Connectives, Question

_TERMS = SymbolicFP32()
_RISING = {"exp", "expm1", "log", "log1p", "atan", "tanh", "erf"}
"""The functions that rise wherever they are defined."""
_FIRST_PIECES, _MORE_PIECES = 16, 8
"""How many pieces a function's argument range has at first, and a piece that is made finer."""
_APART = 256
"""Of more formulas than this the conjunction is written: each is written with all its terms, those that others share too, so the
text of many grows with their square. Of few, solvers are a little faster where they come apart."""


@dataclass
class Application:
    """An elementary function of a term: both variables, and the pieces of the argument's range.

    Args:
        function: its name.
        of: the term.
        argument: the variable that is the argument.
        result: the variable that stands for the result.
        value: the result, rounded to the question's format.
        pieces: ends of pieces, float32, in order, together all of the range; none where the argument may be NaN.
    """

    function: str
    of: Any
    argument: Any
    result: Any
    value: Any
    pieces: list[tuple[Any, Any]]

    def lemmas(self) -> list[Any]:
        """What is known of the result."""
        if not self.pieces:
            return []
        lo, hi = (np.array([piece[side] for piece in self.pieces], np.float32) for side in (0, 1))
        found = getattr(INTERVALS, self.function)(INTERVALS.between(lo, hi))
        made = []
        for low, high, value in zip(lo, hi, found):
            inside = z3.And(_number(low) <= self.argument, self.argument <= _number(high))
            if np.isnan(value["lo"]):
                made.append(z3.Implies(inside, z3.fpIsNaN(self.result)))
            elif not _is_whole(value):
                made.append(z3.Implies(inside, z3.And(_number(value["lo"]) <= self.result, self.result <= _number(value["hi"]))))
        return made

    def orders(self, other: Application) -> list[Any]:
        """How both results lie, from how the arguments lie: correctly rounded functions rise where the function does."""
        pairs, undefined = ((self, other), (other, self)), z3.Or(z3.fpIsNaN(self.result), z3.fpIsNaN(other.result))
        if self.function not in _RISING:
            return [z3.Implies(z3.fpEQ(self.argument, other.argument), z3.Or(undefined, z3.fpEQ(self.result, other.result)))]
        return [z3.Implies(a.argument <= b.argument, z3.Or(undefined, a.result <= b.result)) for a, b in pairs]

    def refine(self, code: int) -> bool:
        """Make the piece that holds an argument finer, the argument a piece of its own; whether that says more."""
        at = np.uint32(code).view(np.float32)
        for index, (lo, hi) in enumerate(self.pieces):
            if lo <= at <= hi and lo < hi:
                with np.errstate(over="ignore", under="ignore"):
                    left, right = np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))
                cut = [*_pieces(lo, left, _MORE_PIECES), (at, at), *_pieces(right, hi, _MORE_PIECES)]
                self.pieces[index : index + 1] = cut
                return True
        return False


def _pieces(lo: Any, hi: Any, count: int) -> list[tuple[Any, Any]]:
    """A range cut into about that many."""
    if not lo <= hi:
        return []
    if count < 2 or lo == hi:
        return [(lo, hi)]
    with np.errstate(all="ignore"):  # of ranges that reach infinity
        (middle,) = midpoints(np.array([lo]), np.array([hi]))
        above = np.nextafter(middle, np.float32(np.inf))
    return [*_pieces(lo, middle, count // 2), *_pieces(above, hi, count // 2)]


@dataclass
class Encoding:
    """A question over a box.

    Args:
        question: what is asked.
        lo: (elements,) lower ends, float32 numbers of the question's format.
        hi: upper ends, likewise; nowhere below the lower ones.
        lemmas: whether ranges of nodes are said.
    """

    question: Question
    lo: Array
    hi: Array
    lemmas: bool = True
    symbols: dict[str, Any] = field(default_factory=dict)
    facts: list[Any] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)

    def __post_init__(self) -> None:
        graph = self.question.scalars
        self._domain = in_format(_TERMS, self.question.format)
        ranges: dict[int, Array] = {}
        box = {name: INTERVALS.between(self.lo[i], self.hi[i]) for i, name in enumerate(graph.inputs)}
        self.question.enclose.interpret(box, ranges.__setitem__)
        terms: dict[int, Array] = {}
        for index, node in enumerate(graph.nodes):
            self._look()
            operands, known = ([held[i] for i in node.inputs] for held in (terms, ranges))
            terms[index] = self._term(index, node, operands, known, ranges[index])
        within = partial(_within, self.facts)
        connectives: Connectives = {"all": _joined(z3.And), "any": _joined(z3.Or), "not": _joined(z3.Not), "within_ulps": within}
        truth = self.question.truths(terms, _TERMS, connectives)
        self._wanted = z3.Not(_item(truth))

    @property
    def query(self) -> Query:
        """Is there an input at which the formula fails?"""
        known = []
        for application in self.applications:
            self._look()
            known += application.lemmas()
        formulas = [*self.facts, *known, *self._orders(), self._wanted]
        if len(formulas) > _APART:
            formulas = [z3.And(*formulas)]
        return Query.of(formulas, self.symbols, self._look)

    def _look(self) -> None:
        self.question.deadline.look("writing the question for solvers")

    def _orders(self) -> list[Any]:
        """What applications of one function know of each other: equal of equals, and in order where the function rises."""
        made = []
        for one, other in combinations(self.applications, 2):
            self._look()
            if one.function == other.function:
                made += one.orders(other)
        return made

    def inputs(self, values: Mapping[str, int]) -> Array:
        """The input that a model's codes are, (elements,) float32."""
        found, f = np.array(self.lo, np.float32), format_named(self.question.format)
        for i, name in enumerate(self.question.scalars.inputs):
            if name in values:
                found[i] = numbers(np.array(values[name], f.dtype), f.name)
        return found

    def refine(self, values: Mapping[str, int]) -> bool:
        """Say more of the functions at a model that is no execution; whether there was more to say."""
        finer = [application.refine(values[str(application.argument)]) for application in self.applications]
        return any(finer)

    def _term(self, index: int, node: Node, operands: list[Array], ranges: list[Array], own: Array) -> Array:
        if node.op == "input":
            return self._input(str(node.attributes["name"]), own)
        if own.dtype != INTERVALS.pi().dtype:  # a truth
            return _cell(z3.BoolVal(bool(own))) if own >= 0 else evaluate(index, node, operands, self._domain)
        if _code(own["lo"]) == _code(own["hi"]):
            return _cell(_number(own["lo"]))
        if node.op in ELEMENTARY:
            return self._function(index, node.op, operands[0], ranges[0])
        chosen = _CHOOSES[node.op](ranges) if node.op in _CHOOSES else None
        if chosen is not None:
            return operands[chosen]
        term = evaluate(index, node, operands, self._domain)
        if self.lemmas and node.inputs and not _is_whole(own):
            self.facts.append(z3.And(_number(own["lo"]) <= _item(term), _item(term) <= _number(own["hi"])))
        return term

    def _input(self, name: str, own: Array) -> Array:
        if _code(own["lo"]) == _code(own["hi"]):
            return _cell(_number(own["lo"]))
        f = format_named(self.question.format)
        self.symbols[name] = z3.FP(name, z3.FPSort(f.exponent_bits, f.precision))
        term = self.symbols[name] if f is BINARY32 else z3.fpToFP(z3.RNE(), self.symbols[name], z3.Float32())
        self.facts.append(z3.And(_number(own["lo"]) <= term, term <= _number(own["hi"])))
        return _cell(term)

    def _function(self, index: int, name: str, operand: Array, given: Array) -> Array:
        for known in self.applications:
            if known.function == name and known.of.eq(_item(operand)):
                return _cell(known.value)
        argument, result = (z3.FP(self._unused(f"{name}%{index}.{part}"), z3.Float32()) for part in ("argument", "result"))
        self.symbols[str(argument)] = argument
        self.facts.append(argument == _item(operand))
        pieces = [] if _is_whole(given) or np.isnan(given["lo"]) else _pieces(given["lo"], given["hi"], _FIRST_PIECES)
        format = self.question.format
        value = result if format == BINARY32.name else _item(_TERMS.cast(_cell(result), format))
        self.applications.append(Application(name, _item(operand), argument, result, value, pieces))
        return _cell(value)

    def _unused(self, name: str) -> str:
        """The name, or one like it that no input has."""
        while name in self.question.scalars.inputs:
            name += "_"
        return name


def _larger(ranges: list[Array]) -> int | None:
    x, y = ranges
    if _is_whole(x) or _is_whole(y):
        return None
    return 0 if x["lo"] > y["hi"] else 1 if y["lo"] > x["hi"] else None


def _chosen(ranges: list[Array]) -> int | None:
    return None if ranges[0] < 0 else 1 if ranges[0] else 2


def _neutral(x: Array, number: float) -> bool:
    return _code(x["lo"]) == _code(x["hi"]) == _code(number)


def _without_zero(ranges: list[Array], zero: float) -> int | None:
    """Which operand of a sum is the sum: -0 adds nothing, and neither does +0 to what is not -0."""
    for own, other in ((0, 1), (1, 0)):
        x = ranges[own]
        not_negative_zero = not _is_whole(x) and (_code(x["lo"]) == 0 or x["lo"] > 0 or x["hi"] < 0)
        if _neutral(ranges[other], -zero) or (not_negative_zero and _neutral(ranges[other], zero)):
            return own
    return None


def _of_difference(ranges: list[Array]) -> int | None:
    return 0 if _without_zero(ranges, -0.0) == 0 else None


_CHOOSES: Mapping[str, Callable[[list[Array]], int | None]] = {
    "add": lambda ranges: _without_zero(ranges, 0.0),
    "sub": _of_difference,
    "mul": lambda ranges: 1 if _neutral(ranges[0], 1.0) else 0 if _neutral(ranges[1], 1.0) else None,
    "div": lambda ranges: 0 if _neutral(ranges[1], 1.0) else None,
    "maximum": _larger,
    "minimum": lambda ranges: None if (larger := _larger(ranges)) is None else 1 - larger,
    "where": _chosen,
}
"""Ops that give one of their operands, and which, where ranges tell."""


def _within(facts: list[Any], a: Array, b: Array, ulps: int) -> Any:
    """Within so many numbers of each other: codes are variables, which every solver can be asked about."""
    x, y = _item(a), _item(b)
    both = z3.And(z3.fpIsNaN(x), z3.fpIsNaN(y))
    if ulps == 0:
        return z3.Or(z3.fpEQ(x, y), both)
    places = []
    for term in (x, y):
        code = z3.FreshConst(z3.BitVecSort(BINARY32.width), "code")
        facts.append(z3.fpBVToFP(code, z3.Float32()) == term)
        magnitude = z3.ZeroExt(2, z3.Extract(BINARY32.width - 2, 0, code))
        sign = z3.Extract(BINARY32.width - 1, BINARY32.width - 1, code) == 1
        places.append(z3.If(sign, -magnitude, magnitude))
    apart = places[0] - places[1]
    numbers = z3.And(z3.Not(z3.fpIsNaN(x)), z3.Not(z3.fpIsNaN(y)))
    return z3.Or(both, z3.And(numbers, apart <= ulps, -ulps <= apart))


def _joined(connective: Callable[..., Any]) -> Callable[..., Any]:
    """A connective of truths as they come; of one truth alone it is that truth, which solvers want."""
    return lambda *t: _item(t[0]) if len(t) == 1 and connective is not z3.Not else connective(*map(_item, t))


def _item(term: Any) -> Any:
    return term.item() if isinstance(term, np.ndarray) else term


def _cell(term: Any) -> Array:
    cell = np.empty((), dtype=object)
    cell[()] = term
    return cell


def _code(x: Any) -> int:
    return int(np.asarray(x, np.float32).view(np.uint32))


def _number(x: Any) -> Any:
    return z3.simplify(z3.fpBVToFP(z3.BitVecVal(_code(x), BINARY32.width), z3.Float32()))


def _is_whole(x: Array) -> bool:
    return bool(outward.is_whole((x["lo"], x["hi"])))
