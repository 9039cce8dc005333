"""Whether a domain's intervals contain what another domain gives: real values, and executions.

Ends are read from the scalars' fields ``lo`` and ``hi``. A ball of the real value counts as contained where it meets the
interval: balls are 2**-512 wide, relatively, so that an end moved inward by one of its last bits is outside of them, unless the
value is that end to 512 bits. Where Real cannot decide a comparison (of a number with itself, say) its ball is the hull of both
branches, however precise it is, and the check is that much weaker there.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fpsem.bridges._graphs import Sample
from fpsem.bridges.bridge import Tally
from fpsem.bridges.primitives import enclosures
from fpsem.core.codes import places
from fpsem.core.formats import BINARY32
from fpsem.core.protocol import Array
from fpsem.domains.real import Real
from fpsem.graph.denote import run
from fpsem.testing.operands import Codes

REAL = Real(bits=512)


def judge_real(tally: Tally, name: str, operands: tuple[Codes, ...], values: Array, lo: Array, hi: Array) -> int:
    """Judge whether real values lie between ends, and nothing finite is said where there is no value.

    Args:
        tally: counts the cases.
        name: the operation.
        operands: its operands.
        values: scalars of REAL.
        lo: lower ends, float64.
        hi: upper ends.

    Returns:
        How many of the intervals are bounded.
    """
    defined, low, high = enclosures(REAL, values)
    inside, bounded = (high >= lo) & (low <= hi), np.isfinite(lo) & np.isfinite(hi)
    tally.judge(name, operands, np.where(defined, ~inside.astype(bool), bounded), partial(_tell_real, defined, low, lo, hi))
    return int(bounded.sum())


def _tell_real(defined: Array, low: Array, lo: Array, hi: Array, place: Any) -> str:
    value = f"{float(low[place]):.17g}" if defined[place] else "no value"
    return f"{value}, the interval is {lo[place]:.17g} .. {hi[place]:.17g}"


def judge_executions(tally: Tally, name: str, operands: tuple[Codes, ...], codes: Codes, lo: Array, hi: Array) -> int:
    """Judge whether binary32 results lie between ends, -0 below +0; a NaN where the ends are NaNs, or nothing is known.

    Args:
        tally: counts the cases.
        name: the operation.
        operands: its operands.
        codes: the results.
        lo: lower ends, float32.
        hi: upper ends.

    Returns:
        How many of the intervals are bounded.
    """
    whole = np.isneginf(lo) & np.isposinf(hi)
    nan = (codes & BINARY32.magnitude_mask) > BINARY32.overflow_code
    low, at, high = (places(np.ascontiguousarray(x).view(np.uint32).reshape(x.shape)) for x in (lo, codes, hi))
    inside = (low <= at) & (at <= high) & ~np.isnan(lo)
    wrong = np.where(nan, ~(whole | np.isnan(lo)), ~inside)
    tally.judge(name, operands, wrong, partial(_tell_execution, codes, lo, hi))
    return int((np.isfinite(lo) & np.isfinite(hi)).sum())


def _tell_execution(codes: Codes, lo: Array, hi: Array, place: Any) -> str:
    return f"{int(codes[place]):#x}, the interval is {lo[place]:.9g} .. {hi[place]:.9g}"


def judge_graph(tally: Tally, sample: Sample, lo: Array, hi: Array) -> int:
    """Judge whether the real values of a graph, at points of its box, lie between ends; how many of the ends are bounded."""
    bounded = 0
    for x in sample.points:
        values = run(sample.graph, {}, x, REAL)
        bounded += judge_real(tally, sample.steps, (x.view(np.uint32),), values, lo, hi)
    return bounded


def share(bounded: int) -> str:
    """How many of the intervals say something, in words."""
    return f"{bounded:,} of the intervals bounded"
