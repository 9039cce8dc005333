"""IEEE32Exec's algorithms and ``core.exact``, the readable meaning of rounding: the same codes.

The algorithm source is the one that IEEE32Exec runs; an 8-bit format runs it on every pair of operands.

Source: IEEE 754-2019 clause 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fpsem.bridges.bridge import Bridge, Codes, Part, agreement
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import ARITHMETIC
from fpsem.softfloat import arithmetic
from fpsem.testing.expected import arithmetic_code
from fpsem.testing.operands import columns

_TOY = FORMATS["toy8"]


def _expected(name: str, f: Format, operands: tuple[Codes, ...]) -> Codes:
    return np.array([arithmetic_code(name, row, fmt=f) for row in zip(*(x.tolist() for x in operands))], dtype=f.dtype)


def _every_pair(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        every = np.arange(1 << _TOY.width, dtype=np.uint32).astype(_TOY.dtype)
        pairs = (np.repeat(every, len(every)), np.tile(every, len(every)))
        for name, arity in ARITHMETIC.items():
            if arity <= 2:
                operands = pairs if arity == 2 else (every,)
                yield name, getattr(arithmetic(_TOY), name)(*operands), _expected(name, _TOY, operands), operands

    return agreement(parts(), status=Status.EXHAUSTIVE)


def _sampled(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        for name, arity in ARITHMETIC.items():
            operands = columns(arity, min(cases, 20_000) // len(ARITHMETIC), seed)
            yield name, getattr(arithmetic(), name)(*operands), _expected(name, BINARY32, operands), operands

    return agreement(parts())


BRIDGES = (
    Bridge(
        Claim(
            "softfloat-equals-exact-on-toy8",
            "every operation of one or two operands, of the source that IEEE32Exec runs, is the exact result rounded once",
            ("ieee32", "exact"),
            "every pair of codes of an 8-bit format (4 exponent bits, precision 4)",
            Status.EXHAUSTIVE,
        ),
        _every_pair,
    ),
    Bridge(
        Claim(
            "ieee32-equals-exact",
            "every arithmetic operation of IEEE32Exec is the exact result rounded once, special values included",
            ("ieee32", "exact"),
            "all pairs and triples of binary32 codes",
            Status.TESTED,
        ),
        _sampled,
    ),
)
