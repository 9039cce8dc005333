"""The mean over N rows of -sum_c target[c] * log_softmax(logits)[c], for targets that are weights of the classes.

Both are (N, C). In each row the products, each rounded, are one scheduled sum; the negated sums, in order, another, divided
once by N. A target 0 at a logit of -infinity is 0 * -infinity: NaN, as in PyTorch. Targets need not add up to 1.

Source: torch.nn.functional.cross_entropy with class probabilities.
"""

from __future__ import annotations

from fpsem.core.errors import ShapeError
from fpsem.core.protocol import Array, ScalarDomain
from fpsem.graph.op import Shape
from fpsem.graph.ops import log_softmax
from fpsem.graph.ops._reduce import average, summed
from fpsem.graph.ops._tensors import Gradients, Tensor, spread


def shape(logits: Shape, targets: Shape) -> Shape:
    if len(logits) != 2 or targets != logits:
        raise ShapeError(f"logits {logits} and targets {targets} must both be (N, C)")
    return ()


def meaning(domain: ScalarDomain, logits: Array, targets: Array) -> Array:
    products = domain.mul(targets, log_softmax.meaning(domain, logits, axis=1))
    return average(domain, domain.neg(summed(domain, products, 1, False)), None, False)


def vjp(cotangent: Tensor, output: Tensor, logits: Tensor, targets: Tensor) -> Gradients:
    step = spread(cotangent / logits.shape[0], logits.shape, None)
    total = spread(targets.sum(axis=1, keepdims=True), logits.shape, 1)
    to_logits = (logits.softmax(axis=1) * total - targets) * step
    return to_logits, -(logits.log_softmax(axis=1) * step)
