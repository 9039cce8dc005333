"""IEEE32Exec and SymbolicFP32: a z3 term evaluated at concrete inputs is what the executable domain computes.

Source: SMT-LIB theory FloatingPoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.bridges.primitives import BUT_ELEMENTARY, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.symbolic_fp32 import SymbolicFP32


def _check(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        exact, terms = IEEE32Exec(), SymbolicFP32()
        for primitive, operands in draw(cases // 10, seed, special=True, names=BUT_ELEMENTARY, every_corner=False):
            term = primitive.apply(terms, *map(terms.from_bits, operands))
            yield primitive.name, primitive.apply(exact, *operands), terms.to_bits(term), operands

    return agreement(parts())


BRIDGES = (
    Bridge(
        Claim(
            "symbolic-equals-ieee32",
            "the z3 term of every primitive but the elementary functions, at codes, is IEEE32Exec's result, all NaNs as one",
            ("symbolic_fp32", "ieee32"),
            "all codes",
            Status.TESTED,
            primitives=BUT_ELEMENTARY,
        ),
        _check,
    ),
)
