"""Payload files: named arrays as ``.safetensors`` or ``.npz``, read with bounds and without trust, and checked by name.

Nothing is unpickled, and nothing is converted. Both kinds of file are written with the same bytes whenever they are.

Source: the safetensors format, https://github.com/huggingface/safetensors; a .npz file is a zip of .npy files.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from fpsem.core import files
from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.data.arrays import read_arrays
from fpsem.graph.denote import check_names, check_shape
from fpsem.graph.ir import Graph

Payload = dict[str, npt.NDArray[np.float32]]
"""Parameters by name."""

SAFETENSORS, NPZ = ".safetensors", ".npz"
KINDS = (SAFETENSORS, NPZ)
"""The endings of payload files."""

_MOST = 1 << 34
_START = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can say."""

_DTYPES: Mapping[str, str] = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8",
    "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
"""The dtypes of safetensors that numpy has."""


def checked(graph: Graph, params: Mapping[str, Any]) -> Payload:
    """The arrays of a graph's parameters, in the graph's order, each in C order.

    Raises:
        PayloadError: one is missing, unknown, or of another shape or dtype than float32.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in params.items()}
    check(graph, {name: (array.dtype.name, array.shape) for name, array in arrays.items()}, "float32")
    return {name: arrays[name] for name in graph.parameters}


def check(graph: Graph, tensors: Mapping[str, tuple[str, tuple[int, ...]]], dtype: str) -> None:
    """Raises PayloadError unless the (dtype, shape) of every tensor is what the graph declares."""
    check_names("parameter", graph.parameters, tensors)
    for name, expected in graph.parameters.items():
        found, shape = tensors[name]
        check_shape(f"parameter {name!r}", shape, expected)
        if found != dtype:
            raise PayloadError(f"parameter {name!r} has dtype {found}, expected {dtype}: round it yourself")


def encode(kind: str, arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Arrays in C order as the bytes of a file of a kind. Raises PayloadError for a name that a zip file cannot hold."""
    if kind == SAFETENSORS:
        return safetensors.numpy.save(dict(arrays))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _START)
            if member.filename != f"{name}.npy":
                raise PayloadError(f"parameter {name!r}: a .npz file cannot hold this name; write .safetensors")
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return out.getvalue()


def read(graph: Graph, path: Path) -> Payload:
    """The parameters of a graph, from a file that holds these and nothing else.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: it is truncated, hostile, or not what its name says.
        PayloadError: it does not fit the graph; the message names the tensors.
    """
    if path.suffix == NPZ:
        arrays = read_npz(path)
        described, dtype = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}, "float32"
    else:
        tensors = _read_safetensors(path)
        described, dtype = {name: (t["dtype"], tuple(t["shape"])) for name, t in tensors.items()}, "F32"
    try:
        check(graph, described, dtype)
    except PayloadError as error:
        raise PayloadError(f"{path}: {error}") from None
    if path.suffix == NPZ:
        return {name: arrays[name] for name in graph.parameters}
    return {name: _array(path, name, tensors[name]) for name in graph.parameters}


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a .npz file. Raises as ``read`` does."""
    arrays = read_arrays(path, _MOST)
    if "" in arrays:
        raise FileFormatError(f"{path}: an array without a name; a payload is written with numpy.savez(path, NAME=array, ...)")
    return arrays


def read_safetensors(path: Path) -> dict[str, tuple[str, npt.NDArray[Any]]]:
    """The tensors of a .safetensors file, each with its dtype in the file's words. bfloat16, which numpy lacks, comes as the
    float32 numbers that its codes begin. Raises as ``read`` does, and PayloadError for a dtype that is not read."""
    tensors = _read_safetensors(path)
    return {name: (str(tensor["dtype"]), _array(path, name, tensor)) for name, tensor in tensors.items()}


def _read_safetensors(path: Path) -> dict[str, Any]:
    data = files.read(path, _MOST)
    try:
        return dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise FileFormatError(f"{path}: not a safetensors file: {error}") from error


def _array(path: Path, name: str, tensor: Mapping[str, Any]) -> npt.NDArray[Any]:
    """An array of its own, in the machine's byte order."""
    dtype = tensor["dtype"]
    if dtype == "BF16":
        halves = np.frombuffer(tensor["data"], "<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(tensor["shape"])
    if dtype not in _DTYPES:
        raise PayloadError(f"{path}: {name!r} has dtype {dtype}, which is not read")
    flat = np.frombuffer(tensor["data"], _DTYPES[dtype])
    return flat.astype(flat.dtype.newbyteorder("=")).reshape(tensor["shape"])
