"""Models on disk: ``NAME.json`` (the graph, format fpsem.ir.v1) beside ``NAME.safetensors`` (the payload, float32).

A pair that loads fits: names, shapes and dtypes of the payload are checked against the graph's parameters, when it is
written and when it is read. The two files are written one after the other, each whole or not at all; a crash between
them can leave a new payload with an old graph, which loads only if it fits.

Not here: pickles, in any form; and no tensor is converted, so float64 and float16 weights are refused.

Source: the safetensors format, https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.graph.denote import check_names, check_shape
from fpsem.graph.ir import Graph
from fpsem.graph.serialize import from_json, to_json
from fpsem.core import files

Payload = dict[str, npt.NDArray[np.float32]]
"""Parameters by name."""

GRAPH, PAYLOAD = ".json", ".safetensors"
_ONNX = (".onnx", ".onnx.gz")
_MOST_JSON = 1 << 28
_MOST_SAFETENSORS = 1 << 34


def save(path: str | Path, graph: Graph, params: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Write a pair.

    Args:
        path: NAME, NAME.json or NAME.safetensors: all three mean the pair.
        graph: the graph.
        params: a float32 array for each of its parameters.

    Raises:
        PayloadError: a parameter is missing, unknown, or of another shape or dtype.
        OSError: the folder cannot be written to.
    """
    graph_file, payload_file = _pair(Path(path))
    arrays = {name: np.asarray(array, order="C") for name, array in params.items()}
    _check(graph, {name: (array.dtype.name, array.shape) for name, array in arrays.items()}, "float32")
    files.write(payload_file, safetensors.numpy.save(arrays))
    files.write(graph_file, json.dumps(to_json(graph), indent=1).encode() + b"\n")


def load(path: str | Path) -> tuple[Graph, Payload]:
    """Read a model.

    Args:
        path: NAME.json, NAME.safetensors or NAME, which mean the pair; a folder with one pair in it; or NAME.onnx or
            NAME.onnx.gz, see ``fpsem.interop.onnx``.

    Returns:
        The graph, and its parameters as float32 arrays.

    Raises:
        FileNotFoundError: a file is not there; the message says which.
        FileFormatError: a file is truncated, hostile, or not what its name says.
        PayloadError: the payload does not fit the graph; the message names the tensors.
    """
    path = Path(path)
    if path.name.endswith(_ONNX):
        from fpsem.interop.onnx import load_onnx

        return load_onnx(path)
    graph_file, payload_file = _pair_in(path) if path.is_dir() else _pair(path)
    graph, tensors = _read_graph(graph_file), _read_tensors(payload_file)
    try:
        _check(graph, {name: (t["dtype"], tuple(t["shape"])) for name, t in tensors.items()}, "F32")
    except PayloadError as error:
        raise PayloadError(f"{payload_file}: {error}") from None
    return graph, {name: _array(tensors[name]) for name in graph.parameters}


def _pair(path: Path) -> tuple[Path, Path]:
    stem = path.name.removesuffix(PAYLOAD if path.name.endswith(PAYLOAD) else GRAPH)
    return path.with_name(stem + GRAPH), path.with_name(stem + PAYLOAD)


def _pair_in(folder: Path) -> tuple[Path, Path]:
    found = [pair for pair in map(_pair, sorted(folder.glob(f"*{PAYLOAD}"))) if pair[0].exists()]
    if not found:
        raise FileNotFoundError(f"there is no pair NAME{GRAPH} and NAME{PAYLOAD} in the folder {str(folder)!r}")
    if len(found) > 1:
        raise FileFormatError(f"{folder}: more than one model; name one of {', '.join(pair[0].name for pair in found)}")
    return found[0]


def _check(graph: Graph, tensors: Mapping[str, tuple[str, tuple[int, ...]]], dtype: str) -> None:
    """Raises PayloadError unless the (dtype, shape) of every tensor is what the graph declares."""
    check_names("parameter", graph.parameters, tensors)
    for name, expected in graph.parameters.items():
        found, shape = tensors[name]
        check_shape(f"parameter {name!r}", shape, expected)
        if found != dtype:
            raise PayloadError(f"parameter {name!r} has dtype {found}, expected {dtype}: round it yourself")


def _read_graph(path: Path) -> Graph:
    text = files.read(path, _MOST_JSON)
    try:
        return from_json(json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique))
    except RecursionError:
        raise FileFormatError(f"{path}: nested too deeply") from None
    except ValueError as error:
        raise FileFormatError(f"{path}: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise FileFormatError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise FileFormatError(f"an object has a key twice, among {', '.join(sorted(made))}")
    return made


def _read_tensors(path: Path) -> dict[str, Any]:
    data = files.read(path, _MOST_SAFETENSORS)
    try:
        return dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise FileFormatError(f"{path}: not a safetensors file: {error}") from error


def _array(tensor: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    return np.frombuffer(tensor["data"], dtype="<f4").astype(np.float32).reshape(tensor["shape"])
