"""The algorithms against the vectors of Berkeley TestFloat in this folder: values, flags, NaNs of three platforms, tininess."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fpsem.bridges.softfloat_vectors import DIRECTIONS, compare_file, function_of, load_vectors, vector_files
from fpsem.core.errors import FileFormatError

FOLDER = Path(__file__).parent / "vectors"
FILES = {function_of(path): path for path in vector_files(FOLDER)}
WHOLE = [f"f32_{name}" for name in ("add", "sub", "mul", "div", "mulAdd", "sqrt", "roundToInt", "to_f16", "to_i32", "to_ui64")]


@pytest.mark.parametrize("function", FILES)
def test_every_vector_is_met(function: str) -> None:
    compared = list(compare_file(FILES[function], compiled=False))
    assert min(c.cases for c in compared) > 350
    assert [c.first for c in compared if c.mismatches] == []


@pytest.mark.parametrize("function", ["f32_mul", "f32_rem", "f32_to_i32", "i32_to_f32"])
def test_compiled_operations_meet_the_vectors_too(function: str) -> None:
    assert [c.first for c in compare_file(FILES[function]) if c.mismatches] == []


def test_every_function_is_there_in_every_direction_that_it_has() -> None:
    assert len(FILES) == 21
    for function in WHOLE:
        assert {f"z_{m}" for m in DIRECTIONS} <= load_vectors(FILES[function]).keys()


def test_the_vectors_tell_the_rules_of_tininess_and_the_platforms_apart() -> None:
    product = load_vectors(FILES["f32_mul"])
    assert np.any(product["fl_rne"] != product["flb_rne"])
    assert np.any(product["z_rne"] != product["zr_rne"])
    assert np.any(product["z_rne"] != product["za_rne"])


@pytest.mark.parametrize("column", ["z_rne", "fl_rne", "xflb_rne", "vr_rne", "dz_rup", "dfl_rup"])
def test_a_changed_vector_is_noticed(column: str, tmp_path: Path) -> None:
    with np.load(FILES["f32_mul"]) as file:
        columns = {name: file[name].copy() for name in file.files}
    columns[column][7] ^= 1
    np.savez(tmp_path / "f32_mul.npz", **columns)
    compared = list(compare_file(tmp_path / "f32_mul.npz", compiled=False))
    assert sum(c.mismatches for c in compared) >= 1
    assert any("instead of" in c.first for c in compared)


def test_files_may_have_a_name_before_the_function(tmp_path: Path) -> None:
    shutil.copy(FILES["f32_sqrt"], tmp_path / "level2_f32_sqrt.npz")
    assert [function_of(path) for path in vector_files(tmp_path)] == ["f32_sqrt"]
    assert function_of(Path("dev_ui64_to_f32.npz")) == "ui64_to_f32"


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no vector files"):
        vector_files(tmp_path)
    with pytest.raises(FileFormatError, match="ends in no function of TestFloat"):
        function_of(tmp_path / "notes.npz")
    broken = tmp_path / "f32_add.npz"
    broken.write_bytes(FILES["f32_add"].read_bytes()[:500])
    with pytest.raises(FileFormatError, match=r"f32_add\.npz: not a vector file"):
        load_vectors(broken)
    np.savez(broken, z_rne=np.zeros(3, np.uint32))
    with pytest.raises(FileFormatError, match="not a vector file"):
        load_vectors(broken)
    with pytest.raises(FileNotFoundError):
        load_vectors(tmp_path / "f32_sub.npz")
