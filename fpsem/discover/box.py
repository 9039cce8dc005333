"""BlackBox: a sum, or a sum of products, whose inside is not known; its answers are checked before they are believed.

Source: Xie et al., "FPRev: Revealing the Order of Floating-Point Summation", USENIX ATC 2025, for asking by numerical answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError, ShapeError, UnableError

Vector = npt.NDArray[np.float32]


class Unclear(UnableError):
    """What stands in the way of an answer; it becomes the reason of an Unknown."""


@dataclass(frozen=True, eq=False)
class BlackBox:
    """A function of one vector (a sum) or of two (a sum of products).

    Args:
        name: for messages.
        n: how many terms it adds.
        call: takes float32 vectors of n, gives one float32, or ``results`` of them that should all be the same sum.
        operands: 1 for a sum of terms, 2 for a sum of products.
        results: how many answers a call gives.
        divides: whether the sum is divided by n.
        facts: what is known of it without asking: a version, a number of threads.
    """

    name: str
    n: int
    call: Callable[..., Any]
    operands: int = 1
    results: int = 1
    divides: bool = False
    facts: tuple[tuple[str, Any], ...] = ()

    def all_values(self, *vectors: Vector) -> Vector:
        """The answers, (results,). Raises PayloadError or ShapeError for what is not a float32 scalar."""
        found = self.call(*(v.copy() for v in vectors))
        array = np.asarray(found)
        if array.dtype != np.float32:
            raise PayloadError(f"{self.name} gave {array.dtype} ({found!r:.60}), expected float32: round it yourself")
        if array.size != self.results:
            raise ShapeError(f"{self.name} gave shape {array.shape} for {self.n} terms, expected one number")
        return array.reshape(self.results)

    def value(self, *vectors: Vector) -> np.float32:
        """The answer. Raises Unclear where the answers differ among themselves."""
        found = self.all_values(*vectors)
        other = np.flatnonzero(found.view(np.uint32) != found.view(np.uint32)[0])
        if len(other):
            j = int(other[0])
            raise Unclear(f"element {j} of the result is {found[j]!r}, element 0 is {found[0]!r}: they add in different orders")
        return np.float32(found[0])

    def of_terms(self, terms: Vector) -> np.float32:
        """The answer for terms, which are products with 1 where it adds products."""
        return self.value(terms) if self.operands == 1 else self.value(terms, np.ones(self.n, np.float32))


def checked_count(n: int) -> int:
    """The number of terms. Raises ShapeError for what no mask can count."""
    if type(n) is not int or not 1 <= n <= 1 << 20:
        raise ShapeError(f"n={n!r}: the number of terms must be an integer between 1 and 2**20")
    return n
