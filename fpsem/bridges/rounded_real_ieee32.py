"""RoundedReal and IEEE32Exec: the floats of pencil-and-paper proofs are the floats that run, where nothing overflows.

Source: Flocq's FLT format is binary32 without an upper limit on the exponent; Boldo and Melquiond, "Flocq", 2011.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.bridges.primitives import PRIMITIVES, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.errors import UndefinedError
from fpsem.core.formats import BINARY32
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.rounded_real import RoundedReal


def _check(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        exact, paper = IEEE32Exec(), RoundedReal()
        for primitive, operands in draw(cases, seed, special=False):
            result = primitive.apply(exact, *operands)
            fine = (result & BINARY32.magnitude_mask) <= BINARY32.max_finite
            kept = tuple(codes[fine] for codes in operands)
            try:
                other = paper.to_bits(primitive.apply(paper, *map(paper.from_bits, kept)))
            except UndefinedError:
                other = np.full(int(fine.sum()), BINARY32.nan, dtype=np.uint32)
            zeros = np.where(result[fine] == BINARY32.sign_mask, 0, result[fine])  # a real has one zero
            yield primitive.name, zeros, other, kept

    return agreement(parts())


BRIDGES = (
    Bridge(
        Claim(
            "rounded-real-equals-ieee32",
            "every primitive of RoundedReal gives the number that IEEE32Exec gives, both zeros as one",
            ("rounded_real", "ieee32"),
            "finite operands whose IEEE result is finite; arguments of exp and expm1 up to 512",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
        ),
        _check,
        seconds=2,
    ),
)
