"""Brackets straight from Arb, one argument at a time: what checks the reference's polynomials and lemmas on random codes.

Each value is enclosed at 80 bits; where these do not decide, once more at 1400 bits. What is left is next to a limit far out,
which ``lemmas`` tells, or the judge's.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np

from fpsem.bridges.sweep import lemmas
from fpsem.bridges.sweep.brackets import UNDECIDED, Codes, bracket
from fpsem.bridges.sweep.reference import Reference
from fpsem.bridges.sweep.specials import set_specials
from fpsem.softfloat.elementary.balls import ball

_FIRST, _SECOND = 80, 1400
_ENOUGH = 56
_HUGE, _TINY = 1e300, 1e-300
"""Values beyond these have the same brackets as these."""


def direct(name: str, codes: Codes) -> Reference:
    """The reference by Arb alone, for codes in any order."""
    size = codes.size
    found = Reference(
        name, codes, np.zeros(size, np.uint32), np.full(size, UNDECIDED, np.uint8), np.zeros(size), np.zeros(size), np.zeros(size)
    )
    set_specials(name, codes, found.code, found.state)
    for precision in (_FIRST, _SECOND):
        with flint.ctx.workprec(precision):
            _enclose(found, found.pending, precision == _SECOND)
    for negative in (False, True):
        far = lemmas.far_out(name, negative)
        if far is not None:
            x = codes.view(np.float32)[found.pending]
            where = found.pending[(np.abs(x) >= 2.0**far.exponent) & np.isfinite(x) & ((x < 0) == negative)]
            if where.size:
                code, state = found.code[where], found.state[where]
                lemmas.set_far_out(far, codes[where], code, state)
                found.code[where], found.state[where] = code, state
    return found


def _enclose(found: Reference, where: Any, pairs: bool) -> None:
    """Brackets of some arguments at the working precision, from a double or from a pair of them."""
    if not where.size:
        return
    values = [_value(found.name, x, pairs) for x in found.codes.view(np.float32)[where].tolist()]
    hi, lo = (np.array(column) for column in zip(*values))
    code, state = found.code[where], found.state[where]
    bracket(hi, lo, np.abs(lo if pairs else hi) * 2.0**-51, code, state)
    unknown = np.isnan(hi)
    state[unknown] = UNDECIDED
    found.code[where], found.state[where] = code, state


def _value(name: str, x: float, pair: bool) -> tuple[float, float]:
    value = ball(name, flint.arb(x))
    if not value.is_finite() or value.rel_accuracy_bits() < _ENOUGH:
        return np.nan, 0.0
    if not _TINY < abs(value) < _HUGE:
        return float(value.sgn()) * (_TINY if abs(value) < 1 else _HUGE), 0.0
    high = float(value)
    if not pair:
        return high, 0.0
    rest = value - flint.arb(high)
    return (high, float(rest)) if rest.rel_accuracy_bits() >= _ENOUGH else (np.nan, 0.0)
