"""The rules of softmax and log_softmax, better than those of their steps, which know of no sum that is 1.

Ranges: a weight is largest where its own score is largest and all others least. Errors of scores are carried by the derivatives
g_i (delta_ij - g_j), the weights g_j between what they may be; the weights other than g_i are at most 1 - g_i together.

Own roundings, of scores that are floats and m their maximum, in any tree of height h: the differences and exponentials are wrong
by T_i = exp(u (m - x_i)) (1 + u) - 1 at most, relatively, and 2**-149 where they are subnormal; the sum, which is at least 1, by
the weighted mean of these and (1 + u)**h - 1; the quotient rounds once more. The logarithm of a sum wrong by r, relatively, is
wrong by r / (1 - r).

Source: Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41, 2021;
their bounds hold to first order, these without a remainder.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fpsem.core.protocol import Array
from fpsem.domains import _error_rules as rules
from fpsem.domains import _outward as outward
from fpsem.domains._error_rules import float_ends, plus, real_ends, relative_error, times
from fpsem.domains._outward import Ends

_UNIT, _LEAST = 2.0**-24, 2.0**-147


class _Shifted(NamedTuple):
    """Rows of scores less a number, and their exponentials: at the lower ends, at the upper ends, and the others' sums."""

    scores: Ends
    least: Ends
    most: Ends
    others: Ends

    @property
    def weights(self) -> Ends:
        """The softmax, which grows with its own score."""
        with np.errstate(all="ignore"):
            low = outward.down(self.least[0] / outward.up(self.least[0] + self.others[1]))
            high = outward.up(self.most[1] / np.maximum(outward.down(self.most[1] + self.others[0]), self.most[1]))
        return np.maximum(low, 0), np.minimum(high, 1)

    @property
    def logarithms(self) -> Ends:
        """The log_softmax, which grows with its own score."""
        with np.errstate(invalid="ignore"):
            above = outward.up(self.least[1] + self.others[1])
            below = np.maximum(outward.down(self.most[0] + self.others[0]), self.most[0])
        (_, taken), (left, _) = (outward.function("log", (total, total)) for total in (above, below))
        return outward.down(self.scores[0] - taken), np.minimum(outward.up(self.scores[1] - left), 0)


def _shifted(ends: Ends) -> _Shifted:
    n = ends[0].shape[-1]
    top = ends[1].max(axis=-1, keepdims=True)
    scores = outward.add(ends, (-top, -top))
    least, most = (outward.function("exp", (end, end)) for end in scores)
    low = np.maximum(least[0], 0)
    totals = low.sum(axis=-1, keepdims=True) * (1 - n * 2.0**-52), most[1].sum(axis=-1, keepdims=True) * (1 + n * 2.0**-52)
    with np.errstate(invalid="ignore"):
        others = np.maximum(outward.down(totals[0] - low), 0), outward.up(totals[1] - most[1])
    return _Shifted(scores, (low, least[1]), most, others)


def softmax(x: Array, height: int) -> Array:
    """The rows of a softmax along the last axis.

    Args:
        x: scores.
        height: of the tree that adds the exponentials.
    """
    real, floats, between = (_shifted(ends).weights for ends in (real_ends(x), float_ends(x), rules.both(x)))
    own = _own(x, floats[1], height)
    err = plus(times(between[1], _carried(x, between)), own)
    return rules.settled(real, (np.maximum(outward.down(floats[0] - own), 0), np.minimum(floats[1] + own, 1)), err, rules.FREE)


def total_error(x: Array, height: int) -> Array:
    """At least the sum of |float - real value| of a softmax along the last axis, which stays as an axis of length 1."""
    own = _own(x, _shifted(float_ends(x)).weights[1], height).sum(axis=-1, keepdims=True)
    return np.asarray(plus(x["err"].max(axis=-1, keepdims=True), times(own, 1 + x.shape[-1] * 2.0**-52)))


def log_softmax(x: Array, height: int) -> Array:
    """The rows of a log_softmax along the last axis; see ``softmax``."""
    floats = _shifted(float_ends(x))
    ends = floats.logarithms
    _, total = _wrong(x, floats.weights[1], height)
    with np.errstate(all="ignore"):
        summed = np.where(total < 1, outward.up(total / (1 - total)), np.inf)
        logarithm = rules.half_ulp(outward.up(np.log(x.shape[-1]) * (1 + 2.0**-40) + summed))
        inner = outward.up(rules.half_ulp(_below(x)) + summed + logarithm)
        own = outward.up(inner + rules.half_ulp(outward.up(outward.largest(*ends) + inner)))
    err = plus(_carried(x, _shifted(rules.both(x)).weights), own)
    reached = outward.down(ends[0] - own), outward.up(ends[1] + own)
    return rules.settled(_shifted(real_ends(x)).logarithms, reached, err, rules.FREE)


def _own(x: Array, weights: Array, height: int) -> Array:
    """How far the softmax of scores that are floats is rounded off, at weights of at most these."""
    terms, total = _wrong(x, weights, height)
    with np.errstate(all="ignore"):
        wrong = outward.up((1 + terms) * (1 + _UNIT) / (1 - total) * (1 + 2.0**-48)) - 1
        return np.where(total < 1, outward.up(weights * wrong + _LEAST), np.inf)


def _below(x: Array) -> Array:
    """How far scores may be below the greatest."""
    return np.asarray(outward.up(x["fhi"].max(axis=-1, keepdims=True) - x["flo"]))


def _wrong(x: Array, weights: Array, height: int) -> tuple[Array, Array]:
    """The relative errors of exponentials, and of their sum."""
    with np.errstate(all="ignore"):
        terms, n = outward.up((np.expm1(_UNIT * _below(x)) * (1 + _UNIT) + _UNIT) * (1 + 2.0**-40)), x.shape[-1]
        mean = (weights * terms).sum(axis=-1, keepdims=True) * (1 + 2.0**-40 + n * 2.0**-52)
        mean = np.minimum(mean, terms.max(axis=-1, keepdims=True)) + n * 2.0**-149
        return terms, outward.up((mean + (1 + mean) * relative_error(height)) * (1 + 2.0**-48))


def _carried(x: Array, weights: Ends) -> Array:
    """How much errors of scores move a weight, relatively: (1 - g_i) e_i and the sum of the others' g_j e_j."""
    rest, err = np.maximum(outward.up(1 - weights[0]), 0), x["err"]
    mean = times(times(weights[1], err).sum(axis=-1, keepdims=True), 1 + x.shape[-1] * 2.0**-52)
    others = np.minimum(mean, times(rest, err.max(axis=-1, keepdims=True)))
    return np.asarray(plus(times(rest, err), others))
