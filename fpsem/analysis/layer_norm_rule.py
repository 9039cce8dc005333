"""The rule of (x - mean) / sqrt(variance + eps): better than that of its steps, which do not see x in the mean.

Ranges: no component is beyond sqrt(n - 1). Errors of x are carried by the derivative, of which entry (i, j) is at most
(delta_ij + 1/n + |y_i y_j| / n) / s, s the least square root. With w = variance + eps at its least, |c_i| the size of x_i - mean
and G(k) = (1 + u)**k - 1, the own roundings, of floats x, for a sum in a tree of height h: the mean is wrong by
d = G(h + 1) mean |x|, a component of x - mean by e_i = d + u (|c_i| + d); with r the root mean square of these, the root's
radicand by q = G(h + 2) (1 + r/s)**2 + 2 r/s + (r/s)**2, relatively, and 2u more for the sum and eps; the quotient then by
e_i (1 + p) / s + |y_i| p with p = (1 - q)**(-1/2) (1 + u)**2 - 1, and its own rounding. To d, the radicand and the quotient comes
what subnormal numbers lose. Where a sum or a square may overflow there is no bound.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 1.9 (two-pass variance) and lemma 3.1; the
composition is worked out here.
"""

from __future__ import annotations

import numpy as np

from fpsem.core.protocol import Array
from fpsem.domains import _error_rules as rules
from fpsem.domains import _outward as outward
from fpsem.domains._error_rules import float_ends, over, plus, real_ends, relative_error, times
from fpsem.domains._outward import Ends

_UNIT, _LEAST, _WIDER = 2.0**-24, 2.0**-147, 1 + 2.0**-44


def standardized(x: Array, eps: float, height: int) -> Array:
    """The rows, normalized along the last axis.

    Args:
        x: what to normalize.
        eps: what is added to the variance.
        height: of the tree that adds n numbers.
    """
    centred, between = _centred(real_ends(x)), _centred(rules.both(x))
    floats = _quotients(_centred(float_ends(x)), eps)
    own = _own(x, eps, height)
    root, sizes = _least_root(between, eps), outward.largest(*_quotients(between, eps))
    err = x["err"]
    along = plus(_mean(err), times(sizes, _mean(times(sizes, err))))
    reached = outward.down(floats[0] - own), outward.up(floats[1] + own)
    return rules.settled(_quotients(centred, eps), reached, plus(over(plus(err, along), root), own), rules.FREE)


def _own(x: Array, eps: float, height: int) -> Array:
    floats = float_ends(x)
    centred = _centred(floats)
    sizes, root = outward.largest(*centred), _least_root(centred, eps)
    with np.errstate(all="ignore"):
        d = relative_error(height + 1) * _mean(outward.largest(*floats)) + _LEAST
        e = (d + _UNIT * (sizes + d)) * _WIDER
        r = np.sqrt(_mean(e * e)) * _WIDER / root
        q = (relative_error(height + 2) * (1 + r) ** 2 + 2 * r + r * r + _LEAST / root**2) * _WIDER
        q = (q + _UNIT * (1 + q) + _UNIT) * _WIDER
        p = (1 - q) ** -0.5 * (1 + _UNIT) ** 2 * _WIDER - 1
        y = outward.largest(*_quotients(centred, eps))
        b = (e * (1 + p) / root + y * p) * _WIDER
        fits = _most_reached(outward.largest(*floats), sizes + e, eps, height) <= rules.MOST
        return np.where(fits & (q < 1) & np.isfinite(b), (b + _UNIT * (y + b) + _LEAST) * _WIDER, np.inf)


def _most_reached(x: Array, centred: Array, eps: float, height: int) -> Array:
    """The largest number that sums of n numbers, and of their squares less their mean and eps, may reach, along the last axis."""
    n, wider = x.shape[-1], (1 + relative_error(height + 3)) * _WIDER
    sums = np.maximum(_mean(x) * n, _mean(centred * centred) * n + eps)
    return np.asarray(np.maximum(sums, centred.max(axis=-1, keepdims=True)) * wider)


def _mean(parts: Array) -> Array:
    """At least the mean along the last axis of numbers that are not negative."""
    with np.errstate(all="ignore"):
        return np.asarray(parts.mean(axis=-1, keepdims=True) * (_WIDER + parts.shape[-1] * 2.0**-52))


def _centred(ends: Ends) -> Ends:
    """x less its mean, in which x itself is seen."""
    lo, hi = ends
    n = lo.shape[-1]
    with np.errstate(all="ignore"):
        slack = outward.largest(lo, hi).max(axis=-1, keepdims=True) * n * 2.0**-50
        low = lo - (hi.sum(axis=-1, keepdims=True) - hi + lo) / n
        high = hi - (lo.sum(axis=-1, keepdims=True) - lo + hi) / n
        return low - slack, high + slack


def _least_root(centred: Ends, eps: float) -> Array:
    """The square root of variance + eps at its least."""
    least = outward.least(*centred)
    with np.errstate(all="ignore"):
        root = np.sqrt((least * least).mean(axis=-1, keepdims=True) + eps)
        return np.asarray(root / (_WIDER + least.shape[-1] * 2.0**-52))


def _quotients(centred: Ends, eps: float) -> Ends:
    """The normalized numbers."""
    lo, hi = centred
    sizes, bottom = outward.largest(lo, hi), _least_root(centred, eps)
    with np.errstate(all="ignore"):
        top = np.sqrt(_mean(sizes * sizes) + eps) * _WIDER
        low = outward.down(np.where(lo < 0, lo / bottom, lo / top))
        high = outward.up(np.where(hi > 0, hi / bottom, hi / top))
    most = outward.up(np.sqrt(lo.shape[-1] - 1.0))
    return np.maximum(low, -most), np.minimum(high, most)
