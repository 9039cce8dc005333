"""Emitted CUDA C: built for the CPU it agrees with the other machines bit for bit, and the compilers that are there accept it."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.core.errors import UnknownNameError, UnsupportedError
from fpsem.core.formats import FORMATS, Format
from fpsem.core.rounding import Rounding
from fpsem.softfloat import arithmetic, operations
from fpsem.softfloat.attributes import Attributes, Integers, NaN, Subnormals
from fpsem.softfloat.c_source import c_source, operation_function
from fpsem.softfloat.operations import OPERATIONS
from fpsem.softfloat.words import c_compiler, cuda, machine
from fpsem.softfloat.words.c_compiler import COMPILERS, build_for_cpu, compile_for_cpu
from fpsem.softfloat.words.cuda import Function
from fpsem.softfloat.words.integer import IntegerMachine
from fpsem.softfloat.words.program import DOUBLES, FROM_DOUBLES, TRUTHS_OF_DOUBLES, record
from fpsem.softfloat.words.word import Truth, Word
from fpsem.testing.operands import columns, corner_codes

UINT32, UINT64 = np.dtype(np.uint32), np.dtype(np.uint64)
NEAREST, DOWNWARD = Attributes(), Attributes(rounding=Rounding.DOWNWARD)
JUDGES = {"binary32": ("numba", 1), "binary16": ("integer", 11), "e4m3": ("integer", 11)}
"""The machine that each format's C is compared with, and of how many rows one is taken: numba compiles each operation for a
tenth of a second, Python integers take a tenth of a millisecond for a row."""
SAMPLES = 2000

needs_compiler = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason=f"no C compiler: {', '.join(COMPILERS)}")


def names(f: Format) -> list[str]:
    """The operations that 64 bits suffice for."""
    return [name for name, operation in OPERATIONS.items() if operation.width(f) <= cuda.WIDTH]


def emitted(f: Format) -> list[tuple[str, Attributes]]:
    """Every one of them, in the directions that are tried."""
    return [(name, mode) for name in names(f) for mode in (NEAREST, DOWNWARD) if OPERATIONS[name].rounds or mode is NEAREST]


CASES = [
    pytest.param(format, name, mode, id=f"{format}-{name}-{mode.rounding.value}")
    for format in JUDGES
    for name, mode in emitted(FORMATS[format])
]


@cache
def built(format: str) -> Mapping[str, Callable[..., Any]]:
    """All of a format's operations in one library, with flags and without."""
    f = FORMATS[format]
    functions = [operation_function(name, f, mode, flags) for name, mode in emitted(f) for flags in (False, True)]
    return compile_for_cpu(functions, ("-O1",))


def values(dtype: np.dtype[Any], is_code: bool, f: Format, rng: np.random.Generator) -> tuple[Any, Any]:
    """Corners and random values of an operand: codes, or integers of every length."""
    bits = f.width if is_code else 8 * dtype.itemsize
    drawn = rng.integers(0, 1 << bits, SAMPLES, dtype=np.uint64)
    if is_code:
        return np.array(corner_codes(f), dtype), drawn.astype(dtype)
    info = np.iinfo(dtype)
    corners = np.array(sorted({0, 1, 2, 3, info.max, info.max - 1, info.min, info.min + 1}), dtype)
    return corners, (drawn >> rng.integers(0, bits, SAMPLES, dtype=np.uint64)).astype(dtype)


@cache
def rows(format: str, name: str) -> tuple[Any, ...]:
    """Every tuple of corners, thinned where they are many, then random rows: one array for each operand."""
    f, operation, rng = FORMATS[format], OPERATIONS[name], np.random.default_rng(20)
    is_code = [takes is operations.code for takes in operation.takes]
    if format == "binary32" and all(is_code):
        return columns(len(is_code), SAMPLES, seed=20)
    parts = [values(takes(f), code, f, rng) for takes, code in zip(operation.takes, is_code)]
    tuples = list(itertools.product(*(corners for corners, _ in parts)))
    tuples = tuples[:: len(tuples) // (2 * SAMPLES) + 1]
    return tuple(np.concatenate([np.array(c, drawn.dtype), drawn]) for c, (_, drawn) in zip(zip(*tuples), parts))


# -- words -----------------------------------------------------------------------------------------------------------


OF_WORDS = [name for name in cuda._PRINTED if name not in DOUBLES | TRUTHS_OF_DOUBLES | FROM_DOUBLES]
"""Operations of words alone; those of doubles have a file of their own."""


def of(name: str) -> Callable[..., Word | Truth]:
    """An operation of words alone, on operands on which it is defined."""

    def algorithm(x: Word, y: Word, z: Word) -> Word | Truth:
        t, u = x < y, y < z
        taken: dict[str, tuple[Word | Truth, ...]] = {
            "all": (t, u), "any": (t, u), "not": (t,), "select": (t, y, z), "count_leading_zeros": (x,),
            "div": (x, y | 1), "shift_left": (x, y & 63), "shift_right": (x, y & 63),
        }  # fmt: skip
        term = x.machine.operate(name, *(value.term for value in taken.get(name, (x, y))))
        return Truth(x.machine, term) if name in cuda._TRUTHS else Word(x.machine, term)

    return algorithm


@cache
def words() -> Mapping[str, Callable[..., Any]]:
    results = {name: np.dtype(bool) if name in cuda._TRUTHS else UINT64 for name in OF_WORDS}
    return compile_for_cpu([
        Function(f"word_{name}", record(of(name), 3, cuda.WIDTH), (UINT64,) * 3, (result,)) for name, result in results.items()
    ])  # fmt: skip


def test_every_operation_of_words_is_printed() -> None:
    assert set(cuda._PRINTED) == set(machine._PRINTED)


@needs_compiler
@pytest.mark.parametrize("name", OF_WORDS)
def test_printed_words_mean_what_integers_mean(name: str) -> None:
    most, ints = (1 << cuda.WIDTH) - 1, IntegerMachine(cuda.WIDTH)
    corners = (0, 1, 63, most, most - 1, most >> 1, (most >> 1) + 1, 0x123456789ABCDEF)
    triples = list(itertools.product(corners, repeat=3))
    expected = [of(name)(*(Word(ints, x) for x in row)).term for row in triples]
    assert words()[f"word_{name}"](*(np.array(column, np.uint64) for column in zip(*triples))).tolist() == expected


@needs_compiler
def test_signed_operands_are_extended_and_signed_results_wrap() -> None:
    int8, int32 = np.dtype(np.int8), np.dtype(np.int32)
    triple = compile_for_cpu([Function("triple", record(lambda x: x * 3, 1, cuda.WIDTH), (int8,), (int32,))])["triple"]
    assert triple(np.array([-128, -1, 127], np.int8)).tolist() == [-384, -3, 381]


# -- operations ------------------------------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.parametrize(("format", "name", "mode"), CASES)
def test_c_on_the_cpu_agrees_with_the_other_machines(format: str, name: str, mode: Attributes) -> None:
    f, (judge, step) = FORMATS[format], JUDGES[format]
    operands = [np.ascontiguousarray(x[::step]) for x in rows(format, name)]
    chosen = {"rounding": mode.rounding} if OPERATIONS[name].rounds else {}
    codes, flags = getattr(arithmetic(format, judge), name)(*operands, with_flags=True, **chosen)
    plain, with_flags = (built(format)[operation_function(name, f, mode, flagged).name] for flagged in (False, True))
    found = {"without flags": plain(*operands), "with flags": with_flags(*operands)[0], "flags": with_flags(*operands)[1]}
    for what, made in found.items():
        wanted = flags if what == "flags" else codes
        differ = np.flatnonzero(made != wanted)
        shown = [(*(hex(x[i]) for x in operands), made[i], wanted[i]) for i in differ[:5]]
        assert made.dtype == wanted.dtype
        assert not len(differ), f"{name}, {what} (operands, C, {judge}): {shown}"


@needs_compiler
def test_attributes_reach_the_c() -> None:
    mode, x86 = Attributes(nan=NaN.X86, subnormals=Subnormals.FLUSH), arithmetic("binary32", nan="x86", subnormals="flush")
    (mul,) = compile_for_cpu([operation_function("mul", FORMATS["binary32"], mode)]).values()
    operands = rows("binary32", "mul")
    assert (mul(*operands) == x86.mul(*operands)).all()
    assert (mul(*operands) != arithmetic("binary32").mul(*operands)).any()


@needs_compiler
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", ["round_to_integral", "to_int32"])
def test_inexact_is_told_where_it_is_asked_for(name: str, exact: bool) -> None:
    (function,) = compile_for_cpu([operation_function(name, FORMATS["binary32"], NEAREST, True, exact)]).values()
    (codes,) = rows("binary32", name)
    wanted = getattr(arithmetic("binary32"), name)(codes, with_flags=True, exact=exact)[1]
    assert (function(codes)[1] == wanted).all()
    assert bool((wanted & 1).any()) == exact


@needs_compiler
def test_conversions_agree_with_numba() -> None:
    (codes,) = columns(1, SAMPLES, seed=20)
    (narrow,) = compile_for_cpu([operation_function("to_binary16", FORMATS["binary32"], DOWNWARD)]).values()
    assert (narrow(codes) == arithmetic("binary32").convert(codes, "binary16", rounding="downward")).all()


@needs_compiler
def test_arrays_broadcast_and_other_dtypes_are_refused() -> None:
    less = built("binary32")["binary32_less"]
    x = np.array([0x3F800000, 0x40000000], np.uint32)
    assert less(x[:, None], x[None, :]).tolist() == [[False, True], [False, False]]
    with pytest.raises(TypeError, match="binary32_less takes arrays of uint32, uint32, not of uint32, float32"):
        less(x, x.view(np.float32))
    with pytest.raises(TypeError, match=r"not of uint32$"):
        less(x)


def test_names_tell_formats_operations_and_attributes_apart() -> None:
    cases = [(f, name, mode, flags) for f in JUDGES for name, mode in emitted(FORMATS[f]) for flags in (False, True)]
    found = {operation_function(name, FORMATS[f], mode, flags).name for f, name, mode, flags in cases}
    assert len(found) == len(cases)
    assert {"binary32_add", "binary32_add_flags", "e4m3_add_downward", "binary16_less"} < found
    arm = [Attributes(nan=NaN.ARM), Attributes(integers=Integers.ARM), Attributes(saturate=True)]
    found = {operation_function("to_int32", FORMATS["binary32"], mode).name for mode in arm}
    assert found == {"binary32_to_int32_nan_arm", "binary32_to_int32_integers_arm", "binary32_to_int32_saturate"}


def test_the_source_names_its_operation_its_attributes_and_its_readable_twin() -> None:
    source = c_source(["fma", "to_e4m3"], FORMATS["binary16"], DOWNWARD, with_flags=True)
    assert "binary16 fma with flags; readable twin: fpsem/softfloat/fused.py, fma." in source
    assert "readable twin: fpsem/softfloat/convert.py, convert." in source
    assert "rounding downward, nan canonical" in source
    assert not re.search(r"\b(float|double)\b", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))


# -- what is refused -------------------------------------------------------------------------------------------------


def test_operations_without_a_c_source_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown operation 'ad'"):
        c_source(["ad"], FORMATS["binary32"], NEAREST)
    with pytest.raises(UnsupportedError, match=r"fma of binary64 needs words of .* bits; C is printed for words of 64"):
        c_source(["fma"], FORMATS["binary64"], NEAREST)
    with pytest.raises(ValueError, match="two functions have the name 'binary32_add'"):
        c_source(["add", "add"], FORMATS["binary32"], NEAREST)


def test_programs_that_c_cannot_hold_are_refused() -> None:
    program = record(lambda x: x + 1, 1, cuda.WIDTH)
    with pytest.raises(ValueError, match="'a-b' is no name of a C function"):
        Function("a-b", program, (UINT64,), (UINT64,))
    with pytest.raises(ValueError, match="not of 32"):
        Function("f", record(lambda x: x, 1, 32), (UINT64,), (UINT64,))
    with pytest.raises(ValueError, match=r"number \(2, 1\); the program has \(1, 1\)"):
        Function("f", program, (UINT64,) * 2, (UINT64,))
    with pytest.raises(ValueError, match="not for float32"):
        cuda.emit_function(Function("f", program, (np.dtype(np.float32),), (UINT64,)))


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnsupportedError, match="none of cc, gcc, clang is on the PATH"):
        build_for_cpu("")


# -- libraries -------------------------------------------------------------------------------------------------------


@needs_compiler
def test_a_library_is_built_once_and_leaves_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path))
    build_for_cpu("int one(void) { return 1; }")
    (made,) = (tmp_path / "libraries").iterdir()
    inode = made.stat().st_ino
    assert build_for_cpu("int one(void) { return 1; }").one() == 1
    assert [path.stat().st_ino for path in (tmp_path / "libraries").iterdir()] == [inode]


@needs_compiler
def test_a_source_that_the_compiler_refuses_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path))
    with pytest.raises(UnsupportedError, match=r"refuses the emitted C:\n(.*\n)*.*error"):
        build_for_cpu("int one(void) { return }")
    assert list((tmp_path / "libraries").iterdir()) == []


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path / "file" / "cache"))
    assert build_for_cpu("int two(void) { return 2; }").two() == 2


# -- compilers -------------------------------------------------------------------------------------------------------


def compiles(command: list[str], suffix: str, source: str, folder: Path) -> None:
    """The compiler accepts the source, or the test fails with what it says."""
    (folder / f"source.{suffix}").write_text(source)
    done = subprocess.run([*command, f"source.{suffix}"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror", "-fsyntax-only", "-Wno-type-limits"]
"""With every warning but one: in a format without infinities, some comparison may never hold."""


def everything(f: Format) -> str:
    return c_source(names(f), f, NEAREST, with_flags=True)


@needs_compiler
@pytest.mark.parametrize("format", JUDGES)
def test_the_source_is_strict_c99(format: str, tmp_path: Path) -> None:
    compiles([c_compiler.compiler(), "-std=c99", *STRICT], "c", everything(FORMATS[format]), tmp_path)


@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler: c++")
def test_the_source_is_strict_cpp11(tmp_path: Path) -> None:
    compiles(["c++", "-std=c++11", *STRICT], "cpp", everything(FORMATS["binary32"]), tmp_path)


@pytest.mark.skipif(not shutil.which("nvcc"), reason="no CUDA compiler: nvcc")
def test_nvcc_compiles_the_source(tmp_path: Path) -> None:
    compiles(["nvcc", "-ptx", "-o", "made.ptx"], "cu", everything(FORMATS["binary32"]), tmp_path)
    made = (tmp_path / "made.ptx").read_text()
    assert [name for name in names(FORMATS["binary32"]) if f".entry binary32_{name}_flags_kernel(" not in made] == []


def test_a_gpu_agrees_with_numba() -> None:
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"no GPU: {error}")
    f = FORMATS["binary32"]
    functions = [operation_function(name, f, NEAREST, with_flags=True) for name in names(f)]
    module = cupy.RawModule(code=cuda.emit_module(functions))
    for name, function in zip(names(f), functions):
        operands = rows("binary32", name)
        made = [cupy.empty(operands[0].shape, dtype) for dtype in function.results]
        given = [cupy.asarray(x) for x in operands]
        module.get_function(function.kernel)((4,), (128,), (np.uint64(made[0].size), *made, *given))
        wanted = getattr(arithmetic("binary32"), name)(*operands, with_flags=True)
        assert all((cupy.asnumpy(found) == expected).all() for found, expected in zip(made, wanted)), name


@needs_compiler
def test_the_script_writes_a_file_that_a_compiler_takes_as_it_is(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "kernels" / "emit.py"
    subprocess.run([sys.executable, str(script), "binary16", "some.cu", "add", "to_e4m3"], cwd=tmp_path, check=True)
    assert (tmp_path / "some.cu").read_text() == c_source(["add", "to_e4m3"], FORMATS["binary16"], NEAREST, with_flags=True)
    subprocess.run([c_compiler.compiler(), "-x", "c", "-std=c99", "-c", "some.cu"], cwd=tmp_path, check=True)
