"""The stated bounds: ``|f(x) - y| <= e`` for the binary64 value y and the error e that an implementation states before it rounds.

Where f is next to a number n that it tends to, near 0 or far out (``lemmas``), an implementation may round a stand-in y instead:
then f and y are both within 2**-26 |n| of n and have the same bracket. The same where f is below half of the least number, or
beyond the largest. Such arguments are counted; of all others the inequality is checked, by the reference where it tells, else by
Arb.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numba
import numpy as np

from fpsem.bridges.sweep import lemmas
from fpsem.bridges.sweep.brackets import ABOVE, BELOW, BEYOND, SPECIAL, Codes, Doubles, cell_of, compiled
from fpsem.bridges.sweep.reference import Reference
from fpsem.core.formats import BINARY32
from fpsem.softfloat.elementary.balls import ball
from fpsem.softfloat.elementary.rational_values import rational_value

Stated = Callable[[str, Codes], tuple[Doubles, Doubles]]
"""The value and the error that are stated for a function at codes."""

_HOLDS, _STANDS_IN, _DOUBTFUL, _SPECIAL = 0, 1, 2, 3
_MOST_DOUBTS = 4096
_SIGN, _MAGNITUDE = np.int64(BINARY32.sign_mask), np.int64(BINARY32.magnitude_mask)
_TOO_LARGE = 2.0 ** (BINARY32.emax + 1)


@dataclass(frozen=True)
class BoundCheck:
    """What was found.

    Args:
        ratio: the largest ``|f - y| / e``, bounded from above, of arguments with e > 0 at which no stand-in is in place.
        at: the code of its argument, or -1.
        stand_ins: at how many arguments there was a stand-in, the inequality not holding.
        violations: codes of arguments where the inequality does not hold, or could not be shown to.
    """

    ratio: float
    at: int
    stand_ins: int
    violations: list[int]


def check_bound(found: Reference, stated: Stated) -> BoundCheck:
    """Check the inequality at every argument of a reference that is not special."""
    y, e = stated(found.name, found.codes)
    outcome = np.empty(found.codes.size, np.uint8)
    x = found.codes.view(np.float32)
    numbers = _numbers(found.name, bool(found.codes[0] >= BINARY32.sign_mask))
    ratio, at = _check(found.hi, found.lo, found.error, found.code, found.state, y, e, x, *numbers, outcome)
    violations, code, stand_ins = list[int](), int(found.codes[at]) if at >= 0 else -1, int((outcome == _STANDS_IN).sum())
    doubts = np.flatnonzero(outcome == _DOUBTFUL)
    for i in doubts[:_MOST_DOUBTS]:
        one = int(found.codes[i])
        true = _ratio(found.name, one, float(y[i]), float(e[i]))
        if true is None or not true <= 1:
            if _stands_in(found.name, one, float(y[i]), numbers):
                stand_ins += 1
            else:
                violations.append(one)
        elif true > ratio:
            ratio, code = true, one
    violations += [int(c) for c in found.codes[doubts[_MOST_DOUBTS:]]]
    return BoundCheck(float(ratio), code, stand_ins, violations)


def _numbers(name: str, negative: bool) -> tuple[Doubles, Doubles]:
    """The numbers that f tends to near 0 and far out, each as a constant and a multiple of x; NaN where there is none."""
    near, far = lemmas.near_zero(name), lemmas.far_out(name, negative)
    first = (np.nan, np.nan) if near is None else (near.constant, float(near.constant == 0))
    last = (np.nan, np.nan) if far is None or np.isinf(far.limit) else (far.limit, 0.0)
    return np.array(first), np.array((0.0, 1.0) if np.isnan(last[0]) and far is not None and np.isnan(far.limit) else last)


def _number(code: int) -> float:
    """The number, or infinity, of a code."""
    return float(np.uint32(code).view(np.float32))


def _ratio(name: str, code: int, y: float, e: float) -> float | None:
    """|f - y| / e at one argument, from above; None where it cannot be told. An exact value is its own proof."""
    if not (np.isfinite(y) and np.isfinite(e)):
        return None
    x = _number(code)
    moderate = np.isfinite(x) and (abs(x) < 1 << 10 or name not in ("exp2", "exp10"))
    if moderate and rational_value(name, Fraction(x)) == Fraction(y):
        return 0.0
    with flint.ctx.workprec(600):
        off = (ball(name, flint.arb(x)) - flint.arb(y)).abs_upper()
        return float(off / flint.arb(e)) * (1 + 2.0**-50) if e > 0 and off.is_finite() else None


def _stands_in(name: str, code: int, y: float, numbers: tuple[Doubles, Doubles]) -> bool:
    """Whether f and y are on the same side of a number that f tends to, and so near to it that no boundary is between them."""
    x = _number(code)
    if not np.isfinite(x):
        return False
    with flint.ctx.workprec(1400):
        for n in (float(constant + multiple * x) for constant, multiple in numbers):
            if not np.isfinite(n) or not np.isfinite(y):
                continue
            off, stated = ball(name, flint.arb(x)) - flint.arb(n), flint.arb(y) - flint.arb(n)
            reach = flint.arb(abs(n)) * 2.0**-26
            if off * stated > 0 and abs(off) < reach and abs(stated) < reach:
                return True
    return False


@numba.njit(inline="always", error_model="numpy")  # type: ignore[untyped-decorator]
def _beside(f: float, y: float, n: float) -> Any:
    reach = abs(n) * 2.0**-26
    return (abs(f - n) <= reach) & (abs(y - n) <= reach)


@compiled
def _check(
    hi: Any, lo: Any, error: Any, code: Any, state: Any, y: Any, e: Any, x: Any, near: Any, far: Any, outcome: Any
) -> Any:
    largest, at = 0.0, -1
    for i in range(hi.size):
        off = abs((hi[i] - y[i]) + lo[i]) * (1.0 + 2.0**-50) + error[i]
        ratio = off / e[i]
        size, told = abs(y[i]), state[i]
        magnitude = np.int64(code[i]) & _MAGNITUDE
        cell, edge = cell_of(size)
        same = (cell == 2 * magnitude + np.int64(told)) & (not edge) & ((told == BELOW) | (told == ABOVE))
        tiny = (magnitude == 0) & (told == BELOW)
        beside = _beside(hi[i], y[i], x[i] * near[1] + near[0]) | _beside(hi[i], y[i], x[i] * far[1] + far[0])
        beyond = (told == BEYOND) & (size >= _TOO_LARGE)
        same_sign = (y[i] < 0.0) == (np.int64(code[i]) >= _SIGN)
        stands_in = same_sign & ((same & (beside | tiny)) | beyond)
        outcome[i] = _DOUBTFUL
        if told >= SPECIAL:
            outcome[i] = _SPECIAL
        elif ratio <= 1.0:
            outcome[i] = _HOLDS
            if ratio > largest and not stands_in:
                largest, at = ratio, i
        elif stands_in:
            outcome[i] = _STANDS_IN
    return largest, at
