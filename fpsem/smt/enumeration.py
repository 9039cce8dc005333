"""Decide a question by running every input of its region, where they are few.

Guarantees: what is proved was executed at each input of the format, both zeros among them where the box holds both; a witness has
been replayed by running the graphs themselves. No interval, term or solver is trusted. Infinities and NaNs are never inputs.
Does not: begin where there are too many inputs, or where running them all takes too many steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from fpsem.core.codes import codes_at, places
from fpsem.core.formats import Format, format_named
from fpsem.core.protocol import Array
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.smt.narrow import numbers, rounded
from fpsem.smt.question import Question
from fpsem.smt.splitting import with_zeros

_AT_ONCE = 1 << 14
"""How many inputs are run together."""
_MOST_STEPS = 1 << 29
"""How many values of nodes are computed at most: some seconds."""


def enumerated(
    question: Question,
    lo: Array,
    hi: Array,
    most: int = 1 << 18,
    seconds: float = float("inf"),
    advance: Callable[[int], Any] = lambda n: None,
) -> Verdict | None:
    """Whether the formula holds at every input of a box, by running them all.

    Args:
        question: what is asked.
        lo: (elements,) lower ends, float32.
        hi: upper ends.
        most: how many inputs the box may hold.
        seconds: after how long to give up.
        advance: is told how many more inputs were run.

    Returns:
        Proved, or Refuted at the first input that breaks the formula, in the order of C and of the numbers; Unknown where that
        does not replay; None where the inputs are too many or the time is up.
    """
    start, f = time.monotonic(), format_named(question.format)
    first, last = (places(rounded(end, f.name), f) for end in _ends(question, lo, hi))  # those of infinities are beyond all
    counts = [max(0, int(b) - int(a) + 1) for a, b in zip(first, last)]
    count = prod(counts)
    if count > most or count * len(question.scalars.nodes) > _MOST_STEPS:
        return None
    for begin in range(0, count, _AT_ONCE):
        if time.monotonic() > start + seconds:
            return None
        rows = np.arange(begin, min(begin + _AT_ONCE, count))
        x = _points(rows, first, counts, f)
        failed = np.flatnonzero(~question.at_points(x))
        advance(len(rows))
        if len(failed):
            return _replayed(question, x[failed[0]], count, time.monotonic() - start)
    return Proved(_by(count), time.monotonic() - start)


def _ends(question: Question, lo: Array, hi: Array) -> tuple[Array, Array]:
    return question.within(*with_zeros(np.asarray(lo, np.float32), np.asarray(hi, np.float32)))


def _replayed(question: Question, x: Array, count: int, seconds: float) -> Verdict:
    witness = question.named(x)
    if question.replays(witness):
        return Refuted(witness, _by(count), seconds)
    return Unknown(f"the witness of an {_by(count)} did not replay", seconds)


def _by(count: int) -> str:
    return f"enumeration of {count} input{'' if count == 1 else 's'}"


def _points(rows: Array, first: Array, counts: list[int], f: Format) -> Array:
    """The inputs of those numbers, (n, elements), float32: the last element changes fastest."""
    offsets = np.stack(np.unravel_index(rows, counts), axis=1) if counts else np.zeros((len(rows), 0), np.int64)
    return numbers(codes_at(first + offsets, f), f.name)
