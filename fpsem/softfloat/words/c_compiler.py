"""Emitted C on the CPU: compiled by the system's compiler into a library, and called on numpy arrays.

It shows, without a GPU, that what ``cuda.py`` prints means what the other machines mean. Libraries are kept in the cache folder
under the hash of their source, compiler and options; where none can be written, they are compiled anew in each process.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fpsem.core.errors import UnsupportedError
from fpsem.core.protocol import Array
from fpsem.softfloat.words.cuda import Function, emit_module
from fpsem.softfloat.words.machine import cache_folder

COMPILERS = ("cc", "gcc", "clang")
"""Names of C compilers, in the order in which they are looked for."""

OPTIMISED = ("-O2",)
"""The options by default."""

_LIBRARY = ("-std=c99", "-shared", "-fPIC")


def compiler() -> str:
    """The path of the system's C compiler. Raises UnsupportedError where there is none."""
    found = next(filter(None, map(shutil.which, COMPILERS)), None)
    if found is None:
        raise UnsupportedError(f"there is no C compiler: none of {', '.join(COMPILERS)} is on the PATH")
    return found


def build_for_cpu(source: str, options: Sequence[str] = OPTIMISED) -> ctypes.CDLL:
    """The source as a loaded library.

    Args:
        source: what ``emit_module`` gives.
        options: for the compiler, besides those that ask for C99 and for a library.

    Raises:
        UnsupportedError: there is no C compiler, or it refuses the source.
    """
    command = (compiler(), *_LIBRARY, *options)
    key = hashlib.sha256("\0".join([platform.machine(), *command, source]).encode()).hexdigest()[:16]
    path = cache_folder() / "libraries" / f"{key}.so"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _compile(command, source, path)
        return ctypes.CDLL(str(path))
    except OSError:
        with tempfile.TemporaryDirectory(prefix="fpsem-") as own:  # a loaded library outlives its file
            path = Path(own) / f"{key}.so"
            _compile(command, source, path)
            return ctypes.CDLL(str(path))


def _compile(command: Sequence[str], source: str, path: Path) -> None:
    """Make the library under a temporary name in its own folder: others find it whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
        text, made = Path(folder) / "source.c", Path(folder) / "library.so"
        text.write_text(source, encoding="utf-8")
        done = subprocess.run([*command, "-o", str(made), str(text)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnsupportedError(f"{command[0]} refuses the emitted C:\n{done.stderr.strip()}")
        os.replace(made, path)


def compile_for_cpu(functions: Sequence[Function], options: Sequence[str] = OPTIMISED) -> Mapping[str, Callable[..., Any]]:
    """The functions, in one library, as functions of arrays, which broadcast as numpy's do.

    Each takes arrays of its operands' dtypes, and gives an array, or a tuple where it has several results. It raises TypeError
    for another number of arrays, or another dtype.

    Raises:
        UnsupportedError: there is no C compiler, or it refuses the source.
    """
    library = build_for_cpu(emit_module(functions), options)
    return {f.name: partial(_call, f, _loop(library, f)) for f in functions}


def _loop(library: ctypes.CDLL, f: Function) -> Callable[..., None]:
    loop = getattr(library, f.kernel)
    loop.argtypes = [ctypes.c_uint64, *[ctypes.c_void_p] * (len(f.results) + len(f.operands))]
    loop.restype = None
    return loop  # type: ignore[no-any-return]


def _call(f: Function, loop: Callable[..., None], *operands: Array) -> Any:
    found = tuple(x.dtype for x in operands)
    if found != f.operands:
        told = [", ".join(map(str, dtypes)) for dtypes in (f.operands, found)]
        raise TypeError(f"{f.name} takes arrays of {told[0]}, not of {told[1]}")
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    given = [np.broadcast_to(x, shape).ravel() for x in operands]
    made = tuple(np.empty(shape, dtype) for dtype in f.results)
    loop(made[0].size, *(x.ctypes.data for x in (*made, *given)))
    return made if len(made) > 1 else made[0]
