"""IEEE32Exec and the kernels for GPUs: the same bits; and what CUDA documents of its own functions.

The kernels are run on a GPU where there is one, else as the C compiler builds them for the CPU; the evidence says which.

Source: CUDA C++ Programming Guide, appendices on floating-point computation and mathematical functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from fpsem.bridges.bridge import Bridge, Part, agreement
from fpsem.bridges.primitives import PRIMITIVES, draw
from fpsem.core.claim import Claim, Evidence, Status
from fpsem.core.errors import MissingExtraError, UnsupportedError
from fpsem.domains._kernels import GPU_OPTIONS, device_named
from fpsem.domains.cupy_float32 import LIBRARY_ULPS, CuPyFloat32
from fpsem.domains.ieee32 import IEEE32Exec


def kernels_device() -> str:
    """Where kernels are checked: "gpu" where CuPy finds one, else "cpu"."""
    try:
        device_named("gpu")
    except (MissingExtraError, UnsupportedError):
        return "cpu"
    return "gpu"


def _parts(cases: int, seed: int, device: str) -> Iterator[Part]:
    exact, native = IEEE32Exec(), CuPyFloat32(device=device)
    for primitive, operands in draw(cases, seed, special=True):
        right = primitive.apply(native, *map(native.from_bits, operands))
        yield primitive.name, primitive.apply(exact, *operands), native.to_bits(right), operands


def _check_kernels(cases: int, seed: int) -> Evidence:
    device = kernels_device()
    return agreement(_parts(cases, seed, device), f"on {device_named(device)}")


def _assume_library(cases: int, seed: int) -> Evidence:
    told = ", ".join(f"{name} {ulps}" for name, ulps in LIBRARY_ULPS.items())
    return Evidence(Status.ASSUMED, detail=f"CUDA C++ Programming Guide, mathematical functions, single precision: {told}")


def _assume_arithmetic(cases: int, seed: int) -> Evidence:
    options = " ".join(GPU_OPTIONS)
    return Evidence(Status.ASSUMED, detail=f"CUDA C++ Programming Guide, floating-point standard; built with {options}")


def _assume_same_code(cases: int, seed: int) -> Evidence:
    told = "one source, in which each rounding is asked for by name; CUDA C++ Programming Guide, intrinsic functions"
    return Evidence(Status.ASSUMED, detail=told)


BRIDGES = (
    Bridge(
        Claim(
            "ieee32-equals-kernels",
            "every primitive of CuPyFloat32 gives IEEE32Exec's bits, all NaNs as one",
            ("ieee32", "cupy_float32"),
            "all codes, pairs and triples of them, subnormals, infinities and NaNs included",
            Status.TESTED,
            primitives=tuple(PRIMITIVES),
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
        seconds=0,
    ),
    Bridge(
        Claim(
            "cuda-arithmetic-is-ieee",
            "CUDA's binary32 and binary64 add, mul, div, sqrt and fma are correctly rounded to nearest even, subnormals kept",
            ("ieee32", "cupy_float32"),
            "all codes, without fast mathematics, as the kernels are compiled",
            Status.ASSUMED,
        ),
        _assume_arithmetic,
        seconds=0,
    ),
    Bridge(
        Claim(
            "gpu-runs-the-kernels-as-the-cpu-build-does",
            "a kernel on a GPU gives the bits that the same source gives as the C compiler builds it for the CPU",
            ("ieee32", "cupy_float32"),
            "every kernel and argument; ieee32-equals-kernels checks it where there is a GPU",
            Status.ASSUMED,
        ),
        _assume_same_code,
        seconds=0,
    ),
)
