"""Where no polynomial can tell how close a function is to a number: near 0 and far out, settled by lemmas that Arb checks.

Near 0. f(x) = p(x) + c x^k for a c that depends on x, by Lagrange; p is 1, 1/2 or x itself, k the first power that it leaves
out. The series at 0 gives p exactly; the series over the whole of [-X, X] encloses c, tells its sign, and shows that
|c x^k| < 2**-25 |p(x)|, which no midpoint is nearer than. Then f is next to p, on the side of c x^k.

Far out. f is monotone on [T, infinity) (or to -infinity) and tends to a limit L that it does not reach, or f(x) - x does (with
L = 0, softplus). Arb shows that at T it is closer to L than any midpoint; so it is from there on. Where the limit is infinite,
f(T) is at least 2**128. These monotonicities are those of school: exp, exp2, exp10, expm1, sinh, cosh (for x > 0), tanh, erf,
logistic, softplus rise, erfc falls, and softplus(x) - x = softplus(-x) falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import flint
import numpy as np

from fpsem.bridges.sweep.brackets import ABOVE, BELOW, BEYOND, Codes, Doubles, States, mark_tiny
from fpsem.bridges.sweep.series import coefficients
from fpsem.core.errors import UnableError
from fpsem.core.formats import BINARY32
from fpsem.softfloat.elementary.balls import ball

_HALF = 2.0**-25
"""No more than half the distance of a number of binary32 to its neighbours, relative to it."""


@dataclass(frozen=True)
class NearZero:
    """f is next to p where ``|x| < 2**exponent``.

    Args:
        exponent: says how far.
        constant: p, or 0 where p is x.
        outward: for positive and negative x, whether f is farther from 0 than p.
    """

    exponent: int
    constant: float
    outward: tuple[bool, bool]


@dataclass(frozen=True)
class FarOut:
    """f is next to a limit where ``|x| >= 2**exponent``, on one side of 0.

    Args:
        exponent: says from where on.
        limit: the limit; infinity where f overflows; NaN where f is next to x.
        outward: whether f is farther from 0 than the limit.
        values_exponent: from where on the value itself is taken to be the limit, with the distance at that point as its error.
    """

    exponent: int
    limit: float
    outward: bool
    values_exponent: int


_FAR_OUT: Mapping[tuple[str, bool], FarOut] = {
    ("exp", False): FarOut(7, np.inf, False, 7),
    ("exp", True): FarOut(7, 0.0, True, 7),
    ("exp2", False): FarOut(7, np.inf, False, 7),
    ("exp2", True): FarOut(8, 0.0, True, 8),
    ("exp10", False): FarOut(6, np.inf, False, 6),
    ("exp10", True): FarOut(6, 0.0, True, 6),
    ("expm1", False): FarOut(7, np.inf, False, 7),
    ("expm1", True): FarOut(5, -1.0, False, 7),
    ("sinh", False): FarOut(7, np.inf, False, 7),
    ("sinh", True): FarOut(7, -np.inf, False, 7),
    ("cosh", False): FarOut(7, np.inf, False, 7),
    ("cosh", True): FarOut(7, np.inf, False, 7),
    ("tanh", False): FarOut(4, 1.0, False, 6),
    ("tanh", True): FarOut(4, -1.0, False, 6),
    ("erf", False): FarOut(2, 1.0, False, 4),
    ("erf", True): FarOut(2, -1.0, False, 4),
    ("erfc", False): FarOut(4, 0.0, True, 4),
    ("erfc", True): FarOut(2, 2.0, False, 4),
    ("logistic", False): FarOut(5, 1.0, False, 7),
    ("logistic", True): FarOut(7, 0.0, True, 7),
    ("softplus", False): FarOut(5, np.nan, True, 7),
    ("softplus", True): FarOut(7, 0.0, True, 7),
}
"""By function and sign of x."""


@cache
def near_zero(name: str) -> NearZero | None:
    """The lemma near 0, checked, or None where there is none: f(0) is no such number, or f has no series there."""
    at_zero = coefficients(name, flint.arb(0), flint.arb(1), 3)
    one, half = flint.arb(1), flint.arb("0.5")
    if not all(c.is_finite() for c in at_zero):
        return None
    if at_zero[0].is_zero() and (at_zero[1] - one).is_zero():
        constant, power = 0.0, 3 if at_zero[2].is_zero() else 2
    elif (at_zero[0] - one).is_zero() or (at_zero[0] - half).is_zero():
        constant, power = float(at_zero[0]), 2 if at_zero[1].is_zero() else 1
    else:
        return None
    beyond = power - (0 if constant else 1)
    exponent = -14 if beyond == 2 else -28
    reach = flint.arb(2) ** exponent
    c = coefficients(name, reach.union(-reach), flint.arb(1), power + 1)[-1]
    if not (c > 0 or c < 0) or not c.abs_upper() * reach**beyond < _HALF * (constant or 1):
        raise UnableError(f"{name}: the lemma near 0 does not hold at 2**{exponent}: the coefficient is {c}")
    # c x^k against p: p is positive, or has the sign of x
    negative = bool(c > 0) == (beyond % 2 == 0)
    return NearZero(exponent, constant, (bool(c > 0), negative))


@cache
def far_out(name: str, negative: bool) -> FarOut | None:
    """The lemma far out on one side, checked, or None where the table has none."""
    lemma = _FAR_OUT.get((name, negative))
    if lemma is not None and not _holds(name, negative, lemma):
        raise UnableError(f"{name}: the lemma far out does not hold: {lemma}")
    return lemma


def _holds(name: str, negative: bool, lemma: FarOut) -> bool:
    with flint.ctx.workprec(1000):
        at = flint.arb(2) ** lemma.exponent * (-1 if negative else 1)
        value = ball(name, at)
        if np.isinf(lemma.limit):
            return bool(value >= flint.arb(2) ** 128 if lemma.limit > 0 else value <= -(flint.arb(2) ** 128))
        limit = at if np.isnan(lemma.limit) else flint.arb(lemma.limit)
        distance = value - limit
        outward = distance > 0 if limit >= 0 else distance < 0
        inward = distance < 0 if limit >= 0 else distance > 0
        least = limit.abs_lower() * _HALF if limit != 0 else flint.arb(2) ** -151
        return bool((outward if lemma.outward else inward) and distance.abs_upper() < least)


@cache
def distance(name: str, negative: bool) -> float:
    """An upper bound of the distance to a finite limit where values are taken to be it."""
    lemma = _FAR_OUT[name, negative]
    with flint.ctx.workprec(1000):
        at = flint.arb(2) ** lemma.values_exponent * (-1 if negative else 1)
        limit = at if np.isnan(lemma.limit) else flint.arb(lemma.limit)
        return float((ball(name, at) - limit).abs_upper()) * (1 + 2.0**-40)


def set_near_zero(lemma: NearZero, codes: Codes, code: Codes, state: States) -> None:
    """The brackets of nonzero numbers that the lemma speaks of, all of one sign."""
    outward = lemma.outward[int(codes[-1] >= BINARY32.sign_mask)]
    _set_beside(codes if not lemma.constant else _code_of(lemma.constant), outward, code, state)


def set_far_out(lemma: FarOut, codes: Codes, code: Codes, state: States) -> None:
    """The brackets of finite numbers that the lemma speaks of, all of one sign."""
    if np.isinf(lemma.limit):
        code[:] = _code_of(lemma.limit) - np.uint32(1)
        state[:] = BEYOND
        return
    _set_beside(codes if np.isnan(lemma.limit) else _code_of(lemma.limit), lemma.outward, code, state)


def set_far_values(name: str, negative: bool, codes: Codes, hi: Doubles, lo: Doubles, error: Doubles) -> None:
    """The values far out; infinite where they are beyond all numbers of binary32."""
    lemma = _FAR_OUT[name, negative]
    hi[:] = codes.view(np.float32) if np.isnan(lemma.limit) else lemma.limit
    lo[:] = 0.0
    error[:] = 0.0 if np.isinf(lemma.limit) else distance(name, negative)


def _set_beside(number: Codes | np.uint32, outward: bool, code: Codes, state: States) -> None:
    code[:] = number if outward else number - np.uint32(1)
    state[:] = BELOW if outward else ABOVE
    mark_tiny(code, state)


def _code_of(value: float) -> np.uint32:
    return np.float32(value).view(np.uint32)
