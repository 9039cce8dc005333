"""Every kernel gives the bits of the generic definition over IEEE32Exec: schedules, ops and shapes, on every device there is."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.bridges import bridges_named
from fpsem.core.errors import FpsemError, UnknownNameError
from fpsem.core.protocol import ELEMENTARY
from fpsem.core.schedule import Lanes, Pairwise, Schedule, WarpTree
from fpsem.domains import _device_reductions, _kernels
from fpsem.domains._kernels import CPU_OPTIONS, FILES, FOLDER, device_named, function_source, source_of
from fpsem.domains.cupy_float32 import CuPyFloat32
from fpsem.domains.ieee32 import IEEE32Exec
from fpsem.softfloat.words.c_compiler import COMPILERS, compiler

ROOT = FOLDER.parents[1]
SCRIPTS = ROOT / "kernels"
_spec = importlib.util.spec_from_file_location("comparisons", SCRIPTS / "comparisons.py")
assert _spec is not None
assert _spec.loader is not None
comparisons = importlib.util.module_from_spec(_spec)
sys.modules["comparisons"] = comparisons
_spec.loader.exec_module(comparisons)

needs_compiler = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason=f"no C compiler: {', '.join(COMPILERS)}")
SHAPES = ((1, 3), (2, 5), (33, 4), (70, 2))
SEED = 7


@pytest.fixture(params=["cpu", "gpu"])
def device(request: pytest.FixtureRequest) -> str:
    """Each device that is there."""
    try:
        device_named(request.param)
        if request.param == "cpu":
            compiler()
    except FpsemError as error:
        pytest.skip(str(error))
    return str(request.param)


def checked(findings: Any) -> int:
    """How many results agreed; all must."""
    made = list(findings)
    assert [f"{f.what}: {f.mismatches} of {f.results}, {f.first}" for f in made if f.mismatches] == []
    return sum(f.results for f in made)


# -- bits ------------------------------------------------------------------------------------------------------------


def test_elementwise_kernels_give_the_bits_of_the_exact_domain(device: str) -> None:
    assert checked(comparisons.elementwise(CuPyFloat32(device=device), IEEE32Exec(), 2000, SEED)) > 40_000


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_kernels_are_correctly_rounded(name: str, device: str) -> None:
    assert checked([comparisons.function(name, CuPyFloat32(device=device), IEEE32Exec(), 2000, SEED)]) > 2000


@pytest.mark.parametrize("special", [False, True], ids=["numbers", "special"])
@pytest.mark.parametrize("schedule", comparisons.SCHEDULES, ids=str)
def test_reductions_give_the_bits_of_their_meaning(schedule: Schedule, special: bool, device: str) -> None:
    domain, exact = CuPyFloat32(schedule, device=device), IEEE32Exec(schedule=schedule)
    for n, m in SHAPES:
        checked(comparisons.reduction(case, domain, exact, SEED, special) for case in comparisons.cases(n, m))


def test_sums_of_two_orders_differ_so_that_the_order_is_seen(device: str) -> None:
    (case,) = (c for c in comparisons.cases(70, 40) if c.op == "sum" and c.attributes["axis"] == 1)
    finding = comparisons.reduction(case, CuPyFloat32(Pairwise(), device=device), IEEE32Exec(), SEED, False)
    assert finding.mismatches
    assert "gave 0x" in finding.first


@pytest.mark.parametrize(("schedule", "n", "holds"), [
    (Lanes(width=8), 8, True), (Lanes(width=8), 7, False), (Lanes(width=6), 20, False), (Lanes(width=64), 100, False),
    (WarpTree(), 32, True), (WarpTree(), 31, False), (WarpTree(width=64), 100, False), (Pairwise(), 64, False),
])  # fmt: skip
def test_a_warp_takes_the_sums_that_it_can(schedule: Schedule, n: int, holds: bool) -> None:
    assert _device_reductions.is_warp(schedule, n) == holds


@needs_compiler
@pytest.mark.parametrize(("old", "new", "what"), [
    ("x == y ? equal : x < y", "x == y ? x : x < y", "minimum"),
    ("(x, y, z)", "(x, y, 0.0f) + z", "fma"),
    ("up ? level : width / (2 * level)", "level", "sum"),
    ("else if (fused)", "else if (!fused)", "matmul"),
    ("variance, eps", "variance, 0.0f", "layer_norm"),
    ("fpsem_f32_sub(x[i * m + j], most)", "fpsem_f32_sub(x[i * m + j], x[j])", "softmax"),
])  # fmt: skip
def test_a_bug_in_a_kernel_is_found(old: str, new: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {file: source_of(file).replace(old, new) for file in FILES}
    assert any(sources[file] != source_of(file) for file in FILES)
    monkeypatch.setattr(_device_reductions, "source_of", sources.__getitem__)
    monkeypatch.setattr("fpsem.domains.cupy_float32.source_of", sources.__getitem__)
    schedule = WarpTree(width=8, fused=True)
    domain, exact = CuPyFloat32(schedule, device="cpu"), IEEE32Exec(schedule=schedule)
    found = [*comparisons.elementwise(domain, exact, 500, SEED)]
    found += [comparisons.reduction(case, domain, exact, SEED, False) for case in comparisons.cases(33, 4)]
    assert what in {f.what.split(" (")[0] for f in found if f.mismatches}


@needs_compiler
def test_the_claim_fails_where_an_operation_is_wrong_and_says_where_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = bridges_named(("ieee32-equals-kernels",))["ieee32-equals-kernels"]
    detail = claim.check(1000, SEED).detail
    assert detail.startswith("on ")
    monkeypatch.setattr(CuPyFloat32, "div", lambda self, x, y: self.mul(x, y))
    evidence = claim.check(1000, SEED)
    assert not evidence.holds
    assert all(failure.startswith("div(") for failure in evidence.failures)


# -- sources ---------------------------------------------------------------------------------------------------------


def test_the_sources_are_the_files_of_the_folder() -> None:
    assert set(FILES) == {path.stem for path in FOLDER.glob("*.cu")}
    with pytest.raises(UnknownNameError, match="kernel source 'matmull'"):
        source_of("matmull")


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_source_begins_with_what_it_computes_and_its_readable_twin(path: Path) -> None:
    comment = path.read_text(encoding="utf-8").split("*/")[0]
    needed = ["Contraction:", "Readable twin"] + (["Op", "Schedule"] if path.suffix == ".cu" else [])
    assert [word for word in needed if word not in comment] == []
    twins = re.findall(r"(fpsem/[\w/]+)(\.py)?(?:, (\w+))?", comment)
    for file, suffix, name in twins:
        text = (ROOT / f"{file}{suffix}").read_text(encoding="utf-8") if suffix else name
        assert (ROOT / f"{file}{suffix}").exists()
        assert suffix == "" or re.search(rf"\b{name}\b", text), f"{file}{suffix} has no {name}"


STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror", "-fsyntax-only"]


@needs_compiler
@pytest.mark.parametrize("file", FILES)
def test_a_source_is_strict_c99_and_cpp11_as_it_lies_there(file: str) -> None:
    for command in ([compiler(), "-x", "c", "-std=c99"], ["c++", "-x", "c++", "-std=c++11"]):
        if shutil.which(command[0]):
            done = subprocess.run(
                [*command, *STRICT, str(FOLDER / f"{file}.cu")], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr


FUSES = {"elementwise", "library", "matmul"}
"""The sources that may hold a fused multiply-add: the op itself, the library's own, and products of schedules that fuse."""


@pytest.mark.skipif(not shutil.which("nvcc"), reason="no CUDA compiler: nvcc")
@pytest.mark.parametrize("file", FILES)
def test_nvcc_rounds_each_operation_by_itself(file: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["nvcc", "-ptx", "-o", "made.ptx", str(FOLDER / f"{file}.cu")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = set(re.findall(r"\b((?:fma|mad|add|mul|sub|div|sqrt)[.\w]*\.f32)\b", (tmp_path / "made.ptx").read_text()))
    if file != "library":
        assert {op for op in made if ".rn" not in op or "ftz" in op} == set()
        assert {op for op in made if op.startswith("fma")} == ({"fma.rn.f32"} if file in FUSES else set())


@needs_compiler
def test_the_c_compiler_fuses_nothing() -> None:
    assert "-ffp-contract=off" in CPU_OPTIONS
    kernel = _kernels.build_for_cpu(source_of("matmul"), (*CPU_OPTIONS, "-march=native")).float32_matmul_sequential_kernel
    x = np.array([1 + 2**-12, 1 + 2**-12], np.float32)
    y, out = np.array([1 + 2**-12, -(1 + 2**-12)], np.float32), np.ones(1, np.float32)
    numbers = [_kernels._for_c(np.uint64(n)) for n in (2, 1, 0)]
    kernel(_kernels._for_c(np.uint64(1)), *(_kernels._for_c(a) for a in (out, x, y)), *numbers)
    assert out[0] == 0  # a fused last product would leave the first one's error


def test_elementary_sources_name_their_twin_and_need_no_other_file() -> None:
    source, kernel = function_source("exp")
    assert kernel == "binary32_exp_kernel"
    assert "readable twin: fpsem/softfloat/elementary/kernel.py, attempt" in source
    assert '#include "' not in source + "".join(map(source_of, FILES))


# -- the script ------------------------------------------------------------------------------------------------------


@needs_compiler
def test_the_script_compares_and_writes_its_report(tmp_path: Path) -> None:
    options = ["--device", "cpu", "--terms", "9", "--columns", "2", "--samples", "50", "--report", str(tmp_path / "gpu.md")]
    script = [sys.executable, str(SCRIPTS / "check_gpu.py"), *options]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert " 0 mismatches" in done.stdout
    text = (tmp_path / "gpu.md").read_text()
    assert "* device: the CPU, through the C compiler" in text
    assert re.search(r"\| matmul \| 84 \| [\d,]+ \| 0 \|", text)
