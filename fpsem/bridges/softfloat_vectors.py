"""The bit level against vectors of Berkeley TestFloat: values, flags, both rules of tininess, three platforms' conventions.

A vector file is named after TestFloat's function (``f32_add.npz``, also ``NAME_f32_add.npz``) and holds columns:

* ``a``, ``b``, ``c``: operands, as unsigned bit patterns;
* ``z_rne``, ``fl_rne``: result bits in the x86 convention and flags with tininess after rounding, to nearest even;
* for each further direction m of rtz rdn rup rna rod: ``dz_m``, to be added to ``z_rne``, and ``dfl_m``, to be xored to
  ``fl_rne``;
* ``xflb_m``, where there is one, to be xored to the flags: those with tininess before rounding;
* ``ir_m`` and ``vr_m``, ``ia_m`` and ``va_m``: the rows at which the RISC-V or ARM convention gives other bits, and these.

``f32_compare`` holds ``a``, ``b``, and for each comparison ``z_NAME`` and ``fl_NAME``.

What this module does not do: the ARM column of ``f32_mulAdd`` is left out where two operands or more are NaNs, since SoftFloat
does not follow the Arm manual there.

Source: Hauser, Berkeley TestFloat and SoftFloat, release 3e.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fpsem.bridges.bridge import Bridge
from fpsem.core.errors import FileFormatError
from fpsem.core.files import read
from fpsem.core.formats import BINARY32, FORMATS, Format
from fpsem.core.protocol import Array
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic, convert
from fpsem.softfloat.attributes import Attributes, Integers, NaN, Tininess
from fpsem.softfloat.operations import OPERATIONS
from fpsem.testing.evaluate import evaluate

BRIDGES: tuple[Bridge, ...] = ()
"""None: the vectors are data of a source checkout; ``fpsem conformance`` and the tests run them."""

DIRECTIONS: Mapping[str, Rounding] = {
    "rne": Rounding.NEAREST_EVEN, "rtz": Rounding.TOWARD_ZERO, "rdn": Rounding.DOWNWARD, "rup": Rounding.UPWARD,
    "rna": Rounding.NEAREST_AWAY, "rod": Rounding.TO_ODD,
}  # fmt: skip
"""The directions by the names of the columns."""

CONVENTIONS: Mapping[str, Attributes] = {
    "z": Attributes(nan=NaN.X86, integers=Integers.X86),
    "zr": Attributes(nan=NaN.CANONICAL, integers=Integers.RISCV),
    "za": Attributes(nan=NaN.ARM, integers=Integers.ARM),
}
"""For each kind of result column the platform's choices."""

COMPARISONS: Mapping[str, str] = {
    "eq": "equal", "eq_signaling": "equal_signaling", "lt": "less", "lt_quiet": "less_quiet", "le": "less_equal",
    "le_quiet": "less_equal_quiet",
}  # fmt: skip
"""Our names of TestFloat's comparisons."""

_LIMIT = 1 << 28
_NUMBERS: Mapping[str, str] = {"f16": "binary16", "f32": "binary32", "f64": "binary64"}
_INTEGERS: Mapping[str, str] = {"i32": "int32", "i64": "int64", "ui32": "uint32", "ui64": "uint64"}
_NAMES: Mapping[str, str] = {"mulAdd": "fma", "rem": "remainder", "roundToInt": "round_to_integral"}
_FUNCTION = re.compile(r"(?:^|_)((?:f16|f32|f64|u?i32|u?i64)_\w+)$")


@dataclass(frozen=True)
class Compared:
    """One column against what fpsem gives.

    Args:
        what: function, direction and convention.
        cases: how many rows.
        mismatches: how many of these differ.
        first: the first that differs, readable; empty where none does.
    """

    what: str
    cases: int
    mismatches: int
    first: str = ""


def function_of(path: Path) -> str:
    """TestFloat's function that a file is of. Raises FileFormatError for another name."""
    found = _FUNCTION.search(path.stem)
    if found is None:
        raise FileFormatError(f"{path}: the name ends in no function of TestFloat, such as f32_add")
    return found.group(1)


def vector_files(folder: Path) -> list[Path]:
    """The vector files of a folder, sorted. Raises FileFormatError where there is none."""
    found = sorted(path for path in folder.glob("*.npz") if _FUNCTION.search(path.stem))
    if not found:
        raise FileFormatError(f"{folder}: no vector files, such as f32_add.npz")
    return found


def load_vectors(path: Path) -> dict[str, Array]:
    """The columns of a file, unpacked: ``a b c``, and ``z_m zr_m za_m fl_m flb_m`` for each direction m.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is no vector file.
    """
    try:
        with np.load(io.BytesIO(read(path, _LIMIT)), allow_pickle=False) as file:
            packed = {name: file[name] for name in file.files}
        return packed if "z_rne" not in packed else _unpacked(packed)
    except (KeyError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise FileFormatError(f"{path}: not a vector file: {error}") from error


def _unpacked(packed: dict[str, Array]) -> dict[str, Array]:
    made = {name: packed[name] for name in "abc" if name in packed}
    result, flags = packed["z_rne"], packed["fl_rne"]
    for m in (m for m in DIRECTIONS if m == "rne" or f"dz_{m}" in packed):
        delta = packed[f"dz_{m}"] if m != "rne" else np.zeros(result.shape, np.int8)
        z = result + delta.astype(np.int64).astype(result.dtype)
        made[f"fl_{m}"] = flags ^ packed[f"dfl_{m}"] if m != "rne" else flags
        made[f"flb_{m}"] = made[f"fl_{m}"] ^ packed.get(f"xflb_{m}", np.uint8(0))
        made[f"z_{m}"] = z
        for kind in "ra":
            made[f"z{kind}_{m}"] = other = z.copy()
            if f"i{kind}_{m}" in packed:
                other[packed[f"i{kind}_{m}"]] = packed[f"v{kind}_{m}"]
    return made


def compare_file(path: Path, compiled: bool = True) -> Iterator[Compared]:
    """Every column of a file. Raises as ``load_vectors`` and ``function_of`` do.

    Args:
        path: the file.
        compiled: whether the compiled operations are run, each of which takes a moment to compile; else the same algorithms
            over words that are arrays.
    """
    name, columns = function_of(path), load_vectors(path)
    run = _compiled if compiled else _over_words
    yield from _compare_truths(columns, run) if name == "f32_compare" else _compare_results(name, columns, run)


def _compare_truths(columns: dict[str, Array], run: Run) -> Iterator[Compared]:
    a, b = columns["a"], columns["b"]
    for theirs, ours in COMPARISONS.items():
        made = run(_Meaning(BINARY32, ours), Attributes(), (a, b))
        yield _compared(f"f32_{theirs}", (a, b), made, (columns[f"z_{theirs}"], columns[f"fl_{theirs}"]))


def _compare_results(name: str, columns: dict[str, Array], run: Run) -> Iterator[Compared]:
    meaning, operands = _meaning(name), tuple(columns[x] for x in "abc" if x in columns)
    for m, direction in DIRECTIONS.items():
        if f"z_{m}" not in columns:
            continue
        for kind, mode in CONVENTIONS.items():
            kept = _kept(name, kind, operands)
            taken = tuple(x[kept] for x in operands)
            made = run(meaning, replace(mode, rounding=direction), taken)
            wanted = columns[f"{kind}_{m}"][kept], columns[f"fl_{m}"][kept]
            yield _compared(f"{name} {m} {mode.nan.value}", taken, made, wanted)
        made = run(meaning, Attributes(direction, NaN.X86, Tininess.BEFORE), operands)
        yield _compared(f"{name} {m} tininess before", operands, made, (columns[f"z_{m}"], columns[f"flb_{m}"]))


def _kept(name: str, kind: str, operands: tuple[Array, ...]) -> Array:
    """The rows that a convention's column is right at."""
    if name != "f32_mulAdd" or kind != "za":
        return np.full(operands[0].shape, True)
    nans = [(x & np.uint32(BINARY32.magnitude_mask)) > BINARY32.overflow_code for x in operands]
    return np.asarray(np.sum(nans, axis=0) < 2)


@dataclass(frozen=True)
class _Meaning:
    """Our operation for TestFloat's function: of a format, or a conversion to another one."""

    format: Format
    operation: str
    to: Format | None = None


def _meaning(name: str) -> _Meaning:
    source, _, rest = name.partition("_")
    target = rest.removeprefix("to_")
    if source in _INTEGERS:
        return _Meaning(FORMATS[_NUMBERS[target]], f"from_{_INTEGERS[source]}")
    f = FORMATS[_NUMBERS[source]]
    if target in _INTEGERS:
        return _Meaning(f, f"to_{_INTEGERS[target]}")
    return _Meaning(f, "convert", FORMATS[_NUMBERS[target]]) if target in _NUMBERS else _Meaning(f, _NAMES.get(rest, rest))


def _compiled(meaning: _Meaning, mode: Attributes, operands: tuple[Array, ...]) -> tuple[Array, ...]:
    """Results and flags of the public operation."""
    machine = arithmetic(meaning.format, nan=mode.nan, tininess=mode.tininess, integers=mode.integers)
    if meaning.to is not None:
        return _pair(machine.convert(operands[0], meaning.to, rounding=mode.rounding, with_flags=True))
    operation = OPERATIONS[meaning.operation]
    options: dict[str, Any] = {"rounding": mode.rounding} if operation.rounds else {}
    options |= {"exact": True} if operation.exact is not None else {}  # TestFloat's -exact
    taken = [x.view(dtype(meaning.format)) for x, dtype in zip(operands, operation.takes)]
    return _pair(getattr(machine, meaning.operation)(*taken, with_flags=True, **options))


def _over_words(meaning: _Meaning, mode: Attributes, operands: tuple[Array, ...]) -> tuple[Array, ...]:
    """Results and flags of the algorithm, without a compiler."""
    if meaning.to is not None:
        return evaluate(partial(convert.convert, meaning.format, meaning.to, mode), *operands)
    operation = OPERATIONS[meaning.operation]
    taken = [x.view(dtype(meaning.format)) for x, dtype in zip(operands, operation.takes)]
    return evaluate(partial(operation.algorithm, meaning.format, mode), *taken)


def _pair(made: Any) -> tuple[Array, ...]:
    return tuple(made)


def _compared(what: str, operands: tuple[Array, ...], made: tuple[Array, ...], wanted: tuple[Array, ...]) -> Compared:
    found = made[0].astype(wanted[0].dtype)  # negative integers as bits
    differ = np.flatnonzero((found != wanted[0]) | (made[1] != wanted[1]))
    first = ""
    if differ.size:
        i = differ[0]
        shown = ", ".join(hex(x[i]) for x in operands)
        first = f"{what} ({shown}): {int(found[i]):#x} {int(made[1][i]):05b} instead of {int(wanted[0][i]):#x} {wanted[1][i]:05b}"
    return Compared(what, len(operands[0]), int(differ.size), first)


Run = Callable[[_Meaning, Attributes, tuple[Array, ...]], tuple[Array, ...]]
"""Results and flags of an operation under attributes."""
