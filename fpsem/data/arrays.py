"""Arrays from .npy and .npz files, without trust in the file.

The header is parsed by numpy; the array is then cut out of the bytes that are there. Nothing is unpickled, nothing is
allocated on the word of a header, and what an archive unpacks to is bounded before it is unpacked.

Not here: any judgement of what is in the arrays. Strings, float64 and NaN come back as they are.

Source: the .npy format, numpy.lib.format (NEP 1); a .npz file is a zip of .npy files.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.errors import FileFormatError

_NPY, _ZIP = b"\x93NUMPY", b"PK"
"""How .npy and .npz files begin."""

_MOST = 1 << 32


def read_arrays(path: str | Path, limit: int = _MOST) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file by name; the array of a .npy file has the name "". Each has memory of its own, in C order and
    in the machine's byte order.

    Args:
        path: a .npy or .npz file; its content decides which.
        limit: the most bytes that the file, and what it unpacks to, may hold.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is not such a file, truncated, holds objects, or is beyond the limit.
    """
    path = Path(path)
    data = files.read(path, limit)
    if not data.startswith((_NPY, _ZIP)):
        raise FileFormatError(f"{path}: not a .npy or .npz file; write one with numpy.save or numpy.savez")
    try:
        return _archive(data, limit) if data.startswith(_ZIP) else {"": _array(data)}
    except Exception as error:  # numpy, zipfile, zlib and the header's parser each have their own
        raise FileFormatError(f"{path}: not a whole .npy or .npz file of numbers: {error}") from error


def _archive(data: bytes, limit: int) -> dict[str, npt.NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)  # no more than this is ever unpacked
        if unpacked > limit:
            raise FileFormatError(f"it unpacks to {unpacked} bytes, more than {limit}")
        arrays = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise FileFormatError(f"two arrays have the name {name!r}")
            try:
                arrays[name] = _array(archive.read(member))
            except Exception as error:
                raise FileFormatError(f"array {name!r}: {error}") from error
        return arrays


def _array(data: bytes) -> npt.NDArray[Any]:
    """The array of the bytes of a .npy file, which must hold that and nothing else."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise FileFormatError(f".npy version {version}, expected 1.0 or 2.0")
    if dtype.hasobject:
        raise FileFormatError("Object arrays are Python pickles, which are never read")
    if any(size < 0 for size in shape):
        raise FileFormatError(f"shape {shape} is none")
    expected, found = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if expected != found:
        raise FileFormatError(f"{dtype} of shape {shape} takes {expected} bytes, {found} are there")
    flat = np.frombuffer(data, dtype, count=math.prod(shape), offset=stream.tell())
    return flat.reshape(shape, order="F" if is_fortran else "C").astype(dtype.newbyteorder("="), order="C")
