"""What masks cannot see, from designed values: how products are rounded, how wide the accumulator is, what a sum starts from.

Each probe's values are exact in binary32 and each answer has two possible values; any other answer is said.
Does not: see the order of the operands of one addition, which no finite result shows.

Source: the values follow from the definitions of round-to-nearest-even and of a fused multiply-add (IEEE 754-2019, 5.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fpsem.core.formats import BINARY32, FORMATS
from fpsem.discover.box import BlackBox, Unclear
from fpsem.discover.tree import SumTree

_ROOT, _OTHER = np.float32(1 + 2.0**-12), np.float32(1 + 2.0**-11)
"""ROOT * ROOT is 1 + 2^-11 + 2^-24, which binary32 rounds down, half an ulp to even; OTHER * ROOT is exact."""
_FROM_ROUNDED, _FROM_EXACT = np.float32(2 + 2.0**-10 + 2.0**-12), np.float32(2 + 2.0**-10 + 2.0**-12 + 2.0**-22)
"""Their sum: the rounded product leaves it half an ulp above an even number, the exact one a little more."""
_WIDEST = 70
"""More bits than any accumulator of hardware keeps."""


@dataclass(frozen=True)
class Inside:
    """What the probes found.

    Args:
        exact_products: for each term, whether its product reaches the sum unrounded; empty for sums of terms.
        precision: bits of a partial sum, or None where fewer than three terms show nothing.
        wide: how many of the partial sums are held wider than binary32.
        partial_sums: how many there are, the last one, which is rounded to binary32, left out.
        minus_zero: whether a sum of -0 alone is -0: it starts from its first term, or from -0.
        subnormals: whether subnormal terms are kept.
    """

    exact_products: tuple[bool, ...]
    precision: int | None
    wide: int
    partial_sums: int
    minus_zero: bool
    subnormals: bool

    @property
    def accumulator(self) -> str | None:
        """The accumulator's format where it is not binary32's. Raises Unclear where it is none or not the same throughout."""
        if self.precision is None or self.precision == BINARY32.precision:
            return None
        if self.wide not in (0, self.partial_sums):
            raise Unclear(f"{self.wide} of {self.partial_sums} partial sums are wider than binary32, the others are not")
        names = [name for name, f in FORMATS.items() if f.precision == self.precision and f.precision > BINARY32.precision]
        if not names:
            raise Unclear(f"partial sums have {self.precision} bits: no schedule here says such an accumulator")
        return names[0]

    def to_json(self) -> dict[str, Any]:
        """Plain facts, for people and machines."""
        exact, count = sum(self.exact_products), len(self.exact_products)
        products = {"products": f"{exact} of {count} reach the sum unrounded"} if count else {}
        shown = "not shown by fewer than three terms" if self.precision is None else self.precision
        return {
            **products,
            "bits of a partial sum": shown,
            "partial sums wider than binary32": f"{self.wide} of {self.partial_sums}",
            "a sum of -0 alone": "-0" if self.minus_zero else "+0: it starts from +0",
            "subnormal terms": "kept" if self.subnormals else "flushed to zero",
        }


def look_inside(box: BlackBox, tree: SumTree) -> Inside:
    """Ask the probes of a black box whose order is known. Raises Unclear for an answer that no probe foresees."""
    partial = range(box.n, tree.root)
    wide = sum(_survives(box, tree, slot, BINARY32.precision) for slot in partial)
    precision = None
    if partial:
        seen = next((s for s in partial if _survives(box, tree, s, BINARY32.precision)), partial[0])
        bits = (p for p in range(1, _WIDEST) if not _survives(box, tree, seen, p))
        precision = next(bits, _WIDEST)
    exact = tuple(_is_exact(box, i, _near(tree, i)) for i in range(box.n)) if box.operands == 2 and box.n > 1 else ()
    return Inside(exact, precision, wide, len(partial), starts_from_minus_zero(box), _keeps_subnormals(box))


def starts_from_minus_zero(box: BlackBox) -> bool:
    """Whether terms that are all -0 give -0."""
    return bool(np.signbit(box.of_terms(np.full(box.n, -0.0, np.float32))))


def rounds_twice(box: BlackBox) -> bool:
    """Whether a sum that swallows nothing has at most binary64's precision: 1 + 2^-24 + 2^-80 is above half an ulp."""
    return _is_one(box, 80)


def keeps_binary32_errors(box: BlackBox) -> bool:
    """Whether a sum that swallows nothing holds what was lost in binary32: there 2^-24 + 2^-50 is 2^-24."""
    return _is_one(box, 50)


def _is_one(box: BlackBox, small: int) -> bool:
    """Whether 1 + 2^-24 + 2^-small is rounded down, as if it were half an ulp."""
    return bool(box.of_terms(_terms(box.n, (0, 1.0), (1, 2.0**-24), (2, 2.0**-small))) == 1)


def _keeps_subnormals(box: BlackBox) -> bool:
    return bool(box.of_terms(_terms(box.n, (0, float(np.float32(2.0**-140))))) != 0) or box.divides


def _survives(box: BlackBox, tree: SumTree, slot: int, bits: int) -> bool:
    """Whether 2^bits + 1 in a partial sum still has its 1 when 2^bits is taken away again."""
    left, right = tree.steps[slot - tree.n]
    i, j, k = (tree.first_leaf[s] for s in (left, right, tree.siblings[slot]))
    answer = float(box.of_terms(_terms(box.n, (i, 2.0**bits), (j, 1.0), (k, -(2.0**bits))))) * (box.n if box.divides else 1)
    if abs(answer - round(answer)) > 0.01 or round(answer) not in (0, 1, 2):
        raise Unclear(f"2^{bits} + 1 - 2^{bits} at terms {i}, {j}, {k} gives {answer!r}, expected 0 or 1")
    return round(answer) == 1


def _is_exact(box: BlackBox, i: int, j: int) -> bool:
    """Whether the product of term i meets the sum unrounded, when it is added to the exact product of term j."""
    answer = box.value(_terms(box.n, (i, float(_ROOT)), (j, float(_OTHER))), np.full(box.n, _ROOT))
    if answer not in (_FROM_ROUNDED, _FROM_EXACT):
        raise Unclear(f"the product probe at terms {i} and {j} gives {answer!r}, expected {_FROM_ROUNDED!r} or {_FROM_EXACT!r}")
    return bool(answer == _FROM_EXACT)


def _near(tree: SumTree, i: int) -> int:
    """A term that term i is added to."""
    return tree.first_leaf[tree.siblings[i]]


def _terms(n: int, *given: tuple[int, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    terms = np.zeros(n, np.float32)
    for index, value in given:
        terms[index] = value
    return terms


def with_sides(tree: SumTree, exact: Sequence[bool]) -> SumTree:
    """The tree of fused products: a product that is rounded on its own is left of what it is added to, a fused one right.

    Raises:
        Unclear: two products of one addition are both rounded, or both exact.
    """
    steps = []
    for pair in tree.steps:
        terms = [s for s in pair if s < tree.n]
        if len(terms) == 2 and exact[pair[0]] == exact[pair[1]]:
            how = "unrounded" if exact[pair[0]] else "rounded on their own, while others are fused"
            raise Unclear(f"the products of terms {pair[0]} and {pair[1]} are added {how}: that is no fused multiply-add")
        first, second = pair
        if terms and exact[terms[0]] != (second == terms[0]):
            first, second = second, first
        steps.append((first, second))
    return SumTree(tree.n, tuple(steps))
