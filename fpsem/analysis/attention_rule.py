"""The rule of a matrix product whose left operand is a softmax: means of values, in weights that add up to 1.

For any number c the mean of values v with weights p is c + sum p_j (v_j - c): so it is within the values' range, however little
is known of the weights, and an error of the weights moves it by the values' spread, not by their size. The least of what several
c give is taken, for each column of the values.

Errors: of the values, sum p'_j e_j with the floats p'; of the weights, the sum of |p'_j - p_j| |v_j - c|, at most the sum of
|p'_j - p_j| times the largest |v_j - c|, and |c| times how far the floats' sum is from 1. The product's own roundings are at most
(1 + u)**k - 1 of the sum of |p'_j v'_j| for k = 1 + the height of the tree that adds.

The sum of |p'_j - p_j| is at most the largest error of the scores, for the softmax's derivative between two directions is their
covariance under the weights, and that of numbers of size 1 is at most 1; and, added to it, the softmax's own roundings.

Source: Boyd and Vandenberghe, "Convex Optimization", 2004, section 5.1 (weak duality, for the ranges); Higham, "Accuracy and
Stability of Numerical Algorithms", 2nd ed., section 3.1 (the sum's roundings).
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.domains import _error_rules as rules
from fpsem.domains import _outward as outward
from fpsem.domains._error_rules import float_ends, plus, real_ends, relative_error, times
from fpsem.domains._matrix import lower_product, upper_product
from fpsem.domains._outward import Ends

_UNIT, _LEAST = 2.0**-24, 2.0**-149
_PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The c that are tried: quantiles of a column's values."""


@np.errstate(invalid="ignore", over="ignore")
def attention(weights: Array, values: Array, moved: Any, height: int, own: Array) -> Array:
    """The rows of weights @ values.

    Args:
        weights: (..., n, k), a softmax along the last axis.
        values: (..., k, m).
        moved: the sum of |float - real value| of a row's weights at most, (..., n, 1); None where the floats are meant
            themselves, whose sum is only near 1.
        height: of the tree that adds k terms.
        own: how much the product's roundings move it at most, by another rule.
    """
    off = _off(weights.shape[-1], height)
    exact = moved is None or (weights["err"] == 0).all(axis=-1, keepdims=True)
    real = _mean(real_ends(weights), real_ends(values), np.where(exact, off, 0.0))
    floats = _mean(float_ends(weights), float_ends(values), off)
    own = np.minimum(own, _rounded(weights, values, off, height))
    err = plus(_of_values(weights, values, off), own)
    if moved is not None:
        err = plus(err, _of_weights(weights, values, moved, off))
    err = np.where(np.isfinite(weights["err"]).all(axis=-1, keepdims=True), err, np.inf)
    return rules.settled(real, (outward.down(floats[0] - own), outward.up(floats[1] + own)), err, rules.FREE)


def _off(k: int, height: int) -> float:
    """How far the sum of k floats, which are weights, may be from 1: the divisor and each quotient are rounded."""
    wrong = relative_error(height)
    return float((1 + _UNIT) / (1 - wrong) * (1 + 2.0**-48) - 1 + k * _LEAST) if wrong < 1 else np.inf


def _mean(weights: Ends, values: Ends, off: Any) -> Ends:
    """The range of sums p_j v_j, where the p_j add up to 1, or to what is off from it by so much."""
    low, high = values
    return -_most(weights, -low, off), _most(weights, high, off)


def _most(weights: Ends, high: Array, off: Any) -> Any:
    found = []
    for c in _centres(high):
        above, below = np.maximum(outward.up(high - c), 0), np.maximum(outward.down(c - high), 0)
        rest = outward.up(upper_product(weights[1], above) - lower_product(np.maximum(weights[0], 0), below))
        found.append(outward.up(outward.up(c + rest) + times(np.abs(c), off)))
    return reduce(np.fmin, found)


def _of_weights(weights: Array, values: Array, moved: Any, off: float) -> Any:
    """How far errors of the weights move the mean."""
    found, (low, high) = [], real_ends(values)
    for c in (*_centres((low + high) / 2), (low.min(axis=-2, keepdims=True) + high.max(axis=-2, keepdims=True)) / 2):
        away = outward.farthest(c, low, high)
        one = np.minimum(upper_product(weights["err"], away), times(moved, away.max(axis=-2, keepdims=True)))
        found.append(plus(one, times(np.abs(c), off)))
    return reduce(np.fmin, found)


def _of_values(weights: Array, values: Array, off: float) -> Any:
    """How far errors of the values move the mean."""
    largest = times(values["err"].max(axis=-2, keepdims=True), 1 + outward.up(off))
    return np.minimum(upper_product(np.abs(weights["fhi"]), values["err"]), largest)


def _rounded(weights: Array, values: Array, off: float, height: int) -> Any:
    """How much the product's own roundings move it: relatively, and what each product loses where it is subnormal; infinite where
    a part of the sum may overflow."""
    sizes = times(outward.largest(*float_ends(values)).max(axis=-2, keepdims=True), 1 + outward.up(off))
    wrong = outward.up(times(sizes, relative_error(height + 1)) + weights.shape[-1] * _LEAST)
    return np.where(outward.up(sizes + wrong) <= rules.MOST, wrong, np.inf)


def _centres(values: Array) -> list[Array]:
    """Numbers for each column, (..., 1, m)."""
    sorted_ones, last = np.sort(values, axis=-2), values.shape[-2] - 1
    return [sorted_ones[..., round(place * last), :][..., None, :] for place in _PLACES]
