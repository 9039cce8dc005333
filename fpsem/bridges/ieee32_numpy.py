"""IEEE32Exec and the machine's own float32: the same bits.

Source: IEEE 754-2019 clause 5.1: the correctly rounded result is one number, so two implementations of it agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.codes import ulp_distance
from fpsem.core.protocol import ARITHMETIC, ELEMENTARY
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import LIBRARY_ULPS, NumPyFloat32
from fpsem.testing.operands import columns


def _parts(cases: int, seed: int) -> Iterator[Part]:
    exact, native = IEEE32Exec(), NumPyFloat32()
    for name, arity in ARITHMETIC.items():
        operands = columns(arity, cases // len(ARITHMETIC), seed)
        right = getattr(native, name)(*(native.from_bits(codes) for codes in operands))
        yield name, getattr(exact, name)(*operands), native.to_bits(right), operands


def _check_arithmetic(cases: int, seed: int) -> Evidence:
    return agreement(_parts(cases, seed))


def _check_elementary(cases: int, seed: int) -> Evidence:
    exact, native, failures, worst, count = IEEE32Exec(), NumPyFloat32(), [], 0, 0
    for name in ELEMENTARY:
        (codes,) = columns(1, min(cases, 4000) // len(ELEMENTARY), seed, special=False)
        right = native.to_bits(getattr(native, name)(native.from_bits(codes)))
        distance = ulp_distance(getattr(exact, name)(codes), right)
        count, worst = count + len(codes), max(worst, int(distance.max()))
        failures += [
            f"{name}({int(codes[i]):#x}): {int(distance[i])} ulps" for i in np.flatnonzero(distance > LIBRARY_ULPS)[:3]
        ]
    return Evidence(Status.TESTED, count, tuple(failures), f"worst seen: {worst} ulps")


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-equals-numpy",
            "every arithmetic operation of IEEE32Exec gives the bits of the machine's float32, all NaNs as one",
            ("ieee32", "numpy_float32"),
            "all pairs and triples of codes, subnormals, infinities and NaNs included",
            Status.TESTED,
        ),
        _check_arithmetic,
    ),
    Bridge(
        Claim(
            "numpy-elementary-within-4-ulps",
            f"numpy's elementary functions are within {LIBRARY_ULPS} ulps of the correctly rounded result on this machine",
            ("ieee32", "numpy_float32"),
            "finite codes",
            Status.TESTED,
        ),
        _check_elementary,
    ),
)
