"""Real and SymbolicReal: a formula, evaluated at rational points, is the value that Real encloses.

Formulas that are rational numbers are compared as such; others by sympy's evaluation to 60 digits. So what is compared is
sympy's formulas and its numbers, with Arb's.

Source: Meurer et al., "SymPy: symbolic computing in Python", PeerJ Computer Science 3:e103, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy

from fpsem.bridges._enclosing import REAL
from fpsem.bridges._graphs import SHAPE, STEPS, Step, ops_of, samples
from fpsem.bridges.bridge import Bridge, Tally
from fpsem.bridges.primitives import PRIMITIVES, Primitive, enclosures
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.codes import encode_array
from fpsem.core.protocol import Array, exact_array
from fpsem.domains.symbolic_real import SymbolicReal, symbols
from fpsem.graph.denote import run

_DIGITS = 60
_CLOSE = Fraction(1, 10**50)
"""How far sympy's number may be from Real's, relative to it, or to 1 where it is smaller."""

_HEAVY = ("layer_norm", "maximum", "minimum", "softmax")
_LIGHT: Mapping[str, Step] = {name: step for name, step in STEPS.items() if name not in _HEAVY}
"""Steps whose formulas stay short. Softmax subtracts a maximum, a formula of every element."""

_DEPTH = 2


def _check_primitives(cases: int, seed: int) -> Evidence:
    tally, rng = Tally(), np.random.default_rng(seed)
    rows = max(2, cases // 10 // len(PRIMITIVES))
    for primitive in PRIMITIVES.values():
        tops = rng.integers(-99, 100, (primitive.arity, rows)).tolist()
        bottoms = rng.integers(1, 32, (primitive.arity, rows)).tolist()
        points = [exact_array([Fraction(p, q) for p, q in zip(*row)]) for row in zip(tops, bottoms)]
        _judge_primitive(tally, primitive, points)
    return tally.evidence(f"sympy's evaluation to {_DIGITS} digits")


def _judge_primitive(tally: Tally, primitive: Primitive, points: list[Array]) -> None:
    domain = SymbolicReal()
    formulas, values = (primitive.apply(d, *map(d.constant, points)) for d in (domain, REAL))
    _judge(tally, primitive.name, points, np.broadcast_to(formulas, points[0].shape), values)


def _check_graphs(cases: int, seed: int) -> Evidence:
    tally, x = Tally(), symbols("x", SHAPE)
    for sample in samples(max(1, cases // 1000), seed, _LIGHT, _DEPTH):
        formulas = run(sample.graph, {}, x, SymbolicReal())
        point = exact_array(sample.box.lo.astype(np.float64))
        values = run(sample.graph, {}, REAL.constant(point), REAL)
        at = {symbol: sympy.Rational(number.numerator, number.denominator) for symbol, number in zip(x.flat, point.flat)}
        _judge(tally, sample.steps, [point], np.frompyfunc(partial(_put, at), 1, 1)(formulas), values)
    return tally.evidence(f"formulas in nine symbols, evaluated to {_DIGITS} digits")


def _put(numbers: Mapping[Any, Any], formula: Any) -> Any:
    return formula.subs(numbers)


def _judge(tally: Tally, name: str, points: list[Array], formulas: Array, values: Array) -> None:
    defined, low, high = enclosures(REAL, values)
    numbers = np.frompyfunc(_number, 1, 1)(formulas)
    given = np.frompyfunc(lambda number: number is not None, 1, 1)(numbers).astype(bool)
    near = np.frompyfunc(_is_near, 3, 1)(numbers, low, high).astype(bool)
    operands = [encode_array(point) for point in points]
    tally.judge(name, operands, np.where(defined, ~near, given), partial(_tell, formulas, low))


def _number(formula: Any) -> Fraction | None:
    """The formula's value, to so many digits; None where it has none."""
    if formula.is_Rational:
        return Fraction(int(formula.p), int(formula.q))
    number = formula.evalf(_DIGITS)
    return Fraction(str(number)) if number.is_Float else None


def _is_near(number: Fraction | None, low: Fraction, high: Fraction) -> bool:
    scale = max(Fraction(1), abs(low))
    return number is not None and max(abs(number - low), abs(number - high)) <= _CLOSE * scale


def _tell(formulas: Array, low: Array, place: Any) -> str:
    return f"{sympy.sstr(formulas[place])[:80]}, the value is {float(low[place]):.17g}"


BRIDGES = (
    Bridge(
        Claim(
            "symbolic-real-evaluates-to-real",
            "the formula of every primitive at rational numbers has the value that Real encloses, and none where Real has none",
            ("real", "symbolic_real"),
            "fractions of numerators up to 99 and denominators up to 31",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check_primitives,
    ),
    Bridge(
        Claim(
            "symbolic-real-graphs-evaluate-to-real",
            "the formula of a graph in its inputs, where numbers take the symbols' places, has the value that Real encloses",
            ("real", "symbolic_real"),
            "random graphs of two steps on (3, 3) tensors, at binary32 numbers",
            Status.TESTED,
            ops=ops_of(_LIGHT),
        ),
        _check_graphs,
        seconds=3,
    ),
)
