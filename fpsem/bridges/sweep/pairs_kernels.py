"""The loops over arrays of pairs: brackets of pow, atan2 and hypot, and their distances. Compiled on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from fpsem.bridges.sweep.brackets import UNDECIDED, Codes, Doubles, States
from fpsem.bridges.sweep.pairs_brackets import STATE_BIT, atan2_word, hypot_word, pow_word
from fpsem.bridges.sweep.pairs_tables import arctangents, constants, logarithms, powers
from fpsem.core.errors import UnknownNameError
from fpsem.softfloat.elementary.names import BINARY

Compiled = Callable[..., Any]


class Enclosures(NamedTuple):
    """The brackets of pairs (see ``brackets``) and the double-doubles they were read off, 0 where none was needed."""

    code: Codes
    state: States
    high: Doubles
    low: Doubles

    @property
    def undecided(self) -> npt.NDArray[np.intp]:
        """Where the judge is to be asked."""
        return np.flatnonzero(self.state == UNDECIDED)


def enclosures(name: str, a: Codes, b: Codes) -> Enclosures:
    """Where the values lie.

    Args:
        name: one of ``names.BINARY``.
        a: codes of binary32, of one dimension: x of pow and hypot, y of atan2.
        b: as many: y of pow and hypot, x of atan2.

    Raises:
        UnknownNameError: for another name.
    """
    if name not in BINARY:
        raise UnknownNameError("function of two operands", name, BINARY)
    a, b = np.ascontiguousarray(a, np.uint32), np.ascontiguousarray(b, np.uint32)
    made = Enclosures(np.empty(a.size, np.uint32), np.empty(a.size, np.uint8), np.empty(a.size), np.empty(a.size))
    loop, tables = _loop(name)
    loop(a, b, a.view(np.float32), b.view(np.float32), *made, *tables)
    return made


def distances(made: Enclosures) -> Doubles:
    """How far values are from the nearest boundary, a number of binary32 or the middle of two, in ulps: at most 0.25.

    Infinite where no double-double was needed, or the value is below the smallest number.
    """
    found = np.empty(made.high.size)
    _measuring()(made.high, made.low, found)
    return found


def _compiled(function: Compiled) -> Compiled:
    made: Compiled = numba.njit(error_model="numpy", nogil=True)(function)
    return made


@cache
def _loop(name: str) -> tuple[Compiled, tuple[Doubles, ...]]:
    """The loop of a function and the tables it takes."""
    match name:
        case "pow":
            return _compiled(_pow), (logarithms(), powers(), constants())
        case "atan2":
            return _compiled(_atan2), (arctangents(), constants())
        case _:
            return _compiled(_hypot), ()


@cache
def _measuring() -> Compiled:
    return _compiled(_measure)


def _measure(high: Any, low: Any, found: Any) -> None:
    for i in range(len(high)):
        exponent: Any = max((np.float64(high[i]).view(np.int64) >> 52) - 1023, -126)
        halves = 2.0 ** np.float64(24 - exponent)
        told = high[i] >= 2.0**-149
        scaled = high[i] * halves
        found[i] = 0.5 * abs(scaled - np.rint(scaled) + low[i] * halves) if told else np.inf


def _pow(a: Any, b: Any, x: Any, y: Any, code: Any, state: Any, high: Any, low: Any, logs: Any, exps: Any, consts: Any) -> None:
    for i in range(len(a)):
        word, high[i], low[i] = pow_word(np.int64(a[i]), np.int64(b[i]), np.float64(x[i]), np.float64(y[i]), logs, exps, consts)
        code[i], state[i] = np.uint32(word), np.uint8(word >> STATE_BIT)


def _atan2(a: Any, b: Any, y: Any, x: Any, code: Any, state: Any, high: Any, low: Any, table: Any, consts: Any) -> None:
    for i in range(len(a)):
        word, high[i], low[i] = atan2_word(np.int64(a[i]), np.int64(b[i]), np.float64(y[i]), np.float64(x[i]), table, consts)
        code[i], state[i] = np.uint32(word), np.uint8(word >> STATE_BIT)


def _hypot(a: Any, b: Any, x: Any, y: Any, code: Any, state: Any, high: Any, low: Any) -> None:
    for i in range(len(a)):
        word, high[i], low[i] = hypot_word(np.int64(a[i]), np.int64(b[i]), np.float64(x[i]), np.float64(y[i]))
        code[i], state[i] = np.uint32(word), np.uint8(word >> STATE_BIT)
