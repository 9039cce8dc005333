"""Real and RoundedReal: an operation of rounded reals is that of the reals, rounded once.

Real gives balls of 512 bits; where the two ends of one round alike, the real value is known to round so. Where Real has no
value, RoundedReal must say so.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 2.2, the standard model without its bound: the
result is not only within u of the exact one, but is the nearest number.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fpsem.bridges._sampled import on_primitives, primitives_bridge
from fpsem.bridges.bridge import Tally
from fpsem.bridges.primitives import Primitive, enclosures
from fpsem.core.errors import UndefinedError
from fpsem.core.exact import round_to_precision
from fpsem.domains.real import Real
from fpsem.domains.rounded_real import RoundedReal
from fpsem.testing.operands import Columns

_BITS = 512
_MOST_UNDEFINED = 20
"""Rows without a real value that are tried, of each primitive; they are run one by one."""


def _judge(tally: Tally, primitive: Primitive, operands: Columns, seed: int) -> int:
    real, paper = Real(bits=_BITS), RoundedReal()
    defined, low, high = enclosures(real, primitive.apply(real, *map(real.from_bits, operands)))
    kept = tuple(column[defined] for column in operands)
    rounded = np.frompyfunc(lambda end: round_to_precision(end, primitive.grid), 1, 1)
    down, up = rounded(low[defined]), rounded(high[defined])
    got, _ = paper.enclosure(primitive.apply(paper, *map(paper.from_bits, kept)))
    tally.judge(primitive.name, kept, (got != down) | (got != up), partial(_difference, got, down, up))
    rest = tuple(column[~defined][:_MOST_UNDEFINED] for column in operands)
    given = np.array([_has_value(primitive, row) for row in zip(*rest)], dtype=bool)
    tally.judge(primitive.name, rest, given, lambda place: "a number, where there is none")
    return tally.cases


def _difference(got: Any, low: Any, high: Any, place: Any) -> str:
    meant = float(low[place]).hex() if low[place] == high[place] else "undecided at 512 bits"
    return f"{float(got[place]).hex()}, the rounded real value is {meant}"


def _has_value(primitive: Primitive, row: Any) -> bool:
    paper = RoundedReal()
    try:
        primitive.apply(paper, *(paper.from_bits(np.array([code], dtype=np.uint32)) for code in row))
    except UndefinedError:
        return False
    return True


BRIDGES = (
    primitives_bridge(
        "rounded-real-is-real-rounded-once",
        "every primitive of RoundedReal gives Real's value rounded once to nearest even, and is undefined where that is",
        ("real", "rounded_real"),
        on_primitives(_judge, lambda cases: "Real's two ends, 512 bits sharp, round alike"),
        seconds=3,
    ),
)
