"""Rules of the error-bound domain: how far rounding moves a result, and how errors of operands are carried to it.

A scalar is a row of six fields: the real value lies in [lo, hi]; the float is a binary32 number in [flo, fhi], a multiple of
2**grid; the two are at most err apart. Bounds are doubles rounded outward, so they are theorems and not estimates.

How far rounding moves: half an ulp of the largest float that the exact result may be next to; nothing where the result is a
float for certain, because it is a multiple of 2**g and at most 2**(24 + g) (Sterbenz's lemma and sums of integers are cases of
this), an operand is 0, or a factor is a power of two. A product of numbers next to powers of two, (a + s)(b + t) with s and t of
one sign, is within s t of the float a b + a t + b s. No error is larger than the distance of what the two ranges allow.

Source: Solovyev et al., "Rigorous estimation of floating-point round-off errors with symbolic Taylor expansions", 2019 (half-ulp
steps); Daumas and Melquiond, "Certification of bounds on expressions involving rounded operators", 2010 (fixed-point facts);
Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., section 4.2 (Sterbenz).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32, Format
from fpsem.core.protocol import Array
from fpsem.domains import _outward as outward
from fpsem.domains._outward import Ends

DTYPE = np.dtype(
    [("lo", np.float64), ("hi", np.float64), ("flo", np.float64), ("fhi", np.float64), ("err", np.float64), ("grid", np.int32)]
)
FREE, COARSE = -5000, 5000
"""The grids of numbers of which nothing is known, and of 0."""

LEAST = BINARY32.emin - BINARY32.precision + 1
"""The grid of all binary32 numbers."""

MOST = float(BINARY32.decode(BINARY32.max_finite))
"""The largest of them that is finite."""

_NEARLY = 1 - 2.0**-40
"""A number beyond a power of two by less than 2**-40 of it is no further than that from the power, which is a float."""


def pack(real: Ends, floats: Ends, err: Any, grid: Any) -> Array:
    """Rows of the six fields."""
    shape = np.broadcast_shapes(*(np.shape(part) for part in (*real, *floats, err, grid)))
    out = np.empty(shape, dtype=DTYPE)
    (out["lo"], out["hi"]), (out["flo"], out["fhi"]), out["err"], out["grid"] = real, floats, err, grid
    return out


def real_ends(x: Array) -> Ends:
    """The enclosure of the real value."""
    return x["lo"], x["hi"]


def float_ends(x: Array) -> Ends:
    """The enclosure of the float."""
    return x["flo"], x["fhi"]


def around(x: Array) -> Ends:
    """What holds every number that is within err of a real value."""
    exact = x["err"] == 0
    return np.where(exact, x["lo"], outward.down(x["lo"] - x["err"])), np.where(exact, x["hi"], outward.up(x["hi"] + x["err"]))


def both(x: Array) -> Ends:
    """What holds the real value, the float and all between."""
    return np.minimum(x["lo"], x["flo"]), np.maximum(x["hi"], x["fhi"])


# -- numbers that are not negative, rounded up; 0 stays 0 -----------------------------------------------------------


def plus(a: Any, b: Any) -> Any:
    """At least a + b."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(a == 0, b, np.where(b == 0, a, outward.up(a + b)))


def times(a: Any, b: Any) -> Any:
    """At least a b; infinite where one is infinite and the other is 0."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        product = a * b
    return np.where(((a == 0) | (b == 0)) & (product == 0), 0.0, outward.up(product))


def over(a: Any, b: Any) -> Any:
    """At least a / b, for b of at least 0."""
    with np.errstate(all="ignore"):
        return np.where(a == 0, 0.0, outward.up(a / b))


# -- rounding ----------------------------------------------------------------------------------------------------------


def half_ulp(size: Any, f: Format = BINARY32) -> Any:
    """The most that rounding moves a number of at most that size (or more by less than 2**-40 of it, unless f is wide)."""
    short = size * _NEARLY if f.precision < 40 else outward.up(size)
    below = np.nextafter(np.where(np.isfinite(short), short, 1.0), 0.0)
    exponent = np.where(below == 0, f.emin, np.frexp(below)[1])  # that of 0 is 0, as if it were 1/2
    most = np.ldexp(1.0, np.maximum(exponent - 1, f.emin) - f.precision)
    return np.where(np.isfinite(short), np.where(size == 0, 0.0, most), np.inf)


def relative_error(roundings: int) -> float:
    """At least (1 + u)**k - 1, what k roundings in binary32 change a number by, relatively, where nothing underflows."""
    return float(np.expm1(roundings * 2.0**-BINARY32.precision) * (1 + 2.0**-40))


@dataclass(frozen=True, slots=True)
class Exact:
    """What an operation has before it is rounded.

    Args:
        real: the enclosure of the real value.
        floats: ends of what the operation has on the floats, each the nearest double or beyond it by less than 2**-40 of it.
        grid: that is a multiple of 2**grid.
        carried: how far it is from the real value at most.
        sure: where it is a float for certain.
        most: a further bound on what rounding moves.
    """

    real: Ends
    floats: Ends
    grid: Any
    carried: Any
    sure: Any = False
    most: Any = np.inf


def rounded(x: Exact, f: Format = BINARY32) -> Array:
    """The row of a result that is rounded once."""
    size = outward.largest(*x.floats)
    with np.errstate(all="ignore"):
        fits = (size <= np.ldexp(1.0, np.minimum(x.grid, 900) + f.precision)) & (x.grid >= f.emin - f.precision + 1)
        moved = np.where(fits | x.sure, 0.0, np.minimum(half_ulp(size, f), x.most))
        floats = (_nearest(x.floats[0], f), _nearest(x.floats[1], f))
    return settled(x.real, floats, plus(x.carried, moved), np.maximum(x.grid, FREE))


def settled(real: Ends, floats: Ends, err: Any, grid: Any) -> Array:
    """The row, each of its parts sharpened by the others; err is infinite where either value may be undefined or infinite."""
    lo, hi, flo, fhi = np.broadcast_arrays(*real, *floats)
    lost = ~(np.isfinite(lo) & np.isfinite(hi) & np.isfinite(flo) & np.isfinite(fhi) & np.isfinite(err))
    with np.errstate(all="ignore"):
        apart = np.maximum(_difference(fhi, lo), _difference(hi, flo))
        err = np.where(lost, np.inf, np.minimum(err, np.maximum(apart, 0.0)))
        bottom, top = outward.down(lo - err), outward.up(hi + err)
    flo = np.where(lost, -np.inf, np.where(bottom > flo, _towards(bottom, np.inf), flo))
    fhi = np.where(lost, np.inf, np.where(top < fhi, _towards(top, -np.inf), fhi))
    return pack((lo, hi), (flo, fhi), err, grid)


def sharper(x: Array, y: Array) -> Array:
    """What two rules say of one result, together."""
    real, floats = ((np.maximum(x[lo], y[lo]), np.minimum(x[hi], y[hi])) for lo, hi in (("lo", "hi"), ("flo", "fhi")))
    return settled(real, floats, np.minimum(x["err"], y["err"]), np.maximum(x["grid"], y["grid"]))


def _difference(a: Any, b: Any) -> Any:
    return np.where(a == b, 0.0, outward.up(a - b))


def _nearest(x: Any, f: Format) -> Any:
    if f.precision >= 53:
        return x
    if f == BINARY32:
        return np.asarray(x, np.float32).astype(np.float64)
    from fpsem.domains._nearest import cast

    single = np.asarray(x, np.float32)
    return np.asarray(cast((single, single), f.name)[0], np.float64)


def _towards(x: Any, side: float) -> Any:
    """The first binary32 number from x on in a direction."""
    with np.errstate(over="ignore", under="ignore"):
        single = np.asarray(x, np.float32)
        passed = single < x if side > 0 else single > x
        return np.where(passed, np.nextafter(single, np.float32(side)), single).astype(np.float64)


def grid_of(lo: Any, hi: Any) -> Any:
    """The grid of all binary32 numbers between two; of a number itself where they are the same."""
    size = np.maximum(outward.least(lo, hi), 2.0 ** (BINARY32.emin))
    ulp = np.frexp(size)[1] - BINARY32.precision
    fraction, exponent = np.frexp(np.where(np.isfinite(lo), np.abs(lo), 1.0))
    digits = np.where(lo == hi, np.ldexp(fraction, BINARY32.precision), 1).astype(np.int64)
    own = exponent - BINARY32.precision + np.frexp((digits & -digits).astype(np.float64))[1] - 1
    return np.where(lo != hi, ulp, np.where(lo == 0, COARSE, own)).astype(np.int32)


# -- operations --------------------------------------------------------------------------------------------------------


def sum_of(x: Array, y: Array) -> Exact:
    """x + y; twice x where both are the same array."""
    with np.errstate(invalid="ignore", over="ignore"):
        floats = x["flo"] + y["flo"], x["fhi"] + y["fhi"]
    grid, sure = np.minimum(x["grid"], y["grid"]), _is_zero(x) | _is_zero(y) | (x is y)
    return Exact(outward.add(real_ends(x), real_ends(y)), floats, grid, plus(x["err"], y["err"]), sure)


def product_of(x: Array, y: Array) -> Exact:
    """x y; a square where both are the same array. Its error is seen from the real or the float of either factor."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        corners = [a * b for a in float_ends(x) for b in float_ends(y)]
    real, floats = outward.mul(real_ends(x), real_ends(y)), (np.minimum.reduce(corners), np.maximum.reduce(corners))
    if x is y:
        real, floats = (_square(*real, *real_ends(x)), _square(*floats, *float_ends(x)))
    (x_real, x_float), (y_real, y_float) = _sizes(x), _sizes(y)
    one = plus(times(x_real, y["err"]), times(y_float, x["err"]))
    other = plus(times(x_float, y["err"]), times(y_real, x["err"]))
    grid = x["grid"] + y["grid"]
    power = is_power(x) | is_power(y)
    most = np.minimum(_next_to_powers(x, y), _scaled(power))
    return Exact(real, floats, grid, np.minimum(one, other), power & (grid >= LEAST), most)


def quotient_of(x: Array, y: Array) -> Exact:
    """x / y; its error is seen from the quotient of the reals or that of the floats."""
    real, least = outward.div(real_ends(x), real_ends(y)), outward.least(*float_ends(y))
    with np.errstate(all="ignore"):
        corners = [a / b for a in float_ends(x) for b in float_ends(y)]
    floats = outward.where(least > 0, (np.minimum.reduce(corners), np.maximum.reduce(corners)))
    from_reals = over(plus(x["err"], times(outward.largest(*real), y["err"])), least)
    from_floats = over(plus(x["err"], times(outward.largest(*floats), y["err"])), outward.least(*real_ends(y)))
    exponent = np.frexp(np.where(is_power(y), y["flo"], 1.0))[1] - 1
    grid = np.where(is_power(y), x["grid"] - exponent, FREE)
    power = is_power(y)
    return Exact(real, floats, grid, np.fmin(from_reals, from_floats), power & (grid >= LEAST), _scaled(power))


def _scaled(power: Any) -> Any:
    """What rounding moves a float times a power of two by at most: only subnormal results lose anything."""
    return np.where(power, 2.0 ** (LEAST - 1), np.inf)


def root_of(x: Array) -> Exact:
    """The square root: |sqrt a - sqrt b| is |a - b| / (sqrt a + sqrt b), and at most sqrt |a - b|."""
    real, floats = outward.sqrt(real_ends(x)), outward.sqrt(float_ends(x))
    slope = over(x["err"], np.maximum(outward.down(real[0] + floats[0]), 0.0))
    bent = np.where(x["err"] == 0, 0.0, outward.up(np.sqrt(x["err"])))
    return Exact(real, floats, FREE, np.fmin(np.where(np.isnan(slope), np.inf, slope), bent))


def function_of(name: str, x: Array) -> Exact:
    """An elementary function: its range by balls, its error by the largest slope between the two arguments."""
    from fpsem.domains._elementary_range import range_and_slope  # balls are a heavy import

    lo, hi, slope = range_and_slope(name, *real_ends(x), *both(x))
    floats = (lo, hi) if (x["err"] == 0).all() else range_and_slope(name, *both(x), *both(x))[:2]
    return Exact((lo, hi), floats, FREE, times(slope, x["err"]))


def _is_zero(x: Array) -> Any:
    return (x["flo"] == 0) & (x["fhi"] == 0)


def _sizes(x: Array) -> Ends:
    """The greatest |real value| and the greatest |float|."""
    return outward.largest(*real_ends(x)), outward.largest(*float_ends(x))


def is_power(x: Array) -> Any:
    """Where the float is for certain one power of two, of either sign."""
    with np.errstate(invalid="ignore"):
        return (x["flo"] == x["fhi"]) & (np.abs(np.frexp(x["flo"])[0]) == 0.5)


def _square(lo: Any, hi: Any, below: Any, above: Any) -> Ends:
    """The ends of x x for x between below and above, sharpened by its sign."""
    least = outward.least(below, above)
    with np.errstate(over="ignore"):
        return np.maximum(lo, np.where(least > 0, outward.down(least * least), 0.0)), hi


def _next_to_powers(x: Array, y: Array) -> Any:
    """s t at most, for (a + s)(b + t) with powers of two a, b, both below their factors or both above; else infinite."""
    found: Any = np.inf
    for above in (False, True):
        (a, s), (b, t) = (_offset(z, above) for z in (x, y))
        near = (s <= 0.5 * a) & (t <= 0.5 * b) & (a * b > 2.0**-100)
        found = np.minimum(found, np.where(near, times(s, t), np.inf))
    return found


def _offset(x: Array, above: bool) -> Ends:
    """The power of two next to all |x|, and how far they are from it; the power 0 where there is none."""
    least, most = outward.least(*float_ends(x)), outward.largest(*float_ends(x))
    sure = (least > 0) & np.isfinite(most)
    fraction, exponent = np.frexp(np.where(sure, most if above else least, 1.0))
    power = np.ldexp(1.0, np.where((fraction == 0.5) | (not above), exponent - 1, exponent))
    far = np.where(sure, np.abs((least if above else most) - power), np.inf)
    return np.where(sure, power, 0.0), far
