"""IEEE32Exec and SymbolicFP32: a z3 term evaluated at concrete inputs is what the executable domain computes.

Source: SMT-LIB theory FloatingPoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.protocol import ARITHMETIC
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.symbolic_fp32 import SymbolicFP32
from fpsem.testing.operands import columns


def _check(cases: int, seed: int) -> Evidence:
    def parts() -> Iterator[Part]:
        exact, terms = IEEE32Exec(), SymbolicFP32()
        for name, arity in ARITHMETIC.items():
            if name in ("neg", "abs"):
                continue  # SMT-LIB's one NaN has no sign bit to flip; on numbers both are the sign bit's
            operands = columns(arity, cases, seed, limit=min(cases, 2_000) // len(ARITHMETIC))
            term = getattr(terms, name)(*(terms.from_bits(codes) for codes in operands))
            yield name, getattr(exact, name)(*operands), terms.to_bits(term), operands

    return agreement(parts())


BRIDGES = (
    Bridge(
        Claim(
            "symbolic-equals-ieee32",
            "the z3 term of every operation but neg and abs, evaluated at codes, is IEEE32Exec's result, all NaNs as one",
            ("symbolic_fp32", "ieee32"),
            "all codes",
            Status.TESTED,
        ),
        _check,
    ),
)
