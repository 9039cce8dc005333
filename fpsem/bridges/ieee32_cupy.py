"""IEEE32Exec and the kernels for GPUs: the same bits; and what CUDA documents of its own functions.

The kernels are run on a GPU where there is one, else as the C compiler builds them for the CPU; the evidence says which.

Source: CUDA C++ Programming Guide, appendices on floating-point computation and mathematical functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.errors import MissingExtraError, UnsupportedError
from fpsem.core.protocol import ARITHMETIC, ELEMENTARY
from fpsem.domains._kernels import device_named
from fpsem.domains.cupy_float32 import LIBRARY_ULPS, CuPyFloat32
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.testing.operands import columns

_MOST_OF_FUNCTIONS = 20_000
"""Cases of all elementary functions together."""


def _device() -> str:
    try:
        device_named("gpu")
    except (MissingExtraError, UnsupportedError):
        return "cpu"
    return "gpu"


def _parts(cases: int, seed: int, device: str) -> Iterator[Part]:
    exact, native = IEEE32Exec(), CuPyFloat32(device=device)
    rows = dict.fromkeys(ARITHMETIC, cases // len(ARITHMETIC))
    rows |= dict.fromkeys(ELEMENTARY, min(cases, _MOST_OF_FUNCTIONS) // len(ELEMENTARY))
    for name, count in rows.items():
        operands = columns(ARITHMETIC.get(name, 1), count, seed)
        right = getattr(native, name)(*map(native.from_bits, operands))
        yield name, getattr(exact, name)(*operands), native.to_bits(right), operands


def _check_kernels(cases: int, seed: int) -> Evidence:
    device = _device()
    return agreement(_parts(cases, seed, device), f"on {device_named(device)}")


def _assume_library(cases: int, seed: int) -> Evidence:
    told = ", ".join(f"{name} {ulps}" for name, ulps in LIBRARY_ULPS.items())
    return Evidence(Status.ASSUMED, detail=f"CUDA C++ Programming Guide, mathematical functions, single precision: {told}")


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-equals-kernels",
            "every arithmetic and elementary operation of CuPyFloat32 gives IEEE32Exec's bits, all NaNs as one",
            ("ieee32", "cupy_float32"),
            "all codes, pairs and triples of them, subnormals, infinities and NaNs included",
            Status.TESTED,
        ),
        _check_kernels,
    ),
    Bridge(
        Claim(
            "cuda-elementary-within-documented-ulps",
            "CUDA's float32 functions are within the largest errors of LIBRARY_ULPS of the correctly rounded result",
            ("ieee32", "cupy_float32"),
            "finite codes, without fast mathematics",
            Status.ASSUMED,
        ),
        _assume_library,
    ),
)
