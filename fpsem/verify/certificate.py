"""Certificates: a claim of robustness with every bound that it rests on, to be checked by ``fpsem.verify.checker`` alone.

Format ``fpsem.certificate.v1``: one JSON object whose fields are those of Certificate; numbers are hexadecimal floats, as
``float.hex`` writes them, in C order. A certificate names its model by hashes: of the graph's canonical JSON (sorted keys, no
spaces) and of the payload's names, shapes and bits. It says nothing that the checker does not check, but the file's name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from fpsem.core import files
from fpsem.core.errors import FileFormatError
from fpsem.core.protocol import Array
from fpsem.graph.ir import Graph
from fpsem.graph.serialize import to_json as graph_to_json

FORMAT = "fpsem.certificate.v1"
_MOST = 1 << 28


@dataclass(frozen=True)
class Certificate:
    """A claim of robustness and the bounds that it follows from.

    Args:
        claim: the statement, in words.
        model: the file name of the model's graph, beside which its payload lies; None where it is in no file.
        graph_sha256: of the graph's canonical JSON.
        payload_sha256: of the payload's sorted names, shapes and bits.
        input: the name of the graph's input.
        output: the name of its output.
        label: the class that wins.
        semantics: "real" or "binary32": of the inputs and of the computation.
        schedule: the order of sums in binary32, as ``Schedule.to_json`` gives it; None in the reals.
        rule: how bounds follow from one another: "interval".
        box: the input's least and greatest values, "lo" and "hi".
        enclosures: likewise of every node on the way from the input to the margins, by its index.
        margins: for each class, what the label's output is above it at the least; None for the label itself.
        format: the name of this format.
    """

    claim: str
    model: str | None
    graph_sha256: str
    payload_sha256: str
    input: str
    output: str
    label: int
    semantics: str
    schedule: Mapping[str, Any] | None
    rule: str
    box: Mapping[str, list[str]]
    enclosures: Mapping[str, Mapping[str, list[str]]]
    margins: list[str | None]
    format: str = FORMAT

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for ``json.dumps``."""
        return asdict(self)

    @staticmethod
    def from_json(data: Any) -> Certificate:
        """The inverse of ``to_json``. Raises FileFormatError for another format, or a field too many or too few."""
        known = {f.name for f in fields(Certificate)}
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise FileFormatError(f"not a certificate of format {FORMAT!r}")
        if set(data) != known:
            raise FileFormatError(f"fields missing or not known: {', '.join(sorted(set(data) ^ known))}")
        return Certificate(**data)

    def save(self, path: str | Path) -> None:
        """Write it as a file, the whole of it or nothing. Raises OSError as ``open`` does."""
        files.write(Path(path), json.dumps(self.to_json(), indent=1, allow_nan=False).encode() + b"\n")

    @staticmethod
    def load(path: str | Path) -> Certificate:
        """Read a file; nothing of what it claims is checked. Raises FileFormatError, FileNotFoundError."""
        try:
            return Certificate.from_json(json.loads(files.read(Path(path), _MOST)))
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"{path}: {error}") from error


def graph_hash(graph: Graph) -> str:
    """The SHA-256 of a graph's canonical JSON."""
    return hashlib.sha256(json.dumps(graph_to_json(graph), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def payload_hash(params: Mapping[str, Any]) -> str:
    """The SHA-256 of a payload: for each name in order its name and shape as JSON, then its bits, little-endian."""
    digest = hashlib.sha256()
    for name in sorted(params):
        array = np.asarray(params[name])
        bits = array if array.dtype == np.uint32 else np.ascontiguousarray(array, np.float32).view(np.uint32)
        digest.update(json.dumps([name, list(array.shape)]).encode() + bits.astype("<u4").tobytes())
    return digest.hexdigest()


def hexadecimal(x: Array) -> list[str]:
    """Finite numbers in C order as hexadecimal floats; -0 is written 0."""
    return [(v + 0.0).hex() for v in np.ravel(x).astype(np.float64).tolist()]


def ends_of(lo: Array, hi: Array) -> dict[str, list[str]]:
    """Two arrays of ends as a certificate holds them."""
    return {"lo": hexadecimal(lo), "hi": hexadecimal(hi)}
