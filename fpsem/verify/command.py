"""What the command line's ``verify`` and ``check`` call: files in, a verdict or reasons out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fpsem.core.errors import FileFormatError, PayloadError
from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule, Sequential
from fpsem.core.verdict import Proved, Refuted, Unknown, Verdict
from fpsem.interop.checkpoint import load
from fpsem.verify import checker
from fpsem.verify.box import Radius
from fpsem.verify.robustness import certify


def verify_model(
    model: Path,
    arrays: Mapping[str, Array],
    index: int,
    radius: Radius,
    label: int | None = None,
    semantics: str = "real",
    schedule: Schedule | str = Sequential(),
    clip: tuple[Radius, Radius] | None = None,
    out: Path | None = None,
) -> Verdict:
    """Ask whether a label wins over a box about one image, and write the certificate where it does.

    Args:
        model: a model on disk, see ``fpsem.interop.checkpoint.load``.
        arrays: what a .npz file holds: float32 rows of inputs, under the input's name, "images" or alone under "" (a .npy
            file); and perhaps "labels".
        index: which row is the centre.
        radius: of the box.
        label: the class; by default the row's in "labels".
        semantics: "real" or "binary32".
        schedule: the order of sums in binary32.
        clip: the least and greatest value of an input.
        out: where to write the certificate, if it is Proved.

    Raises:
        FileFormatError: a certificate is asked for of a model that is no pair of NAME.json and NAME.safetensors.
        PayloadError: there is no such array, row or label.
        PayloadError, UnsupportedError, UnknownNameError, OSError: as ``certify`` and ``load`` do.
    """
    graph, params = load(model)
    if len(graph.inputs) != 1:
        raise PayloadError(f"robustness is of one input, this graph has {len(graph.inputs)}")
    ((input_name, shape),) = graph.inputs.items()
    center = _row(arrays, (input_name, "images", ""), index).reshape(-1)
    if center.size != int(np.prod(shape)):
        raise PayloadError(f"row {index} has {center.size} numbers, the input {input_name!r} {shape} has {int(np.prod(shape))}")
    label = int(_row(arrays, ("labels",), index)) if label is None else label
    name = None if out is None else _graph_file(model).name
    verdict, certificate = certify(graph, params, center.reshape(shape), radius, label, semantics, schedule, clip, model=name)
    if certificate is not None and out is not None:
        certificate.save(out)
    return verdict


def _row(arrays: Mapping[str, Array], names: tuple[str, ...], index: int) -> Array:
    """A row of the first of these arrays that is there."""
    rows = next((arrays[name] for name in names if name in arrays), None)
    wanted = " or ".join(filter(None, names))
    if rows is None:
        raise PayloadError(f"there is no array {wanted}; there are: {', '.join(sorted(arrays)) or 'none'}")
    if rows.ndim < 1 or not 0 <= index < len(rows):
        raise PayloadError(f"there is no row {index} in the array {wanted} of shape {rows.shape}")
    return np.asarray(rows[index])


def _graph_file(model: Path) -> Path:
    """The graph's file of a pair, or of a folder's only pair. Raises FileFormatError when there is none."""
    stem = model.name.removesuffix(".json").removesuffix(".safetensors")
    named = [model.with_name(f"{stem}.json")]
    pairs = [path.with_suffix(".json") for path in model.glob("*.safetensors")] if model.is_dir() else named
    path = pairs[0] if len(pairs) == 1 else model
    if not path.is_file():
        raise FileFormatError(f"{model}: a certificate is of a pair NAME.json and NAME.safetensors; write one by fpsem.save")
    return path


def check_certificate(certificate: Path, model: Path | None = None) -> list[str]:
    """Why a certificate is refused, none when it is accepted; see ``fpsem.verify.checker.check``.

    Args:
        certificate: its file.
        model: the pair that it is of; by default the one that it names, in the certificate's own folder."""
    return checker.check(certificate, model if model is None or not model.is_dir() else _graph_file(model))


def sentence(verdict: Verdict) -> str:
    """A verdict in one line."""
    match verdict:
        case Proved(by, seconds):
            return f"proved by {by} in {seconds:.2f} s"
        case Refuted(witness, by, seconds):
            shown = ", ".join(f"{name} = {np.ravel(value)[:4].tolist()} ..." for name, value in witness.items())
            return f"refuted by {by} in {seconds:.2f} s: {shown}"
        case Unknown(reason, seconds):
            return f"unknown after {seconds:.2f} s: {reason}"
