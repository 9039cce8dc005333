"""Reading and writing whole files: a read is bounded, a write is all or nothing."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import stat
import zlib
from pathlib import Path

from fpsem.core.errors import FileFormatError


def read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file.

    Args:
        path: the file.
        limit: the most bytes that it may hold.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is longer, or not a regular file.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    if not stat.S_ISREG(path.stat().st_mode):
        raise FileFormatError(f"{path}: not a regular file")
    with path.open("rb") as file:
        return _read(path, file, limit)


def read_gzip(path: Path, limit: int) -> bytes:
    """What a gzip file holds. Raises as ``read`` does, and FileFormatError for what is not gzip; the limit is for both
    the file and what it unpacks to."""
    packed = read(path, limit)
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            return _read(path, file, limit)
    except (EOFError, OSError, zlib.error) as error:
        raise FileFormatError(f"{path}: not a whole gzip file: {error}") from error


def _read(path: Path, file: io.BufferedIOBase, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise FileFormatError(f"{path}: longer than {limit} bytes")
    return data


def write(path: Path, data: bytes) -> None:
    """Write a file so that whoever reads it meets the old content or the new, never a part: a new file in the same
    folder takes its place. Raises OSError as ``open`` does; the new file is then removed."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        with new.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
