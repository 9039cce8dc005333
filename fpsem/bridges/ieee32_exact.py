"""IEEE32Exec's algorithms and ``core.exact``, the readable meaning of rounding: the same codes.

The algorithm source is the one that IEEE32Exec runs; an 8-bit format runs it on every pair of operands.

Source: IEEE 754-2019 clause 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from fpsem.bridges.bridge import Bridge, Codes, Part, agreement
from fpsem.bridges.primitives import BUT_ELEMENTARY, EMBEDDED, NARROW, Primitive, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.exact import round_pi, round_to_bits
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import ARITHMETIC, COMPARISONS
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.softfloat import arithmetic
from fpsem.testing.expected import arithmetic_code, cast_code, comparison

_TOY = FORMATS["toy8"]
_ONE = round_to_bits(Fraction(1), BINARY32)


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


_OTHERS: Mapping[str, Callable[..., int]] = {
    "select": lambda x, y, z: y if comparison("less", (x, y)) else z,
    "cast": lambda x: cast_code(x, NARROW),
    "is_nan": lambda x: _ONE * BINARY32.is_nan(x),
    "is_finite": lambda x: _ONE * BINARY32.is_finite(x),
    "pi": lambda x: round_pi(lambda bound: round_to_bits(bound, BINARY32)),
}
"""What the primitives that are no arithmetic must give."""


def _meant(primitive: Primitive, operands: tuple[Codes, ...]) -> Codes:
    """The exact results, rounded once."""
    name, rows = primitive.name, list(zip(*(x.tolist() for x in operands)))
    if name in ARITHMETIC:
        return _expected(name, BINARY32, operands)
    if name in COMPARISONS:
        return np.array([_ONE * comparison(name, row) for row in rows], dtype=np.uint32)
    if name in _OTHERS:
        return np.array([_OTHERS[name](*row) for row in rows], dtype=np.uint32)
    return np.resize(np.array([round_to_bits(number, BINARY32) for number in EMBEDDED], dtype=np.uint32), len(rows))


def _sampled(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        domain = IEEE32Exec()
        for primitive, operands in draw(cases, seed, special=True, names=BUT_ELEMENTARY):
            yield primitive.name, primitive.apply(domain, *operands), _meant(primitive, operands), operands

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
        seconds=4,
    ),
    Bridge(
        Claim(
            "ieee32-equals-exact",
            "every primitive of IEEE32Exec but the elementary functions is the exact result rounded once, special values too",
            ("ieee32", "exact"),
            "all pairs and triples of binary32 codes; casts to bfloat16",
            Status.TESTED,
            primitives=BUT_ELEMENTARY,
        ),
        _sampled,
    ),
)
