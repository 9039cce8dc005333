"""Emitted kernels: where their source is kept, that no reader sees half of it, and that no folder is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpsem.softfloat.words import machine
from fpsem.softfloat.words.program import Program, record

UINT32 = np.dtype(np.uint32)
X = np.array([1, 2, 0xFFFFFFFF], np.uint32)


@pytest.fixture
def program() -> Program:
    return record(lambda x: (x * 3) & 0xFFFFFFFF, 1, machine.WIDTH)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


def compiled(program: Program) -> list[int]:
    return list(machine.compile_program("triple", program, (UINT32,), (UINT32,))(X).tolist())


TRIPLED = [3, 6, 0xFFFFFFFD]


def test_the_source_is_kept_in_the_folder_of_the_environment(cache: Path, program: Program) -> None:
    assert compiled(program) == TRIPLED
    (source,) = cache.glob("*.py")
    assert source.name.startswith("triple_")
    assert "def loop(out0, a0):" in source.read_text()


def test_the_source_is_written_once(cache: Path, program: Program) -> None:
    compiled(program)
    (source,) = cache.glob("*.py")
    inode = source.stat().st_ino
    assert compiled(program) == TRIPLED
    assert [path.stat().st_ino for path in cache.glob("*.py")] == [inode]


def test_the_source_appears_whole_and_leaves_nothing_beside_it(
    cache: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[tuple[bool, str]] = []

    def replace(source: Any, target: Any, move: Any = os.replace) -> None:
        if Path(target).parent == cache:
            moves.append((Path(target).exists(), Path(source).read_text()))
        move(source, target)

    monkeypatch.setattr(os, "replace", replace)
    compiled(program)
    (source,) = cache.glob("*.py")
    assert moves == [(False, source.read_text())]
    assert not list(cache.glob("*.tmp"))


def test_a_source_that_was_cut_short_is_written_anew(cache: Path, program: Program) -> None:
    compiled(program)
    (source,) = cache.glob("*.py")
    whole = source.read_text()
    source.write_text(whole[:40])
    assert compiled(program) == TRIPLED
    assert source.read_text() == whole


def test_programs_that_differ_do_not_share_a_source(cache: Path, program: Program) -> None:
    compiled(program)
    other = machine.compile_program("triple", record(lambda x: x + 1, 1, machine.WIDTH), (UINT32,), (UINT32,))
    assert other(X).tolist() == [2, 3, 0]
    assert len(list(cache.glob("*.py"))) == 2


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FPSEM_CACHE", str(tmp_path / "file" / "cache"))  # nobody can make a folder there, root neither
    assert compiled(program) == TRIPLED
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_folder_is_chosen_by_the_environment_from_the_nearest_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("FPSEM_CACHE", raising=False)
    assert machine.cache_folder() == Path("/h/.cache/fpsem")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert machine.cache_folder() == Path("/x/fpsem")
    monkeypatch.setenv("FPSEM_CACHE", "/f")
    assert machine.cache_folder() == Path("/f")


def test_results_of_truths_are_bools_and_operands_broadcast(cache: Path) -> None:
    less = machine.compile_program("less", record(lambda x, y: x < y, 2, machine.WIDTH), (UINT32, UINT32), (np.dtype(bool),))
    found = less(X[:, None], X[None, :2])
    assert found.dtype == bool
    assert found.tolist() == [[False, True], [False, False], [False, False]]
