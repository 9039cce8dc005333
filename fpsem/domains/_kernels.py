"""Kernels on a device: the sources of ``fpsem/kernels``, and what is printed beside them, built and launched.

A device holds arrays, builds sources and launches kernels. There are two: a GPU, by CuPy; and the CPU, where the system's C
compiler builds the same sources, and a kernel is a function that visits every element in order. So all that stands on devices
can be tried without a GPU.

What this module does not do: choose kernels or shapes; check that arguments fit a kernel.

Source: the CuPy reference for RawModule.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import MissingExtraError, UnknownNameError, UnsupportedError
from fpsem.core.formats import BINARY32, FORMATS, format_named
from fpsem.core.protocol import Array
from fpsem.softfloat.attributes import Attributes
from fpsem.softfloat.words.c_compiler import OPTIMISED, build_for_cpu
from fpsem.softfloat.words.cuda import Function, emit_module

FOLDER = Path(__file__).parent.parent / "kernels"
"""Where the sources lie; they are part of the package, for they are compiled where they run."""

FILES = ("elementwise", "layer_norm", "library", "matmul", "reduce", "softmax")
"""The sources, one for each family of ops."""

GPU_OPTIONS = ("--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
"""For NVRTC. The kernels ask for each rounding by name, so that these change no bit; they say what is meant."""

CPU_OPTIONS = (*OPTIMISED, "-ffp-contract=off", "-fno-math-errno", "-lm")
"""For the C compiler: a multiplication and an addition are never made one."""

_THREADS = 128
_MOST_BLOCKS = 1 << 16
_INCLUDE = re.compile(r'^#include "(.+)"$', re.MULTILINE)


# -- sources ---------------------------------------------------------------------------------------------------------


@cache
def source_of(file: str) -> str:
    """A source of FILES as one text, its headers in it. Raises UnknownNameError for another name."""
    if file not in FILES:
        raise UnknownNameError("kernel source", file, FILES)
    return _inlined(FOLDER / f"{file}.cu")


def _inlined(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: _inlined(path.parent / found[1]), text)


@cache
def function_source(name: str) -> tuple[str, str]:
    """The source of a correctly rounded elementary function of binary32 codes, and the kernel's name.

    The kernel gives codes, and for each whether it is decided; where it is not, the code means nothing.
    """
    from fpsem.softfloat.elementary.kernel import program  # numba is a heavy import

    about = [f"binary32 {name}, correctly rounded where decided; readable twin: fpsem/softfloat/elementary/kernel.py, attempt."]
    code = BINARY32.dtype
    made = Function(f"binary32_{name}", program(name, BINARY32, Attributes(), False), (code,), (code, np.dtype(bool)), about)
    return emit_module([made]), made.kernel


@cache
def cast_sources(format: str) -> tuple[tuple[str, str, np.dtype[Any]], ...]:
    """Binary32 codes to a format's and back: for each way the source, the kernel's name and the dtype of what it gives.

    Raises UnknownNameError for a format that there is not.
    """
    from fpsem.softfloat.c_source import operation_function

    narrow = format_named(format)
    if narrow == BINARY32:
        return ()
    ways = ((f"to_{narrow.name}", BINARY32, narrow.dtype), (f"to_{BINARY32.name}", FORMATS[narrow.name], BINARY32.dtype))
    functions = [(operation_function(name, f, Attributes()), dtype) for name, f, dtype in ways]
    return tuple((emit_module([function]), function.kernel, dtype) for function, dtype in functions)


# -- devices ---------------------------------------------------------------------------------------------------------


class Device(Protocol):
    """Something that holds arrays and runs kernels."""

    @property
    def arrays(self) -> Any:
        """The library of its arrays: numpy, or one with numpy's names."""

    def host(self, x: Any) -> Array:
        """An array of the device as numpy's."""

    def launch(self, source: str, kernel: str, elements: int, *arguments: Any) -> None:
        """Run a kernel of a source.

        Args:
            source: CUDA C, whole.
            kernel: its name.
            elements: how many threads have work.
            arguments: contiguous arrays of the device, and numpy scalars, as the kernel takes them.

        Raises:
            UnsupportedError: the source does not compile, or there is no compiler.
        """

    def __str__(self) -> str:
        """What it is, in words."""


class Cpu:
    """The CPU: numpy's arrays, and kernels built by the C compiler."""

    arrays: Any = np

    def host(self, x: Any) -> Array:
        return np.asarray(x)

    def launch(self, source: str, kernel: str, elements: int, *arguments: Any) -> None:
        if elements:
            getattr(_library(source), kernel)(*map(_for_c, arguments))

    def __str__(self) -> str:
        return "the CPU, through the C compiler"


class Gpu:
    """The current GPU of CuPy.

    Raises:
        MissingExtraError: CuPy is not installed.
        UnsupportedError: there is no GPU.
    """

    def __init__(self) -> None:
        try:
            import cupy
        except ImportError as error:
            raise MissingExtraError("cupy", "cuda") from error
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise UnsupportedError(f"there is no GPU here: {error}") from error
        if not count:
            raise UnsupportedError("there is no GPU here")
        self.arrays: Any = cupy

    def host(self, x: Any) -> Array:
        return np.asarray(self.arrays.asnumpy(x))

    def launch(self, source: str, kernel: str, elements: int, *arguments: Any) -> None:
        if not elements:
            return
        blocks = min(-(-elements // _THREADS), _MOST_BLOCKS)
        try:
            function = _module(source).get_function(kernel)
        except self.arrays.cuda.compiler.CompileException as error:
            raise UnsupportedError(f"the GPU's compiler refuses {kernel}:\n{error}") from error
        function((blocks,), (_THREADS,), arguments)

    def __str__(self) -> str:
        runtime = self.arrays.cuda.runtime
        name = runtime.getDeviceProperties(self.arrays.cuda.Device().id)["name"].decode()
        return f"{name}, driver for CUDA {runtime.driverGetVersion()}, runtime {runtime.runtimeGetVersion()}"


DEVICES: Mapping[str, type[Cpu | Gpu]] = {"cpu": Cpu, "gpu": Gpu}
"""The devices by name."""


@cache
def device_named(name: str) -> Device:
    """A device by its name. Raises UnknownNameError for another, and what the device raises where there is none."""
    if name not in DEVICES:
        raise UnknownNameError("device", name, DEVICES)
    return DEVICES[name]()


@cache
def _library(source: str) -> ctypes.CDLL:
    return build_for_cpu(source, CPU_OPTIONS)


@cache
def _module(source: str) -> Any:
    import cupy

    return cupy.RawModule(code=source, options=GPU_OPTIONS)


def _for_c(argument: npt.NDArray[Any] | np.generic) -> Any:
    """An array by its address, a number by its value."""
    if isinstance(argument, np.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    return {"f": ctypes.c_float, "u": ctypes.c_uint64}[argument.dtype.kind](argument.item())
