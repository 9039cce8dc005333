"""IEEE32Exec and the machine's own float32: the same bits; and how far numpy's elementary functions are from the value.

Source: IEEE 754-2019 clause 5.1: the correctly rounded result is one number, so two implementations of it agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.bridges.primitives import BUT_ELEMENTARY, draw
from fpsem.bridges.sweep.library import compare_codes
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.protocol import ELEMENTARY
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.domains.numpy_float32 import LIBRARY_ULPS, NumPyFloat32
from fpsem.testing.operands import columns


def _parts(cases: int, seed: int) -> Iterator[Part]:
    exact, native = IEEE32Exec(), NumPyFloat32()
    for primitive, operands in draw(cases, seed, special=True, names=BUT_ELEMENTARY):
        right = primitive.apply(native, *map(native.from_bits, operands))
        yield primitive.name, primitive.apply(exact, *operands), native.to_bits(right), operands


def _check_primitives(cases: int, seed: int) -> Evidence:
    return agreement(_parts(cases, seed))


def _assume_conventional(cases: int, seed: int) -> Evidence:
    told = "numpy documents pairwise sums along the fast axis; of products by BLAS, no document promises an order"
    return Evidence(Status.ASSUMED, detail=f"{told}; fpsem reveal finds the order at one size")


def _library(name: str) -> Bridge:
    """The claim on one of numpy's functions."""

    def check(cases: int, seed: int) -> Evidence:
        (codes,) = columns(1, cases // len(ELEMENTARY), seed, special=False)
        found = compare_codes(name, np.asarray(codes))
        shown = f"{name}({found['at']:#x}): {found['largest']:.2f} ulps"
        failures = () if found["largest"] <= LIBRARY_ULPS else (shown,)
        return Evidence(Status.TESTED, found["inputs"], failures, f"worst seen: {found['largest']:.2f} ulps")

    claim = Claim(
        f"numpy-{name}-within-{LIBRARY_ULPS}-ulps",
        f"NumPyFloat32's {name}, the library's, is within {LIBRARY_ULPS} ulps of the value on this machine",
        ("real", "numpy_float32"), "finite codes with finite results", Status.TESTED, full=f"fpsem sweep {name} --library",
        primitives=(name,),
    )  # fmt: skip
    return Bridge(claim, check)


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-equals-numpy",
            "every primitive of IEEE32Exec but the elementary functions gives the bits of the machine's float32, all NaNs as one",
            ("ieee32", "numpy_float32"),
            "all pairs and triples of codes, subnormals, infinities and NaNs included",
            Status.TESTED,
            primitives=BUT_ELEMENTARY,
        ),
        _check_primitives,
    ),
    Bridge(
        Claim(
            "numpy-library-sums-are-conventional",
            'NumPyFloat32("library") sums add their terms in some order in binary32, and products of matrices do, fused or not',
            ("ieee32", "numpy_float32"),
            "finite float32 arrays",
            Status.ASSUMED,
            "library",
        ),
        _assume_conventional,
        seconds=0,
    ),
    *map(_library, ELEMENTARY),
)
