"""Arrays come back as they were written; nothing that a file says is believed before it is checked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpsem.core.errors import FileFormatError
from fpsem.data import read_arrays

ARRAY = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), version)
    return stream.getvalue()


def header(shape: object, descr: object = "<f4") -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def npz(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def read(tmp_path: Path, data: bytes, **options: int) -> dict[str, Any]:
    (tmp_path / "file").write_bytes(data)
    return read_arrays(tmp_path / "file", **options)


@pytest.mark.parametrize(
    "array",
    [ARRAY, ARRAY.T, np.asfortranarray(ARRAY), ARRAY.astype(">f8"), np.float32(3), np.zeros((0, 3), np.int8),
     np.array(["a", "bc"]), np.array([True]), np.float32([np.nan, np.inf])],
)  # fmt: skip
def test_an_array_comes_back(tmp_path: Path, array: Any) -> None:
    (found,) = read(tmp_path, npy(array)).values()
    assert np.array_equal(found, array, equal_nan=array.dtype.kind == "f")
    assert (found.shape, found.dtype) == (array.shape, array.dtype.newbyteorder("="))
    assert found.flags.c_contiguous
    assert found.flags.writeable


def test_the_longer_header_is_read_too(tmp_path: Path) -> None:
    assert np.array_equal(read(tmp_path, npy(ARRAY, (2, 0)))[""], ARRAY)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_comes_back_by_name(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "a.npz", x=ARRAY, y=np.int64([1]))
    found = read_arrays(str(tmp_path / "a.npz"))
    assert list(found) == ["x", "y"]
    assert np.array_equal(found["x"], ARRAY)


def test_an_archive_may_be_empty(tmp_path: Path) -> None:
    assert read(tmp_path, npz()) == {}


def bomb() -> bytes:
    """Says it unpacks to 4 bytes, and unpacks to a million."""
    data = npz(("x.npy", npy(np.zeros(1 << 18, np.float32))))
    size = (len(npy(np.zeros(1 << 18, np.float32)))).to_bytes(4, "little")
    assert data.count(size) == 2  # the local header's and the directory's
    return data.replace(size, (4).to_bytes(4, "little"))


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not a .npy or .npz file"),
    "text": (b"hello", "not a .npy or .npz file"),
    "objects": (header((1,), "|O") + b"cos\nsystem\n.", "Object arrays are Python pickles"),
    "objects within records": (header((1,), [("a", "<f4"), ("b", "|O")]) + b"x" * 12, "Object arrays"),
    "more than is there": (header((1 << 50,)), "takes 4503599627370496 bytes, 0 are there"),
    "a product beyond 64 bits": (header((1 << 40, 1 << 40)), "bytes, 0 are there"),
    "a negative size": (header((-1,)), "none"),
    "two negative sizes": (header((-1, -1)) + b"1234", "none"),
    "no shape": (header("'a'"), "not a whole"),
    "an unknown dtype": (header((1,), "<q9"), "not a whole"),
    "a dtype of no size": (header((4,), "|V0"), "not a whole"),
    "a header that nests": (b"\x93NUMPY\x01\x00" + (5000).to_bytes(2, "little") + b"(" * 5000, "not a whole"),
    "a header that is endless": (b"\x93NUMPY\x02\x00" + b"\xff" * 4 + b" " * 20_000, "not a whole"),
    "another version": (b"\x93NUMPY\x09\x00" + npy(ARRAY)[8:], "not a whole"),
    "something behind": (npy(ARRAY) + b"\0", "takes 96 bytes, 97 are there"),
    "an archive of text": (npz(("a.txt", b"hello")), "array 'a.txt'"),
    "an archive with objects": (npz(("x.npy", header((1,), "|O") + b".")), "array 'x': Object arrays"),
    "a bomb that lies": (bomb(), "array 'x'"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    data, told = HOSTILE[kind]
    with pytest.raises(FileFormatError, match=told) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(str(tmp_path / "file"))


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="two arrays have the name 'x'"):
        read(tmp_path, npz(("x.npy", npy(ARRAY)), ("x", npy(ARRAY))))


def test_what_unpacks_beyond_the_limit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    data = npz(*((f"{i}.npy", npy(np.zeros(1000, np.float32))) for i in range(10)))
    whole = 10 * len(npy(np.zeros(1000, np.float32)))
    assert len(data) < 4000
    assert len(read(tmp_path, data, limit=whole)) == 10
    with pytest.raises(FileFormatError, match=f"it unpacks to {whole} bytes, more than {whole - 1}"):
        read(tmp_path, data, limit=whole - 1)
    with pytest.raises(FileFormatError, match="longer than 100 bytes"):
        read(tmp_path, data, limit=100)


@pytest.mark.parametrize("whole", [npy(ARRAY), npz(("x.npy", npy(ARRAY)))], ids=["npy", "npz"])
def test_a_truncated_file_is_refused_at_every_cut(tmp_path: Path, whole: bytes) -> None:
    for cut in range(len(whole)):
        with pytest.raises(FileFormatError, match="not a"):
            read(tmp_path, whole[:cut])


def test_a_changed_byte_of_an_archive_is_seen(tmp_path: Path) -> None:
    whole = npz(("x.npy", npy(ARRAY)), compression=zipfile.ZIP_STORED)
    with pytest.raises(FileFormatError, match="CRC"):
        read(tmp_path, whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])


@given(data=st.data())
def test_no_change_of_a_header_raises_anything_else(data: st.DataObject, tmp_path_factory: Any) -> None:
    whole = bytearray(npy(ARRAY))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(6, 80))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.npy"
    path.write_bytes(whole)
    try:
        (found,) = read_arrays(path).values()
    except FileFormatError:
        return
    assert found.nbytes == ARRAY.nbytes


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        read_arrays(tmp_path / "missing")
