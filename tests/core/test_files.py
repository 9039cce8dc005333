"""A read is bounded, a write is all or nothing."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from fpsem.core import files
from fpsem.core.errors import FileFormatError


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234")
    assert files.read(tmp_path / "a", 4) == b"1234"
    with pytest.raises(FileFormatError, match="a: longer than 3 bytes"):
        files.read(tmp_path / "a", 3)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        files.read(tmp_path / "missing", 1)
    with pytest.raises(FileNotFoundError, match="missing"):
        files.read_gzip(tmp_path / "missing", 1)


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileFormatError, match="not a regular file"):
            files.read(path, 1)


def test_gzip_is_unpacked_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(10_000)))
    assert files.read_gzip(path, 10_000) == bytes(10_000)
    with pytest.raises(FileFormatError, match="longer than 9999"):
        files.read_gzip(path, 9_999)


def test_broken_gzip_is_refused_at_every_cut(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.gz", gzip.compress(os.urandom(100))
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileFormatError, match="not a whole gzip file"):
            files.read_gzip(path, 1000)


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    for data in (b"old and longer", b"new"):
        files.write(tmp_path / "a", data)
        assert (tmp_path / "a").read_bytes() == data
    assert os.listdir(tmp_path) == ["a"]


def test_who_has_the_old_file_open_keeps_reading_it(tmp_path: Path) -> None:
    files.write(tmp_path / "a", b"old")
    with (tmp_path / "a").open("rb") as reader:
        files.write(tmp_path / "a", b"new")
        assert reader.read() == b"old"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    files.write(tmp_path / "a", b"old")

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]
