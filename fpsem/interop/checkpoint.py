"""Models on disk: ``NAME.json`` (the graph, format fpsem.ir.v1) beside ``NAME.safetensors`` or ``NAME.npz`` (the payload).

A pair that loads fits: names, shapes and dtypes of the payload are checked against the graph's parameters, when it is
written and when it is read. The two files are written one after the other, each whole or not at all; a crash between
them can leave a new payload with an old graph, which loads only if it fits. A name that ends in ``.onnx`` is one file.

Not here: pickles, in any form; and no tensor is converted, so float64 and float16 weights are refused.

Source: the safetensors format, https://github.com/huggingface/safetensors; numpy.savez.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from fpsem.core import files
from fpsem.core.errors import FileFormatError
from fpsem.graph.ir import Graph
from fpsem.graph.serialize import from_json, to_json
from fpsem.interop import _payload
from fpsem.interop._payload import KINDS, NPZ, SAFETENSORS, Payload

GRAPH = ".json"
_ONNX = (".onnx", ".onnx.gz")
_MOST_JSON = 1 << 28


def save(path: str | Path, graph: Graph, params: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Write a model.

    Args:
        path: NAME, NAME.json or NAME.safetensors: all three mean that pair; NAME.npz, the pair with this payload; or
            NAME.onnx or NAME.onnx.gz, see ``fpsem.interop.onnx_export``.
        graph: the graph.
        params: a float32 array for each of its parameters.

    Raises:
        PayloadError: a parameter is missing, unknown, or of another shape or dtype.
        UnsupportedError: ONNX cannot say one of the ops.
        OSError: the folder cannot be written to.
    """
    path = Path(path)
    if path.name.endswith(_ONNX):
        from fpsem.interop.onnx_export import save_onnx

        save_onnx(path, graph, params)
        return
    stem, kind = _named(path)
    payload = _payload.encode(kind or SAFETENSORS, _payload.checked(graph, params))
    files.write(path.with_name(stem + (kind or SAFETENSORS)), payload)
    files.write(path.with_name(stem + GRAPH), json.dumps(to_json(graph), indent=1).encode() + b"\n")


def load(path: str | Path) -> tuple[Graph, Payload]:
    """Read a model.

    Args:
        path: NAME.safetensors or NAME.npz, which mean the pair; NAME or NAME.json, whichever of the two is there; a folder
            with one pair in it; or NAME.onnx or NAME.onnx.gz, see ``fpsem.interop.onnx``.

    Returns:
        The graph, and its parameters as float32 arrays.

    Raises:
        FileNotFoundError: a file is not there; the message says which.
        FileFormatError: a file is truncated, hostile, or not what its name says, or it is open which file is meant.
        PayloadError: the payload does not fit the graph; the message names the tensors.
    """
    path = Path(path)
    if path.name.endswith(_ONNX):
        from fpsem.interop.onnx import load_onnx

        return load_onnx(path)
    graph_file, payload_file = _pair_in(path) if path.is_dir() else _pair(path)
    if path.is_file() and path not in (graph_file, payload_file) and not graph_file.exists():
        kinds = "NAME.json with NAME.safetensors or NAME.npz, a folder with such a pair, .onnx and .onnx.gz"
        raise FileFormatError(f"{path} is no model that fpsem reads: it reads {kinds}; bound and ask also .fpcore")
    graph = _read_graph(graph_file)
    return graph, _payload.read(graph, payload_file)


def _named(path: Path) -> tuple[str, str]:
    """The NAME that a path means, and the kind of payload where it says one."""
    for kind in KINDS:
        if path.name.endswith(kind):
            return path.name.removesuffix(kind), kind
    return path.name.removesuffix(GRAPH), ""


def _pair(path: Path) -> tuple[Path, Path]:
    stem, kind = _named(path)
    there = [ending for ending in KINDS if path.with_name(stem + ending).exists()]
    if not kind and len(there) > 1:
        raise FileFormatError(f"{path}: both {stem}{SAFETENSORS} and {stem}{NPZ} are there; name the one that is meant")
    ending = kind or next(iter(there), SAFETENSORS)
    return path.with_name(stem + GRAPH), path.with_name(stem + ending)


def _pair_in(folder: Path) -> tuple[Path, Path]:
    payloads = sorted(file for kind in KINDS for file in folder.glob(f"*{kind}"))
    found = [pair for pair in map(_pair, payloads) if pair[0].exists()]
    if not found:
        wanted = f"NAME{GRAPH} and NAME{SAFETENSORS} (or NAME{NPZ})"
        raise FileNotFoundError(f"there is no pair {wanted} in the folder {str(folder)!r}")
    if len(found) > 1:
        raise FileFormatError(f"{folder}: more than one model; name one of {', '.join(pair[1].name for pair in found)}")
    return found[0]


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
