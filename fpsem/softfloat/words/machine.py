"""Words as the machine's own 64-bit integers: programs printed as Python and compiled by numba into loops over
arrays. The whole algorithm stands in the loop's body, so that LLVM vectorises it.

The printed source is kept in a cache folder under a name that holds its hash, so that numba finds its compiled code
again: ``$FPSEM_CACHE``, else ``$XDG_CACHE_HOME/fpsem``, else ``~/.cache/fpsem``. Where none can be written, kernels are
compiled anew in each process.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fpsem.core.protocol import Array
from fpsem.softfloat.words.program import Instruction, Program

WIDTH = 64

_PRINTED: Mapping[str, str] = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} // {}",
    "and": "{} & {}",
    "or": "{} | {}",
    "xor": "{} ^ {}",
    "shift_left": "{} << {}",
    "shift_right": "{} >> {}",
    "count_leading_zeros": "count_leading_zeros({})",
    "less": "{} < {}",
    "signed_less": "np.int64({}) < np.int64({})",
    "equal": "{} == {}",
    "all": "{} & {}",
    "any": "{} | {}",
    "not": "not {}",
    "select": "choose({}, {}, {})",
    "double_add": "{} + {}",
    "double_sub": "{} - {}",
    "double_mul": "{} * {}",
    "double_div": "{} / {}",
    "double_sqrt": "square_root({})",
    "double_less": "{} < {}",
    "double_equal": "{} == {}",
    "double_select": "choose({}, {}, {})",
    "bits": "bits({})",
    "double": "double({})",
    "widen": "widen({})",
    "narrow": "narrow({})",
}

_IMPORTS = (
    "import numba",
    "import numpy as np",
    "",
    "from fpsem.softfloat.words.intrinsics import bits, choose, count_leading_zeros, double, narrow, square_root, widen",
)


Dtypes = tuple[np.dtype[Any], ...]


def compile_program(name: str, program: Program, operands: Dtypes, results: Dtypes) -> Callable[..., Any]:
    """The program as a function of arrays, which broadcast as numpy's do.

    Args:
        name: for the cache and for messages.
        program: of words of 64 bits.
        operands: dtype of each operand; signed ones are extended.
        results: dtype of each result (bool for truths); the function gives an array, or a tuple where there are several.
    """
    assert program.width == WIDTH, "machine words have 64 bits"
    loop = load_module(name, _print_module(name, program, operands, results)).loop

    def kernel(*codes: Array) -> Any:
        shape = codes[0].shape
        if any(x.shape != shape for x in codes):
            shape = np.broadcast_shapes(*(x.shape for x in codes))
            codes = tuple(np.broadcast_to(x, shape) for x in codes)
        made = tuple(np.empty(shape, result) for result in results)
        loop(*(out.ravel() for out in made), *(x.ravel() for x in codes))
        return made if len(made) > 1 else made[0]

    return kernel


def _print_module(name: str, program: Program, operands: Dtypes, results: Dtypes) -> str:
    constants, body, casts = _print_parts(program, results, "[i]")
    types = [*(_numba_type(d, readonly=False) for d in results), *(_numba_type(d, readonly=True) for d in operands)]
    written = [f"out{i}" for i in range(len(results))]
    parameters = [*written, *(f"a{i}" for i in range(program.parameters))]
    head = [
        *constants, "", "",
        f"@numba.njit([numba.void({', '.join(types)})], cache=True, nogil=True, error_model='numpy')",
        f"def loop({', '.join(parameters)}):",
        "    for i in range(out0.size):",
    ]  # fmt: skip
    stores = [f"{out}[i] = {cast}" for out, cast in zip(written, casts)]
    lines = [*head, *(f"        {line}" for line in (*body, *stores))]
    return "\n".join([f'"""Emitted by fpsem.softfloat.words.machine: {name}."""', "", *_IMPORTS, "", *lines]) + "\n"


def print_scalar(name: str, program: Program, result: np.dtype[Any]) -> str:
    """The program as the source of a function of scalars for numba, to be called by other compiled code."""
    constants, body, (cast,) = _print_parts(program, (result,), "")
    parameters = ", ".join(f"a{i}" for i in range(program.parameters))
    head = [*_IMPORTS, "", "", "@numba.njit(forceinline=True, error_model='numpy')", f"def {name}({parameters}):"]
    return "\n".join([*head, *(f"    {line}" for line in (*constants, *body, f"return {cast}"))]) + "\n"


def _print_parts(program: Program, results: Dtypes, subscript: str) -> tuple[list[str], list[str], list[str]]:
    """Lines that define the constants, lines that compute, and the expression of each result."""
    live = program.live()
    constants = [f"C{i} = np.uint64({step.value:#x})" for i, step in live if step.operation == "constant"]
    body = [f"v{i} = {_print(step, program, subscript)}" for i, step in live if step.operation != "constant"]
    values = [_reference(program, index) for index in program.results]
    casts = [v if is_truth else f"np.{dtype}({v})" for v, is_truth, dtype in zip(values, program.truths, results)]
    return constants, body, casts


def _numba_type(dtype: np.dtype[Any], readonly: bool) -> str:
    """A contiguous array; an operand may be read-only."""
    scalar = f"numba.{'boolean' if dtype.kind == 'b' else dtype}"
    return f"numba.types.Array({scalar}, 1, 'C', readonly={readonly})"


def _print(step: Instruction, program: Program, subscript: str) -> str:
    if step.operation == "parameter":
        return f"np.uint64(a{step.value}{subscript})"  # signed operands are extended
    return _PRINTED[step.operation].format(*(_reference(program, i) for i in step.arguments))


def _reference(program: Program, index: int) -> str:
    return f"{'C' if program.instructions[index].operation == 'constant' else 'v'}{index}"


def cache_folder() -> Path:
    """Where emitted sources and numba's compiled code are kept."""
    chosen = os.environ.get("FPSEM_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fpsem"


def load_module(name: str, source: str) -> Any:
    """A module with this source, compiled by numba once for all processes that share a cache."""
    intrinsics = Path(__file__).with_name("intrinsics.py").read_bytes()  # part of what is compiled
    stem = f"{name}_{hashlib.sha256(source.encode() + intrinsics).hexdigest()[:16]}"
    path = cache_folder() / "kernels" / f"{stem}.py"
    try:
        _write_once(path, source)
    except OSError:
        path = Path(_own_folder().name) / f"{stem}.py"
        _write_once(path, source)
    spec = importlib.util.spec_from_file_location(f"fpsem_kernel_{stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # numba looks it up there
    spec.loader.exec_module(module)
    return module


@cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    """This process's own folder, where no cache can be written; it goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="fpsem-")


def _write_once(path: Path, source: str) -> None:
    """Write the source unless it is there already, by way of a temporary name: readers never see half a file."""
    if path.exists() and path.read_text() == source:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(descriptor, "w") as file:
        file.write(source)
    os.replace(temporary, path)
